/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes index.db:
 *
 *   row(seq, <the columns of index_row.h>)    one narrow row per record
 *   block(block, min_t, max_t)                wall-clock range of 4096 consecutive rows
 *   position(seq, row_hash)                   the newest indexed row, and its hash in the journal
 *
 * Only `flow` and `dst` have an index: each costs a third of the insert. Everything else is
 * answered by reading `row`, which is an eighth of the journal; time is answered by `block`, which
 * stays right when the clock steps back and costs one row in 4096.
 */
#include "journal/index.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netaudit/record.h>
#include <sqlite3.h>

#include "journal/index_row.h"

#define BATCH_ROWS 4096		/* rows per transaction, and per snapshot of the journal */
#define BUSY_MS 2000

enum statement { READ_JOURNAL, READ_HASH, READ_FIRST, INSERT_ROW, INSERT_BLOCK, SET_POSITION, FORGET, STATEMENTS };

struct na_index {
	sqlite3 *journal;
	sqlite3 *index;
	sqlite3_stmt *statement[STATEMENTS];
	int64_t last_seq;
	unsigned char last_hash[NA_HASH_BYTES];
	char directory[PATH_MAX - 32];
	struct na_index_row row;
};

static const char schema[] =
	"CREATE TABLE row(seq INTEGER PRIMARY KEY"
#define X(symbol, name, type, sql) ", " name " " sql
	NA_INDEX_COLUMN_TABLE(X)
#undef X
	") STRICT;"
	"CREATE INDEX row_flow ON row(flow) WHERE flow IS NOT NULL;"
	"CREATE INDEX row_dst ON row(dst) WHERE dst IS NOT NULL;"
	"CREATE TABLE block(block INTEGER PRIMARY KEY, min_t INTEGER NOT NULL, max_t INTEGER NOT NULL) STRICT;"
	"CREATE TABLE position(one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, row_hash BLOB NOT NULL) STRICT;";

static const struct {
	bool of_journal;
	const char *sql;
} statements[STATEMENTS] = {
	[READ_JOURNAL] = { true, "SELECT seq, row_hash, body FROM record WHERE seq > ?1 ORDER BY seq LIMIT ?2" },
	[READ_HASH] = { true, "SELECT row_hash FROM record WHERE seq = ?1" },
	[READ_FIRST] = { true, "SELECT coalesce(min(seq), 0) FROM record" },
	[INSERT_ROW] = { false, "INSERT INTO row VALUES(?1"
#define X(symbol, name, type, sql) ", ?"
		NA_INDEX_COLUMN_TABLE(X)
#undef X
		")" },
	[INSERT_BLOCK] = { false, "INSERT INTO block VALUES(?1, ?2, ?3) ON CONFLICT(block) DO UPDATE SET"
		" min_t = min(min_t, excluded.min_t), max_t = max(max_t, excluded.max_t)" },
	[SET_POSITION] = { false, "INSERT INTO position VALUES(1, ?1, ?2) ON CONFLICT(one) DO UPDATE SET"
		" seq = excluded.seq, row_hash = excluded.row_hash" },
	[FORGET] = { false, "DELETE FROM row WHERE seq < ?1 AND seq < (SELECT min(seq) FROM row) + ?2" },
};

static int error_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:	/* a table or column is not there */
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

