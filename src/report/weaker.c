// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules about changes that weaken the audit: of settings, whose texts are in `config` records, and of the
 * catalogue, where the daemon said in the `catalogue` record what is weaker.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/rules.h"

/* Settings that are an attention for as long as they are not this, or (`weak`) are that. */
static const struct {
	const char *setting, *strong, *weak;
} wanted[] = {
	{ "capture.enabled = ", "yes", NULL },
	{ "capture.disabled_channels = ", "none", NULL },
	{ "capture.probes = ", "all", NULL },
	{ "capture.canary_seconds = ", NULL, "0" },
};

/* Settings of which a change is one: where a smaller (-1) or a larger (1) number sees or keeps less; 0 keeps all. */
static const struct {
	const char *setting;
	int weaker;
} numbers[] = {
	{ "retention.days = ", -1 },	    { "retention.max_mib = ", -1 },	  { "capture.ring_kib = ", -1 },
	{ "capture.bulk_ring_kib = ", -1 }, { "journal.head_seconds = ", 1 },	  { "daemon.heartbeat_seconds = ", 1 },
	{ "capture.canary_seconds = ", 1 },
};

static const char *value_of(const char *settings, const char *setting)
{
	const char *found = settings ? strstr(settings, setting) : NULL;

	return found ? found + strlen(setting) : NULL;
}

static void check_wanted(struct na_report *report, const struct na_rule *rule, const struct na_life_event *event,
			 const char *settings)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const char *value = value_of(settings, wanted[i].setting);

		if (value && (wanted[i].strong ? !na_rule_line_is(value, wanted[i].strong) :
						 na_rule_line_is(value, wanted[i].weak)))
			na_rule_life(report, rule, event, "A setting sees less than it could: %s%.*s", wanted[i].setting,
				     (int)strcspn(value, "\n"), value);
	}
}

static void compare_numbers(struct na_report *report, const struct na_rule *rule, const struct na_life_event *event,
			    const char *before, const char *after)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *old = value_of(before, numbers[i].setting), *new = value_of(after, numbers[i].setting);
		long from = old ? strtol(old, NULL, 10) : 0, to = new ? strtol(new, NULL, 10) : 0;

		if (old && new && (numbers[i].weaker < 0 ? (to && (to < from || !from)) : to > from))
			na_rule_life(report, rule, event, "A setting was weakened: %s%ld (it was %ld)", numbers[i].setting, to, from);
	}
}

/* A setting that is weak now, or was in the period, is one however long ago it was made so. */
void na_rule_weakened(struct na_report *report, const struct na_rule *rule)
{
	const struct na_life_event *in_force = NULL;
	const char *before = NULL;

	for (size_t i = 0; i < report->life_count; i++) {
		const struct na_life_event *event = &report->life[i];
		const char *settings = json_string_value(json_object_get(event->body, "settings"));

		if (strcmp(event->kind, "config") != 0 || !settings || event->t >= report->until)
			continue;
		if (before && event->t >= report->since) {
			check_wanted(report, rule, in_force, before);
			compare_numbers(report, rule, event, before, settings);
		}
		before = settings;
		in_force = event;
	}
	if (before)
		check_wanted(report, rule, in_force, before);
}

/* ---- the catalogue ---- */

static const char *member(const struct na_life_event *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event->body, key));

	return text ? text : "";
}

/* One address that root declared by name and with a reason is a decision on record, and widens nothing around it. */
static bool is_one_declared(const struct na_life_event *event)
{
	const char *entry = member(event, "entry");

	return !strcmp(member(event, "action"), "add") && member(event, "reason")[0] && !strcmp(member(event, "bucket"), "internal") &&
	       !strncmp(entry, "address = ", strlen("address = ")) && !strchr(entry, '/') &&
	       json_array_size(json_object_get(event->body, "weaker")) == 1;
}

static void look_at_change(struct na_report *report, const struct na_rule *rule, const struct na_life_event *event)
{
	const json_t *weaker = json_object_get(event->body, "weaker");
	const char *first = json_string_value(json_array_get(weaker, 0));
	size_t count = json_array_size(weaker);

	if (!first || is_one_declared(event))
		return;
	if (count > 1)
		na_rule_life(report, rule, event, "The catalogue notices or forbids less: %s; and %zu more", first, count - 1);
	else
		na_rule_life(report, rule, event, "The catalogue notices or forbids less: %s", first);
}

/* Whether a record between this start and the next says what led from the hash of before to this one. */
static bool is_explained(const struct na_report *report, size_t start, const char *before)
{
	const char *after = member(&report->life[start], "catalogue");

	for (size_t i = start + 1; i < report->life_count && strcmp(report->life[i].kind, "start") != 0; i++)
		if (!strcmp(report->life[i].kind, "catalogue") && !strcmp(member(&report->life[i], "previous_catalogue"), before) &&
		    !strcmp(member(&report->life[i], "catalogue"), after))
			return true;
	return false;
}

void na_rule_relaxed(struct na_report *report, const struct na_rule *rule)
{
	const struct na_life_event *refused = NULL;
	const char *known = "";

	for (size_t i = 0; i < report->life_count; i++) {
		const struct na_life_event *event = &report->life[i];
		const char *hash = member(event, "catalogue");
		bool started = !strcmp(event->kind, "start");

		if (!started && strcmp(event->kind, "catalogue") != 0)
			continue;
		if (started && known[0] && hash[0] && strcmp(known, hash) != 0 && na_rule_in_period(report, event) &&
		    !is_explained(report, i, known))
			na_rule_life(report, rule, event, "The catalogue is another one than before, and what changed is not on record");
		if (!started && na_rule_in_period(report, event))
			look_at_change(report, rule, event);
		refused = !started && !hash[0] ? event : hash[0] ? NULL : refused;
		known = hash[0] ? hash : known;
	}
	if (refused && na_rule_in_period(report, refused))
		na_rule_life(report, rule, refused, "The catalogue's files cannot be read, and an old one is in force: %s",
			     member(refused, "error"));
}
