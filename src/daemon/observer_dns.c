// SPDX-License-Identifier: GPL-2.0-or-later
/* DNS messages become records of lookups, with the names of the flow they went over: of datagrams, or a stream. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/observer_internal.h"
#include "flow/compose_dns.h"

#define DNS_PORT 53		/* of streams: NA_DNS_PORT of bpf/dns_packet.h */

void na_observer_expect_dns(struct na_observer *observer, struct na_flow *flow, const struct na_flow_event *event)
{
	if ((event->remote_port != DNS_PORT && event->local_port != DNS_PORT) || flow->opened)
		return;
	flow->opened = malloc(sizeof(*flow->opened));
	if (flow->opened)
		*flow->opened = *event;
	else
		na_observer_dropped(observer, "no memory for the questions of a flow");
}

/* The beginning of a stream that may carry DNS, else NULL. */
static const struct na_flow_event *stream(struct na_observer *observer, uint64_t id)
{
	const struct na_flow *flow = na_flow_find(observer->flows, id);

	return flow ? flow->opened : NULL;
}

static struct na_context names_of_stream(struct na_observer *observer, const struct na_flow_event *opened)
{
	const struct na_flow *flow = na_flow_find(observer->flows, opened->flow);
	struct na_context names = { .clock = &observer->clock, .instance = flow->instance, .worker = flow->worker,
				    .via = flow->via, .author = flow->author, .container = flow->container };

	na_observer_classify(observer, opened, &names);
	return names;
}

static void report(void *context, const struct na_lookup *lookup)
{
	struct na_observer *observer = context;
	struct na_datagram_flow *flow = na_datagrams_find(observer->datagrams, lookup->socket, lookup->flow);
	const struct na_flow_event *opened = flow ? &flow->opened : stream(observer, lookup->flow);
	char record[NA_COMPOSE_BYTES];
	struct na_context names;

	if (!opened)	/* decided to be out of scope, or its beginning is counted as lost */
		return;
	names = flow ? na_observer_names_of_datagram(observer, flow) : names_of_stream(observer, opened);
	na_observer_queue(observer, record, na_compose_dns(record, lookup, opened, &names));
}

int na_observer_open_lookups(struct na_observer *observer)
{
	int err = na_lookups_create(&observer->lookups, report, observer);

	return err ? err : na_hosts_create(&observer->hosts);
}

void na_observer_close_lookups(struct na_observer *observer)
{
	na_lookups_destroy(observer->lookups);
	na_hosts_destroy(observer->hosts);
}

void na_observer_dns(struct na_observer *observer, const struct na_dns_event *event)
{
	struct na_datagram_flow *flow = na_datagrams_find(observer->datagrams, event->socket, event->flow);
	const struct na_flow_event *opened = flow ? &flow->opened : stream(observer, event->flow);

	if (!opened)
		return;
	if (flow)
		flow->opened.flags |= NA_FLOW_DNS;
	/* what arrived from a server that was asked; who answers others has its names from elsewhere */
	if (!event->written && event->dns.flags & NA_DNS_RESPONSE && opened->direction == NA_OUTBOUND)
		na_hosts_answer(observer->hosts, opened->task.net_namespace, &event->dns, event->header.time_ns);
	if (na_lookups_message(observer->lookups, event))
		na_observer_dropped(observer, strerror(ENOMEM));
}
