/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When an add-on first reached a destination: whatever the order, and however often the sums are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "journal/rollup.h"

#define HOUR NA_ROLLUP_HOUR_US

struct sums {
	sqlite3 *db;
	struct na_rollup rollup;
	int64_t seq;
};

static void begin(struct sums *sums)
{
	memset(sums, 0, sizeof(*sums));
	assert_int_equal(sqlite3_open(":memory:", &sums->db), SQLITE_OK);
	assert_int_equal(na_rollup_create(sums->db), 0);
	assert_int_equal(na_rollup_open(&sums->rollup, sums->db), 0);
}

static void end(struct sums *sums)
{
	na_rollup_close(&sums->rollup);
	sqlite3_close(sums->db);
}

static void call(struct sums *sums, int64_t t, const char *addon, const char *host, const char *bucket,
		 const char *direction)
{
	static struct na_index_row row;
	char body[512];
	int bytes = snprintf(body, sizeof(body),
			     "{\"addon\":\"%s\",\"bucket\":\"%s\",\"component\":\"c\",\"direction\":\"%s\",\"dst\":\"198.51.100.1\",\"flow\":"
			     "\"%016llx\",\"kind\":\"open\",\"resolved\":\"%s\",\"src\":\"198.51.100.2\",\"t\":%lld}", addon, bucket, direction,
			     (long long)sums->seq + 1, host, (long long)t);

	assert_int_equal(na_index_row_read(&row, body, (size_t)bytes), 0);
	assert_int_equal(na_rollup_add(&sums->rollup, ++sums->seq, &row), 0);
}

/* "destination addon bucket time;" of each, in the order of the table. */
static void assert_met(struct sums *sums, const char *wanted)
{
	static const char sql[] = "SELECT destination, addon, bucket, first_t FROM met";
	char text[512] = "";
	sqlite3_stmt *rows;

	assert_int_equal(na_rollup_flush(&sums->rollup), 0);
	assert_int_equal(sqlite3_prepare_v2(sums->db, sql, -1, &rows, NULL), SQLITE_OK);
	while (sqlite3_step(rows) == SQLITE_ROW) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s %s %s %lld;", sqlite3_column_text(rows, 0),
			 sqlite3_column_text(rows, 1), sqlite3_column_text(rows, 2), (long long)sqlite3_column_int64(rows, 3));
	}
	sqlite3_finalize(rows);
	assert_string_equal(text, wanted);
}

/* Calls of two days; the clock is set back once, and two differ in nothing but whose the destination is. */
static void many(struct sums *sums, bool often)
{
	static const struct { int64_t t; const char *addon, *host, *bucket, *direction; } calls[] = {
		{ 5 * HOUR, "a", "x.example", "vendor", "outbound" },	 { 5 * HOUR + 1, "a", "x.example", "vendor", "outbound" },
		{ 5 * HOUR + 2, "", "x.example", "vendor", "outbound" }, { 5 * HOUR + 3, "a", "z.example", "internal", "outbound" },
		{ 30 * HOUR, "b", "x.example", "vendor", "outbound" },	 { 30 * HOUR, "a", "y.example", "vendor", "outbound" },
		{ 30 * HOUR, "a", "y.example", "unknown", "outbound" },	 { 31 * HOUR, "a", "x.example", "vendor", "outbound" },
		{ 29 * HOUR, "b", "x.example", "vendor", "outbound" },	 { 29 * HOUR - 9, "b", "x.example", "vendor", "outbound" },
		{ 30 * HOUR - 1, "c", "x.example", "vendor", "inbound" },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		call(sums, calls[i].t, calls[i].addon, calls[i].host, calls[i].bucket, calls[i].direction);
		if (often)
			assert_int_equal(na_rollup_flush(&sums->rollup), 0);
	}
}

static void test_the_first_time_is_kept_however_often_it_is_written(void **state)
{
	(void)state;
	for (int often = 0; often < 2; often++) {
		struct sums sums;

		begin(&sums);
		many(&sums, often);
		assert_met(&sums, "x.example  vendor 18000000002;x.example a vendor 18000000000;x.example b vendor 104399999991;"
				  "y.example a unknown 108000000000;");
		end(&sums);
	}
}

static void test_what_is_in_no_hour_any_more_is_not_met(void **state)
{
	struct sums sums;

	(void)state;
	begin(&sums);
	many(&sums, false);
	assert_int_equal(na_rollup_flush(&sums.rollup), 0);
	assert_int_equal(na_rollup_forget(&sums.rollup, 5, 30 * HOUR), 0);
	assert_met(&sums, "x.example a vendor 18000000000;x.example b vendor 104399999991;y.example a unknown 108000000000;");
	end(&sums);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_time_is_kept_however_often_it_is_written),
		cmocka_unit_test(test_what_is_in_no_hour_any_more_is_not_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
