/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which program and library files a process has mapped as code, from /proc/PID/maps, and how to open exactly those.
 *
 * A path in that list is no way to the file: it may be deleted, replaced, in another mount namespace, or below an
 * overlay. /proc/PID/map_files leads to the mapped file itself, which takes CAP_CHECKPOINT_RESTORE.
 */
#ifndef NETAUDIT_TARGET_MAPPINGS_H
#define NETAUDIT_TARGET_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define NA_MAPPED_FILES 512
#define NA_MAPS_BYTES (16U << 20)	/* of the list; a mapping takes about 100 */

/* One line of the list. */
struct na_mapping {
	uint64_t start, end;	/* addresses in the process */
	uint64_t offset;	/* in the file */
	uint64_t inode;		/* 0: not of a file */
	uint64_t device;	/* major << 32 | minor */
	bool executable;
	bool python;		/* the file's name has "python" in it: a hint for what to look at first */
};

/* `*path` (not terminated, may be empty) points into `line`. */
bool na_mapping_parse(const char *line, size_t length, struct na_mapping *result, const char **path,
		      size_t *path_bytes);

/*
 * Visits every mapping, in order of address, until `visit` returns false or NA_MAPS_BYTES were read. `path` as we
 * see it (a process in another root sees a shorter one), " (deleted)" cut off, not terminated: untrusted text. 0 or
 * negative errno.
 */
typedef bool na_mapping_fn(void *context, const struct na_mapping *mapping, const char *path, size_t path_bytes);
int na_mappings_each(int pid_fd, na_mapping_fn *visit, void *context);

/*
 * The first executable mapping of each file, in order of address, at most `capacity`. 0 or negative errno.
 */
int na_mapped_files(int pid_fd, struct na_mapping *files, size_t capacity, size_t *count);

/* A descriptor of the mapped file (O_PATH), for the caller to close, and its status; or negative errno. */
int na_mapped_file(int pid_fd, const struct na_mapping *mapping, struct stat *status);

/* The same file for reading, when it is a regular one; -ENOEXEC when not. The caller closes it. */
int na_mapped_file_read(int path_fd, const struct stat *status);

#endif
