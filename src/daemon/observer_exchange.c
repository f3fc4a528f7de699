// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages, inside TLS and in clear text, become records of exchanges. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/observer_internal.h"
#include "flow/compose_exchange.h"
#include "flow/protocol.h"

/*
 * A connection to a database began. Names that were cut, masked or redacted might be anybody's; a server that was not
 * heard may have taken it, or not.
 */
static void connected(struct na_observer *observer, const struct na_exchange *exchange)
{
	const struct na_message *request = &exchange->request.message;
	const char *result = exchange->answered ? na_message_result(&exchange->response.message) : NULL, *name;
	bool legible = !(request->flags & (NA_MESSAGE_KEYS_CUT | NA_MESSAGE_MASKED | NA_MESSAGE_STRICT));
	size_t length = na_startup_name(request, "database", &name);
	char text[NA_MESSAGE_TEXT_BYTES + 1];

	if (request->protocol != NA_PROTOCOL_POSTGRESQL || !exchange->request.written ||
	    (result && strcmp(result, "ok") != 0))
		return;
	if (!name)
		length = na_startup_name(request, "user", &name);
	if (name)
		memcpy(text, name, length);
	text[length] = '\0';
	na_attributor_on_database(observer->attributor, &exchange->request.task, exchange->request.flow,
				  name && legible && result ? text : NULL);
}

/* What a request of this host asks a proxy to reach: this one, or the one that made a tunnel of its flow. */
static const struct na_tunnel *tunnel_of(const struct na_exchange *exchange, const struct na_flow *flow,
					 struct na_tunnel *asked)
{
	if (!exchange->request.written)
		return NULL;
	if (!na_is_proxied(&exchange->request.message))
		return flow ? flow->tunnel : NULL;
	na_tunnel_of(asked, &exchange->request.message);
	if (flow) {
		asked->family = flow->family;
		asked->proxy_port = flow->remote_port;
		memcpy(asked->proxy, flow->remote, sizeof(asked->proxy));
	}
	return asked;
}

/* The proxy granted a tunnel: everything that follows on the flow goes where that leads. */
static void enter_tunnel(struct na_observer *observer, struct na_flow *flow, const struct na_tunnel *tunnel)
{
	if (!flow->tunnel)
		flow->tunnel = malloc(sizeof(*flow->tunnel));
	if (flow->tunnel)
		*flow->tunnel = *tunnel;
	else
		na_observer_dropped(observer, strerror(ENOMEM));
}

static void report(void *context, struct na_exchange *exchange)
{
	struct na_observer *observer = context;
	uint64_t id = exchange->request.flow ? exchange->request.flow : exchange->response.flow;
	struct na_flow *flow = na_flow_find(observer->flows, id);
	char record[NA_COMPOSE_BYTES];
	struct na_tunnel asked;

	connected(observer, exchange);
	exchange->who.hello = flow && !exchange->request.on_wire ? flow->hello : NULL;
	exchange->who.tunnel = tunnel_of(exchange, flow, &asked);
	if (flow && exchange->who.tunnel == &asked && exchange->answered &&
	    exchange->response.message.flags & NA_MESSAGE_TUNNEL)
		enter_tunnel(observer, flow, &asked);
	na_observer_classify_exchange(observer, exchange);
	na_observer_queue(observer, record,
			  na_compose_exchange(record, exchange, observer->context->fingerprint_key));
}

int na_observer_open_exchanges(struct na_observer *observer)
{
	int err = na_exchanges_create(&observer->exchanges, report, observer);

	return err ? err : na_tls_libraries_create(&observer->tls_libraries, observer->probes);
}

void na_observer_close_exchanges(struct na_observer *observer)
{
	na_exchanges_destroy(observer->exchanges);
	na_tls_libraries_destroy(observer->tls_libraries);
}

/* What is asked of a proxy of SOCKS takes as many writes as it likes: those of what follows are not to be counted. */
static bool is_socks(const struct na_flow *flow)
{
	return flow->tunnel && !strncmp(flow->tunnel->by, "socks", strlen("socks"));
}

/* Client and server talk by turns: a message is of several writes, and some writes are of none. */
static bool is_by_turns(const struct na_message_event *event)
{
	return event->message.protocol != NA_PROTOCOL_HTTP1 && event->message.protocol != NA_PROTOCOL_HTTP2;
}

