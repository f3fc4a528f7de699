/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the table of rules, sets aside what an operator has acknowledged, and takes the worst of the rest. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

#define FINDINGS_MOST 500	/* beyond, nobody reads on; the verdict is known by then */

const char *na_level_name(enum na_level level)
{
	static const char *const names[] = { "all-clear", "attention", "alarm" };

	return names[level];
}

struct na_finding *na_report_find(struct na_report *report, const struct na_rule *rule, const char *subject,
				  const char *format, ...)
{
	struct na_finding *grown, *finding;
	va_list arguments;

	if (report->finding_count == FINDINGS_MOST)
		return NULL;
	grown = reallocarray(report->findings, report->finding_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	report->findings = grown;
	finding = &grown[report->finding_count];
	memset(finding, 0, sizeof(*finding));
	finding->rule = rule;
	finding->subject = na_report_keep(report, subject);
	if (!finding->subject)
		return NULL;
	va_start(arguments, format);
	(void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
	va_end(arguments);
	report->finding_count++;
	return finding;
}

static bool says(const json_t *body, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(body, key));

	return value && (!strcmp(value, text) || !strcmp(value, "*"));
}

/* An acknowledgement covers one rule, one subject or all of them, until it expires. The newest counts. */
static const struct na_life_event *find_ack(const struct na_report *report, const struct na_finding *finding)
{
	for (size_t i = report->life_count; i > 0; i--) {
		const struct na_life_event *event = &report->life[i - 1];
		json_int_t until;

		if (strcmp(event->kind, "ack") != 0 || !says(event->body, "rule", finding->rule->id) ||
		    !says(event->body, "subject", finding->subject))
			continue;
		until = json_integer_value(json_object_get(event->body, "expires"));
		return until > report->now ? event : NULL;
	}
	return NULL;
}

static int by_weight(const void *left, const void *right)
{
	const struct na_finding *one = left, *other = right;

	if (!one->ack != !other->ack)
		return one->ack ? 1 : -1;
	if (one->rule->level != other->rule->level)
		return one->rule->level > other->rule->level ? -1 : 1;
	if (one->rule != other->rule)
		return one->rule < other->rule ? -1 : 1;
	return strcmp(one->subject, other->subject);
}

int na_report_judge(struct na_report *report)
{
	report->verdict = NA_ALL_CLEAR;
	report->finding_count = 0;
	for (size_t i = 0; i < na_rule_count; i++)
		na_rules[i].test(report, &na_rules[i]);
	for (size_t i = 0; i < report->finding_count; i++) {
		struct na_finding *finding = &report->findings[i];

		finding->ack = find_ack(report, finding);
		if (!finding->ack && finding->rule->level > report->verdict)
			report->verdict = finding->rule->level;
	}
	if (report->finding_count)
		qsort(report->findings, report->finding_count, sizeof(*report->findings), by_weight);
	return 0;
}

enum na_level na_chip_level(const struct na_report *report, const struct na_chip *chip)
{
	enum na_level worst = NA_ALL_CLEAR;

	for (size_t i = 0; i < report->finding_count; i++)
		for (size_t j = 0; chip->rules[j]; j++)
			if (!report->findings[i].ack && !strcmp(chip->rules[j], report->findings[i].rule->id) &&
			    report->findings[i].rule->level > worst)
				worst = report->findings[i].rule->level;
	return worst;
}