static int path_of(char path[PATH_MAX], const struct na_index *index, const char *name)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", index->directory, name);

	return length > 0 && length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int execute(sqlite3 *db, const char *sql)
{
	return error_of(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static int step(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	return error_of(rc);
}

static int prepare(struct na_index *index, bool of_journal)
{
	for (int i = 0; i < STATEMENTS; i++) {
		int err;

		if (statements[i].of_journal != of_journal)
			continue;
		err = error_of(sqlite3_prepare_v3(of_journal ? index->journal : index->index, statements[i].sql, -1,
						  SQLITE_PREPARE_PERSISTENT, &index->statement[i], NULL));
		if (err)
			return err;
	}
	return 0;
}

static void close_side(struct na_index *index, bool of_journal)
{
	sqlite3 **db = of_journal ? &index->journal : &index->index;

	for (int i = 0; i < STATEMENTS; i++) {
		if (statements[i].of_journal != of_journal)
			continue;
		sqlite3_finalize(index->statement[i]);
		index->statement[i] = NULL;
	}
	sqlite3_close(*db);
	*db = NULL;
}

static int open_journal(struct na_index *index)
{
	char path[PATH_MAX];
	int err = path_of(path, index, "journal.db");

	if (!err)
		err = error_of(sqlite3_open_v2(path, &index->journal, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
	if (err)
		return err;
	sqlite3_busy_timeout(index->journal, BUSY_MS);
	sqlite3_db_config(index->journal, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return prepare(index, true);
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

static int load_position(struct na_index *index)
{
	sqlite3_stmt *statement;
	int err = error_of(sqlite3_prepare_v2(index->index, "SELECT seq, row_hash FROM position", -1, &statement, NULL));
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
	return error_of(rc);
}

static int user_version(sqlite3 *db, int *version)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);

	if (rc)
		return error_of(rc);
	rc = sqlite3_step(statement);
	*version = rc == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
	sqlite3_finalize(statement);
	return error_of(rc);
}

/* A power cut may cost index.db, never more: that is what synchronous=OFF buys its speed with. */
static int open_existing(struct na_index *index)
{
	char path[PATH_MAX], set_version[64];
	int version, err = path_of(path, index, "index.db");

	if (!err)
		err = create_file(path);
	if (!err)
		err = error_of(sqlite3_open_v2(path, &index->index, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (err)
		return err;
	sqlite3_busy_timeout(index->index, BUSY_MS);
	sqlite3_db_config(index->index, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(index->index, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	err = execute(index->index, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;");
	if (!err)
		err = user_version(index->index, &version);
	if (!err && version == 0) {
		snprintf(set_version, sizeof(set_version), "PRAGMA user_version=%d; COMMIT;", NA_INDEX_VERSION);
		err = execute(index->index, "BEGIN IMMEDIATE;");
		if (!err)
			err = execute(index->index, schema);
		if (!err)
			err = execute(index->index, set_version);
	} else if (!err && version != NA_INDEX_VERSION) {
		err = -EBADMSG;
	}
	if (!err)
		err = prepare(index, false);
	return err ? err : load_position(index);
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
	sqlite3_stmt *statement = index->statement[INSERT_BLOCK];

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
	sqlite3_stmt *insert = index->statement[INSERT_ROW];
	int err;

	na_index_row_read(&index->row, body ? body : "", (size_t)body_bytes);
	sqlite3_bind_int64(insert, 1, seq);
	for (int i = 0; i < NA_INDEX_COLUMNS; i++)
		bind_value(insert, i + 2, &index->row.value[i]);
	err = step(insert);
	return err ? err : note_time(index, span, seq);
}

static int set_position(struct na_index *index)
{
	sqlite3_stmt *statement = index->statement[SET_POSITION];

	sqlite3_bind_int64(statement, 1, index->last_seq);
	sqlite3_bind_blob(statement, 2, index->last_hash, NA_HASH_BYTES, SQLITE_STATIC);
	return step(statement);
}

/* One snapshot of the journal, inside one transaction of the index. */
static int64_t index_rows(struct na_index *index, int64_t limit)
{
	sqlite3_stmt *read = index->statement[READ_JOURNAL];
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
		err = error_of(rc) == -EBADMSG ? -EIO : error_of(rc);
	sqlite3_reset(read);
	if (!err)
		err = write_block(index, &span);
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
		index->last_seq = before;
		memcpy(index->last_hash, hash_before, NA_HASH_BYTES);
	}
	return rows;
}

static int first_of_journal(struct na_index *index, int64_t *first)
{
	sqlite3_stmt *statement = index->statement[READ_FIRST];
	int rc = sqlite3_step(statement);

	*first = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return error_of(rc);
}

/* 1 when the newest indexed row is still what the journal has there, 0 when it is not. */
static int same_journal(struct na_index *index, int64_t first)
{
	sqlite3_stmt *statement = index->statement[READ_HASH];
	int rc, same;

	if (!index->last_seq || (first && index->last_seq < first))
		return 1;
	sqlite3_bind_int64(statement, 1, index->last_seq);
	rc = sqlite3_step(statement);
	same = rc == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == NA_HASH_BYTES &&
	       !memcmp(sqlite3_column_blob(statement, 0), index->last_hash, NA_HASH_BYTES);
	sqlite3_reset(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? same : error_of(rc);
}

static int forget(struct na_index *index, int64_t first)
{
	sqlite3_stmt *statement = index->statement[FORGET];

	if (first <= 1)
		return 0;
	sqlite3_bind_int64(statement, 1, first);
	sqlite3_bind_int64(statement, 2, BATCH_ROWS);
	return step(statement);
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
