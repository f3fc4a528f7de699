/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal process: takes record bodies off the queue, appends them to the chain, commits, asks
 * the signer for heads. It never trusts what is in the queue: a body that is not a canonical
 * record of a kind the observer may write is refused and counted.
 */
#ifndef NETAUDIT_JOURNAL_PROCESS_H
#define NETAUDIT_JOURNAL_PROCESS_H

#include <stdint.h>

#include <netaudit/control.h>

#include "base/queue.h"

/* How na_journal_process() ends; the supervisor restarts it except after the first and the second. */
enum na_journal_exit {
	NA_JOURNAL_EXIT_STOPPED = 0,	/* told to: `stop` and a signed head are on disk */
	NA_JOURNAL_EXIT_REFUSED = 3,	/* not a journal, wrong owner, locked by another: one line was logged */
	NA_JOURNAL_EXIT_IO = 74,	/* disk full or any I/O error: start again, the tail is re-verified */
	NA_JOURNAL_EXIT_SIGNER = 75,	/* the signer went away or refused: start again with a new socket */
	NA_JOURNAL_EXIT_TAIL = 76,	/* the tail does not verify: nothing was written */
};

/* Pointers stay the caller's and must outlive the call. Text may be NULL: the member is left out. */
struct na_journal_context {
	const char *directory;		/* holds journal.db, anchors.log; 0700, owned by our effective uid */
	const char *origin;		/* C2SP origin line for a new journal; an existing one keeps its own */
	struct na_queue *queue;
	struct na_shared *shared;
	int signer_fd;			/* SOCK_SEQPACKET to na_signer_process() */
	int stop_fd;			/* readable: commit what is queued, write `stop`, sign, return */
	uint64_t generation;		/* 0 at the daemon's start, +1 per restart of this process */

	/* for the `start` record */
	const char *version;
	const char *config_hash;	/* hex SHA-256 of the settings in force */
	const char *catalogue_hash;	/* and of the catalogue */
	const char *settings;		/* the settings themselves, for the `config` record */
	uint64_t settings_told;		/* shared->settings_told when these were in force */
	const char *binary_hash;	/* hex SHA-256 of the running program */
	const char *backend;		/* fentry, kprobe, tracepoint */
	const char *hooks;		/* what is attached, as text */

	/* 0 means the default */
	uint32_t commit_records;	/* 1000 */
	uint32_t commit_ms;		/* 200 */
	uint32_t head_seconds;		/* 60 */
	uint32_t head_records;		/* 10000 */

	/* 0 means no limit */
	uint64_t keep_seconds;		/* older records are pruned */
	uint64_t max_bytes;		/* and so are the oldest when journal.db holds more */
};

/* Runs until told to stop or an error. Returns enum na_journal_exit, to be used as exit status. */
int na_journal_process(const struct na_journal_context *context);

#endif
