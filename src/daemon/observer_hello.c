// SPDX-License-Identifier: GPL-2.0-or-later
/* ClientHellos that were seen on the wire, and whether anybody saw into the TLS that followed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/observer_internal.h"

void na_observer_hello(struct na_observer *observer, const struct na_message_event *event)
{
	struct na_flow *flow = event->on_wire ? na_flow_find(observer->flows, event->flow) : NULL;

	if (!flow)
		return;	/* inside TLS, or the observer was restarted between: the flow's flags say the rest */
	if (!flow->hello)
		flow->hello = malloc(sizeof(*flow->hello));
	if (flow->hello)
		na_client_hello_of(flow->hello, event);
	else
		na_observer_dropped(observer, strerror(ENOMEM));
}

void na_observer_unbound(struct na_observer *observer, const struct na_task *task)
{
	struct na_unbound *unbound = &observer->unbound;

	if (na_observer_is_unbound(observer, task))
		return;
	unbound->of[unbound->next] = (struct na_unbound_process){ task->start_ns, task->pid };
	unbound->next = (unbound->next + 1) % NA_UNBOUND;
}

bool na_observer_is_unbound(const struct na_observer *observer, const struct na_task *task)
{
	for (size_t i = 0; i < NA_UNBOUND; i++)
		if (observer->unbound.of[i].pid == task->pid && observer->unbound.of[i].start_ns == task->start_ns)
			return true;
	return false;
}
