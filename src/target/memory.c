/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads another process's memory; see memory.h.
 */
#include "target/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int na_memory_open(int pid_fd)
{
	int fd = openat(pid_fd, "mem", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int na_memory_read(int fd, uint64_t address, void *buffer, size_t bytes)
{
	size_t done = 0;

	if (address > INT64_MAX - bytes)
		return -EFAULT;
	while (done < bytes) {
		ssize_t got = pread(fd, (char *)buffer + done, bytes - done, (off_t)(address + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EIO ? -EFAULT : -errno;
		if (got == 0)
			return -ESRCH;
		done += (size_t)got;
	}
	return 0;
}

int na_memory_pointer(int fd, uint64_t address, uint64_t *value)
{
	*value = 0;
	return na_memory_read(fd, address, value, sizeof(*value));
}
