/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of the verdict, one row each, and the chips they spoil. All-clear is what is left when no rule finds
 * anything that is not acknowledged: silence has to be proven, so what could not be watched is a finding too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/rules.h"
#include "report/suggest.h"

#define HOUR_US INT64_C(3600000000)
#define SILENCE_US (HOUR_US / 6)	/* without a heartbeat; they come every minute, an hour apart at the most */

/* ---- alarm ---- */

static void test_tampered(struct na_report *report, const struct na_rule *rule)
{
	struct na_finding *finding;

	if (report->verified.verdict != NA_VERIFY_TAMPERED)
		return;
	finding = na_report_find(report, rule, "", "The journal was changed or damaged: %s", report->verified.why);
	na_rule_command(finding, "netaudit verify");
	if (finding)
		finding->seq = (int64_t)report->verified.first_bad_seq;
}

static void test_edited(struct na_report *report, const struct na_rule *rule)
{
	if (report->verified_whole && report->verified.notes & NA_VERIFY_INDEX)
		na_rule_command(na_report_find(report, rule, "", "The sums of this report are not those of the records"),
				"netaudit verify --deep");
}

static void test_self(struct na_report *report, const struct na_rule *rule)
{
	na_rule_each(report, rule, NA_BUCKET_SELF, "The auditor itself called %s");
}

static void test_vendor_author(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->call_count; i++) {
		const struct na_report_call *call = &report->calls[i];

		if (!call->inbound && call->bucket == NA_BUCKET_VENDOR && strcmp(call->author, "addon") != 0)
			na_rule_call(report, rule, call, "%s was reached by code that belongs to no known add-on");
	}
}

static void test_vendor_licence(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->call_count; i++) {
		const struct na_report_call *call = &report->calls[i];
		const struct na_catalogue_entry *vendor = na_rule_vendor(report, call);
		char unnamed[NA_RULE_ADDON_BYTES], text[NA_RULE_ADDON_BYTES + 80];

		if (call->inbound || call->bucket != NA_BUCKET_VENDOR)
			continue;
		if (!vendor || !vendor->licence.given || !vendor->licence.addon_count) {
			na_rule_call(report, rule, call, "%s was reached, and no rule says which add-on may");
		} else if (!strcmp(call->author, "addon") && !na_rule_licensed(report, &vendor->licence, call, unnamed)) {
			(void)snprintf(text, sizeof(text), "%%s was reached through %s, which its rule does not name", unnamed);
			na_rule_call(report, rule, call, text);
		}
	}
}

static void test_vendor_call(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->call_count; i++) {
		const struct na_report_call *call = &report->calls[i];
		const struct na_catalogue_entry *vendor = na_rule_vendor(report, call);

		if (!call->inbound && call->bucket == NA_BUCKET_VENDOR && vendor && vendor->licence.given &&
		    call->call_bytes > vendor->licence.call_bytes)
			na_rule_call(report, rule, call, "One call sent %s more than its rule allows");
	}
}

static void test_vendor_day(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->day_count; i++) {
		const struct na_vendor_day *day = &report->days[i];
		const struct na_catalogue_entry *vendor = na_catalogue_find(report->catalogue, day->component);
		struct na_finding *finding;

		if (!vendor || !vendor->licence.given || day->bytes_out <= vendor->licence.day_bytes)
			continue;
		finding = na_report_find(report, rule, day->component, "%s was sent %" PRId64 " bytes in one day, by %s; its rule allows %" PRId64,
					 day->component, day->bytes_out, day->addons, vendor->licence.day_bytes);
		na_rule_command(finding, "netaudit log --bucket vendor --since @%" PRId64, day->day * 86400);
		if (finding) {
			finding->since = day->day * 24 * HOUR_US;
			finding->seq = day->last_seq;
		}
	}
}

static void test_vendor_inbound(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->call_count; i++) {
		const struct na_report_call *call = &report->calls[i];

		if (call->inbound && call->bucket == NA_BUCKET_VENDOR)
			na_rule_call(report, rule, call, "%s called in");
	}
}

static void test_detached(struct na_report *report, const struct na_rule *rule)
{
	if (report->detached)
		na_rule_command(na_report_find(report, rule, "", "%" PRId64 " of the kernel hooks were taken away", report->detached),
				"netaudit log --kind heartbeat");
}

/* ---- attention ---- */

static void test_unattributed(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->call_count; i++) {
		const struct na_report_call *call = &report->calls[i];

		if (!call->inbound && call->bucket != NA_BUCKET_INTERNAL && !strcmp(call->author, "unknown"))
			na_rule_call(report, rule, call, "It is not known whose code called %s");
	}
}

