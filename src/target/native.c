/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads which files a process has mapped executable, and makes of it the kernel's list of code. */
#include "target/native.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/addons_root.h"
#include "target/native_internal.h"
#include "target/procfs.h"

struct reading {
	struct na_root root;	/* the list of mappings has paths of our own view; owners are asked for the process's */
	struct na_native_process *process;
	void *(*owner_of)(void *context, const char *path);
	void *context;
	int error;
};

static int make_room(struct na_native_process *process)
{
	size_t room = process->room ? 2 * process->room : 64;
	struct na_native_mapping *more;

	if (process->count == NA_NATIVE_MAPPINGS)
		return -E2BIG;
	if (process->count < process->room)
		return 0;
	more = reallocarray(process->mapping, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	process->mapping = more;
	process->room = room;
	return 0;
}

static bool add(void *context, const struct na_mapping *mapping, const char *path, size_t path_bytes)
{
	struct reading *reading = context;
	struct na_native_process *process = reading->process;
	char name[PATH_MAX];
	void *owner = NULL;

	if (!mapping->executable || !mapping->inode)
		return true;
	reading->error = make_room(process);
	if (reading->error)
		return false;
	if (reading->owner_of && path_bytes < sizeof(name)) {
		memcpy(name, path, path_bytes);
		name[path_bytes] = 0;
		if (!na_root_inside(&reading->root, name))
			owner = reading->owner_of(reading->context, name);
	}
	process->mapping[process->count] = (struct na_native_mapping){ *mapping, owner, owner ? strdup(name) : NULL };
	if (owner && !process->mapping[process->count].path)
		reading->error = -ENOMEM;
	process->count++;
	process->owned |= owner != NULL;
	return !reading->error;
}

int na_native_process_read(struct na_native_process **process, const char *proc_root, uint32_t pid, uint64_t start_ns,
			   void *(*owner_of)(void *context, const char *path), void *context)
{
	struct reading reading = { .owner_of = owner_of, .context = context };
	int pid_fd = na_proc_open_started(proc_root, pid, start_ns);
	int error;

	if (pid_fd < 0)
		return pid_fd;
	error = na_root_open(&reading.root, pid_fd);
	if (error) {
		close(pid_fd);
		return error == -ENOENT ? -ESRCH : error;	/* a process that is exiting has no root any more */
	}
	na_root_close(&reading.root);	/* only what its paths begin with is wanted */
	reading.process = calloc(1, sizeof(*reading.process));
	if (!reading.process) {
		close(pid_fd);
		return -ENOMEM;
	}
	reading.process->pid = pid;
	reading.process->start_ns = start_ns;
	snprintf(reading.process->proc_root, sizeof(reading.process->proc_root), "%s", proc_root ? proc_root : "/proc");
	error = na_mappings_each(pid_fd, add, &reading);
	close(pid_fd);
	if (!error)
		error = reading.error;
	if (!error && !reading.process->count)	/* a process that has exited is still listed, without any memory */
		error = -ESRCH;
	if (error)
		na_native_process_free(reading.process);
	else
		*process = reading.process;
	return error;
}

void na_native_process_free(struct na_native_process *process)
{
	for (size_t i = 0; process && i < process->count; i++)
		free(process->mapping[i].path);
	if (process)
		free(process->mapping);
	free(process);
}

bool na_native_process_owned(const struct na_native_process *process)
{
	return process->owned;
}

int na_native_process_code(const struct na_native_process *process, struct na_native_code *code)
{
	*code = (struct na_native_code){ .start_ns = process->start_ns };
	for (size_t i = 0; i < process->count; i++) {
		const struct na_mapping *at = &process->mapping[i].at;

		if (code->count && code->range[code->count - 1].end == at->start) {
			code->range[code->count - 1].end = at->end;
			continue;
		}
		if (code->count == NA_NATIVE_RANGES)
			return -E2BIG;
		code->range[code->count++] = (struct na_native_range){ at->start, at->end };
	}
	return code->count ? 0 : -ENOENT;
}

/* The kernel lists mappings in order of address. */
const struct na_native_mapping *na_native_mapping_at(const struct na_native_process *process, uint64_t address)
{
	size_t low = 0, high = process->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (process->mapping[middle].at.end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < process->count && process->mapping[low].at.start <= address ? &process->mapping[low] : NULL;
}
