/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads which files a process has mapped executable, and makes of it the kernel's bitmap of code. */
#include "target/native.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/native_internal.h"
#include "target/procfs.h"

struct reading {
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
		owner = reading->owner_of(reading->context, name);
	}
	process->mapping[process->count++] = (struct na_native_mapping){ *mapping, owner };
	process->owned |= owner != NULL;
	return true;
}

int na_native_process_read(struct na_native_process **process, const char *proc_root, uint32_t pid, uint64_t start_ns,
			   void *(*owner_of)(void *context, const char *path), void *context)
{
	struct reading reading = { .owner_of = owner_of, .context = context };
	int pid_fd = na_proc_open_started(proc_root, pid, start_ns);
	int error;

	if (pid_fd < 0)
		return pid_fd;
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
	if (error)
		na_native_process_free(reading.process);
	else
		*process = reading.process;
	return error;
}

void na_native_process_free(struct na_native_process *process)
{
	if (process)
		free(process->mapping);
	free(process);
}

bool na_native_process_owned(const struct na_native_process *process)
{
	return process->owned;
}

void na_native_process_code(const struct na_native_process *process, struct na_native_code *code)
{
	const uint64_t granule = UINT64_C(1) << NA_NATIVE_GRANULE_BITS;

	memset(code->bits, 0, sizeof(code->bits));
	for (size_t i = 0; i < process->count; i++) {
		uint64_t at = process->mapping[i].at.start & ~(granule - 1), end = process->mapping[i].at.end;

		/* more granules than bits fill the map: looking at every word is slow, and still right */
		for (uint32_t n = 0; at < end && n <= 1U << NA_NATIVE_BITS_LOG2; n++, at += granule) {
			uint32_t bit = na_native_bit(at);

			code->bits[bit / 64] |= UINT64_C(1) << bit % 64;
		}
	}
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