static void test_uncatalogued(struct na_report *report, const struct na_rule *rule)
{
	na_rule_each(report, rule, NA_BUCKET_UNKNOWN, "Nobody has said whose %s is");
}

static void test_suspected(struct na_report *report, const struct na_rule *rule)
{
	struct na_suggestion *suggestions;
	size_t count;

	na_rule_each(report, rule, NA_BUCKET_SUSPECTED_VENDOR, "%s may belong to a vendor");
	(void)na_suggest(report, &suggestions, &count);
	for (size_t i = 0; i < report->call_count; i++) {
		const struct na_report_call *call = &report->calls[i];

		if (!call->inbound && call->bucket == NA_BUCKET_UNKNOWN && strcmp(call->component, "dismissed") != 0 &&
		    na_suggestion_of(suggestions, count, call->destination))
			na_rule_call(report, rule, call, "%s belongs to who made an add-on here, as that says");
	}
	free(suggestions);
}

static void test_disagree(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->call_count; i++)
		if (!report->calls[i].inbound && report->calls[i].disagree)
			na_rule_call(report, rule, &report->calls[i], "%s was reached under names that lead to different owners");
}

static void test_gap(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->life_count; i++) {
		const struct na_life_event *event = &report->life[i];
		const char *component = json_string_value(json_object_get(event->body, "component"));
		const char *cause = json_string_value(json_object_get(event->body, "cause"));

		if (!strcmp(event->kind, "gap") && na_rule_in_period(report, event))
			na_rule_life(report, rule, event, "Something may have been missed: %s, %s", component ? component : "",
				     cause ? cause : "cause unknown");
	}
}

static void test_lost(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->life_count; i++)
		if (!strcmp(report->life[i].kind, "lost") && na_rule_in_period(report, &report->life[i]))
			na_rule_life(report, rule, &report->life[i], "%" PRId64 " events were seen and not recorded",
				     (int64_t)json_integer_value(json_object_get(report->life[i].body, "count")));
}

static void test_canary(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->life_count; i++) {
		const struct na_life_event *event = &report->life[i];
		const json_t *missing = json_object_get(event->body, "missing"), *sign;
		char text[128] = "";
		size_t at, used = 0;

		if (strcmp(event->kind, "canary") != 0 || !na_rule_in_period(report, event))
			continue;
		json_array_foreach (missing, at, sign)
			if (json_is_string(sign) && used < sizeof(text))
				used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", json_string_value(sign));
		na_rule_life(report, rule, event, "Of the canary's calls the kernel did not tell:%s", text);
	}
}

/* A journal that was pruned or copied has no daemon: only a period that reaches the present can be silent. */
static void test_silent(struct na_report *report, const struct na_rule *rule)
{
	const struct na_life_event *last = NULL;
	int64_t alive = report->last_beat;

	for (size_t i = 0; i < report->life_count; i++) {
		if (strcmp(report->life[i].kind, "start") != 0 && strcmp(report->life[i].kind, "stop") != 0)
			continue;
		last = &report->life[i];
	}
	if (!last) {
		na_rule_command(na_report_find(report, rule, "", "Nothing was recorded in this period"), "netaudit status");
		return;
	}
	if (!strcmp(last->kind, "start") && last->t > alive)
		alive = last->t;
	if (!strcmp(last->kind, "start") && report->until >= report->now && report->now - alive > SILENCE_US)
		na_rule_command(na_report_find(report, rule, "", "No heartbeat for %" PRId64 " minutes, and no stop was recorded",
					       (report->now - alive) / 60000000),
				"netaudit status");
	else if (!strcmp(last->kind, "stop") && last->t < report->since)
		na_rule_command(na_report_find(report, rule, "", "The daemon was stopped during the whole period"), "netaudit status");
}

static void test_unverified(struct na_report *report, const struct na_rule *rule)
{
	if (!report->verified_whole)
		na_rule_command(na_report_find(report, rule, "", "The chain was not checked for this report"), "netaudit verify");
	else if (report->verified.verdict == NA_VERIFY_UNREADABLE)
		na_rule_command(na_report_find(report, rule, "", "The chain could not be checked: %s", report->verified.why),
				"netaudit verify");
}

static void test_unsigned(struct na_report *report, const struct na_rule *rule)
{
	if (report->verified.verdict != NA_VERIFY_NOTED)
		return;
	if (report->verified.notes & (NA_VERIFY_UNSIGNED_TAIL | NA_VERIFY_NO_HEAD))
		na_rule_command(na_report_find(report, rule, "", "The newest %" PRIu64 " records are under no signed head",
					       report->verified.unsigned_records),
				"netaudit head");
}

