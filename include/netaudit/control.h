/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processes of the daemon share, and what people see of it.
 *
 * One page of shared memory, made by the supervisor before it forks. Each field has exactly one
 * writer (named below); every access is a relaxed 64-bit atomic, so a reader sees whole values
 * and nothing more. The supervisor prints it as RUN_DIR/status.json once a second.
 */
#ifndef NETAUDIT_CONTROL_H
#define NETAUDIT_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

#include <netaudit/event.h>

enum na_component { NA_SUPERVISOR, NA_OBSERVER, NA_JOURNAL, NA_SIGNER, NA_CANARY, NA_COMPONENTS };

#define NA_AUTHOR_COUNTERS 8	/* the first: unknown */

typedef _Atomic uint64_t na_counter;

static inline void na_counter_add(na_counter *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static inline void na_counter_set(na_counter *c, uint64_t v)
{
	atomic_store_explicit(c, v, memory_order_relaxed);
}

static inline uint64_t na_counter_get(const na_counter *c)
{
	return atomic_load_explicit((na_counter *)c, memory_order_relaxed);
}

#define NA_SETTINGS_BYTES 4096	/* of all settings in force, as text */
#define NA_CHANGED_BYTES 512

/*
 * One change of settings while the daemon runs, for the journal to record. Of the ring of them in na_shared, those with
 * the numbers from settings_taken to settings_told - 1 are whole and wait; nobody writes them until they are taken.
 */
#define NA_SETTINGS_TOLD 8

struct na_settings_told {
	char hash[65];			/* SHA-256 of the text, hex */
	char catalogue[65];		/* of the catalogue */
	char settings[NA_SETTINGS_BYTES];
	char changed[NA_CHANGED_BYTES];	/* "capture.enabled: yes -> no; ..." */
};

struct na_shared {
	/* supervisor */
	na_counter capture_off;		/* 1: nothing is to be recorded */
	struct na_settings_told settings[NA_SETTINGS_TOLD];
	na_counter settings_told;
	struct {
		na_counter pid;
		na_counter generation;	/* 0 at first start, +1 per restart */
		na_counter ended_boottime_ns;	/* when the supervisor noticed the last death */
		na_counter wait_status;	/* wait(2) status of the last death */
	} component[NA_COMPONENTS];
	na_counter catalogue_wanted;	/* +1 for each time it is to be read again */
	na_counter prune_requests;	/* +1 for each time somebody asked */
	na_counter canary_namespace;	/* inode number of the network namespace of its sockets; 0: there is no canary */
	na_counter probes;	/* in program files, attached now */
	na_counter events_unsettled;	/* taken from the kernel by observers that ended, and never settled */

	/* observer */
	na_counter events_received[NA_EVENT_TYPES];	/* taken out of the kernel's rings */
	na_counter events_settled;	/* of these: recorded, or out of scope and dropped on purpose */
	na_counter records_queued;
	na_counter records_refused;	/* queue full: counted, then reported as `lost` */
	na_counter lost_ring;
	na_counter lost_map;
	na_counter events_dropped;	/* taken out of the rings and not made a record: out of memory, or a bug */
	na_counter missed_programs;	/* recursion_misses of all programs */
	na_counter probes_failed;	/* wanted now, but they cannot be attached */
	na_counter flows_open;
	na_counter processes_in_scope;
	na_counter authors[NA_AUTHOR_COUNTERS];	/* calls by how their author was found out (enum na_evidence_kind) */
	na_counter last_event_boottime_ns;
	na_counter canary_watched;	/* pid of the canary whose calls are listened for */
	na_counter canary_heard;	/* the newest round of which everything was seen */
	na_counter canary_heard_boottime_ns;	/* and when that was known */
	na_counter catalogue_changes;	/* +1 for each time another one is in force */
	na_counter observer_ready;	/* generation + 1 once hooks are attached and drained */
	/* what `lost` records already say: kept here because it must outlive an observer that is killed */
	na_counter said_lost[NA_EVENT_TYPES][NA_LOSS_REASONS];
	na_counter said_missed;
	na_counter said_refused;
	na_counter said_dropped;

	/* journal */
	na_counter settings_taken;
	na_counter records_committed;
	na_counter last_seq;
	na_counter head_size;		/* tree size of the newest signed head */
	na_counter head_boottime_ns;
	na_counter index_seq;		/* newest row in index.db */
	na_counter commit_boottime_ns;	/* newest commit */
	na_counter io_errors;
	na_counter first_seq;		/* oldest record; 0: none */
	na_counter first_t;		/* and when it was written, us since 1970 */
	na_counter journal_bytes;	/* of journal.db that hold something, and of its -wal */
	na_counter disk_free_bytes;
	na_counter prune_cut;		/* records below it are being deleted, or are gone; 0: none */
	na_counter prune_phase;		/* enum na_prune_phase */
	na_counter prune_done;		/* requests that were dealt with */
	na_counter pruned_records;	/* since the start */
	na_counter journal_ready;	/* generation + 1 once the start or gap record is committed */

	/* signer */
	na_counter heads_signed;
	na_counter signer_ready;

	/* canary */
	na_counter canary_begun, canary_done;	/* rounds, of all canaries since the start */
	na_counter canary_error;	/* errno of the newest round; 0: it did what it should */
	na_counter canary_ready;
};

#endif
