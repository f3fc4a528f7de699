/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look at /proc when the auditor starts: every process is examined, then decided on, parents before children.
 */
#include "target/table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct found {
	struct na_entry *entry;
	struct na_evidence evidence;
};

struct finds {
	struct found *list;
	size_t count, capacity;
};

static int add_process(struct na_targets *targets, struct finds *finds, uint32_t pid)
{
	struct found *found;
	struct na_entry *entry;

	if (finds->count == finds->capacity) {
		size_t capacity = finds->capacity ? 2 * finds->capacity : 256;
		struct found *larger = reallocarray(finds->list, capacity, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		finds->list = larger;
		finds->capacity = capacity;
	}
	found = &finds->list[finds->count];
	if (na_examine(targets, pid, 0, &found->evidence) != 0)
		return 0;	/* gone, which is no error */
	if (na_table_find(targets, pid, found->evidence.start_ns))
		return 0;
	entry = na_table_add(targets, pid, found->evidence.start_ns, false);
	if (!entry)
		return -ENOMEM;
	entry->cloned = found->evidence.never_executed;
	entry->target.parent_pid = found->evidence.parent_pid;
	memcpy(entry->target.comm, found->evidence.comm, NA_COMM_BYTES);
	memcpy(entry->target.exe_name, found->evidence.exe_name, NA_EXE_NAME_BYTES);
	found->entry = entry;
	finds->count++;
	return 0;
}

static int by_start(const void *left, const void *right)
{
	const struct na_target *a = &((const struct found *)left)->entry->target;
	const struct na_target *b = &((const struct found *)right)->entry->target;

	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* Within one clock tick a child may sort before its parent, so the walk is repeated until nothing changes. */
static void classify_all(struct na_targets *targets, const struct finds *finds)
{
	bool changed = true;

	for (size_t round = 0; changed && round < 64; round++) {
		changed = false;
		for (size_t i = 0; i < finds->count; i++) {
			struct na_entry *entry = finds->list[i].entry;
			struct na_entry *parent = na_table_find(targets, entry->target.parent_pid, 0);

			if (entry->target.scope == NA_SCOPE_ODOO)
				continue;
			if (parent)
				entry->target.parent_start_ns = parent->target.start_ns;
			changed |= na_classify(targets, entry, parent, &finds->list[i].evidence);
		}
	}
}

static void report_all(struct na_targets *targets, const struct finds *finds)
{
	for (size_t i = 0; i < finds->count; i++) {
		struct na_entry *entry = finds->list[i].entry;
		struct na_entry *parent = na_table_find(targets, entry->target.parent_pid, 0);

		if (entry->cloned && entry->target.worker == NA_WORKER_UNKNOWN && parent &&
		    parent->target.worker == NA_WORKER_MASTER)
			na_worker_look(targets, entry, parent);
		if (targets->decide)
			targets->decide(targets->context, &entry->target);
	}
}

static bool parse_pid(const char *name, uint32_t *pid)
{
	char *end;
	unsigned long value;

	if (name[0] < '1' || name[0] > '9')
		return false;
	value = strtoul(name, &end, 10);
	*pid = (uint32_t)value;
	return *end == '\0' && value <= INT32_MAX;
}

static bool any_in_scope(const struct finds *finds)
{
	for (size_t i = 0; i < finds->count; i++)
		if (finds->list[i].entry->target.scope == NA_SCOPE_ODOO)
			return true;
	return false;
}

/* Returns 1 when it met an Odoo process that was not known before, 0, or negative errno. */
static int scan_once(struct na_targets *targets)
{
	int fd = openat(targets->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct finds finds = { NULL, 0, 0 };
	struct dirent *entry;

	if (!folder) {
		result = -errno;
		if (fd >= 0)
			close(fd);
		return result;
	}
	while (result == 0 && (entry = readdir(folder))) {
		uint32_t pid;

		if (parse_pid(entry->d_name, &pid))
			result = add_process(targets, &finds, pid);
	}
	closedir(folder);
	if (finds.count)
		qsort(finds.list, finds.count, sizeof(*finds.list), by_start);
	classify_all(targets, &finds);
	report_all(targets, &finds);
	if (result == 0)
		result = any_in_scope(&finds);
	free(finds.list);
	return result;
}

/*
 * What an Odoo process forks before the kernel has its decision is in no scope and raises no event. Such a child is
 * met by looking once more after the decisions are out, until a look meets nobody new.
 */
int na_targets_scan(struct na_targets *targets)
{
	int result = 1;

	na_table_keep_retired(targets, SIZE_MAX);	/* lists point at entries, and known ones are not looked at twice */
	for (size_t round = 0; result == 1 && round < 16; round++)
		result = scan_once(targets);
	na_table_keep_retired(targets, NA_RETIRED_KEPT);
	return result < 0 ? result : 0;
}
