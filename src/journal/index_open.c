/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens index.db, and makes it (again) when that is what it takes:
 *
 *   row(seq, <the columns of index_row.h>)    one narrow row per record
 *   block(block, min_t, max_t)                wall-clock range of 4096 consecutive rows
 *   position(seq, row_hash)                   the newest indexed row, and its hash in the journal
 *   rollup, life, beat, flow_so_far           rollup.h
 *
 * Only `flow` has an index. One on `dst` was measured to cost more than everything else together
 * (2.8 of 5.5 us a row), and reading `row`, which is an eighth of the journal, answers in 0.1 s a
 * million rows; time is answered by `block`, which stays right when the clock steps back and costs
 * one row in 4096.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/index_private.h"

static const char schema[] =
	"CREATE TABLE row(seq INTEGER PRIMARY KEY"
#define X(symbol, name, type, sql) ", " name " " sql
	NA_INDEX_COLUMN_TABLE(X)
#undef X
	") STRICT;"
	"CREATE INDEX row_flow ON row(flow) WHERE flow IS NOT NULL;"
	"CREATE TABLE block(block INTEGER PRIMARY KEY, min_t INTEGER NOT NULL, max_t INTEGER NOT NULL) STRICT;"
	"CREATE TABLE position(one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, row_hash BLOB NOT NULL) STRICT;";

static const struct {
	bool of_journal;
	const char *sql;
} statements[NA_INDEX_STATEMENTS] = {
	[NA_INDEX_READ_JOURNAL] = { true, "SELECT seq, row_hash, body FROM record WHERE seq > ?1 ORDER BY seq LIMIT ?2" },
	[NA_INDEX_READ_HASH] = { true, "SELECT row_hash FROM record WHERE seq = ?1" },
	[NA_INDEX_READ_FIRST] = { true, "SELECT coalesce(min(seq), 0) FROM record" },
	[NA_INDEX_READ_FIRST_TIME] = { true, "SELECT body FROM record WHERE seq = ?1" },
	[NA_INDEX_INSERT_ROW] = { false, "INSERT INTO row VALUES(?1"
#define X(symbol, name, type, sql) ", ?"
		NA_INDEX_COLUMN_TABLE(X)
#undef X
		")" },
	[NA_INDEX_INSERT_BLOCK] = { false, "INSERT INTO block VALUES(?1, ?2, ?3) ON CONFLICT(block) DO UPDATE SET"
		" min_t = min(min_t, excluded.min_t), max_t = max(max_t, excluded.max_t)" },
	[NA_INDEX_SET_POSITION] = { false, "INSERT INTO position VALUES(1, ?1, ?2) ON CONFLICT(one) DO UPDATE SET"
		" seq = excluded.seq, row_hash = excluded.row_hash" },
	[NA_INDEX_FORGET] = { false, "DELETE FROM row WHERE seq < ?1 AND seq < (SELECT min(seq) FROM row) + ?2" },
};

static int path_of(char path[PATH_MAX], const struct na_index *index, const char *name)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", index->directory, name);

	return length > 0 && length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int execute(sqlite3 *db, const char *sql)
{
	return na_index_errno(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static int prepare(struct na_index *index, bool of_journal)
{
	for (int i = 0; i < NA_INDEX_STATEMENTS; i++) {
		int err;

		if (statements[i].of_journal != of_journal)
			continue;
		err = na_index_errno(sqlite3_prepare_v3(of_journal ? index->journal : index->index, statements[i].sql, -1,
						  SQLITE_PREPARE_PERSISTENT, &index->statement[i], NULL));
		if (err)
			return err;
	}
	return 0;
}

static void close_side(struct na_index *index, bool of_journal)
{
	sqlite3 **db = of_journal ? &index->journal : &index->index;

	for (int i = 0; i < NA_INDEX_STATEMENTS; i++) {
		if (statements[i].of_journal != of_journal)
			continue;
		sqlite3_finalize(index->statement[i]);
		index->statement[i] = NULL;
	}
	if (!of_journal)
		na_rollup_close(&index->rollup);
	sqlite3_close(*db);
	*db = NULL;
}

static int open_journal(struct na_index *index)
{
	int err = na_index_open_database(&index->journal, index->directory, "journal.db", SQLITE_OPEN_READONLY);

	return err ? err : prepare(index, true);
}

/* The group may read what the group may read of the journal; SQLite gives -wal and -shm the same mode. */
static int create_file(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	close(fd);
	return 0;
}

int na_index_load_position(struct na_index *index)
{
	sqlite3_stmt *statement;
	int err = na_index_errno(sqlite3_prepare_v2(index->index, "SELECT seq, row_hash FROM position", -1, &statement, NULL));
	int rc;

	if (err)
		return err;
	index->last_seq = 0;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		index->last_seq = sqlite3_column_int64(statement, 0);
		if (sqlite3_column_bytes(statement, 1) == NA_HASH_BYTES)
			memcpy(index->last_hash, sqlite3_column_blob(statement, 1), NA_HASH_BYTES);
		else
			rc = SQLITE_CORRUPT;
	}
	sqlite3_finalize(statement);
	return na_index_errno(rc);
}

static int create_tables(sqlite3 *db)
{
	char set_version[64];
	int err = execute(db, "BEGIN IMMEDIATE");

	if (!err)
		err = execute(db, schema);
	if (!err)
		err = na_rollup_create(db);
	snprintf(set_version, sizeof(set_version), "PRAGMA user_version=%d; COMMIT", NA_INDEX_VERSION);
	return err ? err : execute(db, set_version);
}

/* A power cut may cost index.db, never more: that is what synchronous=OFF buys its speed with. */
static int open_existing(struct na_index *index)
{
	char path[PATH_MAX];
	int64_t version = 0;
	int err = path_of(path, index, "index.db");

	if (!err)
		err = create_file(path);
	if (!err)
		err = na_index_open_database(&index->index, index->directory, "index.db", SQLITE_OPEN_READWRITE);
	if (!err)
		err = execute(index->index, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY");
	if (!err)
		err = na_index_integer(index->index, "PRAGMA user_version", &version);
	if (!err && version == 0)
		err = create_tables(index->index);
	else if (!err && version != NA_INDEX_VERSION)
		err = -EBADMSG;
	if (!err)
		err = prepare(index, false);
	if (!err)
		err = na_rollup_open(&index->rollup, index->index);
	return err ? err : na_index_load_position(index);
}

int na_index_rebuild(struct na_index *index)
{
	static const char *const files[] = { "index.db", "index.db-wal", "index.db-shm" };
	char path[PATH_MAX];

	close_side(index, false);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int err = path_of(path, index, files[i]);

		if (!err && unlink(path) && errno != ENOENT)
			err = -errno;
		if (err)
			return err;
	}
	return open_existing(index);
}

int na_index_open(struct na_index **out, const char *directory)
{
	struct na_index *index = calloc(1, sizeof(*index));
	int err;

	if (!index)
		return -ENOMEM;
	if (snprintf(index->directory, sizeof(index->directory), "%s", directory) >= (int)sizeof(index->directory)) {
		free(index);
		return -ENAMETOOLONG;
	}
	err = open_journal(index);
	if (!err) {
		err = open_existing(index);
		if (err == -EBADMSG)
			err = na_index_rebuild(index);
	}
	if (err) {
		na_index_close(index);
		return err;
	}
	*out = index;
	return 0;
}

void na_index_close(struct na_index *index)
{
	if (!index)
		return;
	close_side(index, false);
	close_side(index, true);
	free(index);
}

int64_t na_index_last_seq(const struct na_index *index)
{
	return index->last_seq;
}
