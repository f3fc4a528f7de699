/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens, guards and locks the journal's directory. */
#include "journal/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/schema.h"

#define LOCK_FILE "journal.lock"
#define RESERVE_FILE "reserve"
#define RESERVE_FREE_FACTOR 8	/* keep a reserve only while this many times its size is free */

/* A file we or SQLite would write. Missing is fine. */
static int check_file(const struct na_directory *directory, const char *name, struct na_error *error)
{
	struct stat status;

	if (fstatat(directory->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : na_error_set(error, -errno, "cannot examine %s/%s: %s", directory->path, name,
							  strerror(errno));
	if (S_ISLNK(status.st_mode))
		return na_error_set(error, -ELOOP, "%s/%s is a symbolic link: a journal must be a plain file",
				    directory->path, name);
	if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
		return na_error_set(error, -EPERM, "%s/%s is not a plain file with one name", directory->path, name);
	if (status.st_uid != geteuid())
		return na_error_set(error, -EPERM, "%s/%s belongs to uid %u, the journal runs as uid %u", directory->path,
				    name, status.st_uid, geteuid());
	if (status.st_mode & 027)
		return na_error_set(error, -EPERM, "%s/%s has mode %04o: nobody but its owner may write it, and others may "
				    "not read it (chmod 0600)", directory->path, name, status.st_mode & 07777);
	return 0;
}

static int take_lock(struct na_directory *directory, struct na_error *error)
{
	char pid[16] = "";
	int length;

	directory->lock_fd = openat(directory->fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (directory->lock_fd < 0)
		return na_error_set(error, -errno, "cannot open %s/" LOCK_FILE ": %s", directory->path, strerror(errno));
	if (flock(directory->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return na_error_set(error, -errno, "cannot lock %s: %s", directory->path, strerror(errno));
		if (pread(directory->lock_fd, pid, sizeof(pid) - 1, 0) < 0)
			pid[0] = 0;
		return na_error_set(error, -EBUSY, "%s is already written by process %ld: stop it first, or use another "
				    "directory", directory->path, strtol(pid, NULL, 10));
	}
	length = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	/* on a full disk the name is missing from the refusal, the lock holds all the same */
	if (ftruncate(directory->lock_fd, 0) == 0)
		(void)!pwrite(directory->lock_fd, pid, (size_t)length, 0);
	return 0;
}

static int check_directory(const struct na_directory *directory, struct na_error *error)
{
	struct stat status;

	if (fstat(directory->fd, &status) < 0)
		return na_error_set(error, -errno, "cannot examine %s: %s", directory->path, strerror(errno));
	if (status.st_uid != geteuid())
		return na_error_set(error, -EPERM, "%s belongs to uid %u, the journal runs as uid %u", directory->path,
				    status.st_uid, geteuid());
	if (status.st_mode & 022)
		return na_error_set(error, -EPERM, "%s has mode %04o: only its owner may write in it (chmod 0700)",
				    directory->path, status.st_mode & 07777);
	return 0;
}

int na_directory_open(struct na_directory *directory, const char *path, struct na_error *error)
{
	static const char *const files[] = { NA_JOURNAL_FILE, NA_JOURNAL_FILE "-wal", NA_JOURNAL_FILE "-shm",
					     NA_ANCHORS_FILE };
	int result;

	directory->fd = -1;
	directory->lock_fd = -1;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return na_error_set(error, -errno, "cannot make the journal's directory %s: %s", path, strerror(errno));
	if (!realpath(path, directory->path))
		return na_error_set(error, -errno, "cannot use the journal's directory %s: %s", path, strerror(errno));
	directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory->fd < 0)
		return na_error_set(error, -errno, "cannot open the journal's directory %s: %s", path, strerror(errno));
	result = check_directory(directory, error);
	for (size_t i = 0; result == 0 && i < sizeof(files) / sizeof(files[0]); i++)
		result = check_file(directory, files[i], error);
	return result ? result : take_lock(directory, error);
}

void na_directory_close(struct na_directory *directory)
{
	if (directory->lock_fd >= 0)
		close(directory->lock_fd);
	if (directory->fd >= 0)
		close(directory->fd);
	directory->lock_fd = -1;
	directory->fd = -1;
}

bool na_directory_reserve(const struct na_directory *directory)
{
	struct statvfs space;
	struct stat status;
	int fd, error;

	if (fstatat(directory->fd, RESERVE_FILE, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size == NA_RESERVE_BYTES)
		return true;
	if (fstatvfs(directory->fd, &space) < 0 ||
	    (uint64_t)space.f_bavail * space.f_frsize < (uint64_t)NA_RESERVE_BYTES * RESERVE_FREE_FACTOR)
		return false;
	fd = openat(directory->fd, RESERVE_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	error = posix_fallocate(fd, 0, NA_RESERVE_BYTES);
	close(fd);
	if (error)
		(void)unlinkat(directory->fd, RESERVE_FILE, 0);
	return error == 0;
}

bool na_directory_release_reserve(const struct na_directory *directory)
{
	return unlinkat(directory->fd, RESERVE_FILE, 0) == 0;
}
