// SPDX-License-Identifier: GPL-2.0-or-later
/* What was counted as lost and not yet said becomes `lost` records: the totals first, then every name there is. */
#include "daemon/observer_internal.h"

/* More than the kernel's table holds: only keeps a flood that goes on from keeping us here. */
#define MOST_LOST_RECORDS 256

struct totals {
	uint64_t counts[NA_EVENT_TYPES][NA_LOSS_REASONS];
	uint64_t missed, refused, dropped;
};

static uint64_t sum(const struct totals *totals, enum na_loss_reason reason)
{
	uint64_t all = 0;

	for (int type = 0; type < NA_EVENT_TYPES; type++)
		all += totals->counts[type][reason];
	return all;
}

static int read_totals(const struct na_observer_context *context, struct totals *totals)
{
	int err = na_capture_counts(context->capture, totals->counts);

	if (err)
		return err;
	totals->missed = na_capture_missed_programs(context->capture);
	totals->refused = na_queue_refused(context->queue);
	totals->dropped = na_counter_get(&context->shared->events_dropped);
	na_counter_set(&context->shared->lost_ring, sum(totals, NA_LOSS_RING));
	na_counter_set(&context->shared->lost_map, sum(totals, NA_LOSS_MAP));
	na_counter_set(&context->shared->missed_programs, totals->missed);
	na_counter_set(&context->shared->records_refused, totals->refused);
	return 0;
}

/* The report of what is new. True when there is anything. */
static bool subtract_said(struct na_loss_report *report, const struct totals *totals, const struct na_shared *shared)
{
	uint64_t news = 0;

	for (int type = 0; type < NA_EVENT_TYPES; type++) {
		for (int reason = NA_LOSS_RING; reason < NA_LOSS_REASONS; reason++) {
			report->counts[type][reason] =
				totals->counts[type][reason] - na_counter_get(&shared->said_lost[type][reason]);
			news += report->counts[type][reason];
		}
	}
	report->missed_programs = totals->missed - na_counter_get(&shared->said_missed);
	report->refused_records = totals->refused - na_counter_get(&shared->said_refused);
	report->dropped_events = totals->dropped - na_counter_get(&shared->said_dropped);
	return news || report->missed_programs || report->refused_records || report->dropped_events;
}

static void keep_said(struct na_shared *shared, const struct totals *totals)
{
	for (int type = 0; type < NA_EVENT_TYPES; type++)
		for (int reason = NA_LOSS_RING; reason < NA_LOSS_REASONS; reason++)
			na_counter_set(&shared->said_lost[type][reason], totals->counts[type][reason]);
	na_counter_set(&shared->said_missed, totals->missed);
	na_counter_set(&shared->said_refused, totals->refused);
	na_counter_set(&shared->said_dropped, totals->dropped);
}

void na_observer_report_losses(struct na_observer *observer)
{
	const struct na_observer_context *context = observer->context;
	struct na_loss_key keys[NA_LOSS_DESTINATIONS];
	struct na_loss_value values[NA_LOSS_DESTINATIONS];
	char record[NA_COMPOSE_BYTES];
	struct na_loss_report report = {
		.uncounted_possible = na_capture_uncounted_misses(context->capture), .keys = keys, .values = values,
	};
	struct totals totals;
	bool news;

	if (read_totals(context, &totals))
		return;
	news = subtract_said(&report, &totals, context->shared);
	if (report.counts[NA_EVENT_CLOSE][NA_LOSS_RING])
		observer->closes_lost = true;
	if (report.counts[NA_EVENT_DATAGRAM][NA_LOSS_RING])
		na_datagrams_forget_lost(observer->datagrams);
	/* a name may be one tick late, because the kernel counts first; so names are looked for without news too */
	for (int records = 0; records < MOST_LOST_RECORDS; records++) {
		report.destinations = na_capture_take_losses(context->capture, keys, values, NA_LOSS_DESTINATIONS);
		if (!news && !report.destinations)
			return;
		na_observer_queue(observer, record, na_compose_lost(record, &report, &observer->clock));
		if (na_queue_refused(context->queue) != totals.refused)
			return;	/* the record itself did not fit: the totals are said again next second */
		if (news)
			keep_said(context->shared, &totals);
		news = false;
		report = (struct na_loss_report){ .uncounted_possible = report.uncounted_possible, .keys = keys, .values = values };
	}
}
