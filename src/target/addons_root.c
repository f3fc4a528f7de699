/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resolves and reads paths below the root of another process; see addons_root.h for what that guarantees. */
#include "target/addons_root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "target/procfs.h"

/* Our own descriptors below /proc: what they are open on, and a way to open it once more. */
static void own_link(char path[32], int fd)
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static int read_own_link(int fd, char *path, size_t capacity)
{
	char link[32];

	own_link(link, fd);
	return na_proc_link(AT_FDCWD, link, path, capacity);
}

int na_root_open(struct na_root *root, int pid_fd)
{
	struct stat status;
	int error;

	root->fd = openat(pid_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return -errno;
	error = fstat(root->fd, &status) < 0 ? -errno : read_own_link(root->fd, root->prefix, sizeof(root->prefix));
	if (error) {
		na_root_close(root);
		return error;
	}
	root->device = status.st_dev;
	root->inode = status.st_ino;
	root->mounts = fstatat(pid_fd, "ns/mnt", &status, 0) == 0 ? status.st_ino : 0;
	if (strcmp(root->prefix, "/") == 0)
		root->prefix[0] = '\0';
	return 0;
}

void na_root_close(struct na_root *root)
{
	close(root->fd);
	root->fd = -1;
}

bool na_root_same(const struct na_root *left, const struct na_root *right)
{
	return left->device == right->device && left->inode == right->inode && left->mounts == right->mounts;
}

int na_root_inside(const struct na_root *root, char *path)
{
	size_t length = strlen(root->prefix);

	if (path[0] != '/' || strncmp(path, root->prefix, length) != 0 || (path[length] != '/' && path[length] != '\0'))
		return -EXDEV;
	if (path[length] == '\0')
		path[1] = '\0';	/* the root itself */
	else
		memmove(path, path + length, strlen(path + length) + 1);
	return 0;
}

int na_root_link(const struct na_root *root, int pid_fd, const char *name, char *path, size_t capacity)
{
	int error = na_proc_link(pid_fd, name, path, capacity);

	return error ? error : na_root_inside(root, path);
}

int na_root_find(const struct na_root *root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	long fd;

	if (path[0] != '/')
		return -EINVAL;
	fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

int na_root_stat(const struct na_root *root, const char *path, struct stat *status)
{
	int fd = na_root_find(root, path), error;

	if (fd < 0)
		return fd;
	error = fstat(fd, status) < 0 ? -errno : 0;
	close(fd);
	return error;
}

bool na_root_has_file(const struct na_root *root, const char *path)
{
	struct stat status;

	return na_root_stat(root, path, &status) == 0 && S_ISREG(status.st_mode);
}

int na_root_real(const struct na_root *root, const char *path, char *real, size_t capacity)
{
	int fd = na_root_find(root, path), error;

	if (fd < 0)
		return fd;
	error = read_own_link(fd, real, capacity);
	close(fd);
	return error ? error : na_root_inside(root, real);
}

int na_root_read(const struct na_root *root, const char *path, size_t limit_bytes, char **content, size_t *bytes)
{
	int fd = na_root_find(root, path), error;
	struct stat status;
	char link[32];

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		error = -errno;
	else if (!S_ISREG(status.st_mode))
		error = -EINVAL;
	else
		error = 0;
	own_link(link, fd);
	if (!error)
		error = na_read_file(AT_FDCWD, link, limit_bytes, content, bytes);
	close(fd);
	return error;
}

int na_root_each(const struct na_root *root, const char *path,
		 bool (*visit)(void *context, const char *name, bool link), void *context)
{
	int found = na_root_find(root, path), fd;
	struct dirent *entry;
	DIR *folder;

	if (found < 0)
		return found;
	fd = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(found);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	for (size_t i = 0; i < NA_ROOT_ENTRIES && (entry = readdir(folder)); i++)
		if (entry->d_name[0] != '.' && !visit(context, entry->d_name, entry->d_type == DT_LNK))
			break;
	closedir(folder);
	return 0;
}
