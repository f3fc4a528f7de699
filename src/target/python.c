/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the CPython in a process: which of its mapped files has one, which version, which layout; then has it checked.
 */
#include "target/python.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/mappings.h"
#include "target/memory.h"
#include "target/procfs.h"
#include "target/python_check.h"
#include "target/python_layout.h"
#include "target/python_object.h"

/* Of program files that were not known yet; a hundred libraries have 20 MiB of symbols. */
enum { READ_BYTES = 256 << 20 };

struct examination {
	int pid_fd, memory_fd;
	struct na_python *python;
	struct na_python_info *info;
	int unreadable;		/* why a file that might hold a Python could not be read; 0: all could */
	bool other;		/* some Python without a _PyRuntime was seen */
	uint64_t read_bytes;
};

static int explain(struct examination *examination, int error, const char *reason)
{
	snprintf(examination->info->reason, sizeof(examination->info->reason), "%s", reason);
	return error;
}

/* PY_VERSION_HEX, as PY_VERSION has it. */
static void print_version(uint32_t number, char *text, size_t bytes)
{
	static const char *const levels[16] = { [0xa] = "a", [0xb] = "b", [0xc] = "rc" };
	const char *level = levels[number >> 4 & 0xf];
	int length = snprintf(text, bytes, "%u.%u.%u", number >> 24, number >> 16 & 0xff, number >> 8 & 0xff);

	if (level && length > 0 && (size_t)length < bytes)
		snprintf(text + length, bytes - (size_t)length, "%s%u", level, number & 0xf);
}

/* From 3.13 on _PyRuntime says it, from 3.11 on Py_Version; before, symbols of the file did. */
static int find_version(struct examination *examination, const struct na_python_object *object, uint64_t bias,
			uint64_t offsets[NA_PYTHON_OFFSETS], uint32_t *version)
{
	uint64_t number = 0;
	int error = na_memory_read(examination->memory_fd, object->runtime + bias, offsets, sizeof(uint64_t));

	if (!error && memcmp(offsets, NA_PYTHON_COOKIE, sizeof(uint64_t)) == 0) {
		error = na_memory_read(examination->memory_fd, object->runtime + bias, offsets,
				       NA_PYTHON_OFFSETS * sizeof(uint64_t));
		number = offsets[1];
	} else if (!error && object->version_number) {
		error = na_memory_pointer(examination->memory_fd, object->version_number + bias, &number);
	} else if (!error) {
		*version = object->version;
		memcpy(examination->info->version, object->version_text, sizeof(object->version_text));
		return *version ? 0 : explain(examination, -ENOTSUP, "a Python older than 3.9");
	}
	if (error)
		return error == -ESRCH ? error : explain(examination, -EAGAIN, "its version cannot be read yet");
	*version = (uint32_t)(number >> 16) & 0xffff;
	print_version((uint32_t)number, examination->info->version, sizeof(examination->info->version));
	return 0;
}

static int examine_object(struct examination *examination, const struct na_mapping *mapping,
			  const struct na_python_object *object)
{
	uint64_t offsets[NA_PYTHON_OFFSETS] = { 0 }, bias;
	struct na_python *python = examination->python;
	uint32_t version;
	int error;

	if (!na_python_object_bias(object, mapping, &bias))
		return -ENOENT;
	error = find_version(examination, object, bias, offsets, &version);
	if (!error)
		error = na_python_layout(version, offsets, python, examination->info->reason,
					 sizeof(examination->info->reason));
	if (error)
		return error;
	python->runtime = object->runtime + bias;
	python->code_type = object->code_type ? object->code_type + bias : 0;
	python->string_type = object->string_type ? object->string_type + bias : 0;
	return na_python_check(examination->memory_fd, python, examination->info->reason,
			       sizeof(examination->info->reason));
}

