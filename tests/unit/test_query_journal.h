/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up journal for the tests of index and queries: the same rows for the same seed, hostile
 * text among them. Written with plain SQL, so that rows can also be changed and removed.
 */
#ifndef NETAUDIT_TEST_QUERY_JOURNAL_H
#define NETAUDIT_TEST_QUERY_JOURNAL_H

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/canonical.h"

#define SYNTHETIC_START_US INT64_C(1700000000000000)

struct synthetic {
	char directory[64];
	sqlite3 *db;
	unsigned int random;
	int64_t rows;
};

static inline unsigned int synthetic_random(struct synthetic *journal, unsigned int below)
{
	journal->random ^= journal->random << 13;
	journal->random ^= journal->random >> 17;
	journal->random ^= journal->random << 5;
	return journal->random % below;
}

static inline const char *synthetic_pick(struct synthetic *journal, const char *const *words, unsigned int count)
{
	return words[synthetic_random(journal, count)];
}

static inline void synthetic_execute(struct synthetic *journal, const char *sql)
{
	assert_int_equal(sqlite3_exec(journal->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static inline void synthetic_open(struct synthetic *journal, unsigned int seed)
{
	char path[128];

	memset(journal, 0, sizeof(*journal));
	journal->random = seed;
	strcpy(journal->directory, "/tmp/netaudit-query-XXXXXX");
	assert_non_null(mkdtemp(journal->directory));
	snprintf(path, sizeof(path), "%s/journal.db", journal->directory);
	assert_int_equal(sqlite3_open(path, &journal->db), SQLITE_OK);
	synthetic_execute(journal, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
			  "CREATE TABLE record(seq INTEGER PRIMARY KEY, row_hash BLOB NOT NULL, body BLOB NOT NULL) STRICT");
}

static inline void synthetic_close(struct synthetic *journal)
{
	static const char *const files[] = { "journal.db", "journal.db-wal", "journal.db-shm",
					     "index.db",   "index.db-wal",   "index.db-shm" };
	char path[128];

	sqlite3_close(journal->db);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", journal->directory, files[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(journal->directory), 0);
}

static inline void synthetic_append(struct synthetic *journal, const void *body, size_t bytes)
{
	sqlite3_stmt *insert;

	assert_int_equal(sqlite3_prepare_v2(journal->db, "INSERT INTO record VALUES(?1, randomblob(32), ?2)", -1, &insert,
					    NULL), SQLITE_OK);
	sqlite3_bind_int64(insert, 1, ++journal->rows);
	sqlite3_bind_blob(insert, 2, body, (int)bytes, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
	sqlite3_finalize(insert);
}

/* One record; the clock steps back an hour now and then. */
static inline void synthetic_record(struct synthetic *journal)
{
	static const char *const kinds[] = { "open", "close", "progress", "datagram", "heartbeat", "head" };
	static const char *const channels[] = { "postgres", "https", "smtp", "dns", "unix" };
	static const char *const directions[] = { "outbound", "inbound" };
	static const char *const workers[] = { "http", "cron", "master", "gevent" };
	static const char *const hosts[] = { "example.com", "API.Example.COM", "badexample.com", "mail.example.net" };
	static const char *const names[] = { "odoo", "curl", "\033[31mred", "a\"b\\c", "caf\xc3\xa9", "\xff\xfe" };
	static const struct {
		const char *start, *middle;
	} networks[] = { { "10.0.", "." }, { "192.168.", "." }, { "2001:db8:", "::" } };
	unsigned int network = synthetic_random(journal, 3);
	char dst[64];
	uint8_t buffer[4096];
	struct na_canonical c;
	int64_t t = SYNTHETIC_START_US + journal->rows * 1000000 -
		    (synthetic_random(journal, 10) ? 0 : INT64_C(3600000000));
	const char *comm = synthetic_pick(journal, names, 6);
	ssize_t length;

	snprintf(dst, sizeof(dst), "%s%u%s%u", networks[network].start, synthetic_random(journal, 3),
		 networks[network].middle, 1 + synthetic_random(journal, 90));
	na_canonical_begin(&c, buffer, sizeof(buffer));
	na_canonical_string(&c, "channel", synthetic_pick(journal, channels, 5));
	na_canonical_text(&c, "comm", comm, strlen(comm));
	if (synthetic_random(journal, 8))
		na_canonical_string(&c, "direction", synthetic_pick(journal, directions, 2));
	na_canonical_integer(&c, "dport", 25 + synthetic_random(journal, 3));
	na_canonical_string(&c, "dst", dst);
	na_canonical_id(&c, "flow", 0xf000000000000000u + synthetic_random(journal, 50));
	if (!synthetic_random(journal, 3))
		na_canonical_string(&c, "host", synthetic_pick(journal, hosts, 4));
	na_canonical_string(&c, "instance", synthetic_random(journal, 2) ? "one" : "two");
	na_canonical_string(&c, "kind", synthetic_pick(journal, kinds, 6));
	na_canonical_integer(&c, "pid", 100 + synthetic_random(journal, 10));
	na_canonical_integer(&c, "t", t);
	if (synthetic_random(journal, 4))
		na_canonical_string(&c, "worker", synthetic_pick(journal, workers, 4));
	length = na_canonical_end(&c);
	assert_true(length > 0);
	synthetic_append(journal, buffer, (size_t)length);
}

static inline void synthetic_fill(struct synthetic *journal, int rows)
{
	synthetic_execute(journal, "BEGIN");
	for (int i = 0; i < rows; i++)
		synthetic_record(journal);
	synthetic_execute(journal, "COMMIT");
}

#endif
