/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of verdict.c are written with. */
#ifndef NETAUDIT_REPORT_RULES_H
#define NETAUDIT_REPORT_RULES_H

#include "report/report.h"

/* Says how to see the records. `finding` may be NULL. */
void na_rule_command(struct na_finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A finding about a call; `text` has one "%s", where the destination stands. One of each destination and author. */
void na_rule_call(struct na_report *report, const struct na_rule *rule, const struct na_report_call *call,
		  const char *text);

/* A finding about each outbound destination of a bucket. */
void na_rule_each(struct na_report *report, const struct na_rule *rule, enum na_bucket bucket, const char *text);

/* A finding about one record of the journal's own life. */
void na_rule_life(struct na_report *report, const struct na_rule *rule, const struct na_life_event *event,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The catalogue's entry of the call's component; NULL: it has none any more. */
const struct na_catalogue_entry *na_rule_vendor(const struct na_report *report, const struct na_report_call *call);

#define NA_RULE_ADDON_BYTES 64

/*
 * Whether the licence names the add-on that called, and each of the chain that is not Odoo's own (report/own.h): none
 * hides behind another. If not, `unnamed` is the first it does not name.
 */
bool na_rule_licensed(const struct na_report *report, const struct na_licence *licence,
		      const struct na_report_call *call, char unnamed[NA_RULE_ADDON_BYTES]);

/* Text goes into a command only where a shell would take it as it is. */
bool na_rule_is_plain(const char *text);

bool na_rule_in_period(const struct na_report *report, const struct na_life_event *event);

/* hidden.c: calls that may hide what they carry. */
void na_rule_opaque(struct na_report *report, const struct na_rule *rule);
void na_rule_dns_content(struct na_report *report, const struct na_rule *rule);

/* weaker.c: changes of settings, and of the catalogue, that weaken the audit. */
void na_rule_weakened(struct na_report *report, const struct na_rule *rule);
void na_rule_relaxed(struct na_report *report, const struct na_rule *rule);

/* Whether the text up to the end of its line is this word. */
bool na_rule_line_is(const char *text, const char *word);

#endif
