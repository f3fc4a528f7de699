/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole report as one JSON object. */
#include "base/escape.h"
#include "report/report.h"

#include <string.h>

/* Text that is not UTF-8 (a cut name) is written in its escaped form: JSON has no other. */
static json_t *string(const char *text)
{
	char escaped[NA_ESCAPED_BYTES(1024)];

	if (na_utf8_valid(text, strlen(text)))
		return json_string(text);
	na_escape(escaped, sizeof(escaped), text, strlen(text));
	return json_string(escaped);
}

static json_t *with_sums(json_t *out, const struct na_sums *sums)
{
	json_object_set_new(out, "calls", json_integer(sums->calls));
	json_object_set_new(out, "exchanges", json_integer(sums->exchanges));
	json_object_set_new(out, "bytes_out", json_integer(sums->bytes_out));
	json_object_set_new(out, "bytes_in", json_integer(sums->bytes_in));
	if (sums->last_seq) {
		json_object_set_new(out, "first_t", json_integer(sums->first_t));
		json_object_set_new(out, "last_t", json_integer(sums->last_t));
		json_object_set_new(out, "last_seq", json_integer(sums->last_seq));
	}
	return out;
}

static json_t *findings(const struct na_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->finding_count; i++) {
		const struct na_finding *finding = &report->findings[i];
		json_t *out = json_object();

		json_object_set_new(out, "rule", json_string(finding->rule->id));
		json_object_set_new(out, "level", json_string(na_level_name(finding->rule->level)));
		json_object_set_new(out, "subject", string(finding->subject));
		json_object_set_new(out, "text", string(finding->text));
		json_object_set_new(out, "command", string(finding->command));
		json_object_set_new(out, "advice", json_string(finding->rule->advice));
		if (finding->since)
			json_object_set_new(out, "since", json_integer(finding->since));
		if (finding->seq)
			json_object_set_new(out, "seq", json_integer(finding->seq));
		if (finding->ack)
			json_object_set_new(out, "acknowledged_by", json_integer(finding->ack->seq));
		json_array_append_new(array, out);
	}
	return array;
}

static json_t *chips(const struct na_report *report)
{
	json_t *out = json_object();

	for (size_t i = 0; i < na_chip_count; i++)
		json_object_set_new(out, na_chips[i].id, json_string(na_level_name(na_chip_level(report, &na_chips[i]))));
	return out;
}

static json_t *totals(const struct na_report *report)
{
	json_t *out = json_object();

	for (int i = 0; i < NA_BUCKET_COUNT; i++)
		if (report->total[i].last_seq)
			json_object_set_new(out, na_bucket_name((enum na_bucket)i), with_sums(json_object(), &report->total[i]));
	return out;
}

static json_t *destinations(const struct na_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->destination_count; i++) {
		const struct na_report_destination *destination = &report->destinations[i];
		json_t *out = json_object();

		json_object_set_new(out, "bucket", json_string(na_bucket_name(destination->bucket)));
		json_object_set_new(out, "component", string(destination->component));
		json_object_set_new(out, "destination", string(destination->destination));
		json_array_append_new(array, with_sums(out, &destination->sums));
	}
	return array;
}

static json_t *calls(const struct na_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->call_count; i++) {
		const struct na_report_call *call = &report->calls[i];
		json_t *out = json_object(), *chain = json_loads(call->chain, 0, NULL);

		json_object_set_new(out, "instance", string(call->instance));
		json_object_set_new(out, "bucket", json_string(na_bucket_name(call->bucket)));
		json_object_set_new(out, "component", string(call->component));
		json_object_set_new(out, "destination", string(call->destination));
		json_object_set_new(out, "direction", json_string(call->inbound ? "inbound" : "outbound"));
		json_object_set_new(out, "author", string(call->author));
		json_object_set_new(out, "addon", string(call->addon));
		json_object_set_new(out, "addons", chain ? chain : json_array());
		json_object_set_new(out, "names_disagree", json_boolean(call->disagree));
		json_object_set_new(out, "call_bytes", json_integer(call->call_bytes));
		json_array_append_new(array, with_sums(out, &call->sums));
	}
	return array;
}

/* Null where the journal is younger than the period, and all is new. */
static json_t *firsts(const struct na_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->first_count; i++) {
		const struct na_report_first *first = &report->firsts[i];
		json_t *out = json_object();

		json_object_set_new(out, "bucket", json_string(na_bucket_name(first->bucket)));
		json_object_set_new(out, "component", string(first->component));
		json_object_set_new(out, "destination", string(first->destination));
		json_object_set_new(out, "addon", string(first->addon));
		json_object_set_new(out, "t", json_integer(first->t));
		json_array_append_new(array, out);
	}
	if (report->first_count || (report->first_record && report->first_record < report->since))
		return array;
	json_decref(array);
	return json_null();
}

json_t *na_report_json(const struct na_report *report)
{
	bool verified = report->verified_whole &&
			(report->verified.verdict == NA_VERIFY_OK || report->verified.verdict == NA_VERIFY_NOTED);
	json_t *out = json_object();

	json_object_set_new(out, "verdict", json_string(na_level_name(report->verdict)));
	json_object_set_new(out, "since", json_integer(report->since));
	json_object_set_new(out, "until", json_integer(report->until));
	json_object_set_new(out, "now", json_integer(report->now));
	json_object_set_new(out, "catalogue", json_string(na_catalogue_hash(report->catalogue)));
	json_object_set_new(out, "verified", json_boolean(verified));
	json_object_set_new(out, "verified_to", json_integer((json_int_t)report->verified.head_size));
	json_object_set_new(out, "verified_t", json_integer(report->verified.head_t));
	json_object_set_new(out, "coverage_permille", json_integer(na_report_coverage(report)));
	json_object_set_new(out, "stopped_us", json_integer(report->stopped_us));
	json_object_set_new(out, "doubted_us", json_integer(report->doubted_us));
	json_object_set_new(out, "not_counted", json_integer(report->not_counted));
	json_object_set_new(out, "chips", chips(report));
	json_object_set_new(out, "findings", findings(report));
	json_object_set_new(out, "new", firsts(report));
	json_object_set_new(out, "totals", totals(report));
	json_object_set_new(out, "inbound", with_sums(json_object(), &report->inbound));
	json_object_set_new(out, "destinations", destinations(report));
	json_object_set_new(out, "calls", calls(report));
	return out;
}
