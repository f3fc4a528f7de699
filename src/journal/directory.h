/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's directory: whose it is, who writes in it, and room kept for bad days.
 */
#ifndef NETAUDIT_JOURNAL_DIRECTORY_H
#define NETAUDIT_JOURNAL_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

#define NA_RESERVE_BYTES (4 << 20)	/* room for some hundred commits of a few records */

/* `path` has no symbolic link in it: SQLite opens by name and is told to follow none. */
struct na_directory {
	char path[PATH_MAX];
	int fd;
	int lock_fd;
};

/*
 * Opens the directory (made 0700 when missing) and takes the writer's lock. Refuses, with one line
 * in `error`: another owner, write access for group or others, a second writer (-EBUSY, names its
 * pid), a journal.db or anchors.log that is a symlink, not ours, or open to others. Returns 0 or
 * negative errno.
 */
int na_directory_open(struct na_directory *directory, const char *path, struct na_error *error);
void na_directory_close(struct na_directory *directory);

/* Keeps NA_RESERVE_BYTES in a file of their own while there is plenty of room. Returns whether they are there. */
bool na_directory_reserve(const struct na_directory *directory);
/* Gives them back to the file system. Returns whether there was anything to give. */
bool na_directory_release_reserve(const struct na_directory *directory);

#endif
