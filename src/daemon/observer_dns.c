// SPDX-License-Identifier: GPL-2.0-or-later
/* DNS messages become records of lookups, with the names of the datagram flow they went over. */
#include <errno.h>
#include <string.h>

#include "daemon/observer_internal.h"
#include "flow/compose_dns.h"

static void report(void *context, const struct na_lookup *lookup)
{
	struct na_observer *observer = context;
	struct na_datagram_flow *flow = na_datagrams_find(observer->datagrams, lookup->socket, lookup->flow);
	char record[NA_COMPOSE_BYTES];
	struct na_context names;

	if (!flow)	/* decided to be out of scope, or its beginning is counted as lost */
		return;
	names = na_observer_names_of_datagram(observer, flow);
	na_observer_queue(observer, record, na_compose_dns(record, lookup, &flow->opened, &names));
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

	if (!flow)
		return;
	flow->opened.flags |= NA_FLOW_DNS;
	/* what arrived from a server that was asked; who answers others has its names from elsewhere */
	if (!event->written && event->dns.flags & NA_DNS_RESPONSE && flow->opened.direction == NA_OUTBOUND)
		na_hosts_answer(observer->hosts, flow->opened.task.net_namespace, &event->dns, event->header.time_ns);
	if (na_lookups_message(observer->lookups, event))
		na_observer_dropped(observer, strerror(ENOMEM));
}
