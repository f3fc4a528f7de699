// SPDX-License-Identifier: GPL-2.0-or-later
/* The observer's loop: drain both rings, hold back briefly, handle in order of time. */
#include "daemon/observer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "daemon/observer_internal.h"

/* A program takes microseconds from its timestamp to its submit; this also covers one that was preempted. */
#define HOLD_BACK_NS (5 * NA_NS_PER_MS)
#define TICK_NS NA_NS_PER_SECOND
/* Events of each ring between two looks at the clock: milliseconds of work, of which a full ring holds many. */
#define DRAIN_MOST 1024

void na_observer_queue(struct na_observer *observer, const void *record, ssize_t length)
{
	int err = length < 0 ? (int)length : na_queue_put(observer->context->queue, record, (uint32_t)length);

	if (!err)
		na_counter_add(&observer->context->shared->records_queued, 1);
	else if (err != -EAGAIN)	/* a full queue counts by itself */
		na_observer_dropped(observer, strerror(-err));
}

void na_observer_dropped(struct na_observer *observer, const char *why)
{
	na_counter_add(&observer->context->shared->events_dropped, 1);
	na_log_error("an event was dropped: %s", why);
}

static void on_event(void *context, const struct na_event_header *event)
{
	struct na_observer *observer = context;

	na_counter_add(&observer->context->shared->events_received[event->type], 1);
	if (na_merge_add(observer->merge, event))
		na_observer_dropped(observer, strerror(ENOMEM));
}

static void decide(void *context, const struct na_target *target)
{
	struct na_observer *observer = context;

	if (na_capture_set_scope(observer->context->capture, target->pid, target->scope, !observer->scanning))
		na_observer_dropped(observer, "the kernel's table of processes in scope is full (see max_processes)");
}

/* Handles everything that nothing older can overtake any more. */
static void handle_until(struct na_observer *observer, uint64_t until_ns)
{
	const struct na_event_header *event;

	while ((event = na_merge_next(observer->merge, until_ns)))
		na_observer_handle(observer, event);
	observer->handled_ns = until_ns;
}

/* Takes a bounded share of what there is. *caught_up: nothing that was there at the beginning is left. */
static int drain(struct na_observer *observer, bool *caught_up)
{
	uint64_t before_ns = na_boottime_ns(), complete_ns;
	int drained = na_capture_drain(observer->context->capture, DRAIN_MOST, &complete_ns);

	if (drained < 0) {
		na_log_error("cannot read the kernel's rings: %s", strerror(-drained));
		return drained;
	}
	if (drained)
		na_counter_set(&observer->context->shared->last_event_boottime_ns, before_ns);
	handle_until(observer, complete_ns - HOLD_BACK_NS);
	*caught_up = complete_ns >= before_ns;
	return drained;
}

static int open_observer(struct na_observer *observer)
{
	const struct na_observer_context *context = observer->context;
	struct na_targets_options options = {
		.scope_host = context->config->scope == NA_CONFIG_SCOPE_HOST,
		.decide = decide,
		.context = observer,
	};
	int err = na_merge_create(&observer->merge);

	observer->clock = na_clock_read();
	observer->catalogue = context->catalogue;
	if (!err)
		err = na_flow_table_create(&observer->flows);
	if (!err)
		err = na_datagrams_create(&observer->datagrams, context->capture, na_observer_report_datagram, observer);
	if (!err)
		err = na_targets_create(&observer->targets, &options);
	if (!err) {
		observer->scanning = true;
		err = na_targets_scan(observer->targets);
		observer->scanning = false;
	}
	if (!err)
		err = na_observer_open_authors(observer);
	if (!err)
		err = na_observer_open_lookups(observer);
	if (!err)
		err = na_capture_start_draining(context->capture, on_event, observer);
	if (!err)
		err = na_observer_find_existing(observer);
	if (err)
		na_log_error("cannot start observing: %s", strerror(-err));
	return err;
}

static void close_observer(struct na_observer *observer)
{
	na_observer_close_lookups(observer);
	na_datagrams_destroy(observer->datagrams);
	na_flow_table_destroy(observer->flows);
	na_observer_close_authors(observer);
	na_targets_destroy(observer->targets);
	na_merge_destroy(observer->merge);
	na_catalogue_destroy(observer->own_catalogue);
}

/* The last look: what the rings still hold, and what the counters of open datagram flows have not said. */
static void finish(struct na_observer *observer)
{
	bool caught_up = false;

	while (!caught_up && drain(observer, &caught_up) >= 0)
		continue;
	handle_until(observer, UINT64_MAX);
	na_exchanges_end(observer->exchanges, 0, 0);
	na_lookups_end(observer->lookups, 0);
	na_datagrams_flush(observer->datagrams);
	na_observer_tick(observer);
}

static int run(struct na_observer *observer)
{
	enum { STOP = NA_RINGS, PROBES, POLLED };
	struct pollfd fds[POLLED] = {
		[STOP] = { .fd = observer->context->stop_fd, .events = POLLIN },
		[PROBES] = { .fd = observer->context->probe_channel, .events = POLLIN },
	};
	uint64_t next_tick_ns = 0;
	bool caught_up = true;
	int rings[NA_RINGS];

	na_capture_poll_fds(observer->context->capture, rings);
	for (;;) {
		/* while events are held back the rings are left alone: they fill, and are drained in one go */
		bool holding = na_merge_held(observer->merge);
		uint64_t now_ns = na_boottime_ns();
		uint64_t next_ns;
		int timeout_ms;

		na_pythons_look_due(observer->pythons, now_ns);
		if (now_ns >= next_tick_ns) {
			na_observer_tick(observer);
			now_ns = na_boottime_ns();
			next_tick_ns = now_ns + TICK_NS;
		}
		next_ns = na_pythons_next_ns(observer->pythons);
		if (next_ns > next_tick_ns)
			next_ns = next_tick_ns;
		timeout_ms = next_ns > now_ns ? (int)((next_ns - now_ns) / NA_NS_PER_MS) + 1 : 0;
		if (holding)
			timeout_ms = (int)(HOLD_BACK_NS / NA_NS_PER_MS) + 1;
		for (int i = 0; i < NA_RINGS; i++)
			fds[i] = (struct pollfd){ .fd = holding ? -1 : rings[i], .events = POLLIN };
		if (poll(fds, POLLED, caught_up ? timeout_ms : 0) < 0 && errno != EINTR)
			return 1;
		if (fds[STOP].revents)
			return 0;
		if (fds[PROBES].revents)
			na_probes_hear(observer->probes);
		if (drain(observer, &caught_up) < 0)
			return 1;
	}
}

int na_observer_process(const struct na_observer_context *context)
{
	struct na_observer observer = { .context = context };
	int status = 1;

	if (!open_observer(&observer)) {
		na_counter_set(&context->shared->observer_ready, context->generation + 1);
		status = run(&observer);
		if (!status)
			finish(&observer);
	}
	close_observer(&observer);
	return status;
}
