/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points in time as people write them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/when.c"

#define NOW_US INT64_C(1700000000123456)	/* 2023-11-14 22:13:20 UTC, 23:13:20 in the zone of the test */

static void test_what_people_write_is_understood(void **state)
{
	static const struct {
		const char *text;
		int64_t expected_us;
	} cases[] = {
		{ "now", NOW_US },
		{ "10 min ago", NOW_US - INT64_C(600000000) },
		{ "10min", NOW_US - INT64_C(600000000) },
		{ "1 h ago", NOW_US - INT64_C(3600000000) },
		{ "2 weeks ago", NOW_US - INT64_C(1209600000000) },
		{ "today", INT64_C(1699916400000000) },
		{ "yesterday", INT64_C(1699830000000000) },
		{ "@1700000000", INT64_C(1700000000000000) },
		{ "2023-11-14", INT64_C(1699916400000000) },
		{ "2023-11-14T22:13:20Z", INT64_C(1700000000000000) },
		{ "2023-11-14T23:13:20", INT64_C(1700000000000000) },
		{ "2023-11-14 23:13:20.25", INT64_C(1700000000250000) },
		{ "2023-11-15T03:43:20+05:30", INT64_C(1700000000000000) },
		{ "2023-11-14T17:13:20-0500", INT64_C(1700000000000000) },
		{ "23:13", INT64_C(1699999980000000) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t when_us = 0;

		assert_int_equal(na_parse_when(cases[i].text, NOW_US, &when_us), 0);
		assert_int_equal(when_us, cases[i].expected_us);
	}
}

static void test_anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "soon", "10", "10 parsecs ago", "10 min agoo", "min ago", "2023-02-31", "2023-13-01", "2023-11-14T",
		"2023-11-14T25:00", "2023-11-14T10:61", "2023-11-14T10:00+1", "2023-11-14T10:00Zx", "2023-11", "@", "@x",
		"1:2", "10:0", "-5 min ago", "9999999999 s ago",
		"999999999 weeks ago", "300000000d",
	};
	int64_t when_us;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(na_parse_when(bad[i], NOW_US, &when_us), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_people_write_is_understood),
		cmocka_unit_test(test_anything_else_is_refused),
	};

	setenv("TZ", "XST-1", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
