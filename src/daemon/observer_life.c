// SPDX-License-Identifier: GPL-2.0-or-later
/* Once a second: losses are reported, the clock is watched, long flows and datagrams are reported. */
#include "daemon/observer_internal.h"

#define CLOCK_STEP_US 100000	/* a smaller step is slewing */
#define FORGET_RELAYS_NS (10 * NA_NS_PER_SECOND)

static void watch_clock(struct na_observer *observer)
{
	struct na_clock_pair now = na_clock_read();
	int64_t step_us = na_clock_step_us(&observer->clock, &now);
	char record[NA_COMPOSE_BYTES];

	observer->clock = now;
	if (step_us > CLOCK_STEP_US || step_us < -CLOCK_STEP_US)
		na_observer_queue(observer, record, na_compose_clock(record, step_us, &now));
}

static void report_heartbeat(struct na_observer *observer)
{
	const struct na_observer_context *context = observer->context;
	const struct na_shared *shared = context->shared;
	char record[NA_COMPOSE_BYTES];
	struct na_heartbeat heartbeat = {
		.backend = na_backend_name(na_capture_backend(context->capture)),
		.events = na_counter_get(&shared->events_settled),
		.lost_ring = na_counter_get(&shared->lost_ring),
		.lost_map = na_counter_get(&shared->lost_map),
		.missed_programs = na_counter_get(&shared->missed_programs),
		.names_evicted = na_hosts_evicted(observer->hosts),
		.refused_records = na_counter_get(&shared->records_refused),
		.flows_open = na_counter_get(&shared->flows_open),
		.processes_in_scope = na_counter_get(&shared->processes_in_scope),
		.queue_used_bytes = na_queue_used_bytes(context->queue),
		.hooks = (uint32_t)na_capture_hook_count(context->capture),
		.hooks_detached = (uint32_t)na_capture_detached(context->capture),
		.probes = (uint32_t)na_counter_get(&shared->probes),
		.probes_failed = (uint32_t)na_counter_get(&shared->probes_failed),
	};

	na_observer_queue(observer, record, na_compose_heartbeat(record, &heartbeat, &observer->clock));
}

struct walk {
	struct na_flow_table *flows;
	uint64_t began_ns;
};

static void forget_unseen(void *context, struct na_flow *flow)
{
	const struct walk *walk = context;

	if (flow->seen_ns < walk->began_ns && flow->reported_ns < walk->began_ns)
		na_flow_remove(walk->flows, flow);
}

/* Long flows are reported. Where closes were lost, flows the kernel no longer has are forgotten. */
static void walk_flows(struct na_observer *observer)
{
	struct walk walk = { observer->flows, na_boottime_ns() };
	int result = na_capture_progress(observer->context->capture, na_observer_handle_progress, observer);

	if (result < 0 || !observer->closes_lost)
		return;
	na_flow_each(observer->flows, forget_unseen, &walk);
	observer->closes_lost = false;
}

void na_observer_tick(struct na_observer *observer)
{
	const struct na_observer_context *context = observer->context;
	const struct na_config *config = context->config;
	uint64_t now_ns = na_boottime_ns();

	watch_clock(observer);
	na_observer_report_addons(observer);
	na_observer_report_losses(observer);
	na_observer_catalogue_tick(observer);
	na_observer_take_requests(observer);
	na_observer_canary_tick(observer, now_ns);
	na_probes_tick(observer->probes, now_ns);
	na_tls_libraries_tick(observer->tls_libraries);
	na_exchanges_settle(observer->exchanges, observer->handled_ns > NA_NS_PER_SECOND ?
						 observer->handled_ns - NA_NS_PER_SECOND : 0);
	na_lookups_tick(observer->lookups, observer->handled_ns);	/* what came since may answer */
	na_datagrams_tick(observer->datagrams, now_ns, config->datagram_seconds * NA_NS_PER_SECOND);
	if (now_ns >= observer->next_progress_ns) {
		walk_flows(observer);
		observer->next_progress_ns = now_ns + config->progress_seconds * NA_NS_PER_SECOND / 4;
	}
	if (now_ns >= observer->next_relays_ns) {
		na_capture_forget_relays(context->capture, now_ns);
		observer->next_relays_ns = now_ns + FORGET_RELAYS_NS;
	}
	na_counter_set(&context->shared->flows_open,
		       na_flow_count(observer->flows) + na_datagrams_count(observer->datagrams));
	na_counter_set(&context->shared->processes_in_scope, na_targets_in_scope(observer->targets));
	if (now_ns >= observer->next_heartbeat_ns) {
		report_heartbeat(observer);
		observer->next_heartbeat_ns = now_ns + config->heartbeat_seconds * NA_NS_PER_SECOND;
	}
}
