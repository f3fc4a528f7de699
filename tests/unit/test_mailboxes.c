// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's parsers of IMAP and POP3, compiled for this process: both directions of sessions, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "test_dialogue.h"

/* Requests and responses alternate in `told`. */
static void assert_exchange(size_t at, int command, int status)
{
	assert_true(told_count >= 2 * at + 2);
	assert_message(&told[2 * at], NA_MESSAGE_REQUEST, at, command);
	assert_message(&told[2 * at + 1], NA_MESSAGE_RESPONSE, at, 0);
	assert_int_equal(told[2 * at + 1].status, status);
	assert_text(&told[2 * at], "");
}

static void test_imap_commands_are_exchanges(void **state)
{
	static const char *const lines[] = {
		"S:* OK SECRET ready\r\n", "C:A1 LOGIN SECRET {6}\r\n", "S:+ go on\r\n", "C:SECRET\r\n",
		"S:* CAPABILITY x\r\nA1 NO SECRET\r\n", "C:A2 select SECRET\r\n", "S:* 3 EXISTS\r\nA2 OK [READ-WRITE] x\r\n",
		"C:A3 UID FETCH 1:* (BODY[])\r\n", "S:* 1 FETCH (BODY[] {14}\r\nA3 BAD SECRET\r UID 7)\r\nA3 OK done\r\n",
		"C:A4 XSECRET {6+}\r\nSECRET x\r\n", "S:A4 BAD what\r\n", "C:A5 LOGOUT\r\n", "S:* BYE\r\nA5 OK bye\r\n", NULL,
	};

	(void)state;
	for (size_t piece = 1; piece < 40; piece += 3) {
		talk(lines, piece);
		assert_int_equal(told_count, 10);
		assert_exchange(0, NA_COMMAND_LOGIN, NA_RESULT_NO);
		assert_int_equal(told[0].body_bytes, strlen("A1 LOGIN SECRET {6}\r\nSECRET\r\n"));
		assert_exchange(1, NA_COMMAND_SELECT, NA_RESULT_OK);
		assert_exchange(2, NA_COMMAND_FETCH, NA_RESULT_OK);
		assert_true(told[4].flags & NA_MESSAGE_UID);
		assert_int_equal(told[5].body_bytes, strlen(lines[8] + 2));
		assert_exchange(3, NA_COMMAND_OTHER, NA_RESULT_BAD);
		assert_exchange(4, NA_COMMAND_LOGOUT, NA_RESULT_OK);
		assert_no_secret();
	}
}

static void test_imap_answers_belong_to_tags(void **state)
{
	static const char *const lines[] = { "S:* OK x\r\n", "C:a NOOP\r\nb CHECK\r\nc CLOSE\r\n",
					     "S:c OK x\r\nq OK x\r\na NO x\r\n", NULL };

	(void)state;
	talk(lines, 100);
	assert_int_equal(told_count, 5);
	assert_message(&told[3], NA_MESSAGE_RESPONSE, 2, 0);
	assert_int_equal(told[3].status, NA_RESULT_OK);
	assert_message(&told[4], NA_MESSAGE_RESPONSE, 0, 0);
	assert_int_equal(told[4].status, NA_RESULT_NO);
}

static void test_imap_challenges_and_idle_are_no_commands(void **state)
{
	static const char *const lines[] = {
		"S:* OK x\r\n", "C:a AUTHENTICATE PLAIN\r\n", "S:+ \r\n", "C:SECRET LOGIN x\r\n", "S:a OK x\r\n",
		"C:b IDLE\r\n", "S:+ idling\r\n", "S:* 4 EXISTS\r\n", "C:DONE\r\n", "S:b OK x\r\n", "C:c NOOP\r\n", "S:c OK x\r\n", NULL,
	};

	(void)state;
	for (size_t piece = 1; piece < 30; piece += 4) {
		talk(lines, piece);
		assert_int_equal(told_count, 6);
		assert_exchange(0, NA_COMMAND_AUTHENTICATE, NA_RESULT_OK);
		assert_exchange(1, NA_COMMAND_IDLE, NA_RESULT_OK);
		assert_exchange(2, NA_COMMAND_NOOP, NA_RESULT_OK);
		assert_no_secret();
	}
}

