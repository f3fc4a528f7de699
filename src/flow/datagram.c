// SPDX-License-Identifier: GPL-2.0-or-later
/* Flows by socket, and the difference between the kernel's counters and what was already said. */
#include "flow/datagram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/clock.h"

#define IDLE_PERIODS 10

struct socket_flows {
	uint64_t id;
	struct na_datagram_flow *first;
	UT_hash_handle hh;
};

struct na_datagrams {
	struct na_capture *capture;
	na_datagram_report_fn *report;
	void *context;
	struct socket_flows *sockets;
	size_t count;
	uint64_t created_ns;
};

int na_datagrams_create(struct na_datagrams **out, struct na_capture *capture, na_datagram_report_fn *report,
			void *context)
{
	struct na_datagrams *datagrams = calloc(1, sizeof(*datagrams));

	if (!datagrams)
		return -ENOMEM;
	*datagrams = (struct na_datagrams){
		.capture = capture, .report = report, .context = context, .created_ns = na_boottime_ns(),
	};
	*out = datagrams;
	return 0;
}

static struct socket_flows *find_socket(struct na_datagrams *datagrams, uint64_t id)
{
	struct socket_flows *socket;

	HASH_FIND(hh, datagrams->sockets, &id, sizeof(id), socket);
	return socket;
}

static struct na_datagram_flow *find_flow(const struct socket_flows *socket, uint64_t id)
{
	struct na_datagram_flow *flow = socket ? socket->first : NULL;

	while (flow && flow->opened.flow != id)
		flow = flow->next;
	return flow;
}

struct na_datagram_flow *na_datagrams_find(struct na_datagrams *datagrams, uint64_t socket, uint64_t flow)
{
	return find_flow(find_socket(datagrams, socket), flow);
}

/* A flow taken over by its counters, whose event was still in the ring. Newer events cannot be of such a flow. */
static struct na_datagram_flow *find_taken_over(const struct na_datagrams *datagrams, const struct socket_flows *socket,
						const struct na_flow_event *event)
{
	return event->opened_ns <= datagrams->created_ns ? find_flow(socket, event->flow) : NULL;
}

struct na_datagram_flow *na_datagrams_begin(struct na_datagrams *datagrams, const struct na_flow_event *event,
					    bool taken_over)
{
	struct socket_flows *socket = find_socket(datagrams, event->socket);
	struct na_datagram_flow *flow = find_taken_over(datagrams, socket, event);

	if (flow) {
		flow->opened = *event;
		return flow;
	}
	flow = calloc(1, sizeof(*flow));
	if (flow && !socket) {
		socket = calloc(1, sizeof(*socket));
		if (socket) {
			socket->id = event->socket;
			HASH_ADD(hh, datagrams->sockets, id, sizeof(socket->id), socket);
			if (!socket->hh.tbl) {	/* no memory for the table: it was not added */
				free(socket);
				socket = NULL;
			}
		}
	}
	if (!flow || !socket) {
		free(flow);
		return NULL;
	}
	flow->opened = *event;
	flow->reported_ns = event->header.time_ns;
	flow->reported.last_ns = event->opened_ns;
	if (taken_over)
		na_capture_get_said(datagrams->capture, event->flow, &flow->reported);
	flow->next = socket->first;
	socket->first = flow;
	datagrams->count++;
	return flow;
}

static struct na_peer_key key_of(const struct na_flow_event *event)
{
	struct na_peer_key key = {
		.socket = event->socket, .remote_port = event->remote_port, .family = event->family,
		.protocol = event->protocol,
	};

	memcpy(key.remote, event->remote, sizeof(key.remote));
	return key;
}

void na_datagrams_refuse(struct na_datagrams *datagrams, const struct na_flow_event *event)
{
	struct na_peer_key key = key_of(event);
	struct na_peer_counters ignored;

	if (event->flow)
		na_capture_peer(datagrams->capture, &key, &ignored, true);
}

/* True when there was something to say. */
static bool report_difference(struct na_datagrams *datagrams, struct na_datagram_flow *flow,
			      const struct na_peer_counters *now, bool final)
{
	const struct na_peer_counters *said = &flow->reported;
	struct na_peer_counters period = {
		.flow = flow->opened.flow,
		.first_ns = said->last_ns,
		.last_ns = now->last_ns,
		.messages_out = now->messages_out - said->messages_out,
		.bytes_out = now->bytes_out - said->bytes_out,
		.messages_in = now->messages_in - said->messages_in,
		.bytes_in = now->bytes_in - said->bytes_in,
		.quic = now->quic,
	};
	bool first = !said->flow, moved = period.messages_out || period.messages_in;

	if (!moved && !first)
		return false;
	datagrams->report(datagrams->context, flow, &period, final);
	flow->reported = *now;
	flow->reported.flow = flow->opened.flow;
	if (!final)
		na_capture_set_said(datagrams->capture, &flow->reported);
	return true;
}

