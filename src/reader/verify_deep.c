/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is derived from the records, or holds them: the structure of the database file, and index.db. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/index_row.h"
#include "journal/index_sqlite.h"
#include "journal/read_only.h"
#include "journal/rollup.h"
#include "reader/verify_work.h"

static int check_file(struct na_verifier *v)
{
	sqlite3_stmt *statement = NULL;
	int result = na_verify_prepare(v, &statement, "PRAGMA integrity_check(1)");
	const char *text;

	if (result)
		return result;
	if (sqlite3_step(statement) != SQLITE_ROW)
		result = na_verify_sqlite(v, v->db, "check the file");
	else if (text = (const char *)sqlite3_column_text(statement, 0), !text || strcmp(text, "ok"))
		result = na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "the database file is damaged: %.150s", text ? text : "");
	sqlite3_finalize(statement);
	return result;
}

static bool value_is(sqlite3_stmt *statement, int column, const struct na_index_value *value)
{
	int type = sqlite3_column_type(statement, column);
	size_t bytes;

	if (value->type == NA_INDEX_ABSENT)
		return type == SQLITE_NULL;
	if (value->type == NA_INDEX_INTEGER || value->type == NA_INDEX_HEX64)
		return type == SQLITE_INTEGER && sqlite3_column_int64(statement, column) == value->integer;
	if (type != (value->type == NA_INDEX_TEXT ? SQLITE_TEXT : SQLITE_BLOB))
		return false;
	bytes = (size_t)sqlite3_column_bytes(statement, column);
	return bytes == value->length && memcmp(sqlite3_column_blob(statement, column), value->bytes, bytes) == 0;
}

static bool same_value(sqlite3_stmt *one, sqlite3_stmt *other, int column)
{
	sqlite3_value *left = sqlite3_column_value(one, column), *right = sqlite3_column_value(other, column);
	int bytes = sqlite3_value_bytes(left);

	if (sqlite3_value_type(left) != sqlite3_value_type(right) || bytes != sqlite3_value_bytes(right))
		return false;
	if (sqlite3_value_type(left) == SQLITE_INTEGER)
		return sqlite3_value_int64(left) == sqlite3_value_int64(right);
	return memcmp(sqlite3_value_blob(left), sqlite3_value_blob(right), (size_t)bytes) == 0;
}

