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
}

static int drain(struct na_observer *observer)
{
	uint64_t before_ns = na_boottime_ns();
	int drained = na_capture_drain(observer->context->capture);

	if (drained < 0) {
		na_log_error("cannot read the kernel's rings: %s", strerror(-drained));
		return drained;
	}
	if (drained)
		na_counter_set(&observer->context->shared->last_event_boottime_ns, before_ns);
	handle_until(observer, before_ns - HOLD_BACK_NS);
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
		err = na_capture_start_draining(context->capture, on_event, observer);
	if (!err)
		err = na_observer_find_existing(observer);
	if (err)
		na_log_error("cannot start observing: %s", strerror(-err));
	return err;
}

static void close_observer(struct na_observer *observer)
{
	na_targets_destroy(observer->targets);
	na_datagrams_destroy(observer->datagrams);
	na_flow_table_destroy(observer->flows);
	na_merge_destroy(observer->merge);
}

/* The last look: what the rings still hold, and what the counters of open datagram flows have not said. */
static void finish(struct na_observer *observer)
{
	na_capture_drain(observer->context->capture);
	handle_until(observer, UINT64_MAX);
	na_datagrams_flush(observer->datagrams);
	na_observer_tick(observer);
}

static int run(struct na_observer *observer)
{
	struct pollfd fds[] = {
		{ .fd = na_capture_poll_fd(observer->context->capture), .events = POLLIN },
		{ .fd = observer->context->stop_fd, .events = POLLIN },
	};
	uint64_t next_tick_ns = 0;

	for (;;) {
		uint64_t now_ns = na_boottime_ns();
		int timeout_ms;

		if (now_ns >= next_tick_ns) {
			na_observer_tick(observer);
			next_tick_ns = na_boottime_ns() + TICK_NS;
			now_ns = na_boottime_ns();
		}
		timeout_ms = next_tick_ns > now_ns ? (int)((next_tick_ns - now_ns) / NA_NS_PER_MS) + 1 : 0;
		/* while events are held back the rings are left alone: they fill, and are drained in one go */
		if (na_merge_held(observer->merge)) {
			fds[0].fd = -1;
			timeout_ms = (int)(HOLD_BACK_NS / NA_NS_PER_MS) + 1;
		} else {
			fds[0].fd = na_capture_poll_fd(observer->context->capture);
		}
		if (poll(fds, 2, timeout_ms) < 0 && errno != EINTR)
			return 1;
		if (fds[1].revents)
			return 0;
		if (drain(observer) < 0)
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
