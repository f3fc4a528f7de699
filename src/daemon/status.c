/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the shared counters and the static facts as one JSON object. */
#include "daemon/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "attribute/attribute.h"
#include "base/clock.h"
#include "base/file.h"

static const char *const component_names[NA_COMPONENTS] = {
	[NA_SUPERVISOR] = "supervisor",
	[NA_OBSERVER] = "observer",
	[NA_JOURNAL] = "journal",
	[NA_SIGNER] = "signer",
	[NA_CANARY] = "canary",
};

static const char *const event_names[NA_EVENT_TYPES] = {
	[NA_EVENT_NONE] = "none",
	[NA_EVENT_OPEN] = "open",
	[NA_EVENT_CLOSE] = "close",
	[NA_EVENT_DATAGRAM] = "datagram",
	[NA_EVENT_SOCKET_GONE] = "socket_gone",
	[NA_EVENT_UNIX] = "unix",
	[NA_EVENT_FORK] = "fork",
	[NA_EVENT_EXEC] = "exec",
	[NA_EVENT_EXIT] = "exit",
	[NA_EVENT_STACK] = "stack",
	[NA_EVENT_CODE] = "code",
	[NA_EVENT_NATIVE] = "native",
	[NA_EVENT_NAME] = "name", [NA_EVENT_DNS] = "dns",
	[NA_EVENT_MESSAGE] = "message",
	[NA_EVENT_PROGRESS] = "progress",
};

#define COUNTER(name) { #name, offsetof(struct na_shared, name) }

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
	COUNTER(events_settled),
	COUNTER(records_queued),
	COUNTER(records_refused),
	COUNTER(lost_ring),
	COUNTER(lost_map),
	COUNTER(events_dropped),
	COUNTER(missed_programs),
	COUNTER(probes),
	COUNTER(probes_failed),
	COUNTER(flows_open),
	COUNTER(processes_in_scope),
	COUNTER(last_event_boottime_ns),
	COUNTER(observer_ready),
	COUNTER(records_committed),
	COUNTER(last_seq),
	COUNTER(head_size),
	COUNTER(head_boottime_ns),
	COUNTER(index_seq),
	COUNTER(commit_boottime_ns),
	COUNTER(io_errors),
	COUNTER(first_seq),
	COUNTER(first_t),
	COUNTER(journal_bytes),
	COUNTER(disk_free_bytes),
	COUNTER(prune_requests),
	COUNTER(prune_done),
	COUNTER(prune_phase),
	COUNTER(prune_cut),
	COUNTER(pruned_records),
	COUNTER(journal_ready),
	COUNTER(heads_signed),
	COUNTER(signer_ready),
	COUNTER(canary_done),
	COUNTER(canary_heard),
	COUNTER(canary_heard_boottime_ns),
};

/* Paths from the configuration may hold quotes and backslashes; control characters were refused there. */
static void put_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, "  \"%s\": \"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if ((unsigned char)*text < ' ')
			fprintf(out, "\\u%04x", (unsigned int)(unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputs("\",\n", out);
}

static void put_components(FILE *out, const struct na_shared *shared)
{
	fputs("  \"components\": {\n", out);
	for (int i = 0; i < NA_COMPONENTS; i++)
		fprintf(out,
			"    \"%s\": {\"pid\": %" PRIu64 ", \"restarts\": %" PRIu64 ", \"ended_boottime_ns\": %" PRIu64
			", \"wait_status\": %" PRIu64 "}%s\n",
			component_names[i], na_counter_get(&shared->component[i].pid),
			na_counter_get(&shared->component[i].generation),
			na_counter_get(&shared->component[i].ended_boottime_ns),
			na_counter_get(&shared->component[i].wait_status), i + 1 < NA_COMPONENTS ? "," : "");
	fputs("  },\n  \"events_received\": {", out);
	for (int i = NA_EVENT_NONE + 1; i < NA_EVENT_TYPES; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i > NA_EVENT_NONE + 1 ? ", " : "", event_names[i],
			na_counter_get(&shared->events_received[i]));
	fputs("},\n  \"authors\": {", out);
	for (int i = 0; i < NA_AUTHOR_COUNTERS; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i ? ", " : "",
			i ? na_evidence_name((enum na_evidence_kind)i) : "unknown",
			na_counter_get(&shared->authors[i]));
	fputs("},\n", out);
}

static void print(FILE *out, const struct na_facts *facts, const struct na_config *config,
		  const struct na_shared *shared, const struct na_queue *queue, const char *state)
{
	struct na_clock_pair now = na_clock_read();

	fputs("{\n", out);
	put_text(out, "state", state);
	put_text(out, "version", facts->version);
	put_text(out, "backend", facts->backend);
	put_text(out, "programs", facts->programs);
	put_text(out, "fallback_reason", facts->fallback_reason);
	put_text(out, "hooks", facts->hooks);
	put_text(out, "missing_hooks", facts->missing_hooks);
	fprintf(out, "  \"uncounted_misses\": %s,\n", facts->uncounted_misses ? "true" : "false");
	put_text(out, "scope", config->scope == NA_CONFIG_SCOPE_HOST ? "host" : "odoo");
	put_text(out, "origin", config->origin);
	put_text(out, "journal_dir", facts->journal_dir);
	put_text(out, "config_hash", facts->config_hash);
	put_text(out, "catalogue_hash", facts->catalogue_hash);
	put_text(out, "binary_hash", facts->binary_hash);
	fprintf(out, "  \"started_us\": %" PRId64 ",\n  \"started_boottime_ns\": %" PRIu64 ",\n", facts->started_us,
		facts->started_boottime_ns);
	fprintf(out, "  \"now_us\": %" PRId64 ",\n  \"now_boottime_ns\": %" PRIu64 ",\n", now.wall_us, now.boottime_ns);
	put_components(out, shared);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		fprintf(out, "  \"%s\": %" PRIu64 ",\n", counters[i].name,
			na_counter_get((const na_counter *)((const char *)shared + counters[i].offset)));
	fprintf(out, "  \"queue_used_bytes\": %" PRIu64 ",\n  \"queue_refused\": %" PRIu64 ",\n",
		na_queue_used_bytes(queue), na_queue_refused(queue));
	fprintf(out, "  \"retention_days\": %u,\n  \"retention_max_mib\": %u,\n", config->days, config->max_mib);
	fprintf(out, "  \"queue_capacity_bytes\": %" PRIu64 "\n}\n", (uint64_t)config->queue_mib << 20);
}

int na_status_write(int run_fd, const struct na_facts *facts, const struct na_config *config,
		    const struct na_shared *shared, const struct na_queue *queue, const char *state)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int result;

	if (!out)
		return -ENOMEM;
	print(out, facts, config, shared, queue, state);
	if (fclose(out) != 0)
		result = -ENOMEM;
	else
		result = na_replace_file(run_fd, NA_STATUS_FILE, text, bytes, 0644);
	free(text);
	return result;
}
