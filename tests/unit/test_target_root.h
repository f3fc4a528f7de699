/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder that looks like /proc, for the tests of src/target/, and the decisions made over it.
 */
#ifndef NETAUDIT_TEST_TARGET_ROOT_H
#define NETAUDIT_TEST_TARGET_ROOT_H

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

#include "target/table.h"

#define TICK_NS UINT64_C(10000000)
#define CLONED 1	/* fake_process.flags: forked, executed nothing */
#define MASTER_COMMAND "python3\0odoo-bin\0-c\0/e/a.conf"

struct root {
	char path[64];
	struct na_targets *targets;
	enum na_scope decided[70000];	/* by pid; last decision */
	unsigned int decisions;
};

struct fake_process {
	uint32_t pid, parent, ticks;
	const char *exe;
	const char *command;
	size_t length;
	int flags, nice, threads;
};

#define COMMAND(text) (text), sizeof(text)
#define PROCESS(number, parent_number, start, executable, text, ...) \
	((struct fake_process){ .pid = (number), .parent = (parent_number), .ticks = (start), .exe = (executable), \
				.command = (text), .length = sizeof(text), ##__VA_ARGS__ })

static inline void write_file(const struct root *root, uint32_t pid, const char *name, const char *bytes, size_t length)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u/%s", root->path, pid, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static inline void write_link(const struct root *root, uint32_t pid, const char *name, const char *target)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%u/%s", root->path, pid, name);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static inline void make_folder(const struct root *root, uint32_t pid, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%u/%s", root->path, pid, name);
	mkdir(path, 0700);
}

static inline void put(const struct root *root, struct fake_process process)
{
	char stat[256], exe[128];
	int length;

	make_folder(root, process.pid, "");
	length = snprintf(stat, sizeof(stat), "%u (a) b (c) S %u 1 1 0 -1 %d 0 0 0 0 0 0 0 0 20 %d %d 0 %u 0 0\n",
			  process.pid, process.parent, process.flags == CLONED ? 0x400040 : 0x400000, process.nice,
			  process.threads ? process.threads : 1, process.ticks);
	write_file(root, process.pid, "stat", stat, (size_t)length);
	write_file(root, process.pid, "cmdline", process.command, process.length);
	snprintf(exe, sizeof(exe), "/usr/bin/%s", process.exe);
	write_link(root, process.pid, "exe", exe);
	write_link(root, process.pid, "cwd", "/srv/here");
	write_link(root, process.pid, "root", "/");
}

static inline void gone(const struct root *root, uint32_t pid)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s/%u'", root->path, pid);
	assert_int_equal(system(command), 0);
}

static inline void note_decision(void *context, const struct na_target *target)
{
	struct root *root = context;

	root->decided[target->pid % 70000] = target->scope;
	root->decisions++;
}

static inline struct root *root_new(bool scope_host)
{
	struct root *root = calloc(1, sizeof(*root));
	struct na_targets_options options = { .scope_host = scope_host, .decide = note_decision };

	assert_non_null(root);
	strcpy(root->path, "/tmp/netaudit-target-XXXXXX");
	assert_non_null(mkdtemp(root->path));
	options.proc_root = root->path;
	options.context = root;
	assert_int_equal(na_targets_create(&root->targets, &options), 0);
	return root;
}

static inline void root_free(struct root *root)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root->path);
	assert_int_equal(system(command), 0);
	na_targets_destroy(root->targets);
	free(root);
}

/* Kernel events carry nanoseconds: a start lies somewhere inside its tick. */
static inline uint64_t start_of(uint32_t ticks)
{
	return ticks * TICK_NS + 1234567;
}

static inline struct na_process_event event(uint32_t pid, uint32_t ticks, uint32_t parent, uint32_t parent_ticks,
					    enum na_scope scope)
{
	struct na_process_event event = { .parent_start_ns = parent_ticks ? start_of(parent_ticks) : 0 };

	event.task.pid = event.task.tid = pid;
	event.task.start_ns = start_of(ticks);
	event.task.parent_pid = parent;
	event.task.scope = scope;
	memcpy(event.task.comm, "worker", 7);
	return event;
}

static inline const struct na_target *send_exec(struct root *root, struct na_process_event event, const char *exe)
{
	size_t length = strlen(exe);

	assert_true(length <= NA_EXE_BYTES);
	memcpy(event.exe, exe, length);
	return na_targets_on_exec(root->targets, &event);
}

static inline void assert_is(const struct root *root, uint32_t pid, enum na_scope scope, enum na_worker worker)
{
	const struct na_target *target = na_targets_find(root->targets, pid, 0);

	assert_non_null(target);
	if (target->scope != scope || target->worker != worker)
		fail_msg("%u is %s %s, not %s %s", pid, na_scope_name(target->scope), na_worker_name(target->worker),
			 na_scope_name(scope), na_worker_name(worker));
}

static inline void put_master(const struct root *root)
{
	put(root, PROCESS(100, 1, 50, "python3.11", MASTER_COMMAND));
}

#endif
