/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs filters over the journal in batches: find candidates (index or scan), copy their bodies,
 * let go of the snapshot, test and hand out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/query_private.h"

#define BATCH_ROWS 256
#define BATCH_BYTES (4 * (size_t)NA_RECORD_MAX_BYTES)
#define SCAN_ROWS 20000		/* tested per snapshot: well under the time of one checkpoint */
#define SQL_BYTES 4096

struct batch {
	struct na_stored_row row[BATCH_ROWS];
	size_t rows;
	size_t used;
	char bytes[BATCH_BYTES];
};

/* One na_query_run(). [low, high] is what has not been looked at yet. */
struct run {
	struct na_query *query;
	const struct na_filter *filter;
	bool descending;
	int64_t low, high;
	uint64_t left;			/* rows still wanted */
	na_query_row_function function;
	void *context;
	sqlite3_stmt *find;		/* over index.db; NULL: scan */
	struct batch *batch;
};

/* Copies the row a statement stands on. False when the batch has no room for it. */
static bool keep(struct batch *batch, sqlite3_stmt *statement)
{
	size_t bytes = (size_t)sqlite3_column_bytes(statement, 2);
	const void *body = sqlite3_column_blob(statement, 2), *hash = sqlite3_column_blob(statement, 1);
	struct na_stored_row *row = &batch->row[batch->rows];

	/* A body longer than any record can be was not written by the daemon; its start is enough to show. */
	if (bytes > NA_RECORD_MAX_BYTES)
		bytes = NA_RECORD_MAX_BYTES;
	if (batch->rows == BATCH_ROWS || batch->used + bytes + 1 > BATCH_BYTES)
		return false;
	memset(row, 0, sizeof(*row));
	row->seq = sqlite3_column_int64(statement, 0);
	if (hash && sqlite3_column_bytes(statement, 1) == NA_HASH_BYTES)
		memcpy(row->row_hash, hash, NA_HASH_BYTES);
	row->body = batch->bytes + batch->used;
	row->body_bytes = bytes;
	if (bytes)
		memcpy(batch->bytes + batch->used, body, bytes);
	batch->bytes[batch->used + bytes] = '\0';
	batch->used += bytes + 1;
	batch->rows++;
	return true;
}

static bool matches(struct run *run, sqlite3_stmt *statement)
{
	na_index_row_read(&run->query->row, sqlite3_column_blob(statement, 2),
			  (size_t)sqlite3_column_bytes(statement, 2));
	return na_filter_matches(run->filter, &run->query->row);
}

/* Everything up to and including `seq`, in the direction of the run, has been looked at. */
static void passed(struct run *run, int64_t seq)
{
	if (run->descending)
		run->high = seq - 1;
	else
		run->low = seq + 1;
}

static bool wants_more(const struct run *run)
{
	return run->batch->rows < run->left;
}

/* Reads rows one by one. Returns 1 when there may be more, 0 at the end, or negative errno. */
static int fill_by_scan(struct run *run)
{
	sqlite3_stmt *scan = run->query->scan[run->descending];
	int rc = SQLITE_DONE, looked_at = 0;
	bool room = true;

	sqlite3_bind_int64(scan, 1, run->low);
	sqlite3_bind_int64(scan, 2, run->high);
	sqlite3_bind_int64(scan, 3, SCAN_ROWS);
	while (room && wants_more(run) && (rc = sqlite3_step(scan)) == SQLITE_ROW) {
		looked_at++;
		room = !matches(run, scan) || keep(run->batch, scan);
		if (room)
			passed(run, sqlite3_column_int64(scan, 0));
	}
	sqlite3_reset(scan);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return na_index_errno(rc);
	return rc == SQLITE_ROW || looked_at == SCAN_ROWS;
}