static void test_an_imap_client_may_begin_inside_tls(void **state)
{
	static const char *const lines[] = { "C:KBJD3 CAPABILITY\r\n", "S:* CAPABILITY IMAP4\r\nKBJD3 OK x\r\n", NULL };
	static const char *const http[] = { "C:GETX / HTTP/1.1\r\n\r\n", "S:* OK\r\n", NULL };

	(void)state;
	talk(lines, 3);
	assert_int_equal(told_count, 2);
	assert_exchange(0, NA_COMMAND_CAPABILITY, NA_RESULT_OK);
	assert_int_equal(told[0].body_bytes, strlen("KBJD3 CAPABILITY\r\n"));
	talk(http, 3);
	assert_int_equal(told_count, 0);
	assert_int_equal(client.state, NA_CLEAR_OPAQUE);
}

static void test_pop3_commands_are_exchanges(void **state)
{
	static const char *const lines[] = {
		"S:+OK SECRET ready\r\n", "C:USER SECRET\r\n", "S:+OK\r\n", "C:PASS SECRET\r\n", "S:-ERR SECRET\r\n",
		"C:list\r\n", "S:+OK 2\r\n1 10\r\n2 20\r\n.\r\n", "C:LIST 2\r\n", "S:+OK 2 20\r\n", "C:RETR 9\r\n", "S:-ERR none\r\n",
		"C:RETR 1\r\n", "S:+OK 14\r\nSubject: SECRET\r\n\r\n..+OK\r\n-ERR\r\n.\r\n", "C:QUIT\r\n", "S:+OK bye\r\n", NULL,
	};

	(void)state;
	for (size_t piece = 1; piece < 40; piece += 3) {
		talk(lines, piece);
		assert_int_equal(told_count, 14);
		assert_exchange(0, NA_COMMAND_USER, NA_RESULT_OK);
		assert_exchange(1, NA_COMMAND_PASS, NA_RESULT_BAD);
		assert_exchange(2, NA_COMMAND_LIST, NA_RESULT_OK);
		assert_exchange(3, NA_COMMAND_LIST, NA_RESULT_OK);
		assert_exchange(4, NA_COMMAND_RETR, NA_RESULT_BAD);
		assert_exchange(5, NA_COMMAND_RETR, NA_RESULT_OK);
		assert_int_equal(told[11].body_bytes, strlen("+OK 14\r\nSubject: SECRET\r\n\r\n.+OK\r\n-ERR\r\n"));
		assert_exchange(6, NA_COMMAND_QUIT, NA_RESULT_OK);
		assert_no_secret();
	}
}

static void test_pop3_challenges_are_no_commands(void **state)
{
	static const char *const lines[] = { "S:+OK x\r\n", "C:AUTH LOGIN\r\n", "S:+ VXNlcg==\r\n", "C:SECRET\r\n", "S:+ x\r\n",
					     "C:SECRET\r\n", "S:+OK x\r\n", "C:STLS\r\n", "S:+OK x\r\n", "C:\x16\x03", NULL };

	(void)state;
	talk(lines, 3);
	assert_int_equal(told_count, 4);
	assert_exchange(0, NA_COMMAND_AUTH, NA_RESULT_OK);
	assert_exchange(1, NA_COMMAND_STLS, NA_RESULT_OK);
	assert_int_equal(client.state, NA_CLEAR_OPAQUE);
	assert_no_secret();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_imap_commands_are_exchanges),
		cmocka_unit_test(test_imap_answers_belong_to_tags),
		cmocka_unit_test(test_imap_challenges_and_idle_are_no_commands),
		cmocka_unit_test(test_an_imap_client_may_begin_inside_tls),
		cmocka_unit_test(test_pop3_commands_are_exchanges),
		cmocka_unit_test(test_pop3_challenges_are_no_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
