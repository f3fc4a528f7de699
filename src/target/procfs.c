/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads /proc/PID through a descriptor of the folder; see procfs.h for what that guarantees.
 */
#include "target/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PF_FORKNOEXEC 0x40	/* include/linux/sched.h, unchanged since 2.6.12 */

int na_proc_open(int proc_fd, uint32_t pid)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%u", pid);
	fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int na_proc_read(int pid_fd, const char *name, char *buffer, size_t capacity, size_t *length)
{
	int result = 0;
	int fd = openat(pid_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*length = 0;
	if (fd < 0)
		return -errno;
	while (*length < capacity) {
		ssize_t got = read(fd, buffer + *length, capacity - *length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			result = -errno;
		if (got <= 0)
			break;
		*length += (size_t)got;
	}
	close(fd);
	return result;
}

int na_proc_link(int pid_fd, const char *name, char *buffer, size_t capacity)
{
	ssize_t got = readlinkat(pid_fd, name, buffer, capacity);

	if (got < 0)
		return -errno;
	if ((size_t)got >= capacity)
		return -ENAMETOOLONG;
	buffer[got] = '\0';
	return 0;
}

bool na_proc_take_number(const char **at, const char *end, int base, uint64_t *value)
{
	const char *start = *at;

	*value = 0;
	for (; *at < end; (*at)++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF", *digit = **at ? strchr(digits, **at) : NULL;
		uint64_t number = digit ? (uint64_t)(digit - digits) % 16 : 16;

		if (number >= (uint64_t)base)
			break;
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) || __builtin_add_overflow(*value, number, value))
			return false;
	}
	if (*at == start)
		return false;
	while (*at < end && **at == ' ')
		(*at)++;
	return true;
}

int na_proc_parse_stat(const char *text, size_t length, struct na_proc_stat *result)
{
	/* Positions of proc_pid_stat(5) counted from 1; the name in parentheses may itself hold any byte. */
	enum { STATE = 3, PARENT = 4, FLAGS = 9, NICE = 19, THREADS = 20, START = 22 };
	const char *end = text + length;
	const char *open = memchr(text, '(', length), *close = memrchr(text, ')', length), *at;
	size_t comm;

	memset(result, 0, sizeof(*result));
	if (!open || !close || close <= open || end - close < 4 || close[1] != ' ' || close[3] != ' ')
		return -EBADMSG;
	comm = (size_t)(close - open) - 1;
	memcpy(result->comm, open + 1, comm < sizeof(result->comm) ? comm : sizeof(result->comm) - 1);
	result->state = close[2];
	at = close + 4;
	for (int field = STATE + 1; field <= START; field++) {
		bool negative = at < end && *at == '-';
		uint64_t value;

		at += negative;
		if (!na_proc_take_number(&at, end, 10, &value))
			return -EBADMSG;
		if (field == PARENT)
			result->parent_pid = (uint32_t)value;
		else if (field == FLAGS)
			result->never_executed = (value & PF_FORKNOEXEC) != 0;
		else if (field == NICE)
			result->nice = negative ? -(int32_t)(value & 0xff) : (int32_t)(value & 0xff);
		else if (field == THREADS)
			result->threads = (uint32_t)value;
		else if (field == START)
			result->start_ticks = value;
	}
	return 0;
}

int na_proc_stat(int pid_fd, struct na_proc_stat *result)
{
	char text[1024];
	size_t length;
	int error = na_proc_read(pid_fd, "stat", text, sizeof(text), &length);

	return error ? error : na_proc_parse_stat(text, length, result);
}

bool na_proc_parse_socket(const char *line, size_t length, struct na_proc_socket *result)
{
	const char *at = line, *end = line + length;
	uint64_t value;

	/* "  sl: LOCAL:PORT REMOTE:PORT STATE TX:RX TR:WHEN RETRANSMITS UID TIMEOUT INODE …", hex up to retransmits */
	at = memchr(at, ':', length);
	if (!at || !(at = memchr(at + 1, ':', (size_t)(end - at) - 1)))
		return false;
	at++;
	if (!na_proc_take_number(&at, end, 16, &value) || value > UINT16_MAX)
		return false;
	result->local_port = (uint16_t)value;
	at = memchr(at, ':', (size_t)(end - at));
	if (!at)
		return false;
	at++;
	if (!na_proc_take_number(&at, end, 16, &value) || !na_proc_take_number(&at, end, 16, &value) ||
	    value > UINT8_MAX)
		return false;
	result->state = (uint8_t)value;
	for (int pair = 0; pair < 2; pair++) {
		if (!na_proc_take_number(&at, end, 16, &value) || at >= end || *at++ != ':' ||
		    !na_proc_take_number(&at, end, 16, &value))
			return false;
	}
	return na_proc_take_number(&at, end, 16, &value) && na_proc_take_number(&at, end, 10, &value) &&
	       na_proc_take_number(&at, end, 10, &value) && na_proc_take_number(&at, end, 10, &result->inode);
}