/* What is not in the sums is in no rule above. */
static void test_uncounted(struct na_report *report, const struct na_rule *rule)
{
	if (report->not_counted)
		na_rule_command(na_report_find(report, rule, "", "The newest %" PRId64 " records are not in these sums",
					       report->not_counted),
				"netaudit status");
}

const struct na_rule na_rules[] = {
	{ "tampered", NA_ALARM, "The journal does not verify", test_tampered, "Keep a copy of it and find out who could write there." },
	{ "edited", NA_ALARM, "Sums that the records do not bear out", test_edited,
	  "Keep a copy of index.db. Stop the daemon, delete it and start the daemon: it is made again from the records." },
	{ "self-egress", NA_ALARM, "The auditor reached out", test_self, "Stop the daemon and compare its program with the package." },
	{ "vendor-author", NA_ALARM, "A vendor reached by unknown code", test_vendor_author, "Look at the stack of the record." },
	{ "vendor-licence", NA_ALARM, "A vendor reached outside its rule", test_vendor_licence,
	  "Ask the vendor what was sent; name the add-on as licence_addon if it is what you agreed to." },
	{ "vendor-call", NA_ALARM, "Too much in one call to a vendor", test_vendor_call, "A licence check is small. Ask what was sent." },
	{ "vendor-day", NA_ALARM, "Too much in one day to a vendor", test_vendor_day, "Ask the vendor what was sent." },
	{ "vendor-inbound", NA_ALARM, "A vendor called in", test_vendor_inbound, "Find the route it called, and who may." },
	{ "detached", NA_ALARM, "Hooks were taken away", test_detached, "Restart the daemon; find out who did it." },
	{ "unattributed", NA_ATTENTION, "Calls of unknown authors", test_unattributed, "Look at the records: they say why." },
	{ "uncatalogued", NA_ATTENTION, "Destinations nobody has named", test_uncatalogued,
	  "Say whose it is: netaudit catalogue add." },
	{ "suspected", NA_ATTENTION, "Destinations that may be a vendor's", test_suspected,
	  "netaudit catalogue suggestions; then confirm or dismiss it." },
	{ "names", NA_ATTENTION, "Names that disagree", test_disagree, "Look at the record: which name was said to whom." },
	{ "opaque", NA_ATTENTION, "TLS nobody could see into", na_rule_opaque,
	  "Ask what is sent there; docs/hooks.md says which TLS can be seen into." },
	{ "dns-content", NA_ATTENTION, "Names that look like data", na_rule_dns_content,
	  "Look at the names: data can be sent in them to whoever answers for the domain." },
	{ "gap", NA_ATTENTION, "Gaps", test_gap, "The record says what may be missing." },
	{ "lost", NA_ATTENTION, "Losses", test_lost, "The record names processes and destinations; larger rings lose less." },
	{ "canary", NA_ATTENTION, "The canary was not seen", test_canary, "netaudit doctor says which hooks are there." },
	{ "silent", NA_ATTENTION, "No sign of life", test_silent, "Start the daemon." },
	{ "uncounted", NA_ATTENTION, "Records that are not counted yet", test_uncounted,
	  "Ask again; if it stays so, start the daemon, or delete index.db and start it." },
	{ "unverified", NA_ATTENTION, "The chain was not checked", test_unverified, "Leave --quick out, or run netaudit verify." },
	{ "unsigned", NA_ATTENTION, "Records without a signature", test_unsigned, "Look at the daemon's log." },
	{ "weakened", NA_ATTENTION, "Weaker settings", na_rule_weakened, "Undo it, or acknowledge it with the reason." },
	{ "relaxed", NA_ATTENTION, "A catalogue that notices or forbids less", na_rule_relaxed,
	  "Undo it, or acknowledge it with the reason." },
};

const size_t na_rule_count = sizeof(na_rules) / sizeof(na_rules[0]);

const struct na_chip na_chips[] = {
	{ "chain", "Chain verified", { "tampered", "edited", "unverified", NULL } },
	{ "head", "Signed", { "unsigned", NULL } },
	{ "coverage", "Coverage", { "gap", "lost", "canary", "silent", "uncounted", "detached", "weakened", NULL } },
	{ "self", "No call by the auditor", { "self-egress", NULL } },
	{ "attribution", "Every call has an author", { "unattributed", "vendor-author", NULL } },
	{ "vendor", "Vendors within their rules",
	  { "vendor-author", "vendor-licence", "vendor-call", "vendor-day", "vendor-inbound", "suspected", NULL } },
	{ "hidden", "Nothing hides what it carries", { "opaque", "dns-content", NULL } },
	{ "catalogue", "Every destination is known", { "uncatalogued", "names", "relaxed", NULL } },
};

const size_t na_chip_count = sizeof(na_chips) / sizeof(na_chips[0]);
