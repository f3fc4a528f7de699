/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the observer share. */
#ifndef NETAUDIT_DAEMON_OBSERVER_INTERNAL_H
#define NETAUDIT_DAEMON_OBSERVER_INTERNAL_H

#include <sys/types.h>

#include "base/clock.h"
#include "daemon/observer.h"
#include "flow/compose.h"
#include "flow/datagram.h"
#include "flow/merge.h"
#include "flow/table.h"
#include "target/process.h"

struct na_observer {
	const struct na_observer_context *context;
	struct na_merge *merge;
	struct na_flow_table *flows;
	struct na_datagrams *datagrams;
	struct na_targets *targets;
	struct na_clock_pair clock;
	bool closes_lost;	/* since the last walk over the kernel's flows */
	bool scanning;		/* processes found now may not be known to the kernel yet */
	uint64_t next_progress_ns, next_heartbeat_ns, next_relays_ns;
};

/* observer_events.c: what an event becomes. */
void na_observer_handle(struct na_observer *observer, const struct na_event_header *event);
void na_observer_open(struct na_observer *observer, const struct na_flow_event *event);
void na_observer_take_over_datagram(struct na_observer *observer, const struct na_flow_event *event);
void na_observer_handle_progress(void *observer, const struct na_event_header *event);
void na_observer_report_datagram(void *observer, const struct na_datagram_flow *flow,
				 const struct na_peer_counters *period, bool final);

/* observer_existing.c: what was there before this observer. 0 or negative errno. */
int na_observer_find_existing(struct na_observer *observer);

/* observer_life.c: once a second. */
void na_observer_tick(struct na_observer *observer);

/* observer_losses.c: also once a second. */
void na_observer_report_losses(struct na_observer *observer);

/* Queues one composed record; counts it when the queue is full or the composer failed. */
void na_observer_queue(struct na_observer *observer, const void *record, ssize_t length);

/* Counts what could not be handled, so that a `lost` record says it, and logs why. */
void na_observer_dropped(struct na_observer *observer, const char *why);

#endif
