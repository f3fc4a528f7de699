/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a running journal process, shared by the files it is made of: process.c (life and
 * loop), intake.c (queue to batch), prune.c (old records go), watch.c (what happened to the other processes).
 */
#ifndef NETAUDIT_JOURNAL_WORK_H
#define NETAUDIT_JOURNAL_WORK_H

#include "journal/heads.h"
#include "journal/life.h"
#include "journal/process.h"
#include "journal/prune.h"

/* More than ever fit into one commit: enough to find where the queue stood at a crash. */
#define NA_COMMITTED_NONCES 8192

struct na_journal {
	const struct na_journal_context *context;
	struct na_store store;
	struct na_heads heads;
	struct na_prune prune;
	struct na_error error;
	bool roomy;			/* the reserve is there: room for the index and a smaller WAL */

	/* the batch in progress */
	bool open;			/* a transaction is */
	uint32_t batched;		/* records in it */
	uint64_t batch_began_ns;
	uint64_t cursor;		/* in the queue; what is before it is in the batch or refused */
	bool queue_empty;

	uint64_t refused;		/* bodies not worth a record, not yet reported */
	const char *refused_cause;
	uint64_t records_since_head;
	bool worth_a_head;		/* anything but heads and heartbeats since the last one */
	uint64_t head_made_ns;

	const char *config_hash;	/* of the settings in force; NULL: not known */
	uint64_t settings_taken;

	uint64_t known_generation[NA_COMPONENTS];
	uint64_t uncommitted_reported;
	char config_hash_told[65];	/* what config_hash points to, once settings changed */
	bool uncommitted_exact;		/* false once a restart made us forget what was reported */

	/* nonces of the newest rows, for the first look at the queue after a restart */
	uint8_t (*nonces)[NA_NONCE_BYTES];
	size_t nonce_count;
};

/* Appends a body that we wrote ourselves (its length, or a negative errno from writing it). 0 or negative errno. */
int na_journal_write(struct na_journal *journal, const void *body, ssize_t body_bytes);

/* Ends the batch: durable when it returns 0. 0 or negative errno. */
int na_journal_commit(struct na_journal *journal);
/* A signed head over everything, when no batch is open. 0 or negative errno. */
int na_journal_head(struct na_journal *journal);

/* Takes what the queue holds into the batch, up to the size of one commit. 0 or negative errno. */
int na_journal_intake(struct na_journal *journal);
/* Remembers what was committed before a restart, so that it is not taken from the queue twice. */
int na_journal_remember(struct na_journal *journal);

/* Writes a `config` for every change of settings since the last look. 0 or negative errno. */
int na_journal_settings(struct na_journal *journal);
/* Writes a `gap` for every process that was restarted since the last look. 0 or negative errno. */
int na_journal_watch(struct na_journal *journal);
void na_journal_watch_begin(struct na_journal *journal);
/* "killed by signal 9", "exited with status 3"; `text` is the caller's buffer. */
const char *na_journal_cause(char *text, size_t text_bytes, uint64_t wait_status);

#endif
