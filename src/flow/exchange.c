// SPDX-License-Identifier: GPL-2.0-or-later
/* One table: what waits, by connection and number. */
#include "flow/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct number {
	uint64_t connection, number;
};

struct waiting {
	struct number number;
	struct na_exchange exchange;
	UT_hash_handle hh;
};

struct na_exchanges {
	na_exchange_fn *report;
	void *context;
	struct waiting *waiting;	/* in order of arrival, as uthash keeps it */
};

int na_exchanges_create(struct na_exchanges **exchanges, na_exchange_fn *report, void *context)
{
	*exchanges = calloc(1, sizeof(**exchanges));
	if (!*exchanges)
		return -ENOMEM;
	(*exchanges)->report = report;
	(*exchanges)->context = context;
	return 0;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

static void drop(struct na_exchanges *exchanges, struct waiting *waiting)
{
	HASH_DEL(exchanges->waiting, waiting);
	na_attribution_release(waiting->exchange.who.author);
	free(waiting);
}

void na_exchanges_destroy(struct na_exchanges *exchanges)
{
	if (!exchanges)
		return;
	while (exchanges->waiting)
		drop(exchanges, exchanges->waiting);
	free(exchanges);
}

static void tell(struct na_exchanges *exchanges, struct waiting *waiting)
{
	exchanges->report(exchanges->context, &waiting->exchange);
	drop(exchanges, waiting);
}

static struct waiting *find(const struct na_exchanges *exchanges, const struct na_message_event *event)
{
	const struct number number = { event->connection, event->message.number };
	struct waiting *waiting;

	HASH_FIND(hh, exchanges->waiting, &number, sizeof(number), waiting);
	return waiting;
}

/* Of HTTP/2: only how long the body was that belongs to a head. */
static bool is_rest(const struct na_message_event *event)
{
	return event->message.protocol == NA_PROTOCOL_HTTP2 && !event->message.head_bytes;
}

static void take(struct na_message_event *known, const struct na_message_event *event)
{
	if (!is_rest(event)) {
		*known = *event;
		return;
	}
	known->header.time_ns = event->header.time_ns;
	known->message.body_bytes = event->message.body_bytes;
	known->message.part = event->message.part;
}

bool na_exchanges_is_new(const struct na_exchanges *exchanges, const struct na_message_event *event)
{
	return event->message.kind == NA_MESSAGE_REQUEST && !is_rest(event) && !find(exchanges, event);
}

static int on_request(struct na_exchanges *exchanges, const struct na_message_event *event,
		      const struct na_context *who)
{
	struct waiting *waiting = find(exchanges, event);

	if (!waiting && is_rest(event))
		return 0;	/* its exchange was told: the answer did not wait for it */
	if (!waiting) {
		if (HASH_COUNT(exchanges->waiting) >= NA_EXCHANGES_MOST)
			tell(exchanges, exchanges->waiting);
		waiting = calloc(1, sizeof(*waiting));
		if (!waiting) {
			na_attribution_release(who->author);
			return -ENOMEM;
		}
		waiting->number = (struct number){ event->connection, event->message.number };
		waiting->exchange.begun_ns = event->begun_ns;
		waiting->exchange.who = *who;
		HASH_ADD(hh, exchanges->waiting, number, sizeof(waiting->number), waiting);
	}
	take(&waiting->exchange.request, event);
	waiting->exchange.ended_ns = event->header.time_ns;
	return 0;
}

/* One without a request: that one's event was lost, and is counted as lost. */
static void on_response(struct na_exchanges *exchanges, const struct na_message_event *event)
{
	struct waiting *waiting = find(exchanges, event);

	if (!waiting || waiting->exchange.request.written == event->written || (is_rest(event) && !waiting->exchange.answered))
		return;
	take(&waiting->exchange.response, event);
	waiting->exchange.answered = true;
	waiting->exchange.ended_ns = event->header.time_ns;
	waiting->exchange.over = event->message.part == NA_MESSAGE_WHOLE;
	if (waiting->exchange.over && !(waiting->exchange.author_to_come && !waiting->exchange.request.written))
		tell(exchanges, waiting);
}

void na_exchanges_expect_author(struct na_exchanges *exchanges, const struct na_message_event *event)
{
	struct waiting *waiting = find(exchanges, event);

	if (waiting)
		waiting->exchange.author_to_come = true;
}

void na_exchanges_author(struct na_exchanges *exchanges, uint64_t connection, uint64_t number,
			 const struct na_attribution *author, uint64_t time_ns)
{
	const struct number key = { connection, number };
	struct waiting *waiting;

	HASH_FIND(hh, exchanges->waiting, &key, sizeof(key), waiting);
	if (!waiting || !waiting->exchange.author_to_come || time_ns < waiting->exchange.begun_ns)
		return;
	waiting->exchange.author_to_come = false;
	na_attribution_release(waiting->exchange.who.author);
	waiting->exchange.who.author = na_attribution_hold(author);
	if (waiting->exchange.over)
		tell(exchanges, waiting);
}

void na_exchanges_settle(struct na_exchanges *exchanges, uint64_t before_ns)
{
	struct waiting *waiting, *next;

	HASH_ITER(hh, exchanges->waiting, waiting, next)
		if (waiting->exchange.over && waiting->exchange.ended_ns < before_ns)
			tell(exchanges, waiting);
}

int na_exchanges_message(struct na_exchanges *exchanges, const struct na_message_event *event,
			 const struct na_context *who)
{
	if (event->message.kind == NA_MESSAGE_REQUEST)
		return on_request(exchanges, event, who);
	on_response(exchanges, event);
	return 0;
}

void na_exchanges_end(struct na_exchanges *exchanges, uint64_t flow, uint32_t pid)
{
	struct waiting *waiting, *next;

	HASH_ITER(hh, exchanges->waiting, waiting, next) {
		const struct na_message_event *request = &waiting->exchange.request;

		if ((!flow && !pid) || (flow && request->flow == flow) || (pid && request->task.pid == pid))
			tell(exchanges, waiting);
	}
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

size_t na_exchanges_waiting(const struct na_exchanges *exchanges)
{
	return HASH_COUNT(exchanges->waiting);
}
