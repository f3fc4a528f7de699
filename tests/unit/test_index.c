/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index.db follows the journal, and survives everything that can happen to a derived file.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "journal/index.h"
#include "journal/index_row.h"
#include "test_query_journal.h"

static void read_row(struct na_index_row *row, const char *body, int expected)
{
	assert_int_equal(na_index_row_read(row, body, strlen(body)), expected);
}

static void test_columns_are_read_wherever_they_stand(void **state)
{
	struct na_index_row row;
	const struct na_index_value *value = row.value;

	(void)state;
	read_row(&row, "{\"a\":[{\"pid\":1,\"t\":\"]}\"}],\"comm\":\"a\\\"\\\\\\n\\u001b\",\"dst\":\"1.2.3.4\","
		 "\"flow\":\"ffffffffffffffff\",\"pid\":-7,\"t\":12,\"zz\":true}", 0);
	assert_int_equal(value[NA_INDEX_PID].integer, -7);
	assert_int_equal(value[NA_INDEX_TIME].integer, 12);
	assert_int_equal(value[NA_INDEX_FLOW].integer, -1);
	assert_int_equal(value[NA_INDEX_COMM].length, 5);
	assert_memory_equal(value[NA_INDEX_COMM].bytes, "a\"\\\n\033", 5);
	assert_memory_equal(value[NA_INDEX_DST].bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
	assert_int_equal(value[NA_INDEX_KIND].type, NA_INDEX_ABSENT);
}

static void test_an_object_without_members_is_a_body(void **state)
{
	struct na_index_row row;

	(void)state;
	read_row(&row, "{}", 0);
	read_row(&row, "{}}", -EBADMSG);
	read_row(&row, "{,}", -EBADMSG);
}

static void test_a_value_of_another_type_is_absent(void **state)
{
	struct na_index_row row;

	(void)state;
	read_row(&row, "{\"comm\":5,\"dst\":\"nowhere\",\"flow\":\"xyz\",\"kind\":[\"open\"],\"pid\":\"7\",\"t\":1e5}", 0);
	for (int i = 0; i < NA_INDEX_COLUMNS; i++)
		assert_int_equal(row.value[i].type, NA_INDEX_ABSENT);
}

static void test_text_too_long_to_index_is_absent(void **state)
{
	char body[2048];
	struct na_index_row row;

	(void)state;
	snprintf(body, sizeof(body), "{\"comm\":\"%0*d\",\"kind\":\"%0*d\"}", NA_INDEX_TEXT_BYTES, 0,
		 NA_INDEX_TEXT_BYTES + 1, 0);
	read_row(&row, body, 0);
	assert_int_equal(row.value[NA_INDEX_COMM].length, NA_INDEX_TEXT_BYTES);
	assert_int_equal(row.value[NA_INDEX_KIND].type, NA_INDEX_ABSENT);
}

/* Each prefix is copied to the end of its own allocation, where the sanitizer sees any overrun. */
static void test_no_prefix_of_a_body_is_a_body(void **state)
{
	static const char body[] = "{\"a\":{\"b\":[1,\"\\\\\"]},\"comm\":\"x\\u0001y\",\"pid\":7,\"t\":12}";
	struct na_index_row row;

	(void)state;
	read_row(&row, body, 0);
	for (size_t length = 0; length < sizeof(body) - 1; length++) {
		char *copy = malloc(length ? length : 1);

		memcpy(copy, body, length);
		assert_int_equal(na_index_row_read(&row, copy, length), -EBADMSG);
		for (int i = 0; i < NA_INDEX_COLUMNS; i++)
			assert_int_equal(row.value[i].type, NA_INDEX_ABSENT);
		free(copy);
	}
}

static void test_random_damage_never_overruns(void **state)
{
	static const char body[] = "{\"a\":{\"b\":[1,\"\\\\\"]},\"comm\":\"x\\u0001y\",\"dst\":\"::1\",\"flow\":\"00ff\",\"t\":1}";
	static const char bytes[] = "\"\\{}[],:u0\0 \xff";
	struct synthetic random = { .random = 7 };
	struct na_index_row row;
	int accepted = 0;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		char *copy = malloc(sizeof(body) - 1);

		memcpy(copy, body, sizeof(body) - 1);
		for (unsigned int j = 0; j < 1 + synthetic_random(&random, 4); j++)
			copy[synthetic_random(&random, sizeof(body) - 1)] = bytes[synthetic_random(&random, sizeof(bytes) - 1)];
		accepted += !na_index_row_read(&row, copy, sizeof(body) - 1);
		free(copy);
	}
	assert_in_range(accepted, 1, 49999);
}

static int64_t ask(const struct synthetic *journal, const char *sql)
{
	char path[128];
	sqlite3 *db;
	sqlite3_stmt *statement;
	int64_t value;

	snprintf(path, sizeof(path), "%s/index.db", journal->directory);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return value;
}

