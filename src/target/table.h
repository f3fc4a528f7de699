/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of src/target/: the table of processes and what is known about one beyond struct na_target.
 *
 * A process is in the table under its pid and start time. At most one entry of a pid has not exited. Entries that have
 * exited stay for a while, because events of other processors may still name them. So do those that are not
 * audited: the kernel does not report their exits, so keeping them for good would grow without end. Of both
 * together the newest NA_RETIRED_KEPT are kept.
 */
#ifndef NETAUDIT_TARGET_TABLE_H
#define NETAUDIT_TARGET_TABLE_H

#include "target/instance.h"
#include "target/process.h"
#include "target/procfs.h"

#define NA_RETIRED_KEPT 4096
#define NA_TABLE_BUCKETS 4096	/* power of two */
#define NA_PROC_TEXT_BYTES 65536	/* of a command line or environment that is looked at */

struct na_entry {
	struct na_target target;
	struct na_entry *next;		/* same bucket */
	struct na_entry *older, *newer;	/* among the retired */
	bool retired;
	uint32_t looks;			/* na_targets_see() calls while the role was unknown */
	bool cloned;			/* forked, has executed nothing since */
	bool wsgi;			/* a WSGI server: its workers have its titles, not Odoo's */
	bool listening_known;		/* the next two were looked for */
	uint16_t listening_port;
	uint64_t listening_inode;	/* the socket the HTTP workers inherit; 0: none found */
};

struct na_targets {
	int proc_fd;
	uint64_t tick_ns;
	bool scope_host;
	na_decide_fn *decide;
	void *context;
	struct na_entry *bucket[NA_TABLE_BUCKETS];
	struct na_entry *oldest, *newest;	/* retired entries */
	size_t retired, retired_kept;
	size_t live, in_scope, undecided;	/* of those that have not exited */
	struct na_instances instances;
	char text[NA_PROC_TEXT_BYTES];	/* wiped after each use */
};

/* What /proc said about one process at one moment. */
struct na_evidence {
	bool readable;		/* the command line could be read and was not empty */
	bool odoo, wsgi;
	bool never_executed;
	enum na_worker worker;	/* of the command line */
	enum na_worker title;	/* of the title; NA_WORKER_NONE: no title of an Odoo worker */
	uint32_t parent_pid;
	uint64_t start_ns;	/* rounded down to a clock tick */
	char comm[NA_COMM_BYTES];
	char exe_name[NA_EXE_NAME_BYTES];
	char instance[NA_INSTANCE_NAME_BYTES];	/* filled when odoo or title */
};

/* table.c */
struct na_entry *na_table_find(const struct na_targets *targets, uint32_t pid, uint64_t start_ns);
/* NULL when out of memory. A live entry of the pid with another start time is marked exited. */
struct na_entry *na_table_add(struct na_targets *targets, uint32_t pid, uint64_t start_ns, bool start_exact);
void na_table_exit(struct na_targets *targets, struct na_entry *entry);
/* Retires the entry when the scope is NA_SCOPE_NONE, which may free others, never the entry itself. */
void na_table_set_scope(struct na_targets *targets, struct na_entry *entry, enum na_scope scope);
/* Frees retired entries until at most `kept` are left. */
void na_table_keep_retired(struct na_targets *targets, size_t kept);
void na_table_set_instance(struct na_targets *targets, struct na_entry *entry, uint32_t instance);

/* examine.c */
/* 0 or negative errno: -ESRCH also when the pid is another process now (`start_ns` 0: any is right). */
int na_examine(struct na_targets *targets, uint32_t pid, uint64_t start_ns, struct na_evidence *evidence);
/* Sets scope, worker and instance of an entry; `parent` may be NULL. Returns whether the scope changed. */
bool na_classify(struct na_targets *targets, struct na_entry *entry, const struct na_entry *parent,
		 const struct na_evidence *evidence);

/* worker.c */
/* Tries to find out the role of a clone of `master`, which /proc only shows once the worker has set itself up. */
void na_worker_look(struct na_targets *targets, struct na_entry *entry, struct na_entry *master);

#endif
