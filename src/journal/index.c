/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings index.db up to the journal, a batch of rows per transaction.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "journal/index_private.h"

#define BATCH_ROWS 4096		/* rows per transaction, and per snapshot of the journal */

static int execute(sqlite3 *db, const char *sql)
{
	return na_index_errno(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static int step(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	return na_index_errno(rc);
}

static void bind_value(sqlite3_stmt *statement, int position, const struct na_index_value *value)
{
	switch (value->type) {
	case NA_INDEX_INTEGER:
		sqlite3_bind_int64(statement, position, value->integer);
		break;
	case NA_INDEX_TEXT:
		sqlite3_bind_text(statement, position, value->bytes, (int)value->length, SQLITE_STATIC);
		break;
	case NA_INDEX_ADDRESS:
		sqlite3_bind_blob(statement, position, value->bytes, (int)value->length, SQLITE_STATIC);
		break;
	default:
		sqlite3_bind_null(statement, position);
	}
}

struct span {
	int64_t block, min_t, max_t;
	bool used;
};

static int write_block(struct na_index *index, struct span *span)
{
	sqlite3_stmt *statement = index->statement[NA_INDEX_INSERT_BLOCK];

	if (!span->used)
		return 0;
	span->used = false;
	sqlite3_bind_int64(statement, 1, span->block);
	sqlite3_bind_int64(statement, 2, span->min_t);
	sqlite3_bind_int64(statement, 3, span->max_t);
	return step(statement);
}

static int note_time(struct na_index *index, struct span *span, int64_t seq)
{
	const struct na_index_value *time = &index->row.value[NA_INDEX_TIME];
	int64_t block = seq / NA_INDEX_BLOCK_ROWS;

	if (time->type != NA_INDEX_INTEGER)
		return 0;
	if (span->used && span->block != block) {
		int err = write_block(index, span);

		if (err)
			return err;
	}
	if (!span->used)
		*span = (struct span){ block, time->integer, time->integer, true };
	if (time->integer < span->min_t)
		span->min_t = time->integer;
	if (time->integer > span->max_t)
		span->max_t = time->integer;
	return 0;
}

/* A body that is not JSON is indexed without columns: still found by its number. */
static int index_row(struct na_index *index, int64_t seq, const void *body, int body_bytes, struct span *span)
{
	sqlite3_stmt *insert = index->statement[NA_INDEX_INSERT_ROW];
	int err;

	na_index_row_read(&index->row, body ? body : "", (size_t)body_bytes);
	sqlite3_bind_int64(insert, 1, seq);
	for (int i = 0; i < NA_INDEX_COLUMNS; i++)
		bind_value(insert, i + 2, &index->row.value[i]);
	err = step(insert);
	if (!err)
		err = na_rollup_add(&index->rollup, seq, &index->row);
	return err ? err : note_time(index, span, seq);
}

static int set_position(struct na_index *index)
{
	sqlite3_stmt *statement = index->statement[NA_INDEX_SET_POSITION];

	sqlite3_bind_int64(statement, 1, index->last_seq);
	sqlite3_bind_blob(statement, 2, index->last_hash, NA_HASH_BYTES, SQLITE_STATIC);
	return step(statement);
}

/* One snapshot of the journal, inside one transaction of the index. */
static int64_t index_rows(struct na_index *index, int64_t limit)
{
	sqlite3_stmt *read = index->statement[NA_INDEX_READ_JOURNAL];
	struct span span = { .used = false };
	int64_t rows = 0;
	int rc, err = 0;

	sqlite3_bind_int64(read, 1, index->last_seq);
	sqlite3_bind_int64(read, 2, limit);
	while (!err && (rc = sqlite3_step(read)) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(read, 0);
		const void *hash = sqlite3_column_blob(read, 1);

		memset(index->last_hash, 0, NA_HASH_BYTES);
		if (hash && sqlite3_column_bytes(read, 1) == NA_HASH_BYTES)
			memcpy(index->last_hash, hash, NA_HASH_BYTES);
		err = index_row(index, seq, sqlite3_column_blob(read, 2), sqlite3_column_bytes(read, 2), &span);
		index->last_seq = seq;
		rows++;
	}
	if (!err)
		err = na_index_errno(rc) == -EBADMSG ? -EIO : na_index_errno(rc);
	sqlite3_reset(read);
	if (!err)
		err = write_block(index, &span);
	if (!err)
		err = na_rollup_flush(&index->rollup);
	if (!err && rows)
		err = set_position(index);
	return err ? err : rows;
}

static int64_t index_batch(struct na_index *index, int64_t limit)
{
	unsigned char hash_before[NA_HASH_BYTES];
	int64_t rows, before = index->last_seq;
	int err = execute(index->index, "BEGIN IMMEDIATE");

	if (err)
		return err;
	memcpy(hash_before, index->last_hash, NA_HASH_BYTES);
	rows = index_rows(index, limit);
	if (rows >= 0) {
		err = execute(index->index, "COMMIT");
		if (err)
			rows = err;
	}
	if (rows < 0) {
		sqlite3_exec(index->index, "ROLLBACK", NULL, NULL, NULL);
		na_rollup_discard(&index->rollup);
		index->last_seq = before;
		memcpy(index->last_hash, hash_before, NA_HASH_BYTES);
	}
	return rows;
}

static int first_of_journal(struct na_index *index, int64_t *first)
{
	sqlite3_stmt *statement = index->statement[NA_INDEX_READ_FIRST];
	int rc = sqlite3_step(statement);

	*first = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return na_index_errno(rc);
}

/* 1 when the newest indexed row is still what the journal has there, 0 when it is not. */
static int same_journal(struct na_index *index, int64_t first)
{
	sqlite3_stmt *statement = index->statement[NA_INDEX_READ_HASH];
	int rc, same;

	if (!index->last_seq || (first && index->last_seq < first))
		return 1;
	sqlite3_bind_int64(statement, 1, index->last_seq);
	rc = sqlite3_step(statement);
	same = rc == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == NA_HASH_BYTES &&
	       !memcmp(sqlite3_column_blob(statement, 0), index->last_hash, NA_HASH_BYTES);
	sqlite3_reset(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? same : na_index_errno(rc);
}

/* Only when there is a new oldest record: its time is read out of its body. */
static int forget_rollup(struct na_index *index, int64_t first)
{
	sqlite3_stmt *statement = index->statement[NA_INDEX_READ_FIRST_TIME];
	const struct na_index_value *time = &index->row.value[NA_INDEX_TIME];
	int err = 0;

	if (first == index->forgotten)
		return 0;
	sqlite3_bind_int64(statement, 1, first);
	if (sqlite3_step(statement) == SQLITE_ROW &&
	    na_index_row_read(&index->row, sqlite3_column_blob(statement, 0),
			      (size_t)sqlite3_column_bytes(statement, 0)) == 0 &&
	    time->type == NA_INDEX_INTEGER)
		err = na_rollup_forget(&index->rollup, first, time->integer);
	sqlite3_reset(statement);
	if (!err)
		index->forgotten = first;
	return err;
}

static int forget(struct na_index *index, int64_t first)
{
	sqlite3_stmt *statement = index->statement[NA_INDEX_FORGET];

	int err;

	if (first <= 1)
		return 0;
	sqlite3_bind_int64(statement, 1, first);
	sqlite3_bind_int64(statement, 2, BATCH_ROWS);
	err = step(statement);
	return err ? err : forget_rollup(index, first);
}

static int64_t catch_up(struct na_index *index, int64_t max_rows)
{
	int64_t first, done = 0, rows;
	int err = first_of_journal(index, &first);

	if (err)
		return err == -EBADMSG ? -EIO : err;
	err = same_journal(index, first);
	if (err == 0)
		err = na_index_rebuild(index);
	if (err >= 0)
		err = forget(index, first);
	if (err < 0)
		return err;
	do {
		int64_t limit = max_rows - done < BATCH_ROWS ? max_rows - done : BATCH_ROWS;

		rows = index_batch(index, limit);
		done += rows > 0 ? rows : 0;
	} while (rows == BATCH_ROWS && done < max_rows);
	return rows < 0 && !done ? rows : done;
}

int64_t na_index_catch_up(struct na_index *index, uint64_t max_rows)
{
	int64_t limit = max_rows > INT64_MAX ? INT64_MAX : (int64_t)max_rows;
	int64_t rows = index->index ? catch_up(index, limit) : -EBADMSG;

	if (rows == -EBADMSG) {
		int err = na_index_rebuild(index);

		rows = err ? err : catch_up(index, limit);
	}
	return rows;
}