/* /proc tells the start in clock ticks; a zombie has nothing left to be looked at. */
int na_proc_check_started(int pid_fd, uint64_t start_ns)
{
	long ticks = sysconf(_SC_CLK_TCK);
	uint64_t tick_ns = UINT64_C(1000000000) / (ticks > 0 ? (uint64_t)ticks : 100);
	struct na_proc_stat stat;

	if (na_proc_stat(pid_fd, &stat) != 0 || stat.state == 'Z')
		return -ESRCH;
	return stat.start_ticks == start_ns / tick_ns ? 0 : -ESRCH;
}

int na_proc_open_started(const char *proc_root, uint32_t pid, uint64_t start_ns)
{
	int proc_fd = open(proc_root ? proc_root : "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), pid_fd, error;

	if (proc_fd < 0)
		return -errno;
	pid_fd = na_proc_open(proc_fd, pid);
	close(proc_fd);
	if (pid_fd < 0)
		return pid_fd == -ENOENT ? -ESRCH : pid_fd;
	error = na_proc_check_started(pid_fd, start_ns);
	if (error) {
		close(pid_fd);
		return error;
	}
	return pid_fd;
}

/* Returns how many socket inodes were written, or negative errno. */
static ssize_t list_sockets(int pid_fd, uint64_t *inodes, size_t capacity)
{
	int fd = openat(pid_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	size_t count = 0, entries = 0;
	struct dirent *entry;

	if (!folder) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	while (count < capacity && entries++ < NA_PROC_DESCRIPTORS && (entry = readdir(folder))) {
		char target[64];
		const char *at = target + strlen("socket:[");
		ssize_t got = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		uint64_t inode;

		if (got < 0)
			continue;
		target[got] = '\0';
		if (strncmp(target, "socket:[", strlen("socket:[")) == 0 &&
		    na_proc_take_number(&at, target + got, 10, &inode))
			inodes[count++] = inode;
	}
	closedir(folder);
	return (ssize_t)count;
}

static bool is_listed(const uint64_t *inodes, ssize_t count, uint64_t inode)
{
	for (ssize_t i = 0; i < count; i++)
		if (inodes[i] == inode)
			return true;
	return false;
}

int na_proc_holds_socket(int pid_fd, uint64_t inode)
{
	uint64_t inodes[NA_PROC_SOCKETS] = { 0 };
	ssize_t count = list_sockets(pid_fd, inodes, NA_PROC_SOCKETS);

	return count < 0 ? (int)count : is_listed(inodes, count, inode);
}

int na_proc_each_tcp(int pid_fd, bool (*visit)(void *context, const struct na_proc_socket *socket), void *context)
{
	static const char *const lists[] = { "net/tcp", "net/tcp6" };
	uint64_t inodes[NA_PROC_SOCKETS] = { 0 };
	ssize_t count = list_sockets(pid_fd, inodes, NA_PROC_SOCKETS);
	bool more = true;
	char *text;

	if (count <= 0)
		return (int)count;
	text = malloc(NA_PROC_NET_BYTES);
	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < 2 && more; i++) {
		const char *line = text, *end;
		size_t length;

		/* Half a list is still worth looking at: the kernel prints listening sockets first. */
		na_proc_read(pid_fd, lists[i], text, NA_PROC_NET_BYTES, &length);
		for (; more && length > 0 && (end = memchr(line, '\n', length)); line = end + 1) {
			struct na_proc_socket found;

			if (na_proc_parse_socket(line, (size_t)(end - line), &found) &&
			    is_listed(inodes, count, found.inode))
				more = visit(context, &found);
			length -= (size_t)(end + 1 - line);
		}
	}
	free(text);
	return 0;
}
