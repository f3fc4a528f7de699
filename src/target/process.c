/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows the kernel's process events and keeps the table, the decisions and the kernel's scope map in step.
 */
#include "target/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int na_targets_create(struct na_targets **result, const struct na_targets_options *options)
{
	struct na_targets *targets = calloc(1, sizeof(*targets));
	long ticks = sysconf(_SC_CLK_TCK);

	*result = NULL;
	if (!targets)
		return -ENOMEM;
	targets->proc_fd = open(options->proc_root ? options->proc_root : "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (targets->proc_fd < 0) {
		int error = -errno;

		free(targets);
		return error;
	}
	targets->tick_ns = UINT64_C(1000000000) / (ticks > 0 ? (uint64_t)ticks : 100);
	targets->retired_kept = NA_RETIRED_KEPT;
	targets->scope_host = options->scope_host;
	targets->decide = options->decide;
	targets->context = options->context;
	*result = targets;
	return 0;
}

void na_targets_destroy(struct na_targets *targets)
{
	if (!targets)
		return;
	for (size_t i = 0; i < NA_TABLE_BUCKETS; i++) {
		while (targets->bucket[i]) {
			struct na_entry *entry = targets->bucket[i];

			targets->bucket[i] = entry->next;
			free(entry);
		}
	}
	close(targets->proc_fd);
	free(targets);
}

static void report(const struct na_targets *targets, const struct na_entry *entry)
{
	if (targets->decide)
		targets->decide(targets->context, &entry->target);
}

static struct na_entry *parent_of(const struct na_targets *targets, const struct na_entry *entry)
{
	return na_table_find(targets, entry->target.parent_pid, entry->target.parent_start_ns);
}

/* The kernel marks relays by itself, and hands Odoo's scope down where we may have lost the fork. */
static void take_kernel_scope(struct na_targets *targets, struct na_entry *entry, const struct na_task *task)
{
	if (task->scope == NA_SCOPE_ODOO && entry->target.scope != NA_SCOPE_ODOO) {
		na_table_set_scope(targets, entry, NA_SCOPE_ODOO);
		entry->target.worker = entry->cloned ? NA_WORKER_UNKNOWN : NA_WORKER_SUBPROCESS;
	} else if (task->scope == NA_SCOPE_RELAY && entry->target.scope != NA_SCOPE_ODOO) {
		na_table_set_scope(targets, entry, NA_SCOPE_RELAY);
		entry->target.worker = NA_WORKER_RELAY;
	}
}

static void copy_comm(struct na_entry *entry, const struct na_task *task)
{
	memcpy(entry->target.comm, task->comm, NA_COMM_BYTES - 1);
	entry->target.comm[NA_COMM_BYTES - 1] = '\0';
}

/* Last component of the executed file's name, of which the event carries the end. */
static void copy_exe_name(struct na_entry *entry, const struct na_process_event *event)
{
	size_t length = strnlen(event->exe, NA_EXE_BYTES);
	const char *slash = memrchr(event->exe, '/', length), *name = slash ? slash + 1 : event->exe;

	length -= (size_t)(name - event->exe);
	if (length >= NA_EXE_NAME_BYTES)
		length = NA_EXE_NAME_BYTES - 1;
	memset(entry->target.exe_name, 0, NA_EXE_NAME_BYTES);
	memcpy(entry->target.exe_name, name, length);
}

/* Reads /proc and decides. What cannot be read is decided from the event alone. */
static void settle(struct na_targets *targets, struct na_entry *entry)
{
	struct na_evidence evidence;

	if (na_examine(targets, entry->target.pid, entry->target.start_ns, &evidence) == 0)
		entry->cloned = evidence.never_executed;
	else
		memset(&evidence, 0, sizeof(evidence));
	if (evidence.exe_name[0])
		memcpy(entry->target.exe_name, evidence.exe_name, sizeof(evidence.exe_name));
	na_classify(targets, entry, parent_of(targets, entry), &evidence);
}

/*
 * A child that forked while its parent was undecided gets what its parent got, and so do its own children. Normally
 * nobody is undecided here; the bound keeps a hostile chain of forks from costing more than the rest of its life.
 */
static void settle_children(struct na_targets *targets)
{
	bool changed = targets->undecided > 0;

	for (size_t round = 0; changed && round < 64; round++) {
		changed = false;
		for (size_t i = 0; i < NA_TABLE_BUCKETS; i++) {
			for (struct na_entry *entry = targets->bucket[i]; entry; entry = entry->next) {
				const struct na_entry *parent;

				if (entry->target.exited || !entry->cloned || entry->target.scope != NA_SCOPE_UNDECIDED)
					continue;
				parent = parent_of(targets, entry);
				if (!parent || parent->target.scope == NA_SCOPE_UNDECIDED)
					continue;
				settle(targets, entry);
				report(targets, entry);
				changed |= entry->target.scope != NA_SCOPE_UNDECIDED;
			}
		}
	}
}

static struct na_entry *find_or_add(struct na_targets *targets, const struct na_task *task, bool *added)
{
	struct na_entry *entry = na_table_find(targets, task->pid, task->start_ns);

	*added = !entry;
	if (!entry)
		entry = na_table_add(targets, task->pid, task->start_ns, true);
	if (!entry)
		return NULL;
	if (!entry->target.start_exact) {
		entry->target.start_ns = task->start_ns;
		entry->target.start_exact = true;
	}
	if (*added)
		entry->target.parent_pid = task->parent_pid;
	copy_comm(entry, task);
	return entry;
}

