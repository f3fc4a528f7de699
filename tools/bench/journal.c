/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One timed piece of work on a journal, for journal.py; prints the seconds it took. Usage:
 *
 *	journal append DIRECTORY RECORDS	chain, tree and triggers: the store itself, 1000 records a commit
 *	journal bare FILE RECORDS		the same blobs into a plain table, with the same durability
 *	journal read FILE THREADS		every row fetched and nothing done with it, on so many threads
 *	journal verify DIRECTORY THREADS
 *	journal rollup FILE RECORDS	the report's sums alone, of 40 destinations, 1000 records a commit
 *	journal forget FILE			takes the file out of the page cache; no time
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/rollup.h"
#include "journal/store.h"
#include "reader/verify.h"

#include "../../tests/tamper/sample_record.h"

#define BODIES 1000	/* made beforehand: one commit */
#define THREADS_MAX 64

static struct {
	uint8_t bytes[640];
	size_t length;
} body[BODIES];

static void die(const char *what, const char *why)
{
	fprintf(stderr, "journal: %s: %s\n", what, why);
	exit(1);
}

static void make_bodies(void)
{
	for (uint64_t i = 0; i < BODIES; i++) {
		ssize_t bytes = na_sample_record(body[i].bytes, sizeof(body[i].bytes), i);

		if (bytes < 0)
			die("body", strerror((int)-bytes));
		body[i].length = (size_t)bytes;
	}
}

static void append(const char *directory, uint64_t records)
{
	static const uint8_t identity[NA_PUBLIC_KEY_BYTES] = { 1 }, first_once[NA_PUBLIC_KEY_BYTES] = { 2 };
	struct na_error error = { 0 };
	struct na_store store;

	if (na_store_open(&store, directory, &error) ||
	    na_store_create(&store, "example.org/bench", identity, first_once, &error))
		die(directory, error.text);
	na_store_keep_wal(&store, false);
	for (uint64_t i = 0; i < records; i++) {
		if ((i % BODIES == 0 && na_store_begin(&store, &error)) ||
		    na_store_append(&store, body[i % BODIES].bytes, body[i % BODIES].length, &error) ||
		    ((i % BODIES == BODIES - 1 || i == records - 1) && na_store_commit(&store, &error)))
			die(directory, error.text);
	}
	na_store_close(&store);
}

static void execute(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql, sqlite3_errmsg(db));
}

static void bare(const char *file, uint64_t records)
{
	uint8_t row_hash[NA_HASH_BYTES] = { 0 };
	sqlite3_stmt *insert;
	sqlite3 *db;

	if (sqlite3_open(file, &db) != SQLITE_OK)
		die(file, sqlite3_errmsg(db));
	execute(db, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		    "PRAGMA journal_size_limit=67108864;"
		    "CREATE TABLE record(seq INTEGER PRIMARY KEY, row_hash BLOB NOT NULL, body BLOB NOT NULL) STRICT");
	if (sqlite3_prepare_v2(db, "INSERT INTO record VALUES(?1, ?2, ?3)", -1, &insert, NULL) != SQLITE_OK)
		die(file, sqlite3_errmsg(db));
	for (uint64_t i = 0; i < records; i++) {
		if (i % BODIES == 0)
			execute(db, "BEGIN IMMEDIATE");
		sqlite3_bind_int64(insert, 1, (sqlite3_int64)i + 1);
		memcpy(row_hash, &i, sizeof(i));
		sqlite3_bind_blob(insert, 2, row_hash, sizeof(row_hash), SQLITE_STATIC);
		sqlite3_bind_blob(insert, 3, body[i % BODIES].bytes, (int)body[i % BODIES].length, SQLITE_STATIC);
		if (sqlite3_step(insert) != SQLITE_DONE)
			die(file, sqlite3_errmsg(db));
		sqlite3_reset(insert);
		if (i % BODIES == BODIES - 1 || i == records - 1)
			execute(db, "COMMIT");
	}
	sqlite3_finalize(insert);
	sqlite3_close(db);
}

