// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages become exchanges: which response belongs to which request, and what stands in the record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attribute/make.h"
#include "flow/compose_exchange.h"
#include "journal/canonical.h"

#define MOST 8

static const uint8_t key[NA_FINGERPRINT_KEY_BYTES] = { 1, 2, 3 };
static struct na_exchange told[MOST];
static size_t told_count;
static char record[NA_COMPOSE_BYTES];

static void keep(void *context, struct na_exchange *exchange)
{
	(void)context;
	if (told_count < MOST)
		told[told_count] = *exchange;
	told_count++;
}

static struct na_message_event message(uint64_t number, enum na_message_kind kind, enum na_message_part part,
				       bool written)
{
	struct na_message_event event = { .header.time_ns = 1000000, .connection = 7, .flow = 9, .written = written };

	event.task.pid = 5;
	event.message.number = number;
	event.message.kind = (uint8_t)kind;
	event.message.part = (uint8_t)part;
	event.message.minor = 1;
	event.message.declared_bytes = NA_MESSAGE_NO_LENGTH;
	return event;
}

static void put_text(struct na_message *into, const char *path, const char *keys, const char *names)
{
	into->path_bytes = (uint16_t)strlen(path);
	into->keys_bytes = (uint16_t)strlen(keys);
	into->names_bytes = (uint16_t)strlen(names);
	(void)snprintf(into->text, sizeof(into->text), "%s%s%s", path, keys, names);
}

static struct na_exchanges *begin(void)
{
	struct na_exchanges *exchanges = NULL;

	told_count = 0;
	assert_int_equal(na_exchanges_create(&exchanges, keep, NULL), 0);
	return exchanges;
}

static void add(struct na_exchanges *exchanges, struct na_message_event event)
{
	const struct na_context who = { 0 };

	assert_int_equal(na_exchanges_message(exchanges, &event, &who), 0);
}

static void test_a_response_belongs_to_the_request_of_its_number(void **state)
{
	struct na_exchanges *exchanges = begin();
	struct na_message_event answer = message(1, NA_MESSAGE_RESPONSE, NA_MESSAGE_WHOLE, false);

	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		add(exchanges, message(i, NA_MESSAGE_REQUEST, NA_MESSAGE_WHOLE, true));
	answer.message.status = 404;
	add(exchanges, answer);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].request.message.number, 1);
	assert_int_equal(told[0].response.message.status, 404);
	assert_int_equal(na_exchanges_waiting(exchanges), 2);
	na_exchanges_destroy(exchanges);
}

static void test_what_has_no_request_is_nothing(void **state)
{
	struct na_exchanges *exchanges = begin();
	struct na_message_event other = message(0, NA_MESSAGE_RESPONSE, NA_MESSAGE_WHOLE, false);

	(void)state;
	add(exchanges, other);			/* nothing was asked */
	add(exchanges, message(0, NA_MESSAGE_REQUEST, NA_MESSAGE_WHOLE, true));
	other.connection = 8;			/* somewhere else */
	add(exchanges, other);
	other.connection = 7;
	other.written = true;			/* in the direction of the request */
	add(exchanges, other);
	assert_int_equal(told_count, 0);
	na_exchanges_destroy(exchanges);
	assert_int_equal(told_count, 0);
}

static void test_requests_without_response_are_told_at_the_end(void **state)
{
	struct na_exchanges *exchanges = begin();
	struct na_message_event second = message(1, NA_MESSAGE_REQUEST, NA_MESSAGE_HEAD, true);

	(void)state;
	second.flow = 10;
	add(exchanges, message(0, NA_MESSAGE_REQUEST, NA_MESSAGE_WHOLE, true));
	add(exchanges, second);
	na_exchanges_end(exchanges, 10, 0);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].request.message.number, 1);
	assert_false(told[0].answered);
	na_exchanges_end(exchanges, 0, 4);	/* another process */
	assert_int_equal(told_count, 1);
	na_exchanges_end(exchanges, 0, 5);
	assert_int_equal(told_count, 2);
	na_exchanges_destroy(exchanges);
}

static void test_a_head_is_replaced_by_the_whole(void **state)
{
	struct na_exchanges *exchanges = begin();
	struct na_message_event head = message(0, NA_MESSAGE_REQUEST, NA_MESSAGE_HEAD, true), whole = head;

	(void)state;
	assert_true(na_exchanges_is_new(exchanges, &head));
	add(exchanges, head);
	assert_false(na_exchanges_is_new(exchanges, &head));
	whole.message.part = NA_MESSAGE_WHOLE;
	whole.message.body_bytes = 12;
	add(exchanges, whole);
	add(exchanges, message(0, NA_MESSAGE_RESPONSE, NA_MESSAGE_HEAD, false));
	assert_int_equal(told_count, 0);
	add(exchanges, message(0, NA_MESSAGE_RESPONSE, NA_MESSAGE_WHOLE, false));
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].request.message.body_bytes, 12);
	na_exchanges_destroy(exchanges);
}

static void test_the_oldest_makes_room(void **state)
{
	struct na_exchanges *exchanges = begin();

	(void)state;
	for (uint64_t i = 0; i <= NA_EXCHANGES_MOST; i++)
		add(exchanges, message(i, NA_MESSAGE_REQUEST, NA_MESSAGE_WHOLE, true));
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].request.message.number, 0);
	assert_int_equal(na_exchanges_waiting(exchanges), NA_EXCHANGES_MOST);
	na_exchanges_destroy(exchanges);
}

