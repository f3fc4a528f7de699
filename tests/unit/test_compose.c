/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests what composing promises whatever a process calls itself. More invented events: tests/fuzz/fuzz_compose.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/file.h"
#include "flow/compose.h"
#include "flow/compose_addon.h"
#include "journal/canonical.h"

#define MOST ((UINT64_C(1) << 50) - 1)

static const struct na_clock_pair now = { .boottime_ns = MOST, .wall_us = INT64_C(1800000000000000) };

/* A name of control characters is six times as long in a record; a report has room for all of its destinations. */
static void test_no_name_can_make_a_loss_report_too_long(void **state)
{
	struct na_loss_key keys[NA_LOSS_DESTINATIONS];
	struct na_loss_value values[NA_LOSS_DESTINATIONS];
	struct na_loss_report report = { .missed_programs = MOST, .refused_records = MOST, .uncounted_possible = true };
	static uint8_t record[NA_COMPOSE_BYTES];
	ssize_t length;

	(void)state;
	for (int i = 0; i < NA_LOSS_DESTINATIONS; i++) {
		keys[i] = (struct na_loss_key){ .pid = UINT32_MAX, .type = NA_EVENT_SOCKET_GONE, .remote_port = UINT16_MAX,
						.family = AF_INET6, .reason = NA_LOSS_RING };
		memset(keys[i].remote, 0xfd, sizeof(keys[i].remote));
		values[i].count = MOST;
		memset(values[i].comm, 1, sizeof(values[i].comm));
	}
	for (int type = 0; type < NA_EVENT_TYPES; type++)
		for (int reason = 0; reason < NA_LOSS_REASONS; reason++)
			report.counts[type][reason] = MOST / 64;
	report.keys = keys;
	report.values = values;
	report.destinations = NA_LOSS_DESTINATIONS;
	length = na_compose_lost(record, &report, &now);
	assert_true(length > 0);
	assert_int_equal(na_canonical_check(record, (size_t)length, NULL), 0);
}

static const char *text_of(const uint8_t *record, ssize_t length, const char *key)
{
	static char copy[256];
	const char *text;
	size_t bytes;

	assert_true(length > 0);
	assert_int_equal(na_canonical_check(record, (size_t)length, NULL), 0);
	if (na_canonical_find_text(record, (size_t)length, key, &text, &bytes))
		return "";
	snprintf(copy, sizeof(copy), "%.*s", (int)bytes, text);
	return copy;
}

static void test_the_database_of_a_call_is_told_with_its_evidence(void **state)
{
	struct na_attribution author = { .author = NA_AUTHOR_ODOO, .database = { NA_DATABASE_QUERY, "\xff odoo", NULL } };
	const struct na_context context = { .clock = &now, .author = &author };
	const struct na_unix_event local = { .path_bytes = 1 };
	const struct na_flow_event flow = { .family = AF_INET, .direction = NA_OUTBOUND };
	static uint8_t record[NA_COMPOSE_BYTES];

	(void)state;
	assert_string_equal(text_of(record, na_compose_open(record, &flow, &context), "database_hex"), "ff206f646f6f");
	assert_string_equal(text_of(record, na_compose_unix(record, &local, &context), "database_source"), "query");
	author.database = (struct na_database){ NA_DATABASE_UNKNOWN, NULL, NA_WHY_DATABASES };
	assert_string_equal(text_of(record, na_compose_open(record, &flow, &context), "database_reason"), NA_WHY_DATABASES);
	assert_string_equal(text_of(record, na_compose_open(record, &flow, &context), "database_source"), "");
}

static void test_a_name_in_no_encoding_is_kept_as_hex(void **state)
{
	struct na_process_event event = { .header.type = NA_EVENT_EXEC, .exe_bytes = UINT16_MAX };
	const struct na_context context = { .clock = &now };
	static uint8_t record[NA_COMPOSE_BYTES];
	const char *text;
	size_t bytes;
	ssize_t length;

	(void)state;
	memset(event.exe, 0xff, sizeof(event.exe));
	memcpy(event.task.comm, "a\xc3", 2);
	length = na_compose_process(record, &event, &context);
	assert_true(length > 0);
	assert_int_equal(na_canonical_check(record, (size_t)length, NULL), 0);
	assert_int_equal(na_canonical_find_text(record, (size_t)length, "comm_hex", &text, &bytes), 0);
	assert_int_equal(bytes, 4);
	assert_memory_equal(text, "61c3", 4);
	assert_int_equal(na_canonical_find_text(record, (size_t)length, "exe_hex", &text, &bytes), 0);
	assert_int_equal(bytes, 2 * NA_EXE_BYTES);
}

/* Whatever a vendor writes into a manifest: the record can be written, and says what the index needs. */
static void test_an_addon_with_the_worst_of_texts_is_recorded(void **state)
{
	struct na_addon met = { .manifest_readable = true };
	static uint8_t record[NA_COMPOSE_BYTES];
	ssize_t length;

	(void)state;
	memset(met.name, 1, sizeof(met.name) - 1);
	memset(met.path, 0xff, sizeof(met.path) - 1);
	memset(met.version, 2, sizeof(met.version) - 1);
	memset(met.author, '"', sizeof(met.author) - 1);
	memset(met.website, 0x1b, sizeof(met.website) - 1);
	memset(met.license, '\\', sizeof(met.license) - 1);
	length = na_compose_addon(record, &met, "", &now);
	assert_true(length > 0);
	assert_int_equal(na_canonical_check(record, (size_t)length, NULL), 0);
	assert_int_equal(na_canonical_find_hex(record, (size_t)length, "manifest", (uint8_t[32]){ 0 }, 32), -ENOENT);
}

