/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is derived from the records, or holds them: the structure of the database file, and index.db. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/index_row.h"
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

/* Every record up to where the index is must be in it, with what its body says. */
static bool compare_rows(sqlite3_stmt *records, sqlite3_stmt *rows, int64_t until)
{
	struct na_index_row *row = malloc(sizeof(*row));
	bool same = row != NULL;

	while (same && sqlite3_step(records) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(records, 0);

		if (seq > until)
			break;
		(void)na_index_row_read(row, sqlite3_column_blob(records, 1), (size_t)sqlite3_column_bytes(records, 1));
		same = sqlite3_step(rows) == SQLITE_ROW && sqlite3_column_int64(rows, 0) == seq;
		for (int i = 0; i < NA_INDEX_COLUMNS && same; i++)
			same = value_is(rows, i + 1, &row->value[i]);
	}
	free(row);
	return same;
}

/* Columns in the order of the table, named so that a changed schema fails. */
static const char rows_sql[] = "SELECT seq"
#define X(symbol, name, type, sql) ", " name
	NA_INDEX_COLUMN_TABLE(X)
#undef X
	" FROM row WHERE seq >= ?1 ORDER BY seq";

/* 1 when the index agrees, 0 when not, or when it cannot be read. */
static bool index_agrees(struct na_verifier *v, sqlite3 *db, sqlite3_stmt *records)
{
	sqlite3_stmt *position = NULL, *rows = NULL, *integrity = NULL;
	const char *text = NULL;
	bool same = sqlite3_prepare_v2(db, "SELECT seq FROM position", -1, &position, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(db, rows_sql, -1, &rows, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &integrity, NULL) == SQLITE_OK;

	if (same && sqlite3_step(position) == SQLITE_ROW) {
		sqlite3_bind_int64(rows, 1, (sqlite3_int64)v->first_seq);
		same = compare_rows(records, rows, sqlite3_column_int64(position, 0));
		same = same && sqlite3_step(integrity) == SQLITE_ROW;
		text = same ? (const char *)sqlite3_column_text(integrity, 0) : NULL;
		same = text && strcmp(text, "ok") == 0;
	}
	sqlite3_finalize(position);
	sqlite3_finalize(rows);
	sqlite3_finalize(integrity);
	return same;
}

/* Only searching goes by index.db: what it says wrong is said, and is no doubt about the records. */
static int check_index(struct na_verifier *v)
{
	char path[sizeof(v->path) + 16];
	const char *slash = strrchr(v->path, '/');
	sqlite3_stmt *records = NULL;
	sqlite3 *db = NULL;
	int result;

	(void)snprintf(path, sizeof(path), "%.*sindex.db", slash ? (int)(slash - v->path + 1) : 0, v->path);
	if (access(path, F_OK) < 0)
		return 0;
	result = na_verify_prepare(v, &records, "SELECT seq, body FROM record ORDER BY seq");
	if (result == 0 && (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
			    sqlite3_busy_timeout(db, 10000) != SQLITE_OK || !index_agrees(v, db, records)))
		v->result->notes |= NA_VERIFY_INDEX;
	sqlite3_finalize(records);
	sqlite3_close(db);
	return result;
}

int na_verify_deep(struct na_verifier *v)
{
	int result = v->options->deep ? check_file(v) : 0;

	return result || !v->options->deep ? result : check_index(v);
}
