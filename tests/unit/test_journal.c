/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store: created once, resumed only where it verifies, locked, and nothing but appends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/store.h"

static char directory[64];
static const uint8_t identity[NA_PUBLIC_KEY_BYTES] = { 1 }, first_once[NA_PUBLIC_KEY_BYTES] = { 2 };
static const struct na_merkle nothing_signed;

static int begin(void **state)
{
	struct na_error error = { 0 };
	struct na_store store;

	(void)state;
	strcpy(directory, "/tmp/test_journal.XXXXXX");
	if (!mkdtemp(directory) || na_store_open(&store, directory, &error) || !store.fresh)
		return -1;
	if (na_store_create(&store, "example.org/log", identity, first_once, &error) || na_store_begin(&store, &error) ||
	    na_store_append(&store, "{\"n\":1}", 7, &error) || na_store_append(&store, "{\"n\":2}", 7, &error) ||
	    na_store_commit(&store, &error))
		return -1;
	na_store_close(&store);
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = { "journal.db", "journal.db-wal", "journal.db-shm", "journal.lock", "reserve" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
	return rmdir(directory);
}

static void test_a_journal_is_taken_up_where_it_ended(void **state)
{
	struct na_error error = { 0 };
	struct na_store store;
	uint8_t wanted[NA_HASH_BYTES];

	(void)state;
	assert_int_equal(na_store_open(&store, directory, &error), 0);
	assert_false(store.fresh);
	assert_string_equal(store.origin, "example.org/log");
	assert_int_equal(na_store_resume(&store, &nothing_signed, &error), 0);
	assert_int_equal(store.seq, 2);
	assert_int_equal(store.tree.size, 2);
	assert_int_equal(na_chain_genesis(&store.hash, wanted, "example.org/log", identity, first_once), 0);
	assert_int_equal(na_chain_row(&store.hash, wanted, 1, wanted, "{\"n\":1}", 7), 0);
	assert_int_equal(na_chain_row(&store.hash, wanted, 2, wanted, "{\"n\":2}", 7), 0);
	assert_memory_equal(store.row_hash, wanted, NA_HASH_BYTES);
	na_store_close(&store);
}

static void test_a_second_writer_is_refused_by_pid(void **state)
{
	struct na_error error = { 0 };
	struct na_store first, second;
	char pid[32];

	(void)state;
	assert_int_equal(na_store_open(&first, directory, &error), 0);
	assert_int_equal(na_store_open(&second, directory, &error), -EBUSY);
	(void)snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	assert_non_null(strstr(error.text, pid));
	na_store_close(&second);
	na_store_close(&first);
}

static void test_the_writers_connection_can_only_append(void **state)
{
	static const char *const denied[] = {
		"DELETE FROM record", "UPDATE record SET body = x'00'", "DROP TRIGGER record_next", "CREATE TABLE x(y)",
		"INSERT INTO meta VALUES(4, 'x', x'00')", "PRAGMA writable_schema=ON", "ATTACH ':memory:' AS x",
	};
	struct na_error error = { 0 };
	struct na_store store;

	(void)state;
	assert_int_equal(na_store_open(&store, directory, &error), 0);
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		if (sqlite3_exec(store.db, denied[i], NULL, NULL, NULL) != SQLITE_AUTH)
			fail_msg("not denied: %s", denied[i]);
	na_store_close(&store);
}

static void test_a_changed_tail_is_not_written_on(void **state)
{
	struct na_error error = { 0 };
	struct na_store store;
	char path[128];
	sqlite3 *db;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/journal.db", directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE record SET body = CAST('{\"n\":3}' AS BLOB) WHERE seq = 2", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(na_store_open(&store, directory, &error), 0);
	assert_int_equal(na_store_resume(&store, &nothing_signed, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "record 2"));
	na_store_close(&store);
}

static void test_a_journal_shorter_than_its_signed_tree_is_refused(void **state)
{
	struct na_error error = { 0 };
	struct na_store store;
	struct na_merkle tree = { .size = 5 };

	(void)state;
	assert_int_equal(na_store_open(&store, directory, &error), 0);
	assert_int_equal(na_store_resume(&store, &tree, &error), -ESTALE);
	na_store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_journal_is_taken_up_where_it_ended, begin, end),
		cmocka_unit_test_setup_teardown(test_a_second_writer_is_refused_by_pid, begin, end),
		cmocka_unit_test_setup_teardown(test_the_writers_connection_can_only_append, begin, end),
		cmocka_unit_test_setup_teardown(test_a_changed_tail_is_not_written_on, begin, end),
		cmocka_unit_test_setup_teardown(test_a_journal_shorter_than_its_signed_tree_is_refused, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