/* Everything a record can say is in docs/journal-format.md; the test runs where the Makefile is. */
static void check_documented(const char *document, const uint8_t *record, ssize_t length)
{
	json_t *body;
	const char *name;
	json_t *value;

	assert_true(length > 0);
	body = json_loadb((const char *)record, (size_t)length, 0, NULL);
	assert_non_null(body);
	json_object_foreach (body, name, value) {
		char quoted[80];

		snprintf(quoted, sizeof(quoted), "`%s`", name);
		if (!strstr(document, quoted))
			fail_msg("%s is not in docs/journal-format.md", quoted);
	}
	json_decref(body);
}

static const struct na_addon named = { .name = "n" };

static const struct na_attribution every_member = {
	.addon = &named,
	.chain = { &named },
	.chain_count = 1,
	.chain_truncated = true,
	.disagree = true,
	.reason = "why",
	.file = "file",
	.function = "function",
	.line = 1,
	.frames = 1,
	.witness = NA_WITNESS_AGREES,
	.resolved = "name",
};

/* A chain of the longest names and a frame of the longest texts, each byte of them six in a record. */
static void test_no_author_can_make_a_record_too_long(void **state)
{
	static struct na_addon longest;
	static char text[2 * NA_CODE_FILE_BYTES];
	struct na_attribution author = { .author = NA_AUTHOR_ADDON,
					 .addon = &longest,
					 .chain_count = NA_ATTRIBUTION_CHAIN,
					 .chain_truncated = true,
					 .disagree = true,
					 .reason = "why",
					 .file = text,
					 .function = text,
					 .line = UINT32_MAX,
					 .frames = NA_STACK_FRAMES,
					 .witness = NA_WITNESS_DISAGREES,
					 .resolved = text };
	const struct na_context context = { .clock = &now, .author = &author };
	const struct na_unix_event event = { .path_bytes = 3, .path = "/a" };
	static uint8_t record[NA_COMPOSE_BYTES];
	ssize_t length;

	(void)state;
	memset(longest.name, 1, sizeof(longest.name) - 1);
	memset(text, 1, sizeof(text) - 1);
	for (size_t i = 0; i < NA_ATTRIBUTION_CHAIN; i++)
		author.chain[i] = &longest;
	length = na_compose_unix(record, &event, &context);
	assert_true(length > 0);
	assert_int_equal(na_canonical_check(record, (size_t)length, NULL), 0);
}

static void test_every_member_is_documented(void **state)
{
	const struct na_container container = { "c", "u", "p", "n", "i" };
	const struct na_context context = { .clock = &now, .instance = "i", .worker = "http", .via = "relay",
					    .container = &container, .author = &every_member, .bucket = "vendor",
					    .component = "mit", .names_disagree = true };
	const struct na_stack_event stack = { .header.type = NA_EVENT_STACK };
	const struct na_name_event question = { .task.net_namespace = 1 };
	struct na_flow_event flow = { .flags = UINT32_MAX, .family = AF_INET, .protocol = IPPROTO_TCP, .error = 111,
				      .direction = NA_OUTBOUND, .seen_by = NA_SEEN_CONNECT, .established_ns = 5 };
	struct na_unix_event local = { .error = 2, .abstract = 1, .peer_pid = 4, .path_bytes = 4, .path = "\0abc" };
	struct na_process_event process = { .header.type = NA_EVENT_EXIT, .exit_code = 256 };
	struct na_peer_counters period = { .messages_out = 1 };
	struct na_loss_report report = { .missed_programs = 1, .dropped_events = 1, .uncounted_possible = true };
	struct na_heartbeat heartbeat = { .backend = "fentry" };
	const struct na_addon met = { .name = "a", .path = "/a", .version = "1", .author = "A", .website = "w",
				      .license = "L", .manifest_hash = { 1 }, .base = true };
	static uint8_t record[NA_COMPOSE_BYTES];
	char *document;
	size_t bytes;

	(void)state;
	assert_int_equal(na_read_file(AT_FDCWD, "docs/journal-format.md", 1 << 20, &document, &bytes), 0);
	check_documented(document, record, na_compose_open(record, &flow, &context));
	flow.flags &= ~(uint32_t)NA_FLOW_PRE_EXISTING;
	check_documented(document, record, na_compose_counters(record, NA_RECORD_PROGRESS, &flow, &context));
	check_documented(document, record, na_compose_counters(record, NA_RECORD_CLOSE, &flow, &context));
	flow.protocol = 253;
	check_documented(document, record, na_compose_datagram(record, &flow, &period, true, &context));
	check_documented(document, record, na_compose_unix(record, &local, &context));
	check_documented(document, record, na_compose_author(record, &stack, &context));
	check_documented(document, record, na_compose_resolve(record, &question, "host", &context));
	check_documented(document, record, na_compose_process(record, &process, &context));
	process.exit_code = 9;
	check_documented(document, record, na_compose_process(record, &process, &context));
	process.header.type = NA_EVENT_EXEC;
	check_documented(document, record, na_compose_process(record, &process, &context));
	check_documented(document, record, na_compose_lost(record, &report, &now));
	check_documented(document, record, na_compose_clock(record, 1, &now));
	check_documented(document, record, na_compose_heartbeat(record, &heartbeat, &now));
	check_documented(document, record, na_compose_addon(record, &met, "i", &now));
	free(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_name_can_make_a_loss_report_too_long),
		cmocka_unit_test(test_the_database_of_a_call_is_told_with_its_evidence),
		cmocka_unit_test(test_a_name_in_no_encoding_is_kept_as_hex),
		cmocka_unit_test(test_an_addon_with_the_worst_of_texts_is_recorded),
		cmocka_unit_test(test_no_author_can_make_a_record_too_long),
		cmocka_unit_test(test_every_member_is_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
