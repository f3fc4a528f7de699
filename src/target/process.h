/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process is: the table of processes, who of them is audited, and which Odoo they belong to.
 *
 * Fed by the kernel's process events and, at start, by a scan of /proc. Everything read from /proc belongs to
 * the process it describes: it may lie, be huge, or be gone at any read. Command lines and environments are used
 * for the decision and wiped; nothing of them is kept except the path of the configuration file, as part of the
 * instance's name. One thread. Times are CLOCK_BOOTTIME nanoseconds.
 */
#ifndef NETAUDIT_TARGET_PROCESS_H
#define NETAUDIT_TARGET_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>

#define NA_INSTANCE_NAME_BYTES 192
#define NA_EXE_NAME_BYTES 64

/* The role of a process of an Odoo instance. Names as in the journal: na_worker_name(). */
enum na_worker {
	NA_WORKER_NONE,		/* no Odoo process (host scope) */
	NA_WORKER_MASTER,	/* the prefork parent, or the whole server in threaded mode */
	NA_WORKER_HTTP,
	NA_WORKER_CRON,
	NA_WORKER_GEVENT,	/* `odoo-bin gevent`: live chat, bus, web sockets */
	NA_WORKER_SHELL,	/* `odoo-bin shell` */
	NA_WORKER_SUBPROCESS,	/* executed or forked by an Odoo process, itself not a server process */
	NA_WORKER_RELAY,	/* reached by Odoo over loopback or a unix socket (found by the kernel) */
	NA_WORKER_UNKNOWN,	/* an Odoo process whose role /proc does not give away */
	NA_WORKERS
};

struct na_target {
	uint32_t pid;
	uint32_t parent_pid;	/* at fork; not changed when the parent dies */
	uint64_t start_ns;
	uint64_t parent_start_ns;	/* 0: not known */
	bool start_exact;	/* false: only known from /proc, rounded down to 10 ms */
	bool exited;		/* kept a while for events that arrive after it */
	enum na_scope scope;
	enum na_worker worker;
	uint32_t instance;	/* 0: none; see na_targets_instance_name() */
	/* Untrusted text, always NUL-terminated: print through the escaping functions only. */
	char comm[NA_COMM_BYTES];
	char exe_name[NA_EXE_NAME_BYTES];	/* last component of the executed file; "" when not known */
};

/*
 * A decision for the kernel's scope map, called from inside na_targets_scan(), na_targets_see*() and na_targets_on_*()
 * when the event carried another scope. A decision made over an event comes late: the process may have exited and
 * its number may be in use again. So replace what the kernel holds, never add to it (BPF_EXIST); only decisions of
 * na_targets_scan() add. NA_SCOPE_NONE must not replace an NA_SCOPE_RELAY that the kernel has set since.
 */
typedef void na_decide_fn(void *context, const struct na_target *target);

struct na_targets_options {
	const char *proc_root;	/* NULL: "/proc" */
	bool scope_host;	/* whoever is not Odoo or a relay is NA_SCOPE_HOST instead of NA_SCOPE_NONE */
	na_decide_fn *decide;	/* may be NULL */
	void *context;
};

struct na_targets;

/* 0, -ENOMEM, or the error of opening proc_root. The options are copied; proc_root need not outlive the call. */
int na_targets_create(struct na_targets **targets, const struct na_targets_options *options);
void na_targets_destroy(struct na_targets *targets);

/*
 * Reads every process of /proc, decides on it and reports each decision; looks again until nobody new is Odoo, because
 * children of a process the kernel does not know yet raise no event. Call once, after the hooks are attached
 * and before the first event is handed over: what happens in between is then seen twice, never not at all.
 * Returns 0 or negative errno; a process that vanishes meanwhile is no error.
 */
int na_targets_scan(struct na_targets *targets);

/*
 * Kernel events, in time order. A lost fork or exit is survived: the next event or look-up of the pid mends it.
 * They return the target, valid until the next call that takes a non-const `targets`; NULL when out of memory.
 */
const struct na_target *na_targets_on_fork(struct na_targets *targets, const struct na_process_event *event);
const struct na_target *na_targets_on_exec(struct na_targets *targets, const struct na_process_event *event);
const struct na_target *na_targets_on_exit(struct na_targets *targets, const struct na_process_event *event);

/*
 * Whoever did what another event tells. Adds the process when it is not known, takes over a relay mark the
 * kernel has set, and finds out the role of a forked worker, which only shows some time after its fork.
 */
const struct na_target *na_targets_see(struct na_targets *targets, const struct na_task *task);

/* The same for a stream or datagram event; an accepted connection also tells an HTTP worker from other workers. */
const struct na_target *na_targets_see_flow(struct na_targets *targets, const struct na_flow_event *event);

/* NULL: not known. `start_ns` may be exact or rounded down to 10 ms; 0: whoever has the pid now. */
const struct na_target *na_targets_find(const struct na_targets *targets, uint32_t pid, uint64_t start_ns);

/* Calls `visit` for every process held that has not exited; it must not call back into `targets`. */
void na_targets_each(const struct na_targets *targets, void (*visit)(void *context, const struct na_target *target),
		     void *context);

/*
 * "container:ID:PATH", "config:PATH", "unit:NAME" or "pid:NUMBER"; "" for 0 and for an instance that no process
 * belongs to any more. An id stands for its name only while a process holds it: records carry the name.
 * Untrusted text. Valid until the next call that takes a non-const `targets`.
 */
const char *na_targets_instance_name(const struct na_targets *targets, uint32_t instance);

/* Processes held that have not exited: the audited ones (any scope but none), and all. */
size_t na_targets_in_scope(const struct na_targets *targets);
size_t na_targets_count(const struct na_targets *targets);

const char *na_worker_name(enum na_worker worker);
const char *na_scope_name(enum na_scope scope);

#endif
