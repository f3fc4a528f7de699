/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and replaces the signer's secret files. */
#include "signer/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define NEW_SUFFIX ".new"

int na_secret_directory(const char *path, struct na_error *error)
{
	struct stat status;
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return na_error_set(error, -errno, "cannot make the signer's directory %s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return na_error_set(error, -errno, "cannot open the signer's directory %s: %s%s", path, strerror(errno),
				    errno == ELOOP || errno == ENOTDIR ? " (a symbolic link is not followed)" : "");
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0)
		return fd;
	close(fd);
	return na_error_set(error, -EPERM, "the signer's directory %s must belong to uid %u with mode 0700 "
			    "(it is uid %u, %04o)", path, geteuid(), status.st_uid, status.st_mode & 07777);
}

static int check_file(int fd, const char *name, size_t bytes, struct na_error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return na_error_set(error, -errno, "cannot examine the signer's file %s: %s", name, strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
		return na_error_set(error, -EPERM, "the signer's file %s is not a plain file with one name", name);
	if (status.st_uid != geteuid() || (status.st_mode & 077))
		return na_error_set(error, -EPERM, "the signer's file %s must belong to uid %u with mode 0600 (it is uid %u, "
				    "%04o): who could read it may have signed with it", name, geteuid(), status.st_uid,
				    status.st_mode & 07777);
	if (status.st_size != (off_t)bytes)
		return na_error_set(error, -EBADMSG, "the signer's file %s is damaged: %lld bytes instead of %zu", name,
				    (long long)status.st_size, bytes);
	return 0;
}

static int read_exactly(int fd, void *out, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got = read(fd, (uint8_t *)out + done, bytes - done);

		if (got == 0)
			return -EBADMSG;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			done += (size_t)got;
	}
	return 0;
}

int na_secret_read(int directory_fd, const char *name, void *out, size_t bytes, struct na_error *error)
{
	int fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int result;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return na_error_set(error, -errno, "cannot open the signer's file %s: %s%s", name, strerror(errno),
				    errno == ELOOP ? " (a symbolic link is not followed)" : "");
	result = check_file(fd, name, bytes, error);
	if (result == 0) {
		result = read_exactly(fd, out, bytes);
		if (result)
			na_error_set(error, result, "cannot read the signer's file %s: %s", name, strerror(-result));
	}
	close(fd);
	return result;
}

/* The inode that just lost its name still holds a spent secret. Failing here leaves a valid state. */
static void overwrite(int fd)
{
	uint8_t zero[512] = { 0 };
	struct stat status;
	off_t at = 0;

	if (fstat(fd, &status) < 0)
		return;
	while (at < status.st_size) {
		size_t left = (size_t)(status.st_size - at);
		ssize_t wrote = pwrite(fd, zero, left < sizeof(zero) ? left : sizeof(zero), at);

		if (wrote <= 0)
			return;
		at += wrote;
	}
	(void)fdatasync(fd);
}

int na_secret_remove(int directory_fd, const char *name, struct na_error *error)
{
	int fd = openat(directory_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0) {
		overwrite(fd);
		close(fd);
	}
	if (unlinkat(directory_fd, name, 0) < 0 && errno != ENOENT)
		return na_error_set(error, -errno, "cannot remove the signer's file %s: %s", name, strerror(errno));
	return 0;
}

int na_secret_replace(int directory_fd, const char *name, const void *content, size_t bytes, struct na_error *error)
{
	char fresh[64];
	int old_fd, fd, result;

	(void)snprintf(fresh, sizeof(fresh), "%s" NEW_SUFFIX, name);
	result = na_secret_remove(directory_fd, fresh, error);	/* left by a crash: it holds a secret too */
	if (result)
		return result;
	fd = openat(directory_fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return na_error_set(error, -errno, "cannot make the signer's file %s: %s", fresh, strerror(errno));
	result = na_write_all(fd, content, bytes);
	if (result == 0 && fsync(fd) < 0)
		result = -errno;
	close(fd);
	old_fd = openat(directory_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (result == 0 && (renameat(directory_fd, fresh, directory_fd, name) < 0 || fsync(directory_fd) < 0))
		result = -errno;
	if (old_fd >= 0) {
		if (result == 0)
			overwrite(old_fd);
		close(old_fd);
	}
	if (result)
		return na_error_set(error, result, "cannot write the signer's file %s: %s", name, strerror(-result));
	return 0;
}
