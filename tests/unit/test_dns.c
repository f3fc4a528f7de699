// SPDX-License-Identifier: GPL-2.0-or-later
/* What is DNS, what is said of it, and which answer belongs to which question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "classify/dns_words.h"
#include "dns_here.h"
#include "flow/compose_dns.h"
#include "journal/canonical.h"

#define MOST 8
#define FLOW 9
#define SOCKET 5

/* a.b, A, IN */
#define QUESTION "\1A\1b\0\0\1\0\1"
#define QUERY "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION
#define ANSWER(count, records) "\x12\x34\x81\x80\0\1\0" count "\0\0\0\0" QUESTION records
#define RECORD_A(last) "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2" last
#define READ(dns, text) dns_read(dns, text, sizeof(text) - 1)

static struct na_lookup told[MOST];
static size_t told_count;

static void test_a_query_is_its_name_and_type(void **state)
{
	struct na_dns dns;

	(void)state;
	assert_true(READ(&dns, QUERY));
	assert_int_equal(dns.id, 0x1234);
	assert_string_equal(dns.name, "a.b");
	assert_int_equal(dns.name_bytes, 3);
	assert_int_equal(dns.type, NA_DNS_A);
	assert_int_equal(dns.class, NA_DNS_INTERNET);
	assert_int_equal(dns.flags, 0);
	assert_true(READ(&dns, "\0\1\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1"));
	assert_string_equal(dns.name, ".");
}

static void test_addresses_of_an_answer(void **state)
{
	static const uint8_t one[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
	struct na_dns dns;

	(void)state;
	assert_true(READ(&dns, ANSWER("\2", RECORD_A("\1") "\1x\0\0\x1c\0\1\0\0\0\7\0\x10" "0123456789abcdef")));
	assert_int_equal(dns.flags, NA_DNS_RESPONSE);
	assert_int_equal(dns.address_count, 2);
	assert_memory_equal(dns.addresses[0], one, sizeof(one));
	assert_memory_equal(dns.addresses[1], "0123456789abcdef", 16);
	assert_int_equal(dns.ttl_s, 7);
	/* an alias is stepped over */
	assert_true(READ(&dns, ANSWER("\2", "\xc0\x0c\0\5\0\1\0\0\0\1\0\3\1c\0" RECORD_A("\2"))));
	assert_int_equal(dns.address_count, 1);
	assert_int_equal(dns.ttl_s, 60);
}

static void test_what_cannot_be_read_is_said(void **state)
{
	struct na_dns dns;

	(void)state;
	assert_true(READ(&dns, ANSWER("\2", RECORD_A("\1"))));	/* one is missing */
	assert_int_equal(dns.flags, NA_DNS_RESPONSE | NA_DNS_CUT);
	assert_int_equal(dns.address_count, 1);
	assert_true(READ(&dns, ANSWER("\1", "\x80")));		/* no name begins so */
	assert_int_equal(dns.flags, NA_DNS_RESPONSE | NA_DNS_CUT);
	assert_true(READ(&dns, ANSWER("\1", "\xc0\x0c\0\1\0\1\0\0\0\x3c\xff\xff")));
	assert_int_equal(dns.flags, NA_DNS_RESPONSE | NA_DNS_CUT);
	assert_int_equal(dns.address_count, 0);
}

static void test_more_than_is_looked_at_is_said(void **state)
{
	static const char record[] = RECORD_A("\1");
	char message[sizeof(ANSWER("", "")) + 200 * sizeof(record)] = ANSWER("\xc8", "");
	size_t at = sizeof(ANSWER("\xc8", "")) - 1;
	struct na_dns dns;

	(void)state;
	for (int i = 0; i < 200; i++, at += sizeof(record) - 1)
		memcpy(message + at, record, sizeof(record) - 1);
	assert_true(dns_read(&dns, message, at));
	assert_int_equal(dns.address_count, NA_DNS_ADDRESSES);
	assert_int_equal(dns.flags, NA_DNS_RESPONSE | NA_DNS_CUT);
	assert_int_equal(dns.bytes, at);
}

static void test_a_name_is_printable_and_has_its_length(void **state)
{
	char message[NA_DNS_HEADER_BYTES + 300] = "\0\1\1\0\0\1\0\0\0\0\0\0";
	struct na_dns dns;

	(void)state;
	assert_true(READ(&dns, "\0\1\1\0\0\1\0\0\0\0\0\0\5a.\x1b\xff \0\0\1\0\1"));
	assert_string_equal(dns.name, "a????");
	for (int labels = 3; labels <= 4; labels++) {	/* 4 of 63 letters make 255 characters */
		char *at = message + NA_DNS_HEADER_BYTES;

		for (int i = 0; i < labels; i++, at += 64) {
			memset(at, 'a', 64);
			*at = 63;
		}
		memcpy(at, "\0\0\1\0\1", 5);
		assert_int_equal(dns_read(&dns, message, (size_t)(at + 5 - message)), labels == 3);
	}
}

static void test_what_is_no_dns(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} others[] = {
#define OTHER(text) { text, sizeof(text) - 1 }
		OTHER(""), OTHER("\x12\x34\1\0\0\1\0\0\0\0\0\0"),	/* no question */
		OTHER("\x12\x34\1\0\0\2\0\0\0\0\0\0" QUESTION QUESTION),
		OTHER("\x12\x34\1\0\0\1\0\1\0\0\0\0" QUESTION),	/* a query with answers */
		OTHER("\x12\x34\x29\0\0\1\0\0\0\0\0\0" QUESTION),	/* an update */
		OTHER("\x12\x34\1\3\0\1\0\0\0\0\0\0" QUESTION),	/* a query with a code */
		OTHER("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\xc0\x0c\0\1\0\1"),	/* points at itself */
		OTHER("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\0\0\1"),	/* no type */
		OTHER("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\x20"),	/* no class */
		OTHER("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0"),
		OTHER("\x12\x34\1\0\0\1\0\0\0\0\0\0\x3f" "abcd"),
#undef OTHER
	};
	struct na_dns dns;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(dns_read(&dns, others[i].bytes, others[i].length));
}

