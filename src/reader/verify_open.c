/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a journal for verifying: read-only connections that all see the same records. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/read_only.h"
#include "journal/schema.h"
#include "reader/verify_work.h"

#define BUSY_MS 10000
#define SNAPSHOT_ATTEMPTS 200
#define SNAPSHOT_WAIT_US 5000

int na_verify_sqlite(struct na_verifier *v, sqlite3 *db, const char *what)
{
	int code = sqlite3_errcode(db);
	bool damaged = code == SQLITE_CORRUPT || code == SQLITE_TOOBIG;

	return na_verify_bad(v, damaged ? NA_VERIFY_TAMPERED : NA_VERIFY_UNREADABLE, 0, "%s %s: %s",
			     damaged ? "the database file is damaged: cannot" : "cannot", what, sqlite3_errmsg(db));
}

/* A read-only, hardened connection. */
static int connect_to(struct na_verifier *v, sqlite3 **db)
{
	if (na_read_only_open(db, v->path, v->still) != SQLITE_OK)
		return na_verify_sqlite(v, *db, "open the journal");
	sqlite3_busy_timeout(*db, BUSY_MS);
	sqlite3_limit(*db, SQLITE_LIMIT_LENGTH, 1 << 20);
	if (na_schema_harden(*db) || sqlite3_exec(*db, "PRAGMA query_only=ON", NULL, NULL, NULL) != SQLITE_OK)
		return na_verify_sqlite(v, *db, "open the journal");
	return 0;
}

/* A directory means the journal.db in it. */
static int resolve(struct na_verifier *v)
{
	const char *path = v->options->path;
	struct stat status;
	int length;

	if (stat(path, &status) < 0)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot open %.150s: %s", path, strerror(errno));
	length = snprintf(v->path, sizeof(v->path), S_ISDIR(status.st_mode) ? "%s/" NA_JOURNAL_FILE : "%s", path);
	if (length < 0 || (size_t)length >= sizeof(v->path))
		return na_verify_bad(v, NA_VERIFY_USAGE, 0, "the path is too long");
	if (access(v->path, R_OK) < 0)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot read %.150s: %s", v->path, strerror(errno));
	return 0;
}

static int check_schema(struct na_verifier *v)
{
	struct na_error error = { 0 };
	int result = na_schema_check(v->db, &error);

	if (result == 0)
		return 0;
	if (result == -EBADMSG || result == -EUCLEAN)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "%s", error.text);
	return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "%.150s: %s", v->path, error.text);
}

static unsigned int thread_count(const struct na_verifier *v)
{
	unsigned int wanted = v->options->threads;
	cpu_set_t set;

	if (wanted == 0)
		wanted = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned int)CPU_COUNT(&set) : 2;
	return wanted == 0 ? 1 : wanted > NA_VERIFY_THREADS ? NA_VERIFY_THREADS : wanted;
}

/* Begins a read transaction and says which record is the oldest in it. */
static int snapshot(struct na_verifier *v, sqlite3 *db, int64_t *first)
{
	sqlite3_stmt *statement = NULL;
	int result = 0;

	if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT seq FROM record ORDER BY seq LIMIT 1", -1, &statement, NULL) != SQLITE_OK)
		result = na_verify_sqlite(v, db, "read the journal");
	*first = 0;
	if (result == 0) {
		int step = sqlite3_step(statement);

		if (step == SQLITE_ROW)
			*first = sqlite3_column_int64(statement, 0);
		else if (step != SQLITE_DONE)
			result = na_verify_sqlite(v, db, "read the journal");
	}
	sqlite3_finalize(statement);
	return result;
}

/*
 * Appending between two of the snapshots does no harm, since none looks past the first one's end. Pruning would: then
 * they are taken again.
 */
static int same_snapshots(struct na_verifier *v, bool *same)
{
	int64_t first, other;
	int result = snapshot(v, v->db, &first);

	*same = true;
	for (unsigned int i = 0; i < v->threads && result == 0; i++) {
		result = snapshot(v, v->thread_db[i], &other);
		*same = *same && other == first;
	}
	if (result || *same)
		return result;
	(void)sqlite3_exec(v->db, "ROLLBACK", NULL, NULL, NULL);
	for (unsigned int i = 0; i < v->threads; i++)
		(void)sqlite3_exec(v->thread_db[i], "ROLLBACK", NULL, NULL, NULL);
	return 0;
}

static int open_snapshots(struct na_verifier *v)
{
	bool same = false;
	int result = connect_to(v, &v->db);

	if (result == 0)
		result = check_schema(v);
	v->threads = thread_count(v);
	for (unsigned int i = 0; i < v->threads && result == 0; i++)
		result = connect_to(v, &v->thread_db[i]);
	for (int i = 0; i < SNAPSHOT_ATTEMPTS && result == 0 && !same; i++) {
		if (i > 0)
			(void)usleep(SNAPSHOT_WAIT_US);
		result = same_snapshots(v, &same);
	}
	if (result == 0 && !same)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "the journal is being pruned: try again in a minute");
	/* the first look was before the snapshot */
	return result ? result : check_schema(v);
}

int na_verify_open(struct na_verifier *v)
{
	int result = resolve(v);

	if (result)
		return result;
	v->still = na_read_only_is_still(v->path);
	/* before the snapshot: a head written in between must not look like a cut tail */
	result = na_verify_look_at_anchors(v);
	if (result == 0)
		result = open_snapshots(v);
	if (result == 0 && na_tree_open(&v->tree, v->db))
		result = na_verify_sqlite(v, v->db, "read the tree");
	return result;
}

void na_verify_close(struct na_verifier *v)
{
	na_tree_close(&v->tree);
	for (unsigned int i = 0; i < NA_VERIFY_THREADS; i++)
		sqlite3_close(v->thread_db[i]);
	sqlite3_close(v->db);
}

int na_verify_prepare(struct na_verifier *v, sqlite3_stmt **statement, const char *sql)
{
	return sqlite3_prepare_v2(v->db, sql, -1, statement, NULL) == SQLITE_OK ? 0 : na_verify_sqlite(v, v->db,
												       "read the journal");
}

int na_verify_one(struct na_verifier *v, const char *sql, uint64_t number, sqlite3_stmt **statement)
{
	int step, result = na_verify_prepare(v, statement, sql);

	if (result)
		return -result;
	sqlite3_bind_int64(*statement, 1, (sqlite3_int64)number);
	step = sqlite3_step(*statement);
	if (step == SQLITE_ROW)
		return 1;
	if (step != SQLITE_DONE)
		result = na_verify_sqlite(v, v->db, "read the journal");
	sqlite3_finalize(*statement);
	*statement = NULL;
	return -result;
}

int na_verify_integer(struct na_verifier *v, const char *sql, int64_t *value)
{
	sqlite3_stmt *statement = NULL;
	int result = na_verify_prepare(v, &statement, sql);

	*value = 0;
	if (result == 0 && sqlite3_step(statement) != SQLITE_ROW)
		result = na_verify_sqlite(v, v->db, "read the journal");
	else if (result == 0)
		*value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

const void *na_verify_blob(sqlite3_stmt *statement, int column, size_t bytes)
{
	if (sqlite3_column_type(statement, column) != SQLITE_BLOB ||
	    (size_t)sqlite3_column_bytes(statement, column) != bytes)
		return NULL;
	return sqlite3_column_blob(statement, column);
}