static void test_the_index_catches_up_and_stays_caught_up(void **state)
{
	struct synthetic journal;
	struct na_index *index;

	(void)state;
	synthetic_open(&journal, 1);
	synthetic_fill(&journal, 9000);
	assert_int_equal(na_index_open(&index, journal.directory), 0);
	assert_int_equal(na_index_catch_up(index, 100), 100);
	assert_int_equal(na_index_last_seq(index), 100);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 8900);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 0);
	synthetic_fill(&journal, 10);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 10);
	assert_int_equal(ask(&journal, "SELECT count(*) FROM row"), 9010);
	assert_int_equal(ask(&journal, "SELECT count(*) FROM row r JOIN block b ON r.seq / 4096 = b.block"
			     " WHERE t BETWEEN min_t AND max_t"), 9010);
	na_index_close(index);
	assert_int_equal(na_index_open(&index, journal.directory), 0);
	assert_int_equal(na_index_last_seq(index), 9010);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 0);
	na_index_close(index);
	synthetic_close(&journal);
}

static void overwrite(const struct synthetic *journal, off_t offset, size_t bytes)
{
	char path[128], junk[8192];
	int fd;

	memset(junk, 0xa5, sizeof(junk));
	snprintf(path, sizeof(path), "%s/index.db", journal->directory);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, bytes, offset), bytes);
	close(fd);
}

static void test_a_damaged_index_is_made_again(void **state)
{
	static const struct {
		off_t offset;
		size_t bytes;
	} damages[] = { { 0, 100 }, { 100, 8 }, { 4096, 4096 }, { 8192, 8192 } };

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct synthetic journal;
		struct na_index *index;

		synthetic_open(&journal, 2);
		synthetic_fill(&journal, 500);
		assert_int_equal(na_index_open(&index, journal.directory), 0);
		assert_int_equal(na_index_catch_up(index, UINT64_MAX), 500);
		na_index_close(index);
		overwrite(&journal, damages[i].offset, damages[i].bytes);
		synthetic_fill(&journal, 500);
		assert_int_equal(na_index_open(&index, journal.directory), 0);
		assert_true(na_index_catch_up(index, UINT64_MAX) >= 500);
		assert_int_equal(na_index_last_seq(index), 1000);
		na_index_close(index);
		synthetic_close(&journal);
	}
}

static void test_another_journal_under_the_same_name_is_noticed(void **state)
{
	struct synthetic journal;
	struct na_index *index;

	(void)state;
	synthetic_open(&journal, 3);
	synthetic_fill(&journal, 100);
	assert_int_equal(na_index_open(&index, journal.directory), 0);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 100);
	synthetic_execute(&journal, "DELETE FROM record");
	journal.rows = 0;
	synthetic_fill(&journal, 150);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 150);
	assert_int_equal(ask(&journal, "SELECT count(*) FROM row"), 150);
	na_index_close(index);
	synthetic_close(&journal);
}

static void test_pruned_rows_are_forgotten(void **state)
{
	struct synthetic journal;
	struct na_index *index;

	(void)state;
	synthetic_open(&journal, 4);
	synthetic_fill(&journal, 300);
	assert_int_equal(na_index_open(&index, journal.directory), 0);
	assert_int_equal(na_index_catch_up(index, 50), 50);
	synthetic_execute(&journal, "DELETE FROM record WHERE seq < 200");
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 101);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 0);
	assert_int_equal(ask(&journal, "SELECT min(seq) FROM row"), 200);
	assert_int_equal(ask(&journal, "SELECT count(*) FROM row"), 101);
	na_index_close(index);
	synthetic_close(&journal);
}

static void test_a_body_that_is_not_json_is_still_indexed_by_number(void **state)
{
	struct synthetic journal;
	struct na_index *index;

	(void)state;
	synthetic_open(&journal, 5);
	synthetic_append(&journal, "garbage", 7);
	synthetic_append(&journal, "", 0);
	synthetic_fill(&journal, 1);
	assert_int_equal(na_index_open(&index, journal.directory), 0);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 3);
	assert_int_equal(ask(&journal, "SELECT count(*) FROM row WHERE kind IS NULL"), 2);
	na_index_close(index);
	synthetic_close(&journal);
}

static void test_rebuild_starts_at_the_first_row(void **state)
{
	struct synthetic journal;
	struct na_index *index;

	(void)state;
	synthetic_open(&journal, 6);
	synthetic_fill(&journal, 20);
	assert_int_equal(na_index_open(&index, journal.directory), 0);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 20);
	assert_int_equal(na_index_rebuild(index), 0);
	assert_int_equal(na_index_last_seq(index), 0);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 20);
	na_index_close(index);
	synthetic_close(&journal);
}

static void test_a_directory_without_a_journal_is_refused(void **state)
{
	struct na_index *index;
	char directory[] = "/tmp/netaudit-query-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(na_index_open(&index, directory), -ENOENT);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_read_wherever_they_stand),
		cmocka_unit_test(test_an_object_without_members_is_a_body),
		cmocka_unit_test(test_a_value_of_another_type_is_absent),
		cmocka_unit_test(test_text_too_long_to_index_is_absent),
		cmocka_unit_test(test_no_prefix_of_a_body_is_a_body),
		cmocka_unit_test(test_random_damage_never_overruns),
		cmocka_unit_test(test_the_index_catches_up_and_stays_caught_up),
		cmocka_unit_test(test_a_damaged_index_is_made_again),
		cmocka_unit_test(test_another_journal_under_the_same_name_is_noticed),
		cmocka_unit_test(test_pruned_rows_are_forgotten),
		cmocka_unit_test(test_a_body_that_is_not_json_is_still_indexed_by_number),
		cmocka_unit_test(test_rebuild_starts_at_the_first_row),
		cmocka_unit_test(test_a_directory_without_a_journal_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