/* Takes the numbers from the index and the rows from the journal. Returns as fill_by_scan(). */
static int fill_by_index(struct run *run)
{
	sqlite3_stmt *fetch = run->query->fetch;
	int rc = SQLITE_DONE, fetched, found = 0;
	bool room = true;

	sqlite3_bind_int64(run->find, 1, run->low);
	sqlite3_bind_int64(run->find, 2, run->high);
	sqlite3_exec(run->query->journal, "BEGIN", NULL, NULL, NULL);
	while (room && wants_more(run) && (rc = sqlite3_step(run->find)) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(run->find, 0);

		found++;
		sqlite3_bind_int64(fetch, 1, seq);
		fetched = sqlite3_step(fetch);
		if (fetched == SQLITE_ROW && matches(run, fetch))
			room = keep(run->batch, fetch);
		sqlite3_reset(fetch);
		if (fetched != SQLITE_ROW && fetched != SQLITE_DONE) {
			rc = fetched;
			break;
		}
		if (room)
			passed(run, seq);
	}
	sqlite3_exec(run->query->journal, "COMMIT", NULL, NULL, NULL);
	sqlite3_reset(run->find);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return na_index_errno(rc);
	return rc == SQLITE_ROW || found == BATCH_ROWS;
}

static int hand_out(struct run *run)
{
	for (size_t i = 0; i < run->batch->rows; i++) {
		int result = run->function(run->context, &run->batch->row[i]);

		if (result)
			return result;
	}
	run->left -= run->batch->rows;
	return 0;
}

/* One stretch of the journal, by index or by scan. */
static int run_stretch(struct run *run, int64_t low, int64_t high, bool by_index)
{
	int more = 1, err;

	run->low = low;
	run->high = high;
	while (more > 0 && run->left && run->low <= run->high) {
		run->batch->rows = 0;
		run->batch->used = 0;
		more = by_index ? fill_by_index(run) : fill_by_scan(run);
		if (more < 0 && !by_index)
			return more;
		if (more < 0) {		/* a damaged index: the rest is read without it */
			by_index = false;
			more = 1;
			continue;
		}
		err = hand_out(run);
		if (err)
			return err;
	}
	return 0;
}

/* Narrows [*low, *high] to the blocks that touch the wanted time. */
static int narrow_by_time(struct run *run, int64_t *low, int64_t *high)
{
	static const char sql[] = "SELECT min(block), max(block) FROM block WHERE max_t >= ?1 AND min_t <= ?2";

	for (size_t i = 0; i < run->filter->conditions; i++) {
		const struct na_condition *condition = &run->filter->condition[i];
		sqlite3_stmt *statement;
		int rc;

		if (condition->column != NA_INDEX_TIME || condition->comparison != NA_IS_BETWEEN)
			continue;
		if (sqlite3_prepare_v2(run->query->index, sql, -1, &statement, NULL))
			return -EBADMSG;
		sqlite3_bind_int64(statement, 1, condition->low);
		sqlite3_bind_int64(statement, 2, condition->high);
		rc = sqlite3_step(statement);
		if (rc == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_NULL) {
			*high = *low - 1;
		} else if (rc == SQLITE_ROW) {
			int64_t first = sqlite3_column_int64(statement, 0) * NA_INDEX_BLOCK_ROWS;
			int64_t last = sqlite3_column_int64(statement, 1) * NA_INDEX_BLOCK_ROWS + NA_INDEX_BLOCK_ROWS - 1;

			*low = first > *low ? first : *low;
			*high = last < *high ? last : *high;
		}
		sqlite3_finalize(statement);
		if (rc != SQLITE_ROW)
			return na_index_errno(rc);
	}
	return 0;
}