/* Only what is paid for sums: what the index reads out of each record is read beforehand. */
static double rollup(const char *file, uint64_t records)
{
	struct na_index_row *row = calloc(BODIES, sizeof(*row));
	static char destination[BODIES][40];
	struct na_rollup sums;
	uint64_t began;
	sqlite3 *db;

	if (!row || sqlite3_open(file, &db) != SQLITE_OK)
		die(file, "cannot be opened");
	execute(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF");
	if (na_rollup_create(db) || na_rollup_open(&sums, db))
		die(file, sqlite3_errmsg(db));
	for (size_t i = 0; i < BODIES; i++) {
		if (na_index_row_read(&row[i], body[i].bytes, body[i].length))
			die("body", "not JSON");
		row[i].value[NA_INDEX_HOST].length = (uint32_t)snprintf(destination[i], sizeof(destination[i]),
									"host%zu.example", i % 40);
		row[i].value[NA_INDEX_HOST].bytes = destination[i];
	}
	began = na_boottime_ns();
	for (uint64_t i = 0; i < records; i++) {
		if (i % BODIES == 0)
			execute(db, "BEGIN IMMEDIATE");
		row[i % BODIES].value[NA_INDEX_FLOW].integer = (int64_t)i;
		if (na_rollup_add(&sums, (int64_t)i + 1, &row[i % BODIES]))
			die(file, sqlite3_errmsg(db));
		if (i % BODIES == BODIES - 1 || i == records - 1) {
			if (na_rollup_flush(&sums))
				die(file, sqlite3_errmsg(db));
			execute(db, "COMMIT");
		}
	}
	began = na_boottime_ns() - began;
	na_rollup_close(&sums);
	sqlite3_close(db);
	free(row);
	return (double)began / 1e9;
}

struct part {
	const char *file;
	unsigned int number, count;
	uint64_t bytes;
};

static void *read_part(void *context)
{
	struct part *part = context;
	sqlite3_stmt *statement;
	sqlite3 *db;
	int step;

	if (sqlite3_open_v2(part->file, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT seq, row_hash, body FROM record WHERE seq BETWEEN "
			       "(SELECT min(seq) + (max(seq) - min(seq) + 1) * ?1 / ?2 FROM record) AND "
			       "(SELECT min(seq) + (max(seq) - min(seq) + 1) * (?1 + 1) / ?2 - 1 FROM record) ORDER BY seq",
			       -1, &statement, NULL) != SQLITE_OK)
		die(part->file, sqlite3_errmsg(db));
	sqlite3_bind_int64(statement, 1, part->number);
	sqlite3_bind_int64(statement, 2, part->count);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		part->bytes += *(const uint8_t *)sqlite3_column_blob(statement, 1);
		part->bytes += sqlite3_column_blob(statement, 2) ? (uint64_t)sqlite3_column_bytes(statement, 2) : 0;
	}
	if (step != SQLITE_DONE)
		die(part->file, sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return NULL;
}

static void read_rows(const char *file, unsigned int threads)
{
	struct part part[THREADS_MAX];
	pthread_t thread[THREADS_MAX];

	if (threads < 1 || threads > THREADS_MAX)
		die("threads", "1 to 64");
	for (unsigned int i = 0; i < threads; i++) {
		part[i] = (struct part){ file, i, threads, 0 };
		if (pthread_create(&thread[i], NULL, read_part, &part[i]))
			die("thread", strerror(errno));
	}
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

static void verify(const char *directory, unsigned int threads)
{
	const struct na_verify_options options = { .path = directory, .threads = threads };
	struct na_verify_result result;

	if (na_verify(&options, &result) != NA_VERIFY_OK)
		die(directory, result.why);
}

static void forget(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fdatasync(fd) < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die(file, strerror(errno));
	close(fd);
}

int main(int argc, char **argv)
{
	uint64_t number = argc > 3 ? strtoull(argv[3], NULL, 10) : 0, began;

	if (argc < 3)
		die("usage", "journal append|bare|rollup|read|verify|forget WHERE [NUMBER]");
	make_bodies();
	began = na_boottime_ns();
	if (!strcmp(argv[1], "append"))
		append(argv[2], number);
	else if (!strcmp(argv[1], "bare"))
		bare(argv[2], number);
	else if (!strcmp(argv[1], "rollup"))
		return printf("%.6f\n", rollup(argv[2], number)) < 0;
	else if (!strcmp(argv[1], "read"))
		read_rows(argv[2], (unsigned int)number);
	else if (!strcmp(argv[1], "verify"))
		verify(argv[2], (unsigned int)number);
	else if (!strcmp(argv[1], "forget"))
		forget(argv[2]);
	else
		die("usage", argv[1]);
	printf("%.6f\n", (double)(na_boottime_ns() - began) / 1e9);
	return 0;
}