static void keep(void *context, const struct na_lookup *lookup)
{
	(void)context;
	if (told_count < MOST)
		told[told_count] = *lookup;
	told_count++;
}

static struct na_lookups *begin(void)
{
	struct na_lookups *lookups = NULL;

	told_count = 0;
	assert_int_equal(na_lookups_create(&lookups, keep, NULL), 0);
	return lookups;
}

static struct na_dns_event event(uint64_t time_ns, const char *name, bool response)
{
	struct na_dns_event made = { .header.time_ns = time_ns, .flow = FLOW, .socket = SOCKET, .written = !response };

	made.dns = (struct na_dns){ .id = 1, .type = NA_DNS_A, .class = NA_DNS_INTERNET,
				    .flags = response ? NA_DNS_RESPONSE : 0 };
	(void)snprintf(made.dns.name, sizeof(made.dns.name), "%s", name);
	made.dns.name_bytes = (__u16)strlen(made.dns.name);
	return made;
}

static void add(struct na_lookups *lookups, struct na_dns_event message)
{
	assert_int_equal(na_lookups_message(lookups, &message), 0);
}

static void test_an_answer_belongs_to_its_question(void **state)
{
	struct na_lookups *lookups = begin();
	struct na_dns_event other = event(3, "a", true);

	(void)state;
	add(lookups, event(1, "a", false));
	add(lookups, event(2, "b", false));
	add(lookups, event(4, "a", true));
	other.flow++;
	add(lookups, other);
	na_lookups_tick(lookups, NA_LOOKUP_SETTLE_NS + 5);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[0].asked_ns, 1);
	assert_int_equal(told[0].answered_ns, 4);
	assert_int_equal(told[1].asked_ns, 0);	/* whose question was not seen */
	assert_int_equal(na_lookups_waiting(lookups), 1);
	na_lookups_tick(lookups, NA_LOOKUP_PATIENCE_NS + 5);
	assert_int_equal(told_count, 3);
	assert_int_equal(told[2].responses, 0);
	na_lookups_destroy(lookups);
}

