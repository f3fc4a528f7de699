/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapped program files; see mappings.h. The list's format: proc_pid_maps(5).
 */
#include "target/mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/procfs.h"

enum { READ_BYTES = 1 << 16 };

/* A number that ends at `mark`, which is skipped as well. */
static bool take_until(const char **at, const char *end, char mark, uint64_t *value)
{
	return na_proc_take_number(at, end, 16, value) && *at < end && *(*at)++ == mark;
}

static bool has_python_in_name(const char *path, const char *end)
{
	static const char word[] = "python";
	const char *slash = memrchr(path, '/', (size_t)(end - path));

	return slash && memmem(slash, (size_t)(end - slash), word, sizeof(word) - 1);
}

bool na_mapping_parse(const char *line, size_t length, struct na_mapping *result)
{
	/* START-END rwxp OFFSET MAJOR:MINOR INODE    PATH */
	const char *at = line, *end = line + length;
	uint64_t major, minor;

	memset(result, 0, sizeof(*result));
	if (!take_until(&at, end, '-', &result->start) || !na_proc_take_number(&at, end, 16, &result->end) ||
	    end - at < 5 || at[4] != ' ' || result->end <= result->start)
		return false;
	result->executable = at[2] == 'x';
	at += 5;
	if (!na_proc_take_number(&at, end, 16, &result->offset) || !take_until(&at, end, ':', &major) ||
	    !na_proc_take_number(&at, end, 16, &minor) || !na_proc_take_number(&at, end, 10, &result->inode) ||
	    major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	result->device = major << 32 | minor;
	result->python = has_python_in_name(at, end);
	return true;
}

static bool is_known(const struct na_mapping *files, size_t count, const struct na_mapping *mapping)
{
	for (size_t i = count; i-- > 0;)
		if (files[i].inode == mapping->inode && files[i].device == mapping->device)
			return true;
	return false;
}

/* Takes whole lines off the front of `text`; returns how many bytes are left of the last one. */
static size_t take_lines(char *text, size_t length, struct na_mapping *files, size_t capacity, size_t *count)
{
	const char *line = text, *end;

	while (*count < capacity && (end = memchr(line, '\n', length))) {
		struct na_mapping mapping;

		if (na_mapping_parse(line, (size_t)(end - line), &mapping) && mapping.executable && mapping.inode &&
		    !is_known(files, *count, &mapping))
			files[(*count)++] = mapping;
		length -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	memmove(text, line, length);
	return length;
}

int na_mapped_files(int pid_fd, struct na_mapping *files, size_t capacity, size_t *count)
{
	size_t kept = 0, total = 0;
	char *text;
	int fd = openat(pid_fd, "maps", O_RDONLY | O_CLOEXEC), error = 0;

	*count = 0;
	if (fd < 0)
		return -errno;
	text = malloc(READ_BYTES);
	if (!text)
		error = -ENOMEM;
	/* A line is at most a path of 4096 bytes, escaped, and its numbers: it always fits. */
	while (!error && *count < capacity && total < NA_MAPS_BYTES && kept < READ_BYTES) {
		ssize_t got = read(fd, text + kept, READ_BYTES - kept);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			error = -errno;
		if (got <= 0)
			break;
		total += (size_t)got;
		kept = take_lines(text, kept + (size_t)got, files, capacity, count);
	}
	free(text);
	close(fd);
	return error;
}

int na_mapped_file(int pid_fd, const struct na_mapping *mapping, struct stat *status)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, mapping->start, mapping->end);
	fd = openat(pid_fd, name, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, status) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

int na_mapped_file_read(int path_fd, const struct stat *status)
{
	char name[64];
	int fd;

	if (!S_ISREG(status->st_mode))
		return -ENOEXEC;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path_fd);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}