/*
 * Of clear text: whoever connected began the first request of a flow, and whoever was seen to begin them the others.
 * Not `known`: another may still be seen.
 */
static const struct na_attribution *known_author(struct na_flow *flow, const struct na_message_event *event,
						 bool *known)
{
	const struct na_attribution *author = NULL;
	bool first;

	*known = false;
	if (!flow || !event->on_wire || !event->written)
		return NULL;
	first = event->message.number == is_socks(flow);
	if (is_by_turns(event))
		author = na_flow_writer(flow, event->exchange);
	else if (first)
		author = flow->author;
	else if (flow->exchange.next_number == event->message.number)
		author = flow->exchange.next_author;
	*known = author;
	return na_attribution_hold(author || !first ? author : flow->author);
}

static void begin(struct na_observer *observer, const struct na_message_event *event, struct na_flow *flow, bool known)
{
	bool by_turns = is_by_turns(event);

	/* requests of HTTP/2 are written and answered in any order: their numbers say nothing of writes */
	if (!flow || !event->on_wire || is_socks(flow) || (by_turns && !event->written) ||
	    event->message.protocol == NA_PROTOCOL_HTTP2)
		return;
	flow->exchange.connection = event->connection;
	flow->exchange.number = event->message.number;
	flow->exchange.by_turns = by_turns;
	flow->exchange.begun_in = event->exchange;
	if (!known)
		na_exchanges_expect_author(observer->exchanges, event);
}

/* Who was seen before this answer began no request after it. */
static void answered(struct na_flow *flow, const struct na_message_event *event)
{
	struct na_flow_exchange *exchange = &flow->exchange;

	exchange->answered_ns = event->header.time_ns;
	na_attribution_release(exchange->next_author);
	exchange->next_author = NULL;
}

void na_observer_exchange_author(struct na_observer *observer, struct na_flow *flow, const struct na_stack_event *event,
				 const struct na_attribution *author)
{
	bool inbound = flow->direction == NA_INBOUND;
	/* answers are counted from 1; of what this host asks, the first request is its connect's */
	uint64_t number = inbound ? event->subject - 1ULL : event->subject;
	struct na_flow_exchange *exchange = &flow->exchange;

	if (!inbound && event->subject)
		na_flow_note_writer(flow, event->subject, author);
	if (!exchange->connection || !event->subject)
		return;
	if (exchange->by_turns) {
		if (!inbound && event->subject == exchange->begun_in)
			na_exchanges_author(observer->exchanges, exchange->connection, exchange->number, author,
					    event->header.time_ns);
		return;
	}
	if (number == exchange->number && (inbound || event->header.time_ns > exchange->answered_ns)) {
		na_exchanges_author(observer->exchanges, exchange->connection, number, author, event->header.time_ns);
	} else if (!inbound && number == exchange->number + 1 && event->header.time_ns > exchange->answered_ns) {
		na_attribution_release(exchange->next_author);
		exchange->next_author = na_attribution_hold(author);
		exchange->next_number = number;
	}
}

void na_observer_message(struct na_observer *observer, const struct na_message_event *event)
{
	const struct na_target *target = na_targets_see(observer->targets, &event->task);
	struct na_flow *flow = na_flow_find(observer->flows, event->flow);
	bool fresh = na_exchanges_is_new(observer->exchanges, event), known = false;
	struct na_context who = { .clock = &observer->clock };
	struct na_acting acting;

	if (event->message.kind == NA_MESSAGE_HELLO) {
		na_observer_hello(observer, event);
		return;
	}
	if (!event->on_wire && !event->flow)
		na_observer_unbound(observer, &event->task);
	if (fresh) {
		if (!na_observer_describe(observer, target, &event->task, &who))
			return;
		who.author = known_author(flow, event, &known);
		if (!who.author && na_observer_asks(&acting, target, &event->task, &who, !event->written))
			who.author = na_observer_author(observer, event->connection, &event->task, &acting);
	}
	if (na_exchanges_message(observer->exchanges, event, &who))
		na_observer_dropped(observer, strerror(ENOMEM));
	else if (fresh)
		begin(observer, event, flow, known);
	if (flow && event->on_wire && event->message.kind == NA_MESSAGE_RESPONSE)
		answered(flow, event);
}