static void test_the_first_answer_counts(void **state)
{
	struct na_lookups *lookups = begin();
	struct na_dns_event second = event(4, "a", true);

	(void)state;
	second.dns.code = 3;
	add(lookups, event(1, "a", false));
	add(lookups, event(2, "a", false));
	add(lookups, event(3, "a", true));
	add(lookups, second);
	na_lookups_end(lookups, SOCKET + 1);
	assert_int_equal(told_count, 0);
	na_lookups_end(lookups, SOCKET);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].queries, 2);
	assert_int_equal(told[0].responses, 2);
	assert_int_equal(told[0].dns.code, 0);
	na_lookups_destroy(lookups);
}

static void test_the_oldest_makes_room(void **state)
{
	struct na_lookups *lookups = begin();
	struct na_dns_event question = event(1, "a", false);

	(void)state;
	for (int i = 0; i <= NA_LOOKUPS_MOST; i++, question.flow++)
		add(lookups, question);
	assert_int_equal(na_lookups_waiting(lookups), NA_LOOKUPS_MOST);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].flow, FLOW);
	na_lookups_destroy(lookups);
}

static void test_a_record(void **state)
{
	static const struct na_clock_pair clock;
	const struct na_context context = { .clock = &clock };
	struct na_flow_event opened = { .flow = FLOW, .family = 2, .protocol = 17,
					.direction = NA_OUTBOUND, .remote_port = 53 };
	struct na_lookup lookup = { .asked_ns = 1000, .answered_ns = 8000, .queries = 1, .responses = 1 };
	char record[NA_COMPOSE_BYTES];
	ssize_t length;

	(void)state;
	assert_true(READ(&lookup.dns, ANSWER("\1", RECORD_A("\1"))));
	lookup.dns.code = 12;
	length = na_compose_dns(record, &lookup, &opened, &context);
	assert_true(length > 0 && (size_t)length < sizeof(record));
	assert_int_equal(na_canonical_check(record, (size_t)length, NULL), 0);
	record[length] = '\0';
	assert_non_null(strstr(record, "\"host\":\"a.b\",\"host_ips\":[\"192.0.2.1\"],"));
	assert_non_null(strstr(record, "\"record_type\":\"A\",\"response_code\":\"RCODE12\""));
	assert_non_null(strstr(record, "\"duration_us\":7"));
	assert_non_null(strstr(record, "\"channel\":\"dns\""));
	/* our own programs wrote it; all the same nothing is read out of bounds */
	memset(&lookup.dns, 0xff, sizeof(lookup.dns));
	assert_true(na_compose_dns(record, &lookup, &opened, &context) > 0);
}

static void test_numbers_without_words(void **state)
{
	char out[NA_DNS_WORD_BYTES];

	(void)state;
	assert_string_equal(na_dns_type_name(out, 65), "HTTPS");
	assert_string_equal(na_dns_type_name(out, 65280), "TYPE65280");
	assert_string_equal(na_dns_code_name(out, 3), "NXDOMAIN");
	assert_string_equal(na_dns_code_name(out, 15), "RCODE15");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_query_is_its_name_and_type),
		cmocka_unit_test(test_addresses_of_an_answer),
		cmocka_unit_test(test_what_cannot_be_read_is_said),
		cmocka_unit_test(test_more_than_is_looked_at_is_said),
		cmocka_unit_test(test_a_name_is_printable_and_has_its_length),
		cmocka_unit_test(test_what_is_no_dns),
		cmocka_unit_test(test_an_answer_belongs_to_its_question),
		cmocka_unit_test(test_the_first_answer_counts),
		cmocka_unit_test(test_the_oldest_makes_room),
		cmocka_unit_test(test_a_record),
		cmocka_unit_test(test_numbers_without_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