static void free_flow(struct na_datagram_flow *flow)
{
	na_attribution_release(flow->author);
	free(flow);
}

/* Takes the counters out of the kernel and says what had not been said. Frees the flow. */
static void finish(struct na_datagrams *datagrams, struct na_datagram_flow *flow)
{
	struct na_peer_key key = key_of(&flow->opened);
	bool said = flow->reported.flow;	/* and kept; most flows are over with their first report */
	struct na_peer_counters now;

	if (!na_capture_peer(datagrams->capture, &key, &now, true))
		report_difference(datagrams, flow, &now, true);
	if (said)
		na_capture_forget_said(datagrams->capture, flow->opened.flow);
	datagrams->count--;
	free_flow(flow);
}

static void drop_socket(struct na_datagrams *datagrams, struct socket_flows *socket)
{
	HASH_DEL(datagrams->sockets, socket);	/* NOLINT(clang-analyzer-unix.Malloc): uthash's lists are not understood */
	free(socket);
}

void na_datagrams_claim(struct na_datagrams *datagrams, uint64_t id, const struct na_task *task)
{
	struct socket_flows *socket = find_socket(datagrams, id);

	for (struct na_datagram_flow *flow = socket ? socket->first : NULL; flow; flow = flow->next)
		if (flow->opened.seen_by == NA_SEEN_RECEIVE)
			flow->opened.task = *task;
}

void na_datagrams_socket_gone(struct na_datagrams *datagrams, uint64_t id, const struct na_task *task)
{
	struct socket_flows *socket = find_socket(datagrams, id);

	if (!socket)
		return;
	while (socket->first) {
		struct na_datagram_flow *flow = socket->first;

		socket->first = flow->next;
		if (!flow->opened.task.pid)
			flow->opened.task = *task;
		finish(datagrams, flow);
	}
	drop_socket(datagrams, socket);
}

/* Returns true when the flow is over. */
static bool tick_flow(struct na_datagrams *datagrams, struct na_datagram_flow *flow, uint64_t now_ns,
		      uint64_t period_ns)
{
	struct na_peer_key key = key_of(&flow->opened);
	struct na_peer_counters now;

	if (now_ns - flow->reported_ns < period_ns)
		return false;
	flow->reported_ns = now_ns;
	if (na_capture_peer(datagrams->capture, &key, &now, false))
		return true;
	if (report_difference(datagrams, flow, &now, false))
		return false;
	return now_ns > now.last_ns && now_ns - now.last_ns > IDLE_PERIODS * period_ns;
}

void na_datagrams_tick(struct na_datagrams *datagrams, uint64_t now_ns, uint64_t period_ns)
{
	struct socket_flows *socket, *next;

	HASH_ITER(hh, datagrams->sockets, socket, next) {
		struct na_datagram_flow **link = &socket->first;

		while (*link) {
			struct na_datagram_flow *flow = *link;

			if (!tick_flow(datagrams, flow, now_ns, period_ns)) {
				link = &flow->next;
				continue;
			}
			*link = flow->next;
			finish(datagrams, flow);
		}
		if (!socket->first)
			drop_socket(datagrams, socket);
	}
}

static void forget_lost(void *context, const struct na_peer_key *key, const struct na_peer_counters *counters)
{
	struct na_datagrams *datagrams = context;
	struct na_peer_counters last;

	if (counters->event_lost)
		na_capture_peer(datagrams->capture, key, &last, true);
}

void na_datagrams_forget_lost(struct na_datagrams *datagrams)
{
	na_capture_each_peer(datagrams->capture, forget_lost, datagrams);
}

void na_datagrams_flush(struct na_datagrams *datagrams)
{
	na_datagrams_tick(datagrams, UINT64_MAX, 0);
}

size_t na_datagrams_count(const struct na_datagrams *datagrams)
{
	return datagrams->count;
}

void na_datagrams_destroy(struct na_datagrams *datagrams)
{
	struct socket_flows *socket, *next;

	if (!datagrams)
		return;
	HASH_ITER(hh, datagrams->sockets, socket, next) {
		while (socket->first) {
			struct na_datagram_flow *flow = socket->first;

			socket->first = flow->next;
			free_flow(flow);
		}
		drop_socket(datagrams, socket);
	}
	free(datagrams);
}
