/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes whole small files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until the end of file or until limit + 1 bytes are there. */
static int read_up_to(int fd, char **content, size_t *bytes, size_t limit_bytes)
{
	size_t size = 4096, used = 0;
	char *buffer = malloc(size + 1);
	int error = -ENOMEM;

	while (buffer) {
		ssize_t got = read(fd, buffer + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error = -errno;
			break;
		}
		used += (size_t)got;
		if (used > limit_bytes) {
			error = -EFBIG;
			break;
		}
		if (got == 0) {
			buffer[used] = '\0';
			*content = buffer;
			*bytes = used;
			return 0;
		}
		if (used == size) {
			char *larger = realloc(buffer, size * 2 + 1);

			if (!larger)
				break;
			buffer = larger;
			size *= 2;
		}
	}
	free(buffer);
	return error;
}

int na_read_file(int directory_fd, const char *path, size_t limit_bytes, char **content, size_t *bytes)
{
	int fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error;

	if (fd < 0)
		return -errno;
	error = read_up_to(fd, content, bytes, limit_bytes);
	(void)close(fd);
	return error;
}

int na_write_all(int fd, const void *content, size_t bytes)
{
	const char *at = content;

	while (bytes > 0) {
		ssize_t written = write(fd, at, bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		at += written;
		bytes -= (size_t)written;
	}
	return 0;
}

int na_replace_file(int directory_fd, const char *path, const void *content, size_t bytes, mode_t mode)
{
	char temporary[PATH_MAX];
	int length = snprintf(temporary, sizeof(temporary), "%s.new", path);
	int fd, error;

	if (length < 0 || (size_t)length >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	error = na_write_all(fd, content, bytes);
	if (close(fd) < 0 && !error)
		error = -errno;
	if (!error && renameat(directory_fd, temporary, directory_fd, path) < 0)
		error = -errno;
	if (error)
		(void)unlinkat(directory_fd, temporary, 0);
	return error;
}
