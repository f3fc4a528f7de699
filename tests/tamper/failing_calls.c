/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into journal and signer: counts their file-system calls on files below FAIL_FOLDER and lets call
 * number FAIL_AT (from 1; 0: none) go wrong. FAIL_HOW: eio (this one), enospc (this and all later ones that need
 * room), short (half of this write, then enospc), kill (the process ends before it).
 *
 * FAIL_STATE is a file of 16 bytes, shared by all processes: calls counted, faults made. FAIL_LOG gets a line for each
 * write, sync and rename that came through, in order, whichever process made it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

struct state {
	_Atomic long calls, faults;
};

static struct state *shared(void)
{
	static struct state *state;
	int fd;

	if (state)
		return state;
	fd = REAL(open)(getenv("FAIL_STATE") ? getenv("FAIL_STATE") : "", O_RDWR | O_CLOEXEC);
	state = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		REAL(close)(fd);
	if (state == MAP_FAILED)
		_exit(98);
	return state;
}

static const char *path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	path[length > 0 ? length : 0] = 0;
	return path;
}

static void note(const char *what, const char *path)
{
	const char *slash = strrchr(path, '/');
	char line[PATH_MAX + 16];
	int length = snprintf(line, sizeof(line), "%s %s\n", what, slash ? slash + 1 : path);
	int fd = getenv("FAIL_LOG") ? REAL(open)(getenv("FAIL_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd >= 0) {
		(void)!REAL(write)(fd, line, (size_t)length);
		REAL(close)(fd);
	}
}

enum fault { FINE, FAIL, HALF };

/* Counts one call and says what becomes of it. */
static enum fault fate(const char *path, int needs_room)
{
	const char *folder = getenv("FAIL_FOLDER"), *how = getenv("FAIL_HOW"), *at = getenv("FAIL_AT");
	long number, due = at ? strtol(at, NULL, 10) : 0;

	if (!folder || !strstr(path, folder))
		return FINE;
	number = atomic_fetch_add(&shared()->calls, 1) + 1;
	if (!how || due == 0 || number < due)
		return FINE;
	errno = strcmp(how, "eio") ? ENOSPC : EIO;
	if (number > due && (strcmp(how, "enospc") || !needs_room))
		return FINE;
	atomic_fetch_add(&shared()->faults, 1);
	if (!strcmp(how, "kill"))
		(void)kill(getpid(), SIGKILL);
	if (!strcmp(how, "short"))
		return needs_room ? HALF : FINE;
	return !strcmp(how, "eio") || needs_room ? FAIL : FINE;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
	char path[PATH_MAX];
	enum fault fault = fate(path_of(fd, path), 1);
	ssize_t done;

	if (fault == FAIL)
		return -1;
	done = REAL(pwrite64)(fd, bytes, fault == HALF && count > 1 ? count / 2 : count, at);
	note("write", path);
	return done;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
	char path[PATH_MAX];
	enum fault fault = fate(path_of(fd, path), 1);
	ssize_t done;

	if (fault == FAIL)
		return -1;
	done = REAL(write)(fd, bytes, fault == HALF && count > 1 ? count / 2 : count);
	if (path[0] == '/')
		note("write", path);
	return done;
}

/* Calls on a descriptor, by name, arguments, whether they need room, and what to log. */
#define ON_FD(name, parameters, arguments, room, word)			\
	int name parameters						\
	{								\
		char path[PATH_MAX];					\
		int done;						\
									\
		if (fate(path_of(fd, path), room) != FINE)		\
			return -1;					\
		done = REAL(name) arguments;				\
		if (word[0] && done == 0)				\
			note(word, path);				\
		return done;						\
	}

ON_FD(fsync, (int fd), (fd), 0, "sync")
ON_FD(fdatasync, (int fd), (fd), 0, "sync")
ON_FD(ftruncate64, (int fd, off64_t length), (fd, length), 1, "")
ON_FD(ftruncate, (int fd, off_t length), (fd, length), 1, "")
ON_FD(fchmod, (int fd, mode_t mode), (fd, mode), 0, "")

ssize_t pread64(int fd, void *bytes, size_t count, off64_t at)
{
	char path[PATH_MAX];

	return fate(path_of(fd, path), 0) == FINE ? REAL(pread64)(fd, bytes, count, at) : -1;
}

ssize_t read(int fd, void *bytes, size_t count)
{
	char path[PATH_MAX];

	return fate(path_of(fd, path), 0) == FINE ? REAL(read)(fd, bytes, count) : -1;
}

int posix_fallocate(int fd, off_t at, off_t length)
{
	char path[PATH_MAX];

	return fate(path_of(fd, path), 1) == FINE ? REAL(posix_fallocate)(fd, at, length) : errno;
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		__builtin_va_list arguments;

		__builtin_va_start(arguments, flags);
		mode = __builtin_va_arg(arguments, mode_t);
		__builtin_va_end(arguments);
	}
	return fate(path, (flags & O_CREAT) != 0) == FINE ? REAL(open)(path, flags, mode) : -1;
}

/* files are large wherever this is built */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));

static const char *below(int directory, const char *name, char path[2 * PATH_MAX])
{
	char folder[PATH_MAX] = "";

	if (name[0] != '/' && directory != AT_FDCWD)
		(void)path_of(directory, folder);
	(void)snprintf(path, 2 * PATH_MAX, "%s/%s", folder, name);
	return path;
}

int openat(int directory, const char *name, int flags, ...)
{
	char path[2 * PATH_MAX];
	mode_t mode = 0;

	if (flags & O_CREAT) {
		__builtin_va_list arguments;

		__builtin_va_start(arguments, flags);
		mode = __builtin_va_arg(arguments, mode_t);
		__builtin_va_end(arguments);
	}
	if (fate(below(directory, name, path), (flags & O_CREAT) != 0) != FINE)
		return -1;
	return REAL(openat)(directory, name, flags, mode);
}

int renameat(int from, const char *name, int to, const char *new_name)
{
	char path[2 * PATH_MAX];
	int done;

	if (fate(below(to, new_name, path), 0) != FINE)
		return -1;
	done = REAL(renameat)(from, name, to, new_name);
	if (done == 0)
		note("rename", path);
	return done;
}

int unlinkat(int directory, const char *name, int flags)
{
	char path[2 * PATH_MAX];

	return fate(below(directory, name, path), 0) == FINE ? REAL(unlinkat)(directory, name, flags) : -1;
}

int unlink(const char *path)
{
	return fate(path, 0) == FINE ? REAL(unlink)(path) : -1;
}

int mkdir(const char *path, mode_t mode)
{
	return fate(path, 1) == FINE ? REAL(mkdir)(path, mode) : -1;
}
