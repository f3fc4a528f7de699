// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's parsers of LDAP and of PostgreSQL's start-up, compiled for this process: both directions, cut anyhow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "test_dialogue.h"

#define SAY(by_server, bytes, piece) say(by_server, bytes, sizeof(bytes) - 1, piece)

static void test_ldap_operations_are_exchanges(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		new_connection();
		SAY(false, "\x30\x17\x02\x01\x01\x60\x12\x02\x01\x03\x04\x05" "cn=me\x80\x06SECRET", piece);
		SAY(true, "\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00", piece);	/* 49: wrong password */
		/* a search with a long form of lengths, and its answer of an entry and a result */
		SAY(false, "\x30\x84\x00\x00\x00\x0d\x02\x02\x01\x02\x63\x84\x00\x00\x00\x03" "abc", piece);
		SAY(true, "\x30\x0c\x02\x02\x01\x02\x64\x06SECRET\x30\x84\x00\x00\x00\x11\x02\x02\x01\x02\x65\x84\x00\x00\x00\x07"
		    "\x0a\x01\x00\x04\x00\x04\x00", piece);
		SAY(false, "\x30\x05\x02\x01\x03\x42\x00", piece);
		assert_int_equal(told_count, 5);
		assert_message(&told[0], NA_MESSAGE_REQUEST, 0, NA_COMMAND_BIND);
		assert_int_equal(told[0].body_bytes, 25);
		assert_message(&told[1], NA_MESSAGE_RESPONSE, 0, 0);
		assert_int_equal(told[1].status, 49);
		assert_message(&told[2], NA_MESSAGE_REQUEST, 1, NA_COMMAND_SEARCH);
		assert_message(&told[3], NA_MESSAGE_RESPONSE, 1, 0);
		assert_int_equal(told[3].status, 0);
		assert_int_equal(told[3].body_bytes, 14 + 23);
		assert_message(&told[4], NA_MESSAGE_REQUEST, 2, NA_COMMAND_UNBIND);
		assert_no_secret();
	}
}

static void test_ldap_lengths_that_lie_end_the_stream(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} lies[] = { { "\x30\x02\x02\x01\x01\x60", 6 }, { "\x30\x85\0\0\0\0\1", 7 }, { "\x30\x80", 2 }, { "\x30\x07\x02\x05", 4 },
		     { "\x30\x07\x02\x01\x01\x61", 6 }, { "0123456789", 10 } };

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		new_connection();
		say(false, lies[i].bytes, lies[i].length, 1);
		assert_int_equal(told_count, 0);
		assert_int_equal(client.state, NA_CLEAR_OPAQUE);
	}
}

#define STARTUP "\0\0\0\x40\0\3\0\0user\0odoo\0database\0prod12345\0application_name\0SECRET__\0\0"

static void test_a_startup_is_one_exchange(void **state)
{
	(void)state;
	_Static_assert(sizeof(STARTUP) - 1 == 0x40, "its length is its own");
	for (size_t piece = 1; piece < 40; piece++) {
		new_connection();
		SAY(false, "\0\0\0\x08\x04\xd2\x16\x2f", piece);
		SAY(true, "N", piece);
		SAY(false, STARTUP, piece);
		SAY(true, "R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0", piece);
		SAY(false, "p\0\0\0\x0eSECRETxxxx", piece);
		SAY(true, "R\0\0\0\x08\0\0\0\0S\0\0\0\x0fSECRET\0xxx\0Z\0\0\0\5I", piece);
		SAY(false, "Q\0\0\0\x12SELECT SECRET\0", piece);
		assert_int_equal(told_count, 2);
		assert_message(&told[0], NA_MESSAGE_REQUEST, 0, NA_COMMAND_STARTUP);
		assert_text(&told[0], "uodoo\ndprod#####\n");
		assert_int_equal(told[0].body_bytes, 0x40);
		assert_message(&told[1], NA_MESSAGE_RESPONSE, 0, NA_COMMAND_STARTUP);
		assert_string_equal(told[1].method, "");
		assert_int_equal(client.state, NA_CLEAR_OPAQUE);
		assert_int_equal(server.state, NA_CLEAR_OPAQUE);
		assert_no_secret();
	}
}

static void test_a_refused_startup_says_why(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		new_connection();
		SAY(false, STARTUP, piece);
		SAY(true, "R\0\0\0\x08\0\0\0\0E\0\0\0\x1eSFATAL\0C28P01\0MSECRET no\0\0", piece);
		assert_int_equal(told_count, 2);
		assert_string_equal(told[1].method, "28P01");
		assert_no_secret();
	}
}

static void test_tls_ends_what_is_clear(void **state)
{
	(void)state;
	new_connection();
	SAY(false, "\0\0\0\x08\x04\xd2\x16\x2f", 3);
	SAY(true, "S", 1);
	SAY(false, "\x16\3\1", 1);
	SAY(true, "\x16\3\3", 1);
	assert_int_equal(told_count, 0);
	assert_int_equal(client.state, NA_CLEAR_OPAQUE);
	assert_int_equal(server.state, NA_CLEAR_OPAQUE);
}

static void test_what_is_no_startup_is_nothing(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} others[] = { { "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1\0\0\0\2", 16 }, { "\0\0\0\x20\0\2\0\0user\0x\0\0", 16 },
		       { "\0\1\0\0\0\3\0\0user\0x\0\0", 16 }, { "\0\0\0\x0b\0\3\0\0user\0x\0\0", 16 } };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		new_connection();
		say(false, others[i].bytes, others[i].length, 5);
		assert_int_equal(told_count, 0);
		assert_int_equal(client.state, NA_CLEAR_OPAQUE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ldap_operations_are_exchanges),
		cmocka_unit_test(test_ldap_lengths_that_lie_end_the_stream),
		cmocka_unit_test(test_a_startup_is_one_exchange),
		cmocka_unit_test(test_a_refused_startup_says_why),
		cmocka_unit_test(test_tls_ends_what_is_clear),
		cmocka_unit_test(test_what_is_no_startup_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
