// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages, inside TLS and in clear text, become records of exchanges. */
#include <errno.h>
#include <string.h>

#include "daemon/observer_internal.h"
#include "flow/compose_exchange.h"

static void report(void *context, struct na_exchange *exchange)
{
	struct na_observer *observer = context;
	const struct na_flow *flow = na_flow_find(observer->flows, exchange->request.flow);
	char record[NA_COMPOSE_BYTES];

	exchange->who.hello = flow && !exchange->request.on_wire ? flow->hello : NULL;
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

void na_observer_message(struct na_observer *observer, const struct na_message_event *event)
{
	const struct na_target *target = na_targets_see(observer->targets, &event->task);
	struct na_context who = { .clock = &observer->clock };
	struct na_acting acting;

	if (event->message.kind == NA_MESSAGE_HELLO) {
		na_observer_hello(observer, event);
		return;
	}
	if (!event->on_wire && !event->flow)
		na_observer_unbound(observer, &event->task);
	if (na_exchanges_is_new(observer->exchanges, event)) {
		if (!na_observer_describe(observer, target, &event->task, &who))
			return;
		if (na_observer_asks(&acting, target, &event->task, &who, !event->written))
			who.author = na_observer_author(observer, event->connection, &event->task, &acting);
	}
	if (na_exchanges_message(observer->exchanges, event, &who))
		na_observer_dropped(observer, strerror(ENOMEM));
}
