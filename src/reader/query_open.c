/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens journal.db and, when it can be used, index.db beside it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reader/query_private.h"

static int open_journal(struct na_query *query, const char *directory)
{
	static const char *const scan[2] = {
		"SELECT seq, row_hash, body FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq LIMIT ?3",
		"SELECT seq, row_hash, body FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq DESC LIMIT ?3",
	};
	int err = na_index_open_database(&query->journal, directory, "journal.db", SQLITE_OPEN_READONLY);

	if (!err)
		err = na_index_errno(sqlite3_prepare_v2(query->journal, "SELECT seq, row_hash, body FROM record WHERE seq = ?1",
						  -1, &query->fetch, NULL));
	for (int i = 0; !err && i < 2; i++)
		err = na_index_errno(sqlite3_prepare_v2(query->journal, scan[i], -1, &query->scan[i], NULL));
	return err;
}

/* The index must be of the version we know, and know the same row under its newest number. */
static bool index_usable(struct na_query *query)
{
	sqlite3_stmt *position = NULL;
	int64_t version;
	bool usable = false;

	if (na_index_integer(query->index, "PRAGMA user_version", &version) || version != NA_INDEX_VERSION ||
	    sqlite3_prepare_v2(query->index, "SELECT seq, row_hash FROM position", -1, &position, NULL))
		return false;
	if (sqlite3_step(position) == SQLITE_ROW) {
		query->indexed = sqlite3_column_int64(position, 0);
		sqlite3_bind_int64(query->fetch, 1, query->indexed);
		usable = sqlite3_step(query->fetch) == SQLITE_ROW &&
			 sqlite3_column_bytes(position, 1) == NA_HASH_BYTES &&
			 sqlite3_column_bytes(query->fetch, 1) == NA_HASH_BYTES &&
			 !memcmp(sqlite3_column_blob(position, 1), sqlite3_column_blob(query->fetch, 1), NA_HASH_BYTES);
		sqlite3_reset(query->fetch);
	}
	sqlite3_finalize(position);
	return usable;
}

void na_query_forgo_index(struct na_query *query)
{
	sqlite3_close(query->index);
	query->index = NULL;
	query->indexed = 0;
}

int na_query_open(struct na_query **out, const char *directory)
{
	struct na_query *query = calloc(1, sizeof(*query));
	int err;

	if (!query)
		return -ENOMEM;
	err = open_journal(query, directory);
	if (err) {
		na_query_close(query);
		return err;
	}
	if (na_index_open_database(&query->index, directory, "index.db", SQLITE_OPEN_READONLY) || !index_usable(query))
		na_query_forgo_index(query);
	*out = query;
	return 0;
}

void na_query_close(struct na_query *query)
{
	if (!query)
		return;
	sqlite3_finalize(query->fetch);
	sqlite3_finalize(query->scan[0]);
	sqlite3_finalize(query->scan[1]);
	sqlite3_close(query->journal);
	sqlite3_close(query->index);
	free(query);
}

int na_query_rollup(struct na_query *query, const char *sql, int64_t first_hour, int64_t last_hour,
		    int (*function)(void *context, struct sqlite3_stmt *row), void *context)
{
	sqlite3_stmt *statement = NULL;
	int rc, err = query->index ? na_index_errno(sqlite3_prepare_v2(query->index, sql, -1, &statement, NULL)) : -ENODATA;

	if (err)
		return err;
	sqlite3_bind_int64(statement, 1, first_hour);
	sqlite3_bind_int64(statement, 2, last_hour);
	while (!err && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		err = function(context, statement);
	if (!err)
		err = na_index_errno(rc);
	sqlite3_finalize(statement);
	return err;
}

int64_t na_query_indexed(const struct na_query *query)
{
	return query->indexed;
}

int na_query_range(struct na_query *query, int64_t *first_seq, int64_t *last_seq)
{
	int err = na_index_integer(query->journal, "SELECT min(seq) FROM record", first_seq);

	return err ? err : na_index_integer(query->journal, "SELECT max(seq) FROM record", last_seq);
}
