/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pruning: old records go, what proves them stays. A turn at a time, so that appending never waits long.
 *
 *	keep	walk the records below the cut: head records into `old_head`, those of the kinds that
 *		outlive their rows into memory
 *	mark	append these as `carried` records and the `prune` record, COMMIT, sign a head over them
 *	delete	rows below the cut, some at a time; the rows of `prune` whose records went with them
 *	vacuum	give the pages back to the file system, empty the WAL
 *
 * A cut is 256 * n + 1 and below the newest signed head. Killed anywhere: before the mark nothing has
 * happened but old heads kept early; after it the next start goes on deleting.
 */
#ifndef NETAUDIT_JOURNAL_PRUNE_H
#define NETAUDIT_JOURNAL_PRUNE_H

#include <stdbool.h>

#include "journal/store.h"

enum na_prune_phase { NA_PRUNE_IDLE, NA_PRUNE_KEEP, NA_PRUNE_DELETE, NA_PRUNE_VACUUM };

struct na_journal;

/* A record that will be carried over the cut, as the body to append. */
struct na_prune_carried {
	void *body;
	size_t body_bytes;
};

struct na_prune {
	enum na_prune_phase phase;
	uint64_t first;			/* oldest row */
	uint64_t cut;			/* of the pruning in progress */
	uint64_t next;			/* KEEP: first row not yet looked at */
	uint64_t kept_head;		/* newest size in old_head */
	uint8_t before[NA_HASH_BYTES];	/* KEEP: hash of the row before `next` */
	const char *cause;		/* age, size */
	struct na_prune_carried *carried;
	size_t carried_count, carried_bytes;
	uint64_t requests;		/* seen so far */
	uint64_t due_ns;		/* boottime of the next daily look */
	int64_t clock_offset_us;	/* wall clock minus boottime at the last look; 0: none yet */
};

/* Once the journal is resumed: finds a pruning that was interrupted. 0 or negative errno. */
int na_prune_begin(struct na_journal *journal);
/* When no batch is open. Returns 1 when there is more to do at once, 0 when not, or negative errno. */
int na_prune_turn(struct na_journal *journal);
void na_prune_end(struct na_prune *prune);

/* How much room there is and was taken, into the shared counters. */
int na_prune_measure(struct na_journal *journal);

/* The walk of the KEEP phase over the next 4096 rows at most. 0 or negative errno. */
int na_prune_keep(struct na_journal *journal);

#endif
