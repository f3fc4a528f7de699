// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was there before this observer: sockets older than the hooks, and the datagram flows an observer that died
 * had been counting.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/observer_internal.h"
#include "target/listeners.h"

struct found {
	struct na_observer *observer;
	struct na_listeners *listeners;
	struct na_flow_event *sockets;	/* owner of each datagram socket */
	size_t sockets_used, sockets_room;
};

/* Nobody saw the connect or accept: a connection to a port that this host listens on came from outside. */
static void handle_existing(void *context, const struct na_event_header *header)
{
	struct found *found = context;
	struct na_flow_event event = *(const struct na_flow_event *)header;
	bool inbound;

	if (header->type != NA_EVENT_OPEN || na_observer_canary(found->observer, header))
		return;
	inbound = na_listeners_has(found->listeners, event.task.pid, event.task.net_namespace, event.local_port);
	event.direction = inbound ? NA_INBOUND : NA_OUTBOUND;
	if (!inbound && (event.flags & NA_FLOW_LOCAL) &&
	    na_capture_expect_relay(found->observer->context->capture, &event))
		na_observer_dropped(found->observer, "the kernel's table of expected relays is full");
	na_observer_open(found->observer, &event);
}

static void keep_socket(void *context, const struct na_event_header *header)
{
	struct found *found = context;
	const struct na_flow_event *event = (const struct na_flow_event *)header;

	if (event->flow)
		return;
	if (found->sockets_used == found->sockets_room) {
		size_t room = found->sockets_room ? 2 * found->sockets_room : 64;
		struct na_flow_event *more = realloc(found->sockets, room * sizeof(*more));

		if (!more)
			return;
		found->sockets = more;
		found->sockets_room = room;
	}
	found->sockets[found->sockets_used++] = *event;
}

static int by_socket(const void *a, const void *b)
{
	uint64_t left = ((const struct na_flow_event *)a)->socket, right = ((const struct na_flow_event *)b)->socket;

	return left < right ? -1 : left > right;
}

static void take_over(void *context, const struct na_peer_key *key, const struct na_peer_counters *counters)
{
	struct found *found = context;
	struct na_flow_event event = { .socket = key->socket };
	const struct na_flow_event *owner =
		bsearch(&event, found->sockets, found->sockets_used, sizeof(event), by_socket);

	if (owner)
		event.task = owner->task;
	event.header = (struct na_event_header){ counters->first_ns, NA_EVENT_DATAGRAM, sizeof(event) };
	event.flow = counters->flow;
	event.opened_ns = counters->first_ns;
	event.direction = counters->messages_out ? NA_OUTBOUND : NA_INBOUND;
	event.seen_by = NA_SEEN_ITERATOR;
	event.family = key->family;
	event.protocol = key->protocol;
	event.remote_port = key->remote_port;
	memcpy(event.remote, key->remote, sizeof(event.remote));
	if (na_observer_canary(found->observer, &event.header))
		return;
	/* without an owner the socket went while nobody watched: the rings still hold its events, or it falls idle */
	na_observer_take_over_datagram(found->observer, &event);
}

int na_observer_find_existing(struct na_observer *observer)
{
	struct na_capture *capture = observer->context->capture;
	struct found found = { .observer = observer };
	int result = na_listeners_create(&found.listeners);

	if (!result)
		result = na_capture_existing(capture, handle_existing, &found);
	if (result >= 0)
		result = na_capture_find_relays(capture);
	if (result >= 0 && observer->context->generation) {
		result = na_capture_progress(capture, keep_socket, &found);
		if (found.sockets_used)	/* qsort() may not be given NULL, even for nothing */
			qsort(found.sockets, found.sockets_used, sizeof(*found.sockets), by_socket);
		na_capture_each_peer(capture, take_over, &found);
	}
	na_listeners_destroy(found.listeners);
	free(found.sockets);
	return result < 0 ? result : 0;
}
