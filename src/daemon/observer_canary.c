// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listens for the canary: what the kernel tells of each of its rounds becomes one record, which says what was missing.
 *
 * Its sockets are of a network namespace that no other process can be in; the kernel says of each flow which one it
 * is of.
 */
#include "daemon/canary.h"
#include "daemon/observer_internal.h"

#define HEARD_WITHIN_NS (10 * NA_NS_PER_SECOND)	/* after a round was over; longer while the observer lags */
#define ROUND_LATE_NS (60 * NA_NS_PER_SECOND)	/* beyond two periods */

static bool counts_are(const struct na_flow_event *event, uint64_t bytes_out, uint64_t bytes_in)
{
	return event->bytes_out == bytes_out && event->bytes_in == bytes_in;
}

static unsigned int signs_of(const struct na_flow_event *event, uint64_t round)
{
	uint64_t asked = na_canary_bytes_out(round), answered = na_canary_bytes_in(round);
	bool outbound = event->direction == NA_OUTBOUND;

	switch (event->header.type) {
	case NA_EVENT_OPEN:
		return outbound ? NA_CANARY_CONNECT : NA_CANARY_ACCEPT;
	case NA_EVENT_CLOSE:
		if (outbound)
			return counts_are(event, asked, answered) ? NA_CANARY_CLIENT_CLOSE : 0;
		return counts_are(event, answered, asked) ? NA_CANARY_SERVER_CLOSE : 0;
	case NA_EVENT_DATAGRAM:
		return NA_CANARY_DATAGRAM;
	default:
		return 0;
	}
}

static bool is_flow(uint32_t type)
{
	return type == NA_EVENT_OPEN || type == NA_EVENT_CLOSE || type == NA_EVENT_PROGRESS || type == NA_EVENT_DATAGRAM ||
	       type == NA_EVENT_SOCKET_GONE;
}

bool na_observer_canary(struct na_observer *observer, const struct na_event_header *header)
{
	struct na_shared *shared = observer->context->shared;
	uint64_t namespace = na_counter_get(&shared->canary_namespace), round = na_counter_get(&shared->canary_begun);
	const struct na_flow_event *event = (const struct na_flow_event *)header;

	if (!namespace)
		return false;
	if (header->type == NA_EVENT_STACK)
		return event->task.pid == na_counter_get(&shared->canary_watched);
	if (!is_flow(header->type) || event->task.net_namespace != namespace)
		return false;
	if (round != observer->canary.round) {
		observer->canary.round = round;
		observer->canary.seen = 0;
	}
	observer->canary.seen |= signs_of(event, round);
	/* forgotten in the kernel, so that the next round's is a new flow */
	if (header->type == NA_EVENT_DATAGRAM)
		na_datagrams_refuse(observer->datagrams, event);
	return true;
}

static void say(struct na_observer *observer, uint64_t round, unsigned int seen, int error, uint64_t now_ns)
{
	char record[NA_COMPOSE_BYTES];

	na_observer_queue(observer, record, na_compose_canary(record, round, seen, error, &observer->clock));
	observer->canary.said_ns = now_ns;
	if (seen != NA_CANARY_ALL)
		return;
	na_counter_set(&observer->context->shared->canary_heard, round);
	na_counter_set(&observer->context->shared->canary_heard_boottime_ns, now_ns);
}

/* The kernel's part: its process is audited, whatever the scope. */
static void listen_for_it(struct na_observer *observer, uint64_t now_ns)
{
	struct na_shared *shared = observer->context->shared;
	uint64_t pid = na_counter_get(&shared->component[NA_CANARY].pid);

	if (!observer->canary.said_ns) {	/* a new observer: what was before it is the last one's */
		observer->canary.said_ns = now_ns;
		observer->canary.heard = na_counter_get(&shared->canary_done);
	}
	if (!pid || pid == na_counter_get(&shared->canary_watched))
		return;
	if (na_capture_set_scope(observer->context->capture, (uint32_t)pid, NA_SCOPE_ODOO, false))
		na_observer_dropped(observer, "the kernel's table of processes in scope is full (see max_processes)");
	else
		na_counter_set(&shared->canary_watched, pid);
}

void na_observer_canary_tick(struct na_observer *observer, uint64_t now_ns)
{
	const struct na_shared *shared = observer->context->shared;
	struct na_canary_watch *canary = &observer->canary;
	uint64_t done = na_counter_get(&shared->canary_done);
	uint64_t period_ns = observer->context->config->canary_seconds * NA_NS_PER_SECOND;
	unsigned int seen = (canary->round == done ? canary->seen : 0) | NA_CANARY_ROUND;
	int error = (int)na_counter_get(&shared->canary_error);

	if (!na_counter_get(&shared->canary_namespace))
		return;
	listen_for_it(observer, now_ns);
	if (done != canary->heard) {
		if (!canary->waiting_ns)
			canary->waiting_ns = now_ns;
		if (seen != NA_CANARY_ALL &&
		    (now_ns < canary->waiting_ns + HEARD_WITHIN_NS || observer->handled_ns < canary->waiting_ns))
			return;
		canary->heard = done;
		canary->waiting_ns = 0;
		say(observer, done, seen, error, now_ns);
	} else if (now_ns > canary->said_ns + 2 * period_ns + ROUND_LATE_NS) {
		say(observer, done, 0, error, now_ns);
	}
}