static int prepare_find(struct run *run)
{
	char sql[SQL_BYTES] = "SELECT seq FROM row WHERE seq BETWEEN ?1 AND ?2";
	int parameter = 3, err = na_filter_sql(run->filter, sql, sizeof(sql), &parameter);
	size_t used = strlen(sql);

	if (err)
		return err;
	snprintf(sql + used, sizeof(sql) - used, " ORDER BY seq%s LIMIT %d", run->descending ? " DESC" : "", BATCH_ROWS);
	if (sqlite3_prepare_v2(run->query->index, sql, -1, &run->find, NULL))
		return -EBADMSG;
	na_filter_bind(run->filter, run->find, 3);
	return 0;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* What the index covers by index, the rest by scan; whichever is first in this direction goes first. */
static int run_all(struct run *run)
{
	const struct na_filter *filter = run->filter;
	int64_t low = larger(filter->first_seq, 0), high = smaller(filter->last_seq, run->query->indexed);
	int64_t rest = larger(filter->first_seq, run->query->indexed + 1);
	int err = 0;

	if (!run->query->index) {
		return run_stretch(run, filter->first_seq, filter->last_seq, false);
	}
	if (narrow_by_time(run, &low, &high) || prepare_find(run)) {
		na_query_forgo_index(run->query);
		return run_stretch(run, filter->first_seq, filter->last_seq, false);
	}
	if (run->descending)
		err = run_stretch(run, rest, filter->last_seq, false);
	if (!err)
		err = run_stretch(run, low, high, true);
	if (!err && !run->descending)
		err = run_stretch(run, rest, filter->last_seq, false);
	sqlite3_finalize(run->find);
	return err;
}

struct numbers {
	int64_t *seq;
	size_t count, room;
};

static int collect(void *context, const struct na_stored_row *row)
{
	struct numbers *numbers = context;

	if (numbers->count == numbers->room) {
		size_t room = numbers->room ? 2 * numbers->room : BATCH_ROWS;
		int64_t *seq = reallocarray(numbers->seq, room, sizeof(*seq));

		if (!seq)
			return -ENOMEM;
		numbers->seq = seq;
		numbers->room = room;
	}
	numbers->seq[numbers->count++] = row->seq;
	return 0;
}

/* Backwards for the numbers, forwards for the rows: what lies between is never held in memory. */
static int newest_ascending(struct na_query *query, const struct na_filter *filter, uint64_t limit,
			    na_query_row_function function, void *context)
{
	struct numbers numbers = { .seq = NULL };
	int err = na_query_run(query, filter, NA_NEWEST_FIRST, limit, collect, &numbers);

	while (!err && numbers.count) {
		err = na_query_row(query, numbers.seq[--numbers.count], function, context);
		if (err == -ENOENT)	/* pruned in between */
			err = 0;
	}
	free(numbers.seq);
	return err;
}

int na_query_run(struct na_query *query, const struct na_filter *filter, enum na_query_order order, uint64_t limit,
		 na_query_row_function function, void *context)
{
	struct run run = {
		.query = query,
		.filter = filter,
		.descending = order == NA_NEWEST_FIRST,
		.left = limit ? limit : UINT64_MAX,
		.function = function,
		.context = context,
	};
	int err;

	if (order == NA_NEWEST_ASCENDING && limit)
		return newest_ascending(query, filter, limit, function, context);
	run.batch = malloc(sizeof(*run.batch));
	if (!run.batch)
		return -ENOMEM;
	err = run_all(&run);
	free(run.batch);
	return err;
}

int na_query_row(struct na_query *query, int64_t seq, na_query_row_function function, void *context)
{
	struct batch *batch = malloc(sizeof(*batch));
	int rc, err;

	if (!batch)
		return -ENOMEM;
	batch->rows = batch->used = 0;
	sqlite3_bind_int64(query->fetch, 1, seq);
	rc = sqlite3_step(query->fetch);
	err = rc == SQLITE_DONE ? -ENOENT : na_index_errno(rc);
	if (rc == SQLITE_ROW)
		keep(batch, query->fetch);
	sqlite3_reset(query->fetch);
	if (!err)
		err = function(context, &batch->row[0]);
	free(batch);
	return err;
}
