// SPDX-License-Identifier: GPL-2.0-or-later
/* HTTP/2 in the kernel's parser, compiled for this process: the examples of RFC 7541, and frames cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "test_dialogue.h"

#define SAY(by_server, bytes, piece) say(by_server, bytes, sizeof(bytes) - 1, piece)
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64"
#define EMPTY_SETTINGS "\0\0\0\4\0\0\0\0\0"

/* RFC 7541, C.4.1 to C.4.3: three requests, with Huffman's codes and a table that grows. */
#define FIRST "\0\0\x11\1\5\0\0\0\1\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"
#define SECOND "\0\0\x0c\1\5\0\0\0\3\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf"
#define THIRD \
	"\0\0\x18\1\5\0\0\0\5\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8" \
	"\xb4\xbf"

static void assert_request(const struct na_message *message, uint64_t number, const char *method, const char *host,
			   const char *path, const char *keys)
{
	assert_int_equal(message->kind, NA_MESSAGE_REQUEST);
	assert_int_equal(message->protocol, NA_PROTOCOL_HTTP2);
	assert_int_equal(message->number, number);
	assert_true(message->head_bytes);
	assert_string_equal(message->method, method);
	assert_int_equal(message->host_bytes, strlen(host));
	assert_memory_equal(message->host, host, strlen(host));
	assert_int_equal(message->path_bytes, strlen(path));
	assert_int_equal(message->keys_bytes, strlen(keys));
	assert_memory_equal(message->text, path, strlen(path));
	assert_string_equal(message->text + strlen(path), keys);
}

static void test_the_examples_of_the_standard(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 70; piece++) {
		new_connection();
		SAY(false, PREFACE SETTINGS, piece);
		SAY(true, EMPTY_SETTINGS, piece);
		SAY(false, FIRST SECOND THIRD, piece);
		assert_int_equal(told_count, 3);
		assert_request(&told[0], 0, "GET", "www.example.com", "/", "");
		assert_request(&told[1], 1, "GET", "www.example.com", "/", "");
		assert_request(&told[2], 2, "GET", "www.example.com", "/index.html", "");
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(told[i].part, NA_MESSAGE_WHOLE);
	}
}

static void test_a_server_may_speak_first(void **state)
{
	(void)state;
	new_connection();
	SAY(true, SETTINGS, 4);
	SAY(false, PREFACE SETTINGS FIRST, 5);
	SAY(true, "\0\0\1\1\5\0\0\0\1\x8d", 1);
	assert_int_equal(told_count, 2);
	assert_request(&told[0], 0, "GET", "www.example.com", "/", "");
	assert_int_equal(told[1].kind, NA_MESSAGE_RESPONSE);
	assert_int_equal(told[1].number, 0);
	assert_int_equal(told[1].status, 404);
}

static void test_bodies_are_counted_by_stream(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 40; piece += 2) {
		new_connection();
		SAY(false, PREFACE, piece);
		/* two POST, /a/12345678?k=SECRET&SECRET and nothing kept; DATA of both, padding in one */
		SAY(false, "\0\0\x21\1\4\0\0\0\1\x83\x04\x1b/a/12345678?k=SECRET&SECRET\x41\1h", piece);
		SAY(false, "\0\0\7\1\x2c\0\0\0\3\2\0\0\0\0\x10\x83", piece);	/* padding that does not fit */
		assert_int_equal(client.state, NA_CLEAR_OPAQUE);
		assert_int_equal(told_count, 1);
		assert_request(&told[0], 0, "POST", "h", "/a/########", "k\n*\n");
		assert_int_equal(told[0].part, NA_MESSAGE_HEAD);
		assert_no_secret();
		new_connection();
		SAY(false, PREFACE "\0\0\x21\1\4\0\0\0\1\x83\x04\x1b/a/12345678?k=SECRET&SECRET\x41\1h", piece);
		SAY(false, "\0\0\x0a\1\x2c\0\0\0\3\2\0\0\0\0\x10\x83\xbe\0\0\0\0\2\0\0\0\0\0\3xy\0\0\3\0\1\0\0\0\3abc", piece);
		SAY(false, "\0\0\7\0\x08\0\0\0\1\2SECR\0\0\0\0\2\0\1\0\0\0\3ab\0\0\0\0\1\0\0\0\1", piece);
		assert_int_equal(told_count, 4);
		assert_request(&told[1], 1, "POST", "h", "", "");
		assert_int_equal(told[2].number, 1);
		assert_int_equal(told[2].part, NA_MESSAGE_WHOLE);
		assert_int_equal(told[2].head_bytes, 0);
		assert_int_equal(told[2].body_bytes, 5);
		assert_int_equal(told[3].number, 0);
		assert_int_equal(told[3].body_bytes, 4);
		assert_no_secret();
	}
}

static void test_a_block_in_parts_and_trailers(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 40; piece += 2) {
		new_connection();
		SAY(false, PREFACE FIRST, piece);
		SAY(true, "\0\0\1\1\0\0\0\0\1\x08\0\0\4\x09\4\0\0\0\1\3" "103", piece);		/* another follows */
		SAY(true, "\0\0\3\1\0\0\0\0\1\x48\3" "3\0\0\2\x09\4\0\0\0\1" "02", piece);
		SAY(true, "\0\0\3\0\0\0\0\0\1abc\0\0\3\1\5\0\0\0\1\x40\1x", piece);		/* trailers that are cut */
		assert_int_equal(server.state, NA_CLEAR_OPAQUE);
		assert_int_equal(told_count, 2);
		assert_int_equal(told[1].status, 302);
		assert_int_equal(told[1].part, NA_MESSAGE_HEAD);
		new_connection();
		SAY(false, PREFACE FIRST, piece);
		SAY(true, "\0\0\5\1\4\0\0\0\1\x48\3" "302\0\0\3\0\0\0\0\0\1abc\0\0\5\1\5\0\0\0\1\x40\1x\1y", piece);
		SAY(true, "\0\0\1\1\5\0\0\0\3\xbf", piece);
		assert_int_equal(told_count, 4);
		assert_int_equal(told[2].body_bytes, 3);
		assert_int_equal(told[3].status, 302);	/* the entry before the trailer's */
		assert_int_equal(told[3].number, 1);
	}
}

static void test_what_is_not_known_is_not_said(void **state)
{
	(void)state;
	new_connection();
	SAY(false, PREFACE FIRST "\0\0\1\1\5\0\0\0\3\x82" SECOND, 7);
	assert_int_equal(told_count, 3);
	assert_request(&told[1], 1, "GET", "", "", "");
	assert_request(&told[2], 1, "GET", "", "/", "");	/* the text of that entry is gone */
	new_connection();
	SAY(false, PREFACE "\0\0\1\1\5\0\0\0\1\xbe", 7);	/* an entry that nobody made */
	assert_int_equal(told_count, 0);
	assert_int_equal(client.state, NA_CLEAR_OPAQUE);
	new_connection();
	/* a table of no bytes: nothing went in, and what an index means is not known */
	SAY(false, PREFACE "\0\0\7\1\5\0\0\0\1\x82\x20\x41\3xyz" "\0\0\2\1\5\0\0\0\3\x82\xbe", 7);
	assert_int_equal(told_count, 2);
	assert_request(&told[0], 0, "GET", "xyz", "", "");
	assert_request(&told[1], 1, "GET", "", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_examples_of_the_standard),
		cmocka_unit_test(test_a_server_may_speak_first),
		cmocka_unit_test(test_bodies_are_counted_by_stream),
		cmocka_unit_test(test_a_block_in_parts_and_trailers),
		cmocka_unit_test(test_what_is_not_known_is_not_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
