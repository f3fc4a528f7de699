// SPDX-License-Identifier: GPL-2.0-or-later
/* status.json as Prometheus metrics: one row of a table for each. */
#include "cli/metrics.h"

#include <string.h>

#include "cli/fields.h"
#include "cli/status_text.h"
#include "report/exposition.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_SECOND 1e9

static const char *const states[] = { "starting", "running", "degraded", "stopping", "stopped", "stale" };

static const struct {
	const char *key, *name, *type, *help;
} numbers[] = {
	{ "events_settled", "netaudit_events_settled_total", "counter", "Events that were recorded, or out of scope." },
	{ "records_queued", "netaudit_records_queued_total", "counter", "Records given to the journal." },
	{ "records_committed", "netaudit_records_committed_total", "counter", "Records that are on disk." },
	{ "heads_signed", "netaudit_heads_signed_total", "counter", "Heads that were signed." },
	{ "io_errors", "netaudit_journal_io_errors_total", "counter", "Errors writing the journal." },
	{ "pruned_records", "netaudit_records_pruned_total", "counter", "Records taken away because they were old." },
	{ "canary_done", "netaudit_canary_rounds_total", "counter", "Rounds the canary has made." },
	{ "last_seq", "netaudit_journal_last_record", "gauge", "Number of the newest record." },
	{ "first_seq", "netaudit_journal_first_record", "gauge", "Number of the oldest record." },
	{ "head_size", "netaudit_head_records", "gauge", "Number of the newest record under a signed head." },
	{ "index_seq", "netaudit_index_last_record", "gauge", "Number of the newest record in the index." },
	{ "canary_heard", "netaudit_canary_last_heard_round", "gauge", "Newest round of which everything was seen." },
	{ "journal_bytes", "netaudit_journal_bytes", "gauge", "Room the journal takes." },
	{ "disk_free_bytes", "netaudit_journal_free_bytes", "gauge", "Room that is left for it." },
	{ "queue_used_bytes", "netaudit_queue_used_bytes", "gauge", "Of records that wait to be written." },
	{ "queue_capacity_bytes", "netaudit_queue_capacity_bytes", "gauge", "Room for records that wait." },
	{ "flows_open", "netaudit_flows_open", "gauge", "Flows that are open." },
	{ "processes_in_scope", "netaudit_processes_in_scope", "gauge", "Processes that are audited." },
	{ "probes", "netaudit_probes", "gauge", "Probes attached in program files." },
	{ "probes_failed", "netaudit_probes_failed", "gauge", "Probes that could not be attached." },
};

/* Each number that should be zero. */
static const struct {
	const char *key, *reason;
} losses[] = {
	{ "lost_ring", "ring-full" },	{ "lost_map", "map-full" },	      { "missed_programs", "program-skipped" },
	{ "records_refused", "queue-full" }, { "events_dropped", "not-recorded" },
};

/* Moments, in the file as time since the machine was started. */
static const struct {
	const char *key, *name, *help;
} moments[] = {
	{ "started_boottime_ns", "netaudit_start_timestamp_seconds", "When the daemon was started." },
	{ "now_boottime_ns", "netaudit_status_timestamp_seconds", "When it was last heard of." },
	{ "last_event_boottime_ns", "netaudit_last_event_timestamp_seconds", "When the kernel told the newest event." },
	{ "commit_boottime_ns", "netaudit_last_commit_timestamp_seconds", "When records were last written." },
	{ "head_boottime_ns", "netaudit_head_timestamp_seconds", "When the newest head was signed." },
	{ "canary_heard_boottime_ns", "netaudit_canary_last_heard_timestamp_seconds",
	  "When a round of the canary was last seen completely." },
};

static double number(const json_t *status, const char *key)
{
	return (double)na_field_integer(status, key, 0);
}

