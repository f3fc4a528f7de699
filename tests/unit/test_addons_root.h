/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders that look like /proc and like the root of a server, for the tests of add-ons and containers. */
#ifndef NETAUDIT_TEST_ADDONS_ROOT_H
#define NETAUDIT_TEST_ADDONS_ROOT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* TOP/proc is /proc, TOP/root and others are roots of processes. */
struct place {
	char top[64];
};

static inline void place_new(struct place *place)
{
	strcpy(place->top, "/tmp/netaudit-addons-XXXXXX");
	assert_non_null(mkdtemp(place->top));
}

static inline void place_free(const struct place *place)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", place->top);
	assert_int_equal(system(command), 0);
}

/* Makes the folders above `path`, which is below TOP. */
static inline void make_folders(const struct place *place, const char *path, char full[512])
{
	assert_true(snprintf(full, 512, "%s/%s", place->top, path) < 512);
	for (char *slash = full + strlen(place->top) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
}

static inline void put_bytes(const struct place *place, const char *path, const void *bytes, size_t length)
{
	char full[512];
	FILE *file;

	make_folders(place, path, full);
	unlink(full);
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static inline void put_file(const struct place *place, const char *path, const char *text)
{
	put_bytes(place, path, text, strlen(text));
}

static inline void put_link(const struct place *place, const char *path, const char *target)
{
	char full[512];

	make_folders(place, path, full);
	unlink(full);
	assert_int_equal(symlink(target, full), 0);
}

static inline void take_away(const struct place *place, const char *path)
{
	char command[640];

	snprintf(command, sizeof(command), "rm -rf '%s/%s'", place->top, path);
	assert_int_equal(system(command), 0);
}

static inline void put_addon(const struct place *place, const char *folder, const char *manifest)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/__manifest__.py", folder);
	put_file(place, path, manifest);
	snprintf(path, sizeof(path), "%s/__init__.py", folder);
	put_file(place, path, "");
	snprintf(path, sizeof(path), "%s/models/thing.py", folder);
	put_file(place, path, "");
}

/* `command` has '|' where /proc has NUL; `environment` too. Paths are below the process's root. */
struct process {
	uint32_t pid, parent;
	const char *root, *executable, *folder, *command, *environment;
};

static inline void put_strings(const struct place *place, const char *path, const char *text)
{
	char bytes[2048];
	size_t length = strlen(text);

	assert_true(length < sizeof(bytes));
	for (size_t i = 0; i <= length; i++)
		bytes[i] = (char)(text[i] == '|' ? '\0' : text[i]);
	put_bytes(place, path, bytes, length ? length + 1 : 0);
}

static inline void put_process(const struct place *place, struct process process)
{
	char path[128], text[512];

	snprintf(path, sizeof(path), "proc/%u/stat", process.pid);
	snprintf(text, sizeof(text), "%u (python3) S %u 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 %u 0 0\n", process.pid,
		 process.parent, process.pid + 1000);
	put_file(place, path, text);
	snprintf(path, sizeof(path), "proc/%u/cmdline", process.pid);
	put_strings(place, path, process.command);
	snprintf(path, sizeof(path), "proc/%u/environ", process.pid);
	put_strings(place, path, process.environment ? process.environment : "");
	snprintf(path, sizeof(path), "proc/%u/root", process.pid);
	snprintf(text, sizeof(text), "%s/%s", place->top, process.root);
	put_link(place, path, text);
	snprintf(path, sizeof(path), "proc/%u/exe", process.pid);
	snprintf(text, sizeof(text), "%s/%s%s", place->top, process.root,
		 process.executable ? process.executable : "/usr/bin/python3.13");
	put_link(place, path, text);
	snprintf(path, sizeof(path), "proc/%u/cwd", process.pid);
	snprintf(text, sizeof(text), "%s/%s%s", place->top, process.root, process.folder ? process.folder : "/");
	put_link(place, path, text);
}

#endif