static int examine_file(struct examination *examination, const struct na_mapping *mapping)
{
	const struct na_python_object *object;
	struct stat status, program;
	int error;

	if (examination->read_bytes > READ_BYTES)
		return -ENOENT;
	error = na_python_object(examination->pid_fd, mapping, &object, &status, &examination->read_bytes);
	if (error) {
		examination->unreadable = error;
		return -ENOENT;
	}
	examination->other |= object->other;
	if (!object->runtime)
		return -ENOENT;
	examination->info->shared = fstatat(examination->pid_fd, "exe", &program, 0) != 0 ||
				    program.st_dev != status.st_dev || program.st_ino != status.st_ino;
	examination->info->mapping = *mapping;
	examination->info->device = status.st_dev;
	examination->info->inode = status.st_ino;
	examination->info->audit_count = object->audit_count;
	memcpy(examination->info->audit, object->audit, sizeof(object->audit));
	return examine_object(examination, mapping, object);
}

/*
 * Files with "python" in their name and the program itself, which is mapped first, before the hundred others. A file
 * that only looks like a Python does not hide a real one behind it; of several failures the first is told.
 */
static int examine_files(struct examination *examination, const struct na_mapping *files, size_t count)
{
	struct na_python_info first = { .reason = "" };
	int result = -ENOENT;

	for (int hinted = 1; hinted >= 0; hinted--) {
		for (size_t i = 0; i < count; i++) {
			int error = (files[i].python || i == 0) == hinted ? examine_file(examination, &files[i]) :
				    -ENOENT;

			if (error == 0 || error == -ESRCH)
				return error;
			if (error != -ENOENT && result == -ENOENT) {
				result = error;
				first = *examination->info;
			}
		}
	}
	*examination->info = first;
	if (result != -ENOENT)
		return result;
	if (examination->other)
		return explain(examination, -ENOTSUP, "a Python without a _PyRuntime (older than 3.7, or not CPython)");
	if (examination->unreadable)
		return explain(examination, examination->unreadable == -EPERM ? -EPERM : -EAGAIN,
			       "a program file of it cannot be opened");
	return explain(examination, -ENOENT, examination->read_bytes > READ_BYTES ?
		       "its program files are too large to be looked through" : "no Python in it");
}

static int examine_open(struct examination *examination)
{
	struct na_mapping *files = calloc(NA_MAPPED_FILES, sizeof(*files));
	size_t count = 0;
	int error;

	if (!files)
		return -ENOMEM;
	examination->memory_fd = na_memory_open(examination->pid_fd);
	error = examination->memory_fd < 0 ? examination->memory_fd :
		na_mapped_files(examination->pid_fd, files, NA_MAPPED_FILES, &count);
	if (error)
		explain(examination, error, "its memory cannot be opened");
	else if (count == 0)
		error = explain(examination, -ENOENT, "it has no program mapped");
	else
		error = examine_files(examination, files, count);
	if (examination->memory_fd >= 0)
		close(examination->memory_fd);
	free(files);
	return error;
}

int na_python_examine(const char *proc_root, uint32_t pid, uint64_t start_ns, struct na_python *python,
		      struct na_python_info *info)
{
	struct examination examination = { .python = python, .info = info };
	int error;

	memset(python, 0, sizeof(*python));
	memset(info, 0, sizeof(*info));
	examination.pid_fd = na_proc_open_started(proc_root, pid, start_ns);
	if (examination.pid_fd < 0)
		return explain(&examination, examination.pid_fd,
			       examination.pid_fd == -ESRCH ? "it is gone" : "it cannot be looked at");
	error = examine_open(&examination);
	/* memory that was opened before an exec ends with it, the process does not */
	if (error == -ESRCH)
		error = na_proc_check_started(examination.pid_fd, start_ns) ?
			explain(&examination, -ESRCH, "it is gone") :
			explain(&examination, -EAGAIN, "it has just become another program, or is ending");
	close(examination.pid_fd);
	if (error)
		memset(python, 0, sizeof(*python));
	else
		python->start_ns = start_ns;
	return error;
}
