/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the journal: from the FAULT_AFTER-th call on, one kind of call fails on files whose
 * name contains FAULT_FILE. FAULT_CALL: write (EIO), short (half, then ENOSPC), sync (EIO).
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int due(int fd, const char *call)
{
	static long calls;
	const char *wanted = getenv("FAULT_CALL"), *file = getenv("FAULT_FILE"), *after = getenv("FAULT_AFTER");
	char link[64], path[4096];
	ssize_t length;

	if (!wanted || !file || !after || strcmp(wanted, call))
		return 0;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return 0;
	path[length] = 0;
	return strstr(path, file) && ++calls > strtol(after, NULL, 10);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");

	if (due(fd, "write")) {
		errno = EIO;
		return -1;
	}
	if (due(fd, "short")) {
		if (count > 1)
			return real(fd, bytes, count / 2, at);
		errno = ENOSPC;
		return -1;
	}
	return real(fd, bytes, count, at);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	if (due(fd, "write")) {
		errno = EIO;
		return -1;
	}
	return real(fd, bytes, count);
}

int fdatasync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");

	if (due(fd, "sync")) {
		errno = EIO;
		return -1;
	}
	return real(fd);
}

int fsync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fsync");

	if (due(fd, "sync")) {
		errno = EIO;
		return -1;
	}
	return real(fd);
}
