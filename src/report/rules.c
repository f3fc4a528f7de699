/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words rules are made of. */
#include "report/own.h"
#include "report/rules.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void na_rule_command(struct na_finding *finding, const char *format, ...)
{
	va_list arguments;

	if (!finding)
		return;
	va_start(arguments, format);
	(void)vsnprintf(finding->command, sizeof(finding->command), format, arguments);
	va_end(arguments);
}

bool na_rule_is_plain(const char *text)
{
	return text[0] && text[0] != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-") == strlen(text);
}

static void add(struct na_report *report, const struct na_rule *rule, const char *subject, const char *text,
		const char *destination, enum na_bucket bucket, const char *addon, const struct na_sums *sums)
{
	const char *gap = strstr(text, "%s");
	struct na_finding *finding;
	char calls[40] = "", requests[40] = "";

	if (sums->calls || !sums->exchanges)	/* of a caller behind a proxy only requests are known */
		(void)snprintf(calls, sizeof(calls), "%" PRId64 " call%s%s", sums->calls, sums->calls == 1 ? "" : "s",
			       sums->exchanges ? ", " : "");
	if (sums->exchanges)
		(void)snprintf(requests, sizeof(requests), "%" PRId64 " request%s", sums->exchanges,
			       sums->exchanges == 1 ? "" : "s");
	finding = na_report_find(report, rule, subject, "%.*s%s%s%s%s: %s%s, %" PRId64 " bytes sent", (int)(gap - text), text,
				 destination, gap + 2, addon[0] ? ", add-on " : "", addon, calls, requests, sums->bytes_out);

	if (!finding)
		return;
	finding->since = sums->first_t;
	finding->seq = sums->last_seq;
	na_rule_command(finding, "netaudit log --bucket %s%s%s --since @%" PRId64, na_bucket_name(bucket),
			na_rule_is_plain(addon) ? " --addon " : "", na_rule_is_plain(addon) ? addon : "", sums->first_t / 1000000);
}

void na_rule_call(struct na_report *report, const struct na_rule *rule, const struct na_report_call *call,
		  const char *text)
{
	const char *destination = call->destination[0] ? call->destination : call->component;

	add(report, rule, destination, text, destination, call->bucket, call->addon, &call->sums);
}

void na_rule_each(struct na_report *report, const struct na_rule *rule, enum na_bucket bucket, const char *text)
{
	for (size_t i = 0; i < report->destination_count; i++) {
		const struct na_report_destination *destination = &report->destinations[i];
		const char *name = destination->destination[0] ? destination->destination : "a place without a name";

		if (destination->bucket == bucket)
			add(report, rule, destination->destination, text, name, bucket, "", &destination->sums);
	}
}

void na_rule_life(struct na_report *report, const struct na_rule *rule, const struct na_life_event *event,
		  const char *format, ...)
{
	char text[400], subject[32];
	struct na_finding *finding;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)snprintf(subject, sizeof(subject), "%" PRId64, event->seq);
	finding = na_report_find(report, rule, subject, "%s", text);
	na_rule_command(finding, "netaudit show %" PRId64, event->seq);
	if (finding) {
		finding->since = event->t;
		finding->seq = event->seq;
	}
}

const struct na_catalogue_entry *na_rule_vendor(const struct na_report *report, const struct na_report_call *call)
{
	return na_catalogue_find(report->catalogue, call->component);
}

static bool names(const struct na_licence *licence, const char *addon)
{
	for (size_t i = 0; addon && i < licence->addon_count; i++)
		if (!strcmp(licence->addons[i], addon))
			return true;
	return false;
}

bool na_rule_licensed(const struct na_report *report, const struct na_licence *licence,
		      const struct na_report_call *call, char unnamed[NA_RULE_ADDON_BYTES])
{
	json_t *chain = json_loads(call->chain, 0, NULL), *addon;
	const char *first = names(licence, call->addon) ? NULL : call->addon;
	bool readable = !call->chain[0] || json_is_array(chain);
	size_t i;

	json_array_foreach (chain, i, addon) {
		const char *name = json_string_value(addon);

		if (!first && name && !names(licence, name) && !na_report_is_odoos(report, call->instance, name))
			first = name;
		readable = readable && name;
	}
	(void)snprintf(unnamed, NA_RULE_ADDON_BYTES, "%s", first ? first : "");
	json_decref(chain);
	return !first && readable;
}

bool na_rule_line_is(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncmp(text, word, length) == 0 && (text[length] == '\n' || !text[length]);
}

bool na_rule_in_period(const struct na_report *report, const struct na_life_event *event)
{
	return event->t >= report->since && event->t < report->until;
}