/* What a stack that comes after the answer says belongs to that request only, and is not waited for without end. */
static void test_an_answer_waits_for_its_author(void **state)
{
	const struct na_verdict verdict = { .reason = NA_WHY_INBOUND, .deciding = NA_NO_FRAME };
	const struct na_attribution *author = na_make_attribution(&verdict);
	struct na_message_event request = message(0, NA_MESSAGE_REQUEST, NA_MESSAGE_WHOLE, false);
	struct na_exchanges *exchanges = begin();

	(void)state;
	request.begun_ns = 500;
	add(exchanges, request);
	na_exchanges_expect_author(exchanges, &request);
	add(exchanges, message(0, NA_MESSAGE_RESPONSE, NA_MESSAGE_WHOLE, true));
	assert_int_equal(told_count, 0);
	na_exchanges_author(exchanges, 7, 0, author, 499);	/* of something before it */
	na_exchanges_author(exchanges, 7, 1, author, 600);	/* of another request */
	assert_int_equal(told_count, 0);
	na_exchanges_author(exchanges, 7, 0, author, 600);
	assert_int_equal(told_count, 1);
	assert_ptr_equal(told[0].who.author, author);
	request.message.number = 1;
	add(exchanges, request);
	na_exchanges_expect_author(exchanges, &request);
	add(exchanges, message(1, NA_MESSAGE_RESPONSE, NA_MESSAGE_WHOLE, true));
	na_exchanges_settle(exchanges, 1000000);	/* when it was over */
	assert_int_equal(told_count, 1);
	na_exchanges_settle(exchanges, 1000001);
	assert_int_equal(told_count, 2);
	assert_null(told[1].who.author);
	na_exchanges_destroy(exchanges);
	na_attribution_release(author);
}

static const char *compose(struct na_exchange *exchange)
{
	static const struct na_clock_pair clock;
	ssize_t length;

	exchange->who.clock = &clock;
	length = na_compose_exchange(record, exchange, key);
	assert_true(length > 0 && (size_t)length < sizeof(record));
	assert_int_equal(na_canonical_check(record, (size_t)length, NULL), 0);
	record[length] = '\0';
	return record;
}

static void test_a_record_of_names(void **state)
{
	struct na_exchange exchange = {
		.begun_ns = 1000000, .ended_ns = 3000000, .answered = true,
		.request = message(0, NA_MESSAGE_REQUEST, NA_MESSAGE_WHOLE, true),
		.response = message(0, NA_MESSAGE_RESPONSE, NA_MESSAGE_HEAD, false),
	};
	const char *text;

	(void)state;
	put_text(&exchange.request.message, "/a/b", "id\n*\n", "host\ncookie\n");
	strcpy(exchange.request.message.method, "POST");
	strcpy(exchange.request.message.host, "h\x1b");
	exchange.request.message.host_bytes = 2;
	exchange.request.message.body_bytes = exchange.request.message.hashed_bytes = 5;
	exchange.response.message.status = 200;
	text = compose(&exchange);
	assert_non_null(strstr(text, "\"direction\":\"outbound\",\"duration_us\":2000"));
	assert_non_null(strstr(text, "\"host\":\"h\\u001b\""));
	assert_non_null(strstr(text, "\"path\":\"/a/b\""));
	assert_non_null(strstr(text, "\"query\":[\"id\",\"*\"]"));
	assert_non_null(strstr(text, "\"request_names\":[\"host\",\"cookie\"]"));
	assert_non_null(strstr(text, "\"response_partial\":true"));
	assert_non_null(strstr(text, "\"status\":200"));
	assert_non_null(strstr(text, "\"flow\":\"0000000000000009\""));
	assert_null(strstr(text, "response_fingerprint"));
	exchange.response.flow = 11;	/* two flows: none */
	assert_null(strstr(compose(&exchange), "\"flow\""));
}

/* Our own programs wrote it; all the same nothing is read or written out of bounds. */
static void test_impossible_lengths_are_bounded(void **state)
{
	struct na_exchange exchange = { .request = message(0, NA_MESSAGE_REQUEST, NA_MESSAGE_WHOLE, true), .answered = true };

	(void)state;
	memset(&exchange.request.message, 0xff, sizeof(exchange.request.message));
	exchange.response = exchange.request;
	exchange.request.server_name_bytes = UINT16_MAX;
	exchange.request.message.body_bytes = exchange.response.message.body_bytes = 0;
	(void)compose(&exchange);
}

static void test_a_fingerprint_tells_lengths_apart(void **state)
{
	struct na_message one = { .body_bytes = 70000, .hashed_bytes = NA_MESSAGE_HASHED_BYTES, .fingerprint = { 1, 2 } };
	uint8_t first[NA_FINGERPRINT_BYTES], second[NA_FINGERPRINT_BYTES];

	(void)state;
	na_fingerprint(first, key, &one);
	na_fingerprint(second, key, &one);
	assert_memory_equal(first, second, sizeof(first));
	one.body_bytes++;
	na_fingerprint(second, key, &one);
	assert_memory_not_equal(first, second, sizeof(first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_response_belongs_to_the_request_of_its_number),
		cmocka_unit_test(test_what_has_no_request_is_nothing),
		cmocka_unit_test(test_requests_without_response_are_told_at_the_end),
		cmocka_unit_test(test_a_head_is_replaced_by_the_whole),
		cmocka_unit_test(test_the_oldest_makes_room),
		cmocka_unit_test(test_an_answer_waits_for_its_author),
		cmocka_unit_test(test_a_record_of_names),
		cmocka_unit_test(test_impossible_lengths_are_bounded),
		cmocka_unit_test(test_a_fingerprint_tells_lengths_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
