/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole small files: read with a bound, written so that readers see the old or the new one.
 */
#ifndef NETAUDIT_BASE_FILE_H
#define NETAUDIT_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads a file of at most `limit_bytes` into a fresh buffer (caller frees) that ends in a NUL not
 * counted in *bytes. Works for /proc files, whose size is not known before. `directory_fd` may be
 * AT_FDCWD. Returns 0, -EFBIG when the file is longer, or negative errno.
 */
int na_read_file(int directory_fd, const char *path, size_t limit_bytes, char **content, size_t *bytes);

/* Writes all of it, also over short writes and signals. Returns 0 or negative errno. */
int na_write_all(int fd, const void *content, size_t bytes);

/*
 * Replaces `path` by a new file with this content through "PATH.new" and rename(2), without fsync:
 * for files that describe the present and mean nothing after a power loss. Returns 0 or negative errno.
 */
int na_replace_file(int directory_fd, const char *path, const void *content, size_t bytes, mode_t mode);

#endif
