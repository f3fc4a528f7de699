/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums of the rollup that are not in the database yet: one statement for each row they touch, not for each record. */
#ifndef NETAUDIT_JOURNAL_ROLLUP_SUMS_H
#define NETAUDIT_JOURNAL_ROLLUP_SUMS_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

enum na_rollup_text {
	NA_ROLLUP_INSTANCE, NA_ROLLUP_DIRECTION, NA_ROLLUP_BUCKET, NA_ROLLUP_COMPONENT, NA_ROLLUP_DESTINATION,
	NA_ROLLUP_AUTHOR, NA_ROLLUP_ADDON, NA_ROLLUP_CHAIN, NA_ROLLUP_TEXTS
};

/* What a row is about. Texts are not NUL-terminated and belong to the caller. */
struct na_rollup_key {
	int64_t hour, disagree;
	struct { const char *bytes; uint32_t length; } text[NA_ROLLUP_TEXTS];
};

struct na_rollup_amounts {
	int64_t calls, exchanges, bytes_out, bytes_in;
	int64_t call_bytes;	/* the most that one call has sent */
	int64_t first_t, last_t, last_seq;
};

extern const char na_rollup_sums_sql[];

struct na_rollup_sums;		/* NULL: none */

/* Returns 0 or -ENOMEM. */
int na_rollup_sums_add(struct na_rollup_sums **sums, const struct na_rollup_key *key,
		       const struct na_rollup_amounts *amounts);
size_t na_rollup_sums_count(const struct na_rollup_sums *sums);
/*
 * Adds all to the rows, by a statement of na_rollup_sums_sql. Returns 0 or negative errno; what was not written stays.
 */
int na_rollup_sums_write(struct na_rollup_sums **sums, sqlite3_stmt *statement);
void na_rollup_sums_drop(struct na_rollup_sums **sums);

#endif
