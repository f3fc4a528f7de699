/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files as one process sees them: below its own root, which a container or chroot has elsewhere.
 *
 * No path leaves the root: the kernel resolves symbolic links and ".." inside of it (openat2(2), Linux 5.6). Nothing
 * but regular files is ever opened for reading, so a device or a pipe in the place of a file does nothing.
 */
#ifndef NETAUDIT_TARGET_ADDONS_ROOT_H
#define NETAUDIT_TARGET_ADDONS_ROOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct na_root {
	int fd;
	dev_t device;			/* which folder it is, and in which mount namespace: two views of files are */
	ino_t inode, mounts;		/* the same when all three are */
	char prefix[PATH_MAX];		/* what our own view has in front of its paths; "" for none */
};

/* The root of the process behind `pid_fd` (na_proc_open()). 0 or negative errno; to be closed. */
int na_root_open(struct na_root *root, int pid_fd);
void na_root_close(struct na_root *root);
bool na_root_same(const struct na_root *left, const struct na_root *right);

/* Takes the prefix off a path of our own view, in place. 0, or -EXDEV when it lies outside of the root. */
int na_root_inside(const struct na_root *root, char *path);

/*
 * A link of /proc/PID ("exe", "cwd") as the process itself would say it: absolute and without the root's prefix.
 * 0 or negative errno: -EXDEV when it lies outside of the root.
 */
int na_root_link(const struct na_root *root, int pid_fd, const char *name, char *path, size_t capacity);

/* An O_PATH descriptor to be closed by the caller, or negative errno. `path` is absolute. */
int na_root_find(const struct na_root *root, const char *path);

/* What is there, symbolic links followed. 0 or negative errno. */
int na_root_stat(const struct na_root *root, const char *path, struct stat *status);
bool na_root_has_file(const struct na_root *root, const char *path);	/* a regular one */

/* The path without symbolic links, ".." and double slashes. 0 or negative errno. */
int na_root_real(const struct na_root *root, const char *path, char *real, size_t capacity);

/* The content of a regular file in a fresh buffer with a NUL behind it; -EFBIG when longer, -EINVAL when no file. */
int na_root_read(const struct na_root *root, const char *path, size_t limit_bytes, char **content, size_t *bytes);

/* Calls `visit` with the names in a folder until it returns false, at most NA_ROOT_ENTRIES of them. */
#define NA_ROOT_ENTRIES 4096
int na_root_each(const struct na_root *root, const char *path,
		 bool (*visit)(void *context, const char *name, bool link), void *context);

#endif
