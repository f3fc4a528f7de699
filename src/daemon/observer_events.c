// SPDX-License-Identifier: GPL-2.0-or-later
/* What each event becomes: a record, a change of what we know, or nothing because it is out of scope. */
#include <string.h>

#include "attribute/names.h"
#include "daemon/observer_internal.h"

bool na_observer_describe(struct na_observer *observer, const struct na_target *target, const struct na_task *task,
			  struct na_context *context)
{
	const char *instance;

	*context = (struct na_context){ .clock = &observer->clock };
	context->container = na_containers_of(observer->containers, task);
	if (!target) {
		context->via = task->scope == NA_SCOPE_RELAY ? "relay" : NULL;
		return true;
	}
	if (target->scope == NA_SCOPE_NONE && task->scope == NA_SCOPE_UNDECIDED)
		return false;
	if (target->worker != NA_WORKER_NONE)
		context->worker = na_worker_name(target->worker);
	if (task->scope == NA_SCOPE_RELAY || target->scope == NA_SCOPE_RELAY)
		context->via = "relay";
	instance = na_targets_instance_name(observer->targets, target->instance);
	if (instance[0])
		context->instance = na_flow_intern(observer->flows, instance);
	return true;
}

/* The same with its author, to be released by the caller. */
static bool describe_author(struct na_observer *observer, const struct na_target *target, uint64_t flow,
			    const struct na_task *task, bool inbound, struct na_context *context)
{
	struct na_acting acting;

	if (!na_observer_describe(observer, target, task, context))
		return false;
	if (na_observer_asks(&acting, target, task, context, inbound))
		context->author = na_observer_author(observer, flow, task, &acting);
	return true;
}

/* An accepted connection also tells what kind of worker this is. */
static const struct na_target *target_of_flow(struct na_observer *observer, const struct na_flow_event *event)
{
	return na_targets_see_flow(observer->targets, event);
}

/* NULL: no memory. A flow that is not followed may be recorded with less than was known once: that counts. */
static struct na_flow *follow(struct na_observer *observer, uint64_t id)
{
	struct na_flow *flow = na_flow_add(observer->flows, id);

	if (!flow)
		na_observer_dropped(observer, "no memory to follow a flow");
	return flow;
}

void na_observer_open(struct na_observer *observer, const struct na_flow_event *event)
{
	char record[NA_COMPOSE_BYTES];
	struct na_context context;
	struct na_flow *flow;

	if (!describe_author(observer, target_of_flow(observer, event), event->flow, &event->task,
			     event->direction == NA_INBOUND, &context))
		return;
	na_tls_libraries_look(observer->tls_libraries, event->task.pid, event->task.start_ns);
	flow = follow(observer, event->flow);
	if (flow) {
		flow->instance = context.instance;
		flow->worker = context.worker;
		flow->via = context.via;
		flow->container = context.container;
		flow->direction = event->direction;
		flow->family = event->family;
		flow->remote_port = event->remote_port;
		memcpy(flow->remote, event->remote, sizeof(flow->remote));
		flow->request = (struct na_request){ .since_ns = event->opened_ns,
						     .provable = !(event->flags & NA_FLOW_PRE_EXISTING) };
		flow->reported_ns = event->header.time_ns;
		na_flow_set_author(flow, context.author);
		na_observer_expect_dns(observer, flow, event);
	}
	na_observer_classify(observer, event, &context);
	na_observer_queue(observer, record, na_compose_open(record, event, &context));
	na_attribution_release(context.author);
}

/* The names of the moment it was opened; its process may be gone by now. The author is the caller's to release. */
static bool describe_known(struct na_observer *observer, const struct na_flow_event *event, struct na_flow *flow,
			   struct na_context *context)
{
	if (!flow)
		return describe_author(observer, na_targets_see(observer->targets, &event->task), event->flow,
				       &event->task, event->direction == NA_INBOUND, context);
	*context = (struct na_context){ .clock = &observer->clock, .instance = flow->instance, .worker = flow->worker,
					.via = flow->via, .author = na_attribution_hold(flow->author),
					.container = flow->container, .hello = flow->hello, .tunnel = flow->tunnel };
	return true;
}

/*
 * Of a flow that is older than the hooks the kernel does not know the direction; the first record inferred it. That its
 * TLS is seen into the kernel knows of the thread that writes, which is not always in a call of the library then.
 */
static struct na_flow_event with_what_is_known(const struct na_observer *observer, const struct na_flow_event *event,
					       const struct na_flow *flow)
{
	struct na_flow_event known = *event;

	/* some of its process's TLS was seen, and on which flow is not known: it may have been this one */
	if (na_observer_is_unbound(observer, &event->task))
		known.flags |= NA_FLOW_TLS_SEEN;
	if (flow && known.direction == NA_DIRECTION_NONE)
		known.direction = flow->direction;
	return known;
}

