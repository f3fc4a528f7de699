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

static bool has_python_in_name(const char *path, size_t length)
{
	static const char word[] = "python";
	const char *slash = memrchr(path, '/', length);

	return slash && memmem(slash, (size_t)(path + length - slash), word, sizeof(word) - 1);
}

static size_t without_deleted(const char *path, size_t length)
{
	static const char mark[] = " (deleted)";
	const size_t mark_length = sizeof(mark) - 1;

	return length > mark_length && !memcmp(path + length - mark_length, mark, mark_length) ? length - mark_length : length;
}

bool na_mapping_parse(const char *line, size_t length, struct na_mapping *result, const char **path, size_t *path_bytes)
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
	while (at < end && *at == ' ')
		at++;
	*path = at;
	*path_bytes = without_deleted(at, (size_t)(end - at));
	result->python = has_python_in_name(*path, *path_bytes);
	return true;
}

/* Visits the whole lines at the front of `text`; returns how many bytes are left of the last one. */
static size_t visit_lines(char *text, size_t length, na_mapping_fn *visit, void *context, bool *more)
{
	const char *line = text, *end;

	while (*more && (end = memchr(line, '\n', length))) {
		struct na_mapping mapping;
		const char *path;
		size_t path_bytes;

		if (na_mapping_parse(line, (size_t)(end - line), &mapping, &path, &path_bytes))
			*more = visit(context, &mapping, path, path_bytes);
		length -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	memmove(text, line, length);
	return length;
}

int na_mappings_each(int pid_fd, na_mapping_fn *visit, void *context)
{
	int fd = openat(pid_fd, "maps", O_RDONLY | O_CLOEXEC), error = 0;
	size_t kept = 0, total = 0;
	bool more = true;
	char *text;

	if (fd < 0)
		return -errno;
	text = malloc(READ_BYTES);
	if (!text)
		error = -ENOMEM;
	/* A line is at most a path of 4096 bytes, escaped, and its numbers: it always fits. */
	while (!error && more && total < NA_MAPS_BYTES && kept < READ_BYTES) {
		ssize_t got = read(fd, text + kept, READ_BYTES - kept);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			error = -errno;
		if (got <= 0)
			break;
		total += (size_t)got;
		kept = visit_lines(text, kept + (size_t)got, visit, context, &more);
	}
	free(text);
	close(fd);
	return error;
}

struct files {
	struct na_mapping *file;
	size_t capacity, count;
};

static bool add_file(void *context, const struct na_mapping *mapping, const char *path, size_t path_bytes)
{
	struct files *files = context;

	(void)path;
	(void)path_bytes;
	if (!mapping->executable || !mapping->inode)
		return true;
	for (size_t i = files->count; i-- > 0;)
		if (files->file[i].inode == mapping->inode && files->file[i].device == mapping->device)
			return true;
	files->file[files->count++] = *mapping;
	return files->count < files->capacity;
}

int na_mapped_files(int pid_fd, struct na_mapping *files, size_t capacity, size_t *count)
{
	struct files found = { .file = files, .capacity = capacity };
	int error = capacity ? na_mappings_each(pid_fd, add_file, &found) : 0;

	*count = found.count;
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
