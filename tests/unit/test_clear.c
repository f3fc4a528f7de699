// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's parser of clear text, compiled for this process: framing, masks and what is never kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "../clear/clear_here.h"

#define MOST 8

static const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
static struct na_message told[MOST];
static size_t told_count;

static void keep(const struct na_message *message)
{
	if (told_count < MOST)
		told[told_count] = *message;
	told_count++;
}

static struct na_clear_stream feed_all(const char *text, uint64_t peer_begun, uint64_t peer_no_body, size_t piece)
{
	struct na_clear_stream stream = { 0 };
	size_t length = strlen(text);

	on_message = keep;
	told_count = 0;
	memset(told, 0, sizeof(told));
	for (size_t at = 0; at < length; at += piece)
		clear_feed(&stream, text + at, length - at < piece ? length - at : piece, key, peer_begun, peer_no_body);
	return stream;
}

static void test_a_request_keeps_names_only(void **state)
{
	static const char text[] = "POST /a/b?db=SECRET&x HTTP/1.1\r\nHost: Odoo.Example\r\nCookie: SECRET\r\n"
				   "Content-Length: 6\r\n\r\nSECRET";
	struct na_clear_stream stream;

	(void)state;
	for (size_t piece = 1; piece <= sizeof(text); piece += 7) {
		stream = feed_all(text, 0, 0, piece);
		assert_int_equal(told_count, 2);
		assert_int_equal(told[0].part, NA_MESSAGE_HEAD);
		assert_int_equal(told[0].body_bytes, 0);
		assert_int_equal(told[1].part, NA_MESSAGE_WHOLE);
		assert_string_equal(told[1].method, "POST");
		assert_string_equal(told[1].host, "odoo.example");
		assert_string_equal(told[1].text, "/a/bdb\n*\nhost\ncookie\ncontent-length\n");
		assert_int_equal(told[1].body_bytes, 6);
		assert_null(memmem(told, sizeof(told), "SECRET", 6));
		assert_null(memmem(&stream, sizeof(stream), "SECRET", 6));
		assert_int_equal(stream.state, NA_CLEAR_START);
	}
}

static void test_the_scratch_is_zero_afterwards(void **state)
{
	static const char *const texts[] = { "GET /half", "GET / HTTP/1.1\r\nA: b", "nothing", "HTTP/1.1 200 OK\r\n\r\n" };
	static const struct na_clear_work zero;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		feed_all(texts[i], UINT64_MAX, 0, 100);
		assert_memory_equal(&here, &zero, sizeof(zero));
	}
}

static void test_responses_without_body(void **state)
{
	/* each says a length that it does not have */
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
				   "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
				   "HTTP/1.1 204 No Content\r\n\r\n"
				   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

	(void)state;
	feed_all(text, 4, 1 << 0, 1000);	/* the first request was a HEAD */
	assert_int_equal(told_count, 5);
	assert_int_equal(told[0].status, 200);
	assert_int_equal(told[0].body_bytes, 0);
	assert_int_equal(told[1].status, 304);
	assert_int_equal(told[2].status, 204);
	assert_int_equal(told[4].body_bytes, 5);
	assert_int_equal(told[4].number, 3);
}

static void test_requests_without_body_are_noted(void **state)
{
	struct na_clear_stream stream = feed_all("HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nCONNECT h:443 HTTP/1.1\r\n\r\n",
						 0, 0, 1000);

	(void)state;
	assert_int_equal(told_count, 3);
	assert_int_equal(stream.no_body, 1 << 0);
	assert_int_equal(stream.dialogue.tunnel, 3);	/* whether that one's has a body depends on its status */
	assert_string_equal(told[2].host, "h:443");
	assert_int_equal(told[2].path_bytes, 0);
}

