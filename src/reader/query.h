/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads records out of journal.db, with the help of index.db as far as that goes.
 *
 * A missing, damaged or lagging index only costs time: rows it does not cover are read and tested
 * one by one. No snapshot is held while a row is handed out, so a reader that waits for a slow
 * pipe never keeps the daemon from truncating its write-ahead log. Not thread-safe.
 */
#ifndef NETAUDIT_READER_QUERY_H
#define NETAUDIT_READER_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/record.h>

#include "reader/filter.h"

struct na_query;

struct na_stored_row {
	int64_t seq;
	unsigned char row_hash[NA_HASH_BYTES];	/* as stored; all zero when it is not 32 bytes long */
	const char *body;			/* as stored, body[body_bytes] is NUL; valid during the call */
	size_t body_bytes;
};

/* Returns 0 to go on; anything else stops, and is returned by na_query_run(). */
typedef int (*na_query_row_function)(void *context, const struct na_stored_row *row);

enum na_query_order {
	NA_OLDEST_FIRST,	/* the first `limit` rows, ascending */
	NA_NEWEST_FIRST,	/* the last `limit` rows, descending */
	NA_NEWEST_ASCENDING,	/* the last `limit` rows, ascending */
};

/* Returns 0, -ENOENT (no journal there), -EACCES, -ENOTDIR, -EBADMSG (not a journal), or another errno. */
int na_query_open(struct na_query **query, const char *directory);
void na_query_close(struct na_query *query);

/* `limit` 0: no limit. Returns 0, what the function returned, or a negative errno. */
int na_query_run(struct na_query *query, const struct na_filter *filter, enum na_query_order order, uint64_t limit,
		 na_query_row_function function, void *context);

/* One row by number. Returns -ENOENT when there is none. */
int na_query_row(struct na_query *query, int64_t seq, na_query_row_function function, void *context);

/* First and last row; both 0 when the journal is empty. */
int na_query_range(struct na_query *query, int64_t *first_seq, int64_t *last_seq);

/*
 * Runs one statement over the rollup (journal/rollup.h), ?1 and ?2 bound to hours. `function` gets each row as the
 * statement stands on it. Returns 0, what the function returned, -ENODATA (index.db cannot be used), or another
 * negative errno.
 */
struct sqlite3_stmt;
int na_query_rollup(struct na_query *query, const char *sql, int64_t first_hour, int64_t last_hour,
		    int (*function)(void *context, struct sqlite3_stmt *row), void *context);

/* Newest row index.db covers; 0 when it cannot be used. */
int64_t na_query_indexed(const struct na_query *query);

#endif