static bool same_answer(sqlite3 *one, sqlite3 *other, const char *sql)
{
	sqlite3_stmt *left = NULL, *right = NULL;
	int left_row = SQLITE_ROW, right_row = SQLITE_ROW;
	bool same = sqlite3_prepare_v2(one, sql, -1, &left, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(other, sql, -1, &right, NULL) == SQLITE_OK &&
		    sqlite3_column_count(left) == sqlite3_column_count(right);

	while (same && left_row == SQLITE_ROW) {
		left_row = sqlite3_step(left);
		right_row = sqlite3_step(right);
		same = left_row == right_row && (left_row == SQLITE_ROW || left_row == SQLITE_DONE);
		for (int i = 0; same && left_row == SQLITE_ROW && i < sqlite3_column_count(left); i++)
			same = same_value(left, right, i);
	}
	sqlite3_finalize(left);
	sqlite3_finalize(right);
	return same;
}

/*
 * The rollup, made again from the records in memory. Where older records were pruned it cannot be: what a flow had sent
 * before the cut is not there any more.
 */
struct again {
	sqlite3 *db;
	struct na_rollup rollup;
};

static bool begin_again(struct again *again)
{
	return sqlite3_open_v2(":memory:", &again->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	       na_rollup_create(again->db) == 0 &&
	       sqlite3_exec(again->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
	       na_rollup_open(&again->rollup, again->db) == 0;
}

static bool same_rollup(struct again *again, sqlite3 *index)
{
	bool same = na_rollup_flush(&again->rollup) == 0;

	for (size_t i = 0; same && na_rollup_compare[i]; i++)
		same = same_answer(again->db, index, na_rollup_compare[i]);
	return same;
}

static void end_again(struct again *again)
{
	na_rollup_close(&again->rollup);
	sqlite3_close(again->db);
}

/* Every record up to where the index is must be in it, with what its body says; and there must be that many. */
static bool compare_rows(sqlite3_stmt *records, sqlite3_stmt *rows, int64_t until, struct again *again)
{
	struct na_index_row *row = malloc(sizeof(*row));
	bool same = row != NULL;
	int64_t seq = 0;

	while (same && sqlite3_step(records) == SQLITE_ROW) {
		seq = sqlite3_column_int64(records, 0);
		if (seq > until)
			break;
		(void)na_index_row_read(row, sqlite3_column_blob(records, 1), (size_t)sqlite3_column_bytes(records, 1));
		same = sqlite3_step(rows) == SQLITE_ROW && sqlite3_column_int64(rows, 0) == seq;
		for (int i = 0; i < NA_INDEX_COLUMNS && same; i++)
			same = value_is(rows, i + 1, &row->value[i]);
		if (same && again)
			same = na_rollup_add(&again->rollup, seq, row) == 0;
	}
	free(row);
	return same && seq >= until;
}

/* Columns in the order of the table, named so that a changed schema fails. */
static const char rows_sql[] = "SELECT seq"
#define X(symbol, name, type, sql) ", " name
	NA_INDEX_COLUMN_TABLE(X)
#undef X
	" FROM row WHERE seq >= ?1 ORDER BY seq";

/* 1 when the index agrees, 0 when not, or when it cannot be read. */
static bool index_agrees(sqlite3 *journal, sqlite3 *db)
{
	sqlite3_stmt *position = NULL, *rows = NULL, *integrity = NULL, *records = NULL;
	struct again again = { 0 };
	const char *text = NULL;
	int64_t first = 0;
	bool same = sqlite3_prepare_v2(db, "SELECT seq FROM position", -1, &position, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(db, rows_sql, -1, &rows, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &integrity, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(journal, "SELECT seq, body FROM record ORDER BY seq", -1, &records, NULL) == SQLITE_OK &&
		    /* one snapshot: a running daemon goes on adding to it */
		    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;

	if (same && sqlite3_step(position) == SQLITE_ROW) {
		/* the journal's snapshot after the index's, which follows it: so it has every record that the index has */
		same = sqlite3_exec(journal, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
		       na_index_integer(journal, "SELECT min(seq) FROM record", &first) == 0 && (first != 1 || begin_again(&again));
		sqlite3_bind_int64(rows, 1, first);
		same = same && compare_rows(records, rows, sqlite3_column_int64(position, 0), first == 1 ? &again : NULL);
		same = same && (first != 1 || same_rollup(&again, db));
		same = same && sqlite3_step(integrity) == SQLITE_ROW;
		text = same ? (const char *)sqlite3_column_text(integrity, 0) : NULL;
		same = text && strcmp(text, "ok") == 0;
	}
	sqlite3_finalize(position);
	sqlite3_finalize(rows);
	sqlite3_finalize(records);
	sqlite3_finalize(integrity);
	end_again(&again);
	return same;
}

static bool open_again(sqlite3 **db, const char *path)
{
	return na_read_only_open(db, path, na_read_only_is_still(path)) == SQLITE_OK &&
	       sqlite3_busy_timeout(*db, 10000) == SQLITE_OK;
}

/* Only searching goes by index.db: what it says wrong is said, and is no doubt about the records. */
static int check_index(struct na_verifier *v)
{
	char path[sizeof(v->path) + 16];
	const char *slash = strrchr(v->path, '/');
	sqlite3 *journal = NULL, *index = NULL;

	(void)snprintf(path, sizeof(path), "%.*sindex.db", slash ? (int)(slash - v->path + 1) : 0, v->path);
	if (access(path, F_OK) < 0)
		return 0;
	if (!open_again(&journal, v->path) || !open_again(&index, path) || !index_agrees(journal, index))
		v->result->notes |= NA_VERIFY_INDEX;
	sqlite3_close(journal);
	sqlite3_close(index);
	return 0;
}

int na_verify_deep(struct na_verifier *v)
{
	int result = v->options->deep ? check_file(v) : 0;

	return result || !(v->options->deep || v->options->index) ? result : check_index(v);
}
