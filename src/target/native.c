/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads which files a process has mapped executable, and makes of it the kernel's bitmap of code. */
#include "target/native.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "target/native_internal.h"

#define DELETED " (deleted)"

/* "start-end perms offset major:minor inode path" of proc_pid_maps(5). False: not an executable mapping of a file. */
static bool parse_line(const char *line, struct na_native_mapping *mapping)
{
	char permissions[5];
	unsigned int major_number, minor_number;
	size_t length;
	int path = 0;

	memset(mapping, 0, sizeof(*mapping));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &mapping->start, &mapping->end,
		   permissions, &mapping->offset, &major_number, &minor_number, &mapping->inode, &path) != 7 || !path)
		return false;
	if (permissions[2] != 'x' || line[path] != '/' || mapping->start >= mapping->end || !mapping->inode)
		return false;
	mapping->device = makedev(major_number, minor_number);
	length = strcspn(line + path, "\n");
	if (length > strlen(DELETED) && !strncmp(line + path + length - strlen(DELETED), DELETED, strlen(DELETED)))
		length -= strlen(DELETED);
	if (length >= sizeof(mapping->path))
		return false;
	memcpy(mapping->path, line + path, length);
	return true;
}

static int add(struct na_native_process *process, const struct na_native_mapping *mapping)
{
	struct na_native_mapping *more;

	if (process->count == NA_NATIVE_MAPPINGS)
		return -E2BIG;
	if (process->count == process->room) {
		size_t room = process->room ? 2 * process->room : 64;

		more = reallocarray(process->mapping, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		process->mapping = more;
		process->room = room;
	}
	process->mapping[process->count++] = *mapping;
	process->owned |= mapping->owner != NULL;
	return 0;
}

int na_native_process_read(struct na_native_process **process, const char *proc_root, uint32_t pid,
			   void *(*owner_of)(void *context, const char *path), void *context)
{
	struct na_native_process *made = calloc(1, sizeof(*made));
	struct na_native_mapping mapping;
	char path[64], line[NA_NATIVE_PATH_BYTES + 128];
	int err = 0;
	FILE *maps;

	if (!made)
		return -ENOMEM;
	(void)snprintf(path, sizeof(path), "%.32s/%" PRIu32 "/maps", proc_root ? proc_root : "/proc", pid);
	maps = fopen(path, "re");
	if (!maps) {
		err = -errno;
		free(made);
		return err;
	}
	/* a line longer than the buffer has a path too long to keep; its rest parses as no mapping */
	while (!err && fgets(line, sizeof(line), maps)) {
		if (!parse_line(line, &mapping))
			continue;
		mapping.owner = owner_of ? owner_of(context, mapping.path) : NULL;
		err = add(made, &mapping);
	}
	if (!err && ferror(maps))
		err = -EIO;
	(void)fclose(maps);
	if (err) {
		na_native_process_free(made);
		return err;
	}
	*process = made;
	return 0;
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
		uint64_t at = process->mapping[i].start & ~(granule - 1), end = process->mapping[i].end;

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

		if (process->mapping[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < process->count && process->mapping[low].start <= address ? &process->mapping[low] : NULL;
}
