/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recomputes a whole journal from its bytes and says, in one of five ways, what came out.
 *
 * Checked: the schema text, every record's bytes and link, the Merkle root of every head, both
 * signatures of every head, the certification of each one-time key by the head record before it, also
 * where the records under them were pruned, the stored tree, cuts and what was carried over them,
 * anchors.log against the heads, and what the records themselves tell of gaps and losses. Works on
 * a live journal (one snapshot; a running daemon never makes it alarm) and on a copy. Nothing but
 * the journal is trusted less with a fingerprint: without one, the journal's own keys are used and
 * the result says so.
 */
#ifndef NETAUDIT_READER_VERIFY_H
#define NETAUDIT_READER_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/note.h"

#define NA_FINGERPRINT_TEXT_BYTES (2 * NA_HASH_BYTES)
#define NA_VERIFY_WHY_BYTES 256

/* The values are the exit status of `netaudit verify`. */
enum na_verify_verdict {
	NA_VERIFY_OK = 0,		/* every record is under a verified head, or about to be */
	NA_VERIFY_TAMPERED = 1,		/* something was changed, removed, added or damaged: see `why` */
	NA_VERIFY_USAGE = 2,		/* the fingerprint or the expected head is malformed */
	NA_VERIFY_UNREADABLE = 3,	/* not a journal, no permission, I/O error: nothing was decided */
	NA_VERIFY_NOTED = 4,		/* verified, but see `notes`: unsigned tail, gaps, losses, ... */
};

/* What qualifies a verified journal; bits of na_verify_result.notes. */
enum na_verify_notes {
	NA_VERIFY_UNSIGNED_TAIL = 1 << 0,	/* old records (not heartbeats) are under no head */
	NA_VERIFY_GAPS = 1 << 1,		/* `gap` records */
	NA_VERIFY_LOSSES = 1 << 2,		/* `lost` records */
	NA_VERIFY_UNCLEAN = 1 << 3,		/* `start` records after an unclean stop */
	NA_VERIFY_NO_ANCHORS = 1 << 4,		/* no anchors.log to compare with */
	NA_VERIFY_LATE_ANCHORS = 1 << 5,	/* anchors.log begins after the first head */
	NA_VERIFY_NO_HEAD = 1 << 6,		/* nothing is signed yet */
	NA_VERIFY_PRUNING = 1 << 7,		/* records below a signed cut are still there: pruning goes on, or was interrupted */
	NA_VERIFY_INDEX = 1 << 8,		/* deep, index: index.db says something else than the records */
	NA_VERIFY_ANCHOR_ONLY = 1 << 9,		/* the newest head is in anchors.log, but its row is not in the journal */
};

/* Written while na_verify() runs, for another thread to look at. */
struct na_verify_progress {
	_Atomic uint64_t done, total;	/* records; total 0: not known yet */
};

struct na_verify_options {
	const char *path;		/* a journal's directory, or its journal.db */
	const char *anchors;		/* NULL: anchors.log beside the database */
	const char *fingerprint;	/* 64 hex digits someone wrote down; NULL: trust the journal's keys */
	const char *expected_head;	/* file with one note kept elsewhere: must be a head of this journal; may be NULL */
	const char *since;		/* file with a head verified before: only what is newer is checked; may be NULL */
	bool deep;			/* also what is derived: the file's structure, index.db */
	bool index;			/* of these only index.db */
	struct na_verify_progress *progress;	/* may be NULL */
	unsigned int threads;		/* 0: one for each CPU */
	uint32_t tail_seconds;		/* how old an unsigned record may be; 0: 120 */
};

struct na_verify_result {
	enum na_verify_verdict verdict;
	char why[NA_VERIFY_WHY_BYTES];	/* one line; "" when OK */
	uint64_t first_bad_seq;		/* 0: none, or not to be said */
	unsigned int notes;		/* enum na_verify_notes */

	uint64_t records;		/* that are there */
	uint64_t first_seq;		/* the oldest of them; above 1: older ones were pruned */
	uint64_t checked_from;		/* oldest record that was checked: first_seq but for `since` */
	uint64_t heads;
	uint64_t head_size;		/* newest verified head covers records 1 to this */
	int64_t head_t;			/* when, us since 1970; 0: no head */
	int64_t last_t;			/* of the newest record */
	uint64_t unsigned_records;	/* after the newest head, heartbeats included */
	uint64_t gaps, losses, unclean_starts;
	char origin[NA_ORIGIN_BYTES + 1];
	char fingerprint[NA_FINGERPRINT_TEXT_BYTES + 1];
	bool fingerprint_given;		/* it was compared with the caller's */
};

/* Fills `result` whatever happens and returns its verdict. Thread-safe; may take minutes. */
enum na_verify_verdict na_verify(const struct na_verify_options *options, struct na_verify_result *result);

#endif