static void handle_close(struct na_observer *observer, const struct na_flow_event *event)
{
	struct na_flow *flow = na_flow_find(observer->flows, event->flow);
	struct na_flow_event known = with_what_is_known(observer, event, flow);
	char record[NA_COMPOSE_BYTES];
	struct na_context context;

	if (describe_known(observer, event, flow, &context)) {
		na_observer_classify(observer, &known, &context);
		na_observer_queue(observer, record, na_compose_counters(record, NA_RECORD_CLOSE, &known, &context));
		na_attribution_release(context.author);
	}
	na_exchanges_end(observer->exchanges, event->flow, 0);
	na_lookups_end(observer->lookups, event->flow);
	na_attributor_database_closed(observer->attributor, event->flow);
	if (flow)
		na_flow_remove(observer->flows, flow);
}

static void handle_datagram(struct na_observer *observer, const struct na_flow_event *event, bool taken_over)
{
	const struct na_target *target = target_of_flow(observer, event);
	struct na_context context;
	struct na_datagram_flow *flow;

	if (!na_observer_describe(observer, target, &event->task, &context)) {
		na_datagrams_refuse(observer->datagrams, event);
		return;
	}
	if (!event->flow) {
		na_datagrams_claim(observer->datagrams, event->socket, &event->task);
		return;
	}
	flow = na_datagrams_begin(observer->datagrams, event, taken_over);
	if (!flow) {
		na_datagrams_refuse(observer->datagrams, event);	/* its next datagram may find memory again */
		na_observer_dropped(observer, "no memory to follow a datagram flow");
		return;
	}
	flow->instance = context.instance;
	flow->worker = context.worker;
	flow->via = context.via;
	flow->container = context.container;
	/* asked at the first report: the stack may come after its flow's first event */
	flow->asked = na_observer_asks(&flow->acting, target, &event->task, &context, event->direction == NA_INBOUND);
}

static void handle_socket_gone(struct na_observer *observer, const struct na_flow_event *event)
{
	na_lookups_end(observer->lookups, event->socket);
	na_datagrams_socket_gone(observer->datagrams, event->socket, &event->task);
}

struct na_context na_observer_names_of_datagram(struct na_observer *observer, struct na_datagram_flow *flow)
{
	struct na_context names;

	if (flow->asked && !flow->author)
		flow->author = na_observer_author(observer, flow->opened.flow, &flow->opened.task, &flow->acting);
	names = (struct na_context){ .clock = &observer->clock, .instance = flow->instance, .worker = flow->worker,
				     .via = flow->via, .author = flow->author, .container = flow->container };
	na_observer_classify(observer, &flow->opened, &names);
	return names;
}

void na_observer_report_datagram(void *context, struct na_datagram_flow *flow, const struct na_peer_counters *period,
				 bool final)
{
	struct na_observer *observer = context;
	struct na_context names = na_observer_names_of_datagram(observer, flow);
	char record[NA_COMPOSE_BYTES];

	na_observer_queue(observer, record, na_compose_datagram(record, &flow->opened, period, final, &names));
}

/* What is said on a unix socket is not looked at: a connection to PostgreSQL there may be to any of its databases. */
static bool leads_to_postgresql(const struct na_unix_event *event)
{
	static const char mark[] = "/.s.PGSQL.";

	return !event->error && event->path_bytes <= sizeof(event->path) &&
	       memmem(event->path, event->path_bytes, mark, sizeof(mark) - 1);
}

static void handle_unix(struct na_observer *observer, const struct na_unix_event *event)
{
	char record[NA_COMPOSE_BYTES];
	struct na_context context;

	if (leads_to_postgresql(event))
		na_attributor_on_database(observer->attributor, &event->task, 0, NULL);

	if (!describe_author(observer, na_targets_see(observer->targets, &event->task), event->flow, &event->task,
			     false, &context))
		return;
	na_observer_classify_local(&context);
	na_observer_queue(observer, record, na_compose_unix(record, event, &context));
	na_attribution_release(context.author);
}

static void handle_process(struct na_observer *observer, const struct na_process_event *event)
{
	char record[NA_COMPOSE_BYTES];
	struct na_context context;

	if (event->header.type == NA_EVENT_FORK)
		na_targets_on_fork(observer->targets, event);
	else if (event->header.type == NA_EVENT_EXEC)
		na_targets_on_exec(observer->targets, event);
	na_observer_process_authors(observer, event);
	if (!event->off && !na_counter_get(&observer->context->shared->capture_off) &&
	    na_observer_describe(observer, na_targets_see(observer->targets, &event->task), &event->task, &context)) {
		/* a fork's stack comes after it: who started the process is known when it executes its program */
		if (event->header.type == NA_EVENT_EXEC)
			context.author = na_attributor_of_process(observer->attributor, &event->task);
		na_observer_queue(observer, record, na_compose_process(record, event, &context));
		na_attribution_release(context.author);
	}
	if (event->header.type == NA_EVENT_EXIT)
		na_exchanges_end(observer->exchanges, 0, event->task.pid);
	if (event->header.type == NA_EVENT_EXIT)
		na_targets_on_exit(observer->targets, event);
}