const struct na_target *na_targets_on_fork(struct na_targets *targets, const struct na_process_event *event)
{
	bool added;
	struct na_entry *entry = find_or_add(targets, &event->task, &added), *parent;
	struct na_evidence nothing = { .readable = true };

	if (!entry)
		return NULL;
	entry->target.parent_start_ns = event->parent_start_ns;
	if (!added)
		return &entry->target;
	entry->cloned = true;
	take_kernel_scope(targets, entry, &event->task);
	parent = parent_of(targets, entry);
	if (!parent) {
		settle(targets, entry);
	} else {
		memcpy(entry->target.exe_name, parent->target.exe_name, NA_EXE_NAME_BYTES);
		/* An undecided parent leaves its child undecided: settle_children() comes by later. */
		if (parent->target.scope != NA_SCOPE_UNDECIDED || entry->target.scope != NA_SCOPE_UNDECIDED)
			na_classify(targets, entry, parent, &nothing);
	}
	if (entry->target.scope != event->task.scope)
		report(targets, entry);
	return &entry->target;
}

const struct na_target *na_targets_on_exec(struct na_targets *targets, const struct na_process_event *event)
{
	bool added;
	struct na_entry *entry = find_or_add(targets, &event->task, &added);

	if (!entry)
		return NULL;
	if (added)
		entry->target.parent_start_ns = event->parent_start_ns;
	entry->cloned = false;
	entry->listening_known = false;
	entry->listening_inode = 0;
	copy_exe_name(entry, event);
	take_kernel_scope(targets, entry, &event->task);
	settle(targets, entry);
	if (entry->target.scope != event->task.scope)
		report(targets, entry);
	settle_children(targets);
	return &entry->target;
}

const struct na_target *na_targets_on_exit(struct na_targets *targets, const struct na_process_event *event)
{
	bool added;
	struct na_entry *entry = find_or_add(targets, &event->task, &added);

	if (!entry)
		return NULL;
	if (added) {
		entry->target.parent_start_ns = event->parent_start_ns;
		take_kernel_scope(targets, entry, &event->task);
		settle(targets, entry);
	}
	na_table_exit(targets, entry);
	return &entry->target;
}

/* A role that is not known yet is looked for at the 1st, 2nd, 4th, 8th … sight. */
static void look_again(struct na_targets *targets, struct na_entry *entry)
{
	struct na_entry *master;

	if (entry->target.worker != NA_WORKER_UNKNOWN || !entry->cloned || entry->target.exited)
		return;
	entry->looks++;
	if ((entry->looks & (entry->looks - 1)) != 0)
		return;
	master = parent_of(targets, entry);
	if (master && master->target.worker == NA_WORKER_MASTER)
		na_worker_look(targets, entry, master);
}

static struct na_entry *see(struct na_targets *targets, const struct na_task *task)
{
	bool added;
	struct na_entry *entry = find_or_add(targets, task, &added);

	if (!entry)
		return NULL;
	take_kernel_scope(targets, entry, task);
	if (added) {
		settle(targets, entry);
		if (entry->target.scope != task->scope)
			report(targets, entry);
	}
	look_again(targets, entry);
	return entry;
}

const struct na_target *na_targets_see(struct na_targets *targets, const struct na_task *task)
{
	const struct na_entry *entry = see(targets, task);

	return entry ? &entry->target : NULL;
}

const struct na_target *na_targets_see_flow(struct na_targets *targets, const struct na_flow_event *event)
{
	bool accepted = event->header.type == NA_EVENT_OPEN && event->direction == NA_INBOUND &&
			(event->seen_by == NA_SEEN_ACCEPT || event->seen_by == NA_SEEN_FIRST_IO);
	struct na_entry *entry = see(targets, &event->task), *master;

	if (!entry)
		return NULL;
	master = parent_of(targets, entry);
	if (accepted && entry->cloned && entry->target.worker == NA_WORKER_UNKNOWN && master && !master->wsgi &&
	    master->target.worker == NA_WORKER_MASTER && master->listening_port == event->local_port)
		entry->target.worker = NA_WORKER_HTTP;
	return &entry->target;
}

const char *na_worker_name(enum na_worker worker)
{
	static const char *const names[NA_WORKERS] = {
		[NA_WORKER_NONE] = "none", [NA_WORKER_MASTER] = "master", [NA_WORKER_HTTP] = "http",
		[NA_WORKER_CRON] = "cron", [NA_WORKER_GEVENT] = "gevent", [NA_WORKER_SHELL] = "shell",
		[NA_WORKER_SUBPROCESS] = "subprocess", [NA_WORKER_RELAY] = "relay", [NA_WORKER_UNKNOWN] = "unknown",
	};

	return (size_t)worker < NA_WORKERS ? names[worker] : "unknown";
}

const char *na_scope_name(enum na_scope scope)
{
	static const char *const names[] = {
		[NA_SCOPE_NONE] = "none", [NA_SCOPE_UNDECIDED] = "undecided", [NA_SCOPE_ODOO] = "odoo",
		[NA_SCOPE_RELAY] = "relay", [NA_SCOPE_HOST] = "host",
	};

	return (size_t)scope < sizeof(names) / sizeof(names[0]) ? names[scope] : "undecided";
}