static void test_an_answer_to_an_unseen_request_is_none(void **state)
{
	struct na_clear_stream stream = feed_all("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0, 0, 1000);

	(void)state;
	assert_int_equal(told_count, 0);
	assert_int_equal(stream.next_number, 0);
	assert_int_equal(stream.state, NA_CLEAR_START);
}

static void test_interim_responses_are_not_the_answer(void **state)
{
	(void)state;
	feed_all("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 1, 0, 3);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].status, 201);
	assert_int_equal(told[0].number, 0);
}

static void test_what_cannot_be_framed_ends_the_stream(void **state)
{
	static const char *const texts[] = {
		"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 2x\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct na_clear_stream stream = feed_all(texts[i], 0, 0, 1000);

		assert_int_equal(told_count, 1);
		assert_true(told[0].flags & NA_MESSAGE_BAD_LENGTH);
		assert_int_equal(stream.state, NA_CLEAR_OPAQUE);
	}
}

static void test_a_body_up_to_the_end_is_not_followed(void **state)
{
	struct na_clear_stream stream = feed_all("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 500 no message\r\n\r\n", 9, 0, 1000);

	(void)state;
	assert_int_equal(told_count, 1);
	assert_true(told[0].flags & NA_MESSAGE_TO_THE_END);
	assert_int_equal(stream.state, NA_CLEAR_OPAQUE);
}

static void test_credentials_of_a_target_are_dropped(void **state)
{
	(void)state;
	feed_all("GET http://jane:SECRET@odoo.example/x HTTP/1.1\r\nHost: SECRET@other\r\n\r\n", 0, 0, 1000);
	assert_int_equal(told_count, 1);
	assert_string_equal(told[0].host, "odoo.example");
	assert_true(told[0].flags & NA_MESSAGE_ABSOLUTE);
	assert_null(memmem(told, sizeof(told), "secret", 6));
	assert_null(memmem(told, sizeof(told), "SECRET", 6));
}

static void test_more_than_fits_is_cut_and_says_so(void **state)
{
	char text[8192] = "GET /";
	size_t at = strlen(text);

	(void)state;
	for (int i = 0; i < 100; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "segment/");
	at += (size_t)snprintf(text + at, sizeof(text) - at, "?");
	for (int i = 0; i < 200; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "key=v&");
	at += (size_t)snprintf(text + at, sizeof(text) - at, " HTTP/1.1\r\n");
	for (int i = 0; i < 200; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "Name-Of-It: v\r\n");
	at += (size_t)snprintf(text + at, sizeof(text) - at, "\r\n");
	feed_all(text, 0, 0, 5);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].head_bytes, at);
	assert_int_equal(told[0].path_bytes, NA_MESSAGE_PATH_BYTES);
	assert_int_equal(told[0].path_bytes + told[0].keys_bytes, NA_MESSAGE_KEYS_BYTES);
	assert_int_equal(told[0].flags, NA_MESSAGE_PATH_CUT | NA_MESSAGE_KEYS_CUT | NA_MESSAGE_NAMES_CUT);
}

/* Found by fuzzing: only the first 256 bytes of a query that is one long value were erased. */
static void test_a_long_bare_value_is_erased_to_its_end(void **state)
{
	char text[1024];
	size_t at = (size_t)snprintf(text, sizeof(text), "GET /?");

	(void)state;
	memset(text + at, 'v', 600);
	(void)snprintf(text + at + 600, sizeof(text) - at - 600, " HTTP/1.1\r\nHost: h\r\n\r\n");
	feed_all(text, 0, 0, 1000);
	assert_int_equal(told_count, 1);
	assert_null(memchr(told[0].text, 'v', sizeof(told[0].text)));
	assert_string_equal(told[0].text, "/*\nhost\n");
}

static void test_siphash_of_the_paper(void **state)
{
	/* key 00 … 0f, input 00 … 0e: the authors' 15th vector is 54 93 e9 99 33 b0 a8 11 7e 08 ec 0f 97 cf c3 d9 */
	struct na_siphash hash;
	__u64 result[2];

	(void)state;
	na_sip_begin(&hash, (const __u64 *)key);
	na_sip_part(&hash, 0x020100, 3);
	na_sip_word(&hash, 0x0a09080706050403);
	na_sip_part(&hash, 0x0e0d0c0b, 4);
	na_sip_end(&hash, result);
	assert_int_equal(result[0], 0x11a8b03399e99354);
	assert_int_equal(result[1], 0xd9c3cf970fec087e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_keeps_names_only),
		cmocka_unit_test(test_the_scratch_is_zero_afterwards),
		cmocka_unit_test(test_responses_without_body),
		cmocka_unit_test(test_requests_without_body_are_noted),
		cmocka_unit_test(test_an_answer_to_an_unseen_request_is_none),
		cmocka_unit_test(test_interim_responses_are_not_the_answer),
		cmocka_unit_test(test_what_cannot_be_framed_ends_the_stream),
		cmocka_unit_test(test_a_body_up_to_the_end_is_not_followed),
		cmocka_unit_test(test_credentials_of_a_target_are_dropped),
		cmocka_unit_test(test_more_than_fits_is_cut_and_says_so),
		cmocka_unit_test(test_a_long_bare_value_is_erased_to_its_end),
		cmocka_unit_test(test_siphash_of_the_paper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
