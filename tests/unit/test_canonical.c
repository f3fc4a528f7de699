/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The canonical writer, its validator and the field lookup. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netaudit/record.h>

#include "journal/canonical.h"

static uint8_t buffer[4096];

static void assert_written(struct na_canonical *c, const char *wanted)
{
	ssize_t length = na_canonical_end(c);

	assert_int_equal(length, strlen(wanted));
	assert_memory_equal(buffer, wanted, strlen(wanted));
	assert_int_equal(na_canonical_check(buffer, (size_t)length, NULL), 0);
}

static void test_every_type_is_written_in_its_one_spelling(void **state)
{
	struct na_canonical c;

	(void)state;
	na_canonical_begin(&c, buffer, sizeof(buffer));
	na_canonical_array_begin(&c, "a");
	na_canonical_integer(&c, NULL, -NA_INTEGER_MAX);
	na_canonical_text(&c, NULL, "\xff", 1);
	na_canonical_object_begin(&c, NULL);
	na_canonical_bool(&c, "x", false);
	na_canonical_object_end(&c);
	na_canonical_array_end(&c);
	na_canonical_bytes(&c, "b", "\x01\xab", 2);
	na_canonical_id(&c, "c", 0xdeadbeef);
	na_canonical_text(&c, "d", "q\"\\/\b\t\n\f\r\x01\x1f\x7f\xc3\xa9", 14);
	na_canonical_text(&c, "e", "a\0b", 3);
	na_canonical_integer(&c, "f", 0);
	assert_written(&c, "{\"a\":[-9007199254740991,{\"hex\":\"ff\"},{\"x\":false}],\"b\":\"01ab\",\"c\":\"00000000deadbeef\","
		       "\"d\":\"q\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\xc3\xa9\",\"e_hex\":\"610062\",\"f\":0}");
}

static void test_misuse_is_an_error_that_stays(void **state)
{
	struct na_canonical c;

	(void)state;
	na_canonical_begin(&c, buffer, sizeof(buffer));
	na_canonical_integer(&c, "b", 1);
	na_canonical_integer(&c, "a", 1);
	na_canonical_integer(&c, "c", 1);
	assert_int_equal(na_canonical_end(&c), -EINVAL);

	na_canonical_begin(&c, buffer, sizeof(buffer));
	na_canonical_integer(&c, "a", NA_INTEGER_MAX + 1);
	assert_int_equal(na_canonical_end(&c), -ERANGE);

	na_canonical_begin(&c, buffer, sizeof(buffer));
	na_canonical_object_begin(&c, "a");
	assert_int_equal(na_canonical_end(&c), -EINVAL);

	na_canonical_begin(&c, buffer, sizeof(buffer));
	for (int i = 0; i < NA_CANONICAL_DEPTH; i++)
		na_canonical_array_begin(&c, i ? NULL : "a");
	assert_int_equal(na_canonical_end(&c), -EINVAL);
}

/* Which keys a program may use must not depend on what a stranger sent. */
static void test_key_order_reserves_the_hex_form_of_text(void **state)
{
	struct na_canonical c;

	(void)state;
	na_canonical_begin(&c, buffer, sizeof(buffer));
	na_canonical_text(&c, "host", "fine", 4);
	na_canonical_integer(&c, "host_a", 1);
	assert_int_equal(na_canonical_end(&c), -EINVAL);
}

static void test_a_buffer_one_byte_short_is_refused(void **state)
{
	struct na_canonical c;
	const size_t whole = strlen("{\"a\":\"\\n\"}");

	(void)state;
	for (size_t capacity = 0; capacity <= whole; capacity++) {
		na_canonical_begin(&c, buffer, capacity);
		na_canonical_text(&c, "a", "\n", 1);
		assert_int_equal(na_canonical_end(&c), capacity == whole ? (ssize_t)whole : -ENOBUFS);
	}
}

static void test_the_validator_refuses_every_second_spelling(void **state)
{
	static const char *const bad[] = {
		"", "{", "[]", "1", "{} ", " {}", "{ }", "{\"a\":1,}", "{\"a\":1,\"a\":1}", "{\"b\":1,\"a\":1}", "{\"A\":1}",
		"{\"\":1}", "{\"a\":-0}", "{\"a\":01}", "{\"a\":1.0}", "{\"a\":1e3}", "{\"a\":1e400}", "{\"a\":9007199254740992}",
		"{\"a\":99999999999999999999}", "{\"a\":-}", "{\"a\":null}", "{\"a\":tru}", "{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\u0041\"}", "{\"a\":\"\\u000A\"}", "{\"a\":\"\\u000a\"}", "{\"a\":\"\\u001F\"}", "{\"a\":\"\\/\"}",
		"{\"a\":\"\\ud800\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xc0\xaf\"}", "{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"a\":\"\x01\"}", "{\"a\":\"x}", "{\"a\":\"x\\", "{\"a\":[1,]}", "{\"a\":[[[[[[[[]]]]]]]]}", "{\"a\":'x'}",
	};
	static const char *const good[] = {
		"{}", "{\"a\":[]}", "{\"a\":[[[[[[[]]]]]]]}", "{\"a\":-9007199254740991}", "{\"a\":0,\"a0\":1,\"a_\":{}}",
		"{\"a\":\"\\u001f\\n\\\"\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (na_canonical_check(bad[i], strlen(bad[i]), NULL) == 0)
			fail_msg("accepted: %s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (na_canonical_check(good[i], strlen(good[i]), NULL))
			fail_msg("refused: %s", good[i]);
	assert_int_equal(na_canonical_check("{\"a\":\"\0\"}", 9, NULL), -EBADMSG);
}

static void test_lookup_sees_only_the_top_level(void **state)
{
	static const char body[] = "{\"a\":{\"k\":1,\"z\":\"}\\\"\"},\"h\":\"00ff\",\"k\":-42,\"s\":\"x\\\"y\",\"t\":true}";
	const size_t length = sizeof(body) - 1;
	const char *text;
	size_t bytes;
	int64_t number;
	uint8_t hex[2];
	bool yes;

	(void)state;
	assert_int_equal(na_canonical_check(body, length, NULL), 0);
	assert_int_equal(na_canonical_find_integer(body, length, "k", &number), 0);
	assert_int_equal(number, -42);
	assert_int_equal(na_canonical_find_text(body, length, "s", &text, &bytes), 0);
	assert_int_equal(bytes, 4);
	assert_int_equal(na_canonical_find_hex(body, length, "h", hex, 2), 0);
	assert_int_equal(hex[1], 0xff);
	assert_int_equal(na_canonical_find_bool(body, length, "t", &yes), 0);
	assert_true(yes);
	assert_int_equal(na_canonical_find_text(body, length, "z", &text, &bytes), -ENOENT);
	assert_int_equal(na_canonical_find_text(body, length, "k", &text, &bytes), -EBADMSG);
	assert_int_equal(na_canonical_find_integer(body, length, "s", &number), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_is_written_in_its_one_spelling),
		cmocka_unit_test(test_misuse_is_an_error_that_stays),
		cmocka_unit_test(test_key_order_reserves_the_hex_form_of_text),
		cmocka_unit_test(test_a_buffer_one_byte_short_is_refused),
		cmocka_unit_test(test_the_validator_refuses_every_second_spelling),
		cmocka_unit_test(test_lookup_sees_only_the_top_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
