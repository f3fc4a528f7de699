/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Untrusted text can neither act on a terminal nor pass for something else after escaping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

static const struct {
	const char *text;
	size_t bytes;
	const char *escaped;
} cases[] = {
	{ "", 0, "" },
	{ "plain text-1.2", 14, "plain text-1.2" },
	{ "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x90\x98", 14, "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x90\x98" },
	{ "a\\x41", 5, "a\\\\x41" },
	{ "\x1b[31m", 5, "\\x1b[31m" },
	{ "a\nb\rc\td\0e", 9, "a\\x0ab\\x0dc\\x09d\\x00e" },
	{ "\x7f", 1, "\\x7f" },
	{ "\xc2\x9b" "31m", 5, "\\xc2\\x9b31m" },			/* CSI as one C1 character */
	{ "\xe2\x80\xae" "fdp.exe", 10, "\\xe2\\x80\\xaefdp.exe" },	/* right-to-left override */
	{ "\xe2\x81\xa6" "x", 4, "\\xe2\\x81\\xa6x" },			/* left-to-right isolate */
	{ "\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b" },			/* zero-width space */
	{ "\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8" },			/* line separator */
	{ "\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf" },			/* byte order mark */
	{ "\xf3\xa0\x81\x81", 4, "\\xf3\\xa0\\x81\\x81" },		/* tag character */
	{ "\xff\xfe", 2, "\\xff\\xfe" },
	{ "\xc0\xaf", 2, "\\xc0\\xaf" },				/* overlong "/" */
	{ "\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf" },
	{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },			/* surrogate */
	{ "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" },		/* above U+10FFFF */
	{ "\xe6\x97", 2, "\\xe6\\x97" },				/* cut short */
	{ "\xe6" "a", 2, "\\xe6" "a" },
	{ "\x80", 1, "\\x80" },
};

static void test_each_kind_of_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[128];
		size_t length = na_escape(out, sizeof(out), cases[i].text, cases[i].bytes);

		assert_string_equal(out, cases[i].escaped);
		assert_int_equal(length, strlen(cases[i].escaped));
	}
}

static void test_line_form_keeps_backslashes_and_nothing_else(void **state)
{
	char out[64];

	(void)state;
	na_escape_line(out, sizeof(out), "a\\x1b \x1b\n", 8);
	assert_string_equal(out, "a\\x1b \\x1b\\x0a");
}

static void test_what_does_not_fit_is_cut_between_characters(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(na_escape(out, 8, "abcdefgh", 8), 7);
	assert_string_equal(out, "abcd...");
	na_escape(out, 8, "abcdefg", 7);
	assert_string_equal(out, "abcdefg");
	/* Neither an escape nor a character is left half written. */
	na_escape(out, 10, "abc\x01\x02", 5);
	assert_string_equal(out, "abc...");
	na_escape(out, 9, "abc\xe6\x97\xa5\xe6\x97\xa5", 9);
	assert_string_equal(out, "abc...");
	na_escape(out, 3, "abcdefg", 7);
	assert_string_equal(out, "..");
	assert_int_equal(na_escape(out, 1, "abc", 3), 0);
	assert_string_equal(out, "");
	assert_int_equal(na_escape(out, 0, "abc", 3), 0);
}

/* Whatever goes in: what comes out is visible UTF-8 of the promised size, and different inputs differ. */
static void test_random_bytes_come_out_printable(void **state)
{
	(void)state;
	srandom(7);
	for (int round = 0; round < 20000; round++) {
		uint8_t text[24];
		char out[NA_ESCAPED_BYTES(sizeof(text))], again[NA_ESCAPED_BYTES(NA_ESCAPED_BYTES(sizeof(text)))];
		size_t length, at = 0, kept = 0;

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (uint8_t)random();
		length = na_escape(out, sizeof(out), text, sizeof(text));
		assert_true(length < sizeof(out));
		assert_true(na_utf8_valid(out, length));
		/* Escaping the result leaves everything but its backslashes alone: nothing unsafe is left. */
		na_escape_line(again, sizeof(again), out, length);
		assert_string_equal(out, again);
		/* Undoing it gives the input back. */
		while (at < length) {
			uint8_t byte = (uint8_t)out[at++];

			if (byte == '\\' && out[at] == 'x') {
				char digits[3] = { out[at + 1], out[at + 2], 0 };

				byte = (uint8_t)strtoul(digits, NULL, 16);
				at += 3;
			} else if (byte == '\\') {
				at++;
			}
			assert_true(kept < sizeof(text));
			assert_int_equal(byte, text[kept++]);
		}
		assert_int_equal(kept, sizeof(text));
	}
}

static void test_a_cut_character_is_taken_away(void **state)
{
	const char *const whole = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d";	/* 1, 2, 3 and 4 bytes */
	const size_t kept[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10 };

	(void)state;
	for (size_t bytes = 0; bytes < sizeof(kept) / sizeof(kept[0]); bytes++) {
		char text[16] = "";

		memcpy(text, whole, bytes);
		assert_int_equal(na_utf8_trim(text), kept[bytes]);
		assert_int_equal(strlen(text), kept[bytes]);
		assert_true(na_utf8_valid(text, strlen(text)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_text),
		cmocka_unit_test(test_line_form_keeps_backslashes_and_nothing_else),
		cmocka_unit_test(test_what_does_not_fit_is_cut_between_characters),
		cmocka_unit_test(test_random_bytes_come_out_printable),
		cmocka_unit_test(test_a_cut_character_is_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