/* Addresses are no names: what connects to them says so itself. */
static void handle_name(struct na_observer *observer, const struct na_name_event *event)
{
	char host[NA_NAME_TEXT_BYTES], record[NA_COMPOSE_BYTES];
	struct na_context context;

	na_name_of_event(host, event);
	na_attributor_on_name(observer->attributor, event, host);
	if (na_name_is_address(host))
		na_attributor_forget_flow(observer->attributor, event->question);
	else if (describe_author(observer, na_targets_see(observer->targets, &event->task), event->question, &event->task,
				 false, &context)) {
		na_observer_queue(observer, record, na_compose_resolve(record, event, host, &context));
		na_attribution_release(context.author);
	}
}

void na_observer_handle(struct na_observer *observer, const struct na_event_header *event)
{
	if (na_observer_canary(observer, event)) {
		na_counter_add(&observer->context->shared->events_settled, 1);
		return;
	}
	switch (event->type) {
	case NA_EVENT_OPEN:
		na_observer_open(observer, (const struct na_flow_event *)event);
		break;
	case NA_EVENT_CLOSE:
		handle_close(observer, (const struct na_flow_event *)event);
		break;
	case NA_EVENT_DATAGRAM:
		handle_datagram(observer, (const struct na_flow_event *)event, false);
		break;
	case NA_EVENT_SOCKET_GONE:
		handle_socket_gone(observer, (const struct na_flow_event *)event);
		break;
	case NA_EVENT_UNIX:
		handle_unix(observer, (const struct na_unix_event *)event);
		break;
	case NA_EVENT_FORK:
	case NA_EVENT_EXEC:
	case NA_EVENT_EXIT:
		handle_process(observer, (const struct na_process_event *)event);
		break;
	case NA_EVENT_STACK:
		na_observer_stack(observer, (const struct na_stack_event *)event);
		break;
	case NA_EVENT_NATIVE:
		na_attributor_on_native(observer->attributor, (const struct na_native_event *)event);
		break;
	case NA_EVENT_NAME:
		handle_name(observer, (const struct na_name_event *)event);
		break;
	case NA_EVENT_MESSAGE:
		na_observer_message(observer, (const struct na_message_event *)event);
		break;
	case NA_EVENT_DNS:
		na_observer_dns(observer, (const struct na_dns_event *)event);
		break;
	case NA_EVENT_CODE:
		na_observer_code(observer, (const struct na_code_event *)event);
		break;
	default:
		break;
	}
	na_counter_add(&observer->context->shared->events_settled, 1);
}

void na_observer_take_over_datagram(struct na_observer *observer, const struct na_flow_event *event)
{
	handle_datagram(observer, event, true);
}

/* A connect is said when its SYN leaves, a moment after it began: this is far longer than the moment. */
#define OPEN_SAID_WITHIN_NS NA_NS_PER_SECOND

/* A record when the last one is nearly a period old; the walk itself comes four times a period. */
void na_observer_handle_progress(void *context, const struct na_event_header *header)
{
	struct na_observer *observer = context;
	const struct na_flow_event *event = (const struct na_flow_event *)header;
	uint64_t due_ns = observer->context->config->progress_seconds * NA_NS_PER_SECOND * 3 / 4;
	struct na_flow *flow = na_flow_find(observer->flows, event->flow);
	struct na_flow_event known = with_what_is_known(observer, event, flow);
	char record[NA_COMPOSE_BYTES];
	struct na_context names;

	if (na_observer_canary(observer, header))
		return;
	if (flow)
		flow->seen_ns = header->time_ns;
	if (!event->flow || na_counter_get(&observer->context->shared->capture_off))
		return;	/* a datagram socket: its flows have periods of their own; or nothing is to be recorded */
	if (!flow && event->opened_ns + OPEN_SAID_WITHIN_NS > observer->handled_ns)
		return;	/* its open event may still wait for its turn: an observer that lags says the open first */
	if (header->time_ns - (flow ? flow->reported_ns : event->opened_ns) < due_ns)
		return;
	if (!describe_known(observer, event, flow, &names))
		return;
	if (!flow)
		flow = follow(observer, event->flow);
	if (flow) {
		flow->instance = names.instance;
		flow->worker = names.worker;
		flow->via = names.via;
		flow->container = names.container;
		flow->direction = known.direction;
		flow->family = known.family;
		flow->remote_port = known.remote_port;
		memcpy(flow->remote, known.remote, sizeof(flow->remote));
		flow->reported_ns = header->time_ns;
		na_flow_set_author(flow, names.author);
	}
	na_observer_classify(observer, &known, &names);
	na_observer_queue(observer, record, na_compose_counters(record, NA_RECORD_PROGRESS, &known, &names));
	na_attribution_release(names.author);
}
