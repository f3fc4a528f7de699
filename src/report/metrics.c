// SPDX-License-Identifier: GPL-2.0-or-later
/* Families of metrics from a judged report. */
#include "report/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/exposition.h"

#define US_PER_SECOND 1e6

struct component {
	const char *name;
	enum na_bucket bucket;
	struct na_sums sums;
};

struct components {
	struct component *list;
	size_t count;
};

/* What is summed, once by bucket and once by component. */
static const struct {
	const char *bucket_name, *component_name, *help;
	size_t offset;
} sums[] = {
	{ "netaudit_report_calls", "netaudit_report_component_calls", "Calls out", offsetof(struct na_sums, calls) },
	{ "netaudit_report_exchanges", "netaudit_report_component_exchanges", "Requests inside them",
	  offsetof(struct na_sums, exchanges) },
	{ "netaudit_report_sent_bytes", "netaudit_report_component_sent_bytes", "Bytes sent by calls out, TLS included",
	  offsetof(struct na_sums, bytes_out) },
	{ "netaudit_report_received_bytes", "netaudit_report_component_received_bytes",
	  "Bytes received by calls out, TLS included", offsetof(struct na_sums, bytes_in) },
};

static double sum_at(const struct na_sums *from, size_t offset)
{
	int64_t value;

	memcpy(&value, (const char *)from + offset, sizeof(value));
	return (double)value;
}

static void add_component(struct components *components, const char *name, enum na_bucket bucket,
			  const struct na_sums *more)
{
	struct component *found = NULL;

	for (size_t i = 0; i < components->count && !found; i++)
		if (components->list[i].bucket == bucket && !strcmp(components->list[i].name, name))
			found = &components->list[i];
	if (!found) {
		found = &components->list[components->count++];
		*found = (struct component){ .name = name, .bucket = bucket };
	}
	found->sums.calls += more->calls;
	found->sums.exchanges += more->exchanges;
	found->sums.bytes_out += more->bytes_out;
	found->sums.bytes_in += more->bytes_in;
}

/* An identifier of the catalogue, whatever the file of sums says: what is no such word is together with the rest. */
static const char *component_name(const struct na_report *report, const struct na_report_destination *destination)
{
	if (!destination->component[0])
		return "none";
	return na_catalogue_find(report->catalogue, destination->component) ? destination->component : "other";
}

/* Destinations come most bytes first, so the first that are met are those to tell apart. */
static int collect(struct components *components, const struct na_report *report)
{
	size_t named = 0;

	components->list = calloc(NA_METRICS_COMPONENTS + 2 * NA_BUCKET_COUNT, sizeof(*components->list));
	if (!components->list)
		return -ENOMEM;
	for (size_t i = 0; i < report->destination_count; i++) {
		const struct na_report_destination *destination = &report->destinations[i];
		const char *name = component_name(report, destination);
		bool known = false;

		for (size_t j = 0; j < components->count && !known; j++)
			known = components->list[j].bucket == destination->bucket && !strcmp(components->list[j].name, name);
		if (!known && strcmp(name, "none") != 0 && strcmp(name, "other") != 0 && ++named > NA_METRICS_COMPONENTS)
			name = "other";
		add_component(components, name, destination->bucket, &destination->sums);
	}
	return 0;
}

static void put_sums(FILE *out, const struct na_report *report, const struct components *components)
{
	char help[160];

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		(void)snprintf(help, sizeof(help), "%s in the period, by whose the destination is.", sums[i].help);
		na_exposition_family(out, sums[i].bucket_name, "gauge", help);
		for (int j = 0; j < NA_BUCKET_COUNT; j++) {
			const struct na_label labels[] = { { "bucket", na_bucket_name((enum na_bucket)j) }, { NULL, NULL } };

			na_exposition_sample(out, sums[i].bucket_name, labels, sum_at(&report->total[j], sums[i].offset));
		}
		(void)snprintf(help, sizeof(help), "%s in the period, by component of the catalogue.", sums[i].help);
		na_exposition_family(out, sums[i].component_name, "gauge", help);
		for (size_t j = 0; j < components->count; j++) {
			const struct component *component = &components->list[j];
			const struct na_label labels[] = {
				{ "bucket", na_bucket_name(component->bucket) }, { "component", component->name }, { NULL, NULL },
			};

			na_exposition_sample(out, sums[i].component_name, labels, sum_at(&component->sums, sums[i].offset));
		}
	}
}

static void put_verdict(FILE *out, const struct na_report *report)
{
	na_exposition_family(out, "netaudit_report_verdict", "gauge", "1 for the verdict of the period, 0 for the others.");
	for (int i = NA_ALL_CLEAR; i <= NA_ALARM; i++) {
		const struct na_label labels[] = { { "verdict", na_level_name((enum na_level)i) }, { NULL, NULL } };

		na_exposition_sample(out, "netaudit_report_verdict", labels, report->verdict == (enum na_level)i);
	}
}

static void put_findings(FILE *out, const struct na_report *report, const char *name, bool acknowledged,
			 const char *help)
{
	na_exposition_family(out, name, "gauge", help);
	for (size_t i = 0; i < na_rule_count; i++) {
		const struct na_label labels[] = {
			{ "rule", na_rules[i].id }, { "level", na_level_name(na_rules[i].level) }, { NULL, NULL },
		};
		int count = 0;

		for (size_t j = 0; j < report->finding_count; j++)
			count += report->findings[j].rule == &na_rules[i] && !report->findings[j].ack == !acknowledged;
		na_exposition_sample(out, name, labels, count);
	}
}

int na_report_metrics(FILE *out, const struct na_report *report)
{
	struct components components = { 0 };
	int err = collect(&components, report);

	if (err)
		return err;
	put_verdict(out, report);
	put_findings(out, report, "netaudit_report_findings", false, "Causes of the verdict that are not acknowledged, by rule.");
	put_findings(out, report, "netaudit_report_acknowledged", true, "Causes that an operator has acknowledged, by rule.");
	na_exposition_single(out, "netaudit_report_coverage_ratio", "gauge",
			     "Part of the period, without clean stops, that no gap leaves in doubt.",
			     (double)na_report_coverage(report) / 1000);
	na_exposition_single(out, "netaudit_report_start_timestamp_seconds", "gauge", "When the period began.",
			     (double)report->since / US_PER_SECOND);
	na_exposition_single(out, "netaudit_report_timestamp_seconds", "gauge", "When the report was made.",
			     (double)report->now / US_PER_SECOND);
	na_exposition_single(out, "netaudit_report_chain_checked", "gauge", "1: the whole chain was verified for this report.",
			     report->verified_whole && report->verified.verdict != NA_VERIFY_UNREADABLE);
	na_exposition_single(out, "netaudit_report_uncounted_records", "gauge", "Newest records that are not in the sums yet.",
			     (double)report->not_counted);
	na_exposition_single(out, "netaudit_report_inbound_calls", "gauge", "Calls in during the period.",
			     (double)report->inbound.calls);
	na_exposition_single(out, "netaudit_report_inbound_sent_bytes", "gauge", "Bytes sent to who called in.",
			     (double)report->inbound.bytes_out);
	na_exposition_single(out, "netaudit_report_inbound_received_bytes", "gauge", "Bytes received from who called in.",
			     (double)report->inbound.bytes_in);
	put_sums(out, report, &components);
	free(components.list);
	return 0;
}
