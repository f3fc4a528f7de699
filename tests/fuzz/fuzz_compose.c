/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the way from a kernel event to a record: names, paths and addresses are what an audited process chose.
 *
 * Whatever the event holds, the result is a canonical record that the index can read, or the one refusal there is: a
 * number past 2^53 (-ERANGE). With counters and times as a kernel can have them, nothing is refused, however long the
 * texts become when escaped: a process must not be able to unrecord itself by its name.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include <flow/compose.h>
#include <journal/canonical.h>
#include <journal/index_row.h>

#include "fuzz.h"

#define POSSIBLE ((UINT64_C(1) << 50) - 1)	/* bytes, messages, nanoseconds: 13 days of uptime are enough */

static uint8_t record[NA_COMPOSE_BYTES];
static const struct na_clock_pair now = { .boottime_ns = POSSIBLE, .wall_us = INT64_C(1800000000000000) };

static void require_record(ssize_t length, bool tame)
{
	static struct na_index_row row;

	REQUIRE(length > 0 || (length == -ERANGE && !tame));
	if (length <= 0)
		return;
	REQUIRE((size_t)length <= sizeof(record));
	REQUIRE(na_canonical_check(record, (size_t)length, NULL) == 0);
	REQUIRE(na_index_row_read(&row, record, (size_t)length) == 0);
	REQUIRE(row.value[NA_INDEX_KIND].type == NA_INDEX_TEXT && row.value[NA_INDEX_TIME].type == NA_INDEX_INTEGER);
}

static void tame_task(struct na_task *task)
{
	task->start_ns &= POSSIBLE;
}

static void tame_counters(struct na_peer_counters *counters)
{
	counters->first_ns &= POSSIBLE;
	counters->last_ns &= POSSIBLE;
	counters->messages_out &= POSSIBLE;
	counters->bytes_out &= POSSIBLE;
	counters->messages_in &= POSSIBLE;
	counters->bytes_in &= POSSIBLE;
	counters->quic %= 3;	/* none, and the versions that are known */
}

static void tame_flow(struct na_flow_event *event)
{
	tame_task(&event->task);
	event->opened_ns &= POSSIBLE / 4;
	event->established_ns = event->established_ns & 1 ? event->opened_ns + (event->established_ns & POSSIBLE / 4) : 0;
	event->header.time_ns = event->opened_ns + (event->header.time_ns & POSSIBLE / 4);
	event->bytes_out &= POSSIBLE;
	event->bytes_in &= POSSIBLE;
}

static void fuzz_flow(struct fuzz_input *input, const struct na_context *context, bool tame)
{
	struct na_flow_event event;
	struct na_peer_counters period;
	uint8_t families = fuzz_byte(input);

	fuzz_take(input, &event, sizeof(event));
	fuzz_take(input, &period, sizeof(period));
	event.family = families & 0x80 ? event.family : families & 63;	/* most numbers are no family */
	if (tame) {
		tame_flow(&event);
		tame_counters(&period);
	}
	require_record(na_compose_open(record, &event, context), tame);
	require_record(na_compose_counters(record, NA_RECORD_CLOSE, &event, context), tame);
	require_record(na_compose_counters(record, NA_RECORD_PROGRESS, &event, context), tame);
	require_record(na_compose_datagram(record, &event, &period, families & 0x40, context), tame);
}

static void fuzz_unix(struct fuzz_input *input, const struct na_context *context, bool tame)
{
	struct na_unix_event event;

	fuzz_take(input, &event, sizeof(event));
	if (tame) {
		tame_task(&event.task);
		event.header.time_ns &= POSSIBLE;
	}
	require_record(na_compose_unix(record, &event, context), tame);
}

static void fuzz_name(struct fuzz_input *input, const struct na_context *context, bool tame)
{
	struct na_name_event event;
	char name[64];

	fuzz_take(input, &event, sizeof(event));
	fuzz_take(input, name, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	if (tame) {
		tame_task(&event.task);
		event.header.time_ns &= POSSIBLE;
	}
	require_record(na_compose_resolve(record, &event, name, context), tame);
}

static void fuzz_process(struct fuzz_input *input, const struct na_context *context, bool tame)
{
	struct na_process_event event;
	uint8_t type = fuzz_byte(input);

	fuzz_take(input, &event, sizeof(event));
	event.header.type = NA_EVENT_FORK + type % 3;
	if (tame) {
		tame_task(&event.task);
		event.header.time_ns &= POSSIBLE;
	}
	require_record(na_compose_process(record, &event, context), tame);
}

/* The input is one destination; the report names it as often as a report can. */
static void fuzz_lost(struct fuzz_input *input, const struct na_context *context, bool tame)
{
	static struct na_loss_key keys[NA_LOSS_DESTINATIONS];
	static struct na_loss_value values[NA_LOSS_DESTINATIONS];
	struct na_loss_report report = { .keys = keys, .values = values };

	report.destinations = fuzz_byte(input) % (NA_LOSS_DESTINATIONS + 1);
	report.uncounted_possible = report.destinations & 1;
	fuzz_take(input, &keys[0], sizeof(keys[0]));
	fuzz_take(input, &values[0], sizeof(values[0]));
	fuzz_take(input, &report.missed_programs, sizeof(report.missed_programs));
	fuzz_take(input, &report.counts, sizeof(report.counts));
	if (tame) {
		values[0].count &= POSSIBLE;
		report.missed_programs &= POSSIBLE;
		for (size_t i = 0; i < NA_EVENT_TYPES * NA_LOSS_REASONS; i++)
			report.counts[i / NA_LOSS_REASONS][i % NA_LOSS_REASONS] &= POSSIBLE / 64;
	}
	for (int i = 1; i < report.destinations; i++) {
		keys[i] = keys[0];
		values[i] = values[0];
	}
	require_record(na_compose_lost(record, &report, context->clock), tame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct fuzz_input *, const struct na_context *, bool) = {
		fuzz_flow, fuzz_unix, fuzz_process, fuzz_lost, fuzz_name,
	};
	struct fuzz_input input = { data, size };
	struct na_context context = { .clock = &now };
	uint8_t how = fuzz_byte(&input);
	char instance[17] = "";

	if (how & 0x40) {
		fuzz_take(&input, instance, sizeof(instance) - 1);
		context.instance = instance;
		context.worker = "http";
		context.via = "relay";
	}
	kinds[how % (sizeof(kinds) / sizeof(kinds[0]))](&input, &context, how & 0x80);
	return 0;
}