static void put_state(FILE *out, const json_t *status)
{
	enum na_daemon_state judged = status ? na_status_judge(status) : NA_DAEMON_STOPPED;
	const char *state = na_daemon_states[judged].word;

	if (judged == NA_DAEMON_RUNNING && json_is_string(json_object_get(status, "state")))
		state = json_string_value(json_object_get(status, "state"));
	na_exposition_single(out, "netaudit_up", "gauge", "1: the daemon is alive.", judged == NA_DAEMON_RUNNING);
	na_exposition_family(out, "netaudit_state", "gauge", "1 for what the daemon is doing, 0 for the others.");
	for (size_t i = 0; i < COUNT(states); i++) {
		const struct na_label labels[] = { { "state", states[i] }, { NULL, NULL } };

		na_exposition_sample(out, "netaudit_state", labels, !strcmp(state, states[i]));
	}
}

static const char *text(const json_t *status, const char *key)
{
	const char *found = json_string_value(json_object_get(status, key));

	return found ? found : "";
}

static void put_info(FILE *out, const json_t *status)
{
	const struct na_label labels[] = {
		{ "version", text(status, "version") }, { "backend", text(status, "backend") },
		{ "programs", text(status, "programs") }, { "scope", text(status, "scope") },
		{ "origin", text(status, "origin") }, { NULL, NULL },
	};

	na_exposition_family(out, "netaudit_info", "gauge", "What is running, in its labels.");
	na_exposition_sample(out, "netaudit_info", labels, 1);
}

/* The daemon's own words; a changed file may have others, but neither two of one name nor more than these. */
static void put_object(FILE *out, const json_t *object, const char *name, const char *label, const char *help,
		       const char *const *words, size_t count)
{
	na_exposition_family(out, name, "counter", help);
	for (size_t i = 0; i < count; i++) {
		const struct na_label labels[] = { { label, words[i] }, { NULL, NULL } };

		if (json_is_integer(json_object_get(object, words[i])))
			na_exposition_sample(out, name, labels, number(object, words[i]));
	}
}

static void put_losses(FILE *out, const json_t *status)
{
	na_exposition_family(out, "netaudit_lost_total", "counter", "What was seen, or should have been, and is in no record.");
	for (size_t i = 0; i < COUNT(losses); i++) {
		const struct na_label labels[] = { { "reason", losses[i].reason }, { NULL, NULL } };

		na_exposition_sample(out, "netaudit_lost_total", labels, number(status, losses[i].key));
	}
}

static void put_restarts(FILE *out, const json_t *status)
{
	na_exposition_family(out, "netaudit_process_restarts_total", "counter", "Processes of the daemon that were started again.");
	for (size_t i = 0; i < NA_STATUS_COMPONENTS; i++) {
		const struct na_label labels[] = { { "process", na_components[i] }, { NULL, NULL } };

		na_exposition_sample(out, "netaudit_process_restarts_total", labels,
				     (double)na_status_component(status, na_components[i], "restarts"));
	}
}

static void put_moments(FILE *out, const json_t *status)
{
	double wall = number(status, "now_us") / 1e6, boot = number(status, "now_boottime_ns");

	for (size_t i = 0; i < COUNT(moments); i++)
		if (number(status, moments[i].key) > 0)	/* else it has not been yet */
			na_exposition_single(out, moments[i].name, "gauge", moments[i].help,
					     wall - (boot - number(status, moments[i].key)) / NS_PER_SECOND);
}

void na_metrics_status(FILE *out, const json_t *status)
{
	static const char *const events[] = {
		"open", "close", "datagram", "socket_gone", "unix", "fork", "exec", "exit", "stack", "code", "native", "name", "dns",
		"message", "progress",
	};
	static const char *const evidence[] = {
		"unknown", "python-stack", "python-usdt", "module-globals", "native-object", "thread-parent", "process-parent", "route",
	};

	put_state(out, status);
	if (!status)
		return;
	put_info(out, status);
	put_object(out, json_object_get(status, "events_received"), "netaudit_events_total", "type",
		   "Events taken from the kernel, by type.", events, COUNT(events));
	put_object(out, json_object_get(status, "authors"), "netaudit_authors_total", "evidence",
		   "Calls by how it was found out whose code made them.", evidence, COUNT(evidence));
	put_losses(out, status);
	put_restarts(out, status);
	for (size_t i = 0; i < COUNT(numbers); i++)
		na_exposition_single(out, numbers[i].name, numbers[i].type, numbers[i].help, number(status, numbers[i].key));
	put_moments(out, status);
}
