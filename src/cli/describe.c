/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sentences of describe.h: a table from record kind to function; kinds without one, also those
 * of a newer daemon, show their members as they are.
 */
#include "cli/describe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cli/cli.h"
#include "cli/fields.h"

struct sentence {
	char *text;
	size_t used;
};

static void say(struct sentence *sentence, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct sentence *sentence, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(sentence->text + sentence->used, NA_SENTENCE_BYTES - sentence->used, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	sentence->used += (size_t)length;
	if (sentence->used >= NA_SENTENCE_BYTES)
		sentence->used = na_utf8_trim(sentence->text);
}

/* "name value" for a member that is there. */
static void say_member(struct sentence *sentence, const json_t *body, const char *key, const char *name)
{
	char text[NA_FIELD_BYTES];

	if (*na_field_text(text, body, key))
		say(sentence, "%s%s %s", sentence->used ? ", " : "", name, text);
}

static void describe_process(struct sentence *sentence, const json_t *body)
{
	char comm[NA_FIELD_BYTES], pid[NA_FIELD_BYTES], event[NA_FIELD_BYTES], exe[NA_FIELD_BYTES];

	say(sentence, "%s[%s] %s", na_field_text(comm, body, "comm"), na_field_text(pid, body, "pid"),
	    na_field_text(event, body, "event"));
	if (na_field_is(body, "event", "exec") && *na_field_text(exe, body, "exe"))
		say(sentence, " %s", exe);
	if (na_field_is(body, "event", "fork"))
		say_member(sentence, body, "parent_pid", "from");
	if (na_field_is(body, "event", "exec"))
		say_member(sentence, body, "addon", "started by");
	say_member(sentence, body, "exit_code", "status");
	say_member(sentence, body, "signal", "killed by signal");
	say_member(sentence, body, "worker", "worker");
	say_member(sentence, body, "instance", "instance");
}

static void describe_author(struct sentence *sentence, const json_t *body)
{
	char flow[NA_FIELD_BYTES], addon[NA_FIELD_BYTES], author[NA_FIELD_BYTES];

	say(sentence, "flow %s is used by ", na_field_text(flow, body, "flow"));
	if (*na_field_text(addon, body, "addon"))
		say(sentence, "%s", addon);
	else if (na_field_is(body, "author", "unknown"))
		say(sentence, "nobody known");
	else
		say(sentence, "%s", na_field_text(author, body, "author"));
	say_member(sentence, body, "author_reason", "because:");
	say_member(sentence, body, "worker", "worker");
	say_member(sentence, body, "instance", "instance");
}

static void describe_resolve(struct sentence *sentence, const json_t *body)
{
	char comm[NA_FIELD_BYTES], pid[NA_FIELD_BYTES], host[NA_FIELD_BYTES], addon[NA_FIELD_BYTES];

	say(sentence, "%s[%s] asked for %s", na_field_text(comm, body, "comm"), na_field_text(pid, body, "pid"),
	    *na_field_text(host, body, "host") ? host : "a name that could not be read");
	if (*na_field_text(addon, body, "addon"))
		say(sentence, ", by %s", addon);
	else
		say_member(sentence, body, "author", "by");
	say_member(sentence, body, "author_reason", "because:");
	say_member(sentence, body, "worker", "worker");
	say_member(sentence, body, "instance", "instance");
}

static void describe_lost(struct sentence *sentence, const json_t *body)
{
	const json_t *losses = json_object_get(body, "losses"), *loss;
	char count[NA_FIELD_BYTES], comm[NA_FIELD_BYTES], pid[NA_FIELD_BYTES], dst[NA_FIELD_BYTES];
	char port[NA_FIELD_BYTES], reason[NA_FIELD_BYTES];
	size_t i;

	say(sentence, "%s events were not recorded", na_field_text(count, body, "count"));
	json_array_foreach (losses, i, loss) {
		say(sentence, "%s %s by %s[%s]", i ? ";" : ":", na_field_text(count, loss, "count"),
		    na_field_text(comm, loss, "comm"), na_field_text(pid, loss, "pid"));
		if (*na_field_text(dst, loss, "dst"))
			say(sentence, " to %s port %s", dst, na_field_text(port, loss, "dport"));
		if (*na_field_text(reason, loss, "reason"))
			say(sentence, " (%s)", reason);
	}
}

static void describe_gap(struct sentence *sentence, const json_t *body)
{
	char component[NA_FIELD_BYTES], cause[NA_FIELD_BYTES], from[NA_HUMAN_BYTES];
	int64_t from_us = na_field_integer(body, "from_t", -1);

	if (*na_field_text(component, body, "component"))
		say(sentence, "%s: ", component);
	if (*na_field_text(cause, body, "cause"))
		say(sentence, "%s; ", cause);
	say(sentence, "something may have been missed");
	if (from_us >= 0)
		say(sentence, " since %s", na_local_time(from, from_us));
	say_member(sentence, body, "uncommitted", "events taken from the kernel but never committed:");
	say_member(sentence, body, "refused", "records refused:");
}

/* An add-on: what it says of itself is in quotes, because anybody can write it there. */
static void describe_addon(struct sentence *sentence, const json_t *body)
{
	char name[NA_FIELD_BYTES], version[NA_FIELD_BYTES], maker[NA_FIELD_BYTES], path[NA_FIELD_BYTES];

	say(sentence, "%s", na_field_text(name, body, "addon"));
	if (*na_field_text(version, body, "version"))
		say(sentence, " %s", version);
	if (*na_field_text(maker, body, "maker"))
		say(sentence, " by \"%s\"", maker);
	if (*na_field_text(path, body, "path"))
		say(sentence, " in %s", path);
	if (json_is_true(json_object_get(body, "manifest_unreadable")))
		say(sentence, ", manifest unreadable");
	say_member(sentence, body, "instance", "instance");
}

static void describe_clock(struct sentence *sentence, const json_t *body)
{
	int64_t step_us = na_field_integer(body, "step_us", 0);
	char text[NA_HUMAN_BYTES];

	say(sentence, "the wall clock was stepped %s by %s", step_us < 0 ? "back" : "forward",
	    na_human_duration(text, step_us < 0 ? -step_us : step_us));
}

static void describe_config(struct sentence *sentence, const json_t *body)
{
	say(sentence, "the settings in force changed");
	say_member(sentence, body, "changed", "namely");
	say_member(sentence, body, "settings", "they are:");
}

static void describe_start(struct sentence *sentence, const json_t *body)
{
	say(sentence, "the daemon started");
	say_member(sentence, body, "version", "version");
	say_member(sentence, body, "backend", "backend");
	if (json_is_false(json_object_get(body, "clean")))
		say(sentence, ", after a stop that was not clean");
}

static void describe_stop(struct sentence *sentence, const json_t *body)
{
	say(sentence, "the daemon stopped");
	say_member(sentence, body, "reason", "reason");
}

/* What every record has, and the time column and the kind column already say. */
static bool is_shown_elsewhere(const char *key)
{
	static const char *const keys[] = { "kind", "nonce", "t", "tb" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static void describe_members(struct sentence *sentence, const json_t *body)
{
	const char *key;
	json_t *value;
	char text[NA_FIELD_BYTES], name[NA_FIELD_BYTES];

	json_object_foreach ((json_t *)body, key, value) {
		json_t *key_text;

		if (is_shown_elsewhere(key))
			continue;
		key_text = json_string(key);
		na_value_text(name, key_text);
		json_decref(key_text);
		say(sentence, "%s%s=%s", sentence->used ? " " : "", name, na_value_text(text, value));
	}
}

static const struct {
	const char *kind;
	void (*describe)(struct sentence *sentence, const json_t *body);	/* NULL: a flow has cells instead */
} kinds[] = {
	{ "open", NULL },	{ "close", NULL },
	{ "progress", NULL },	{ "datagram", NULL },
	{ "dns", NULL },
	{ "exchange", NULL },	{ "author", describe_author },
	{ "process", describe_process },
	{ "lost", describe_lost }, { "gap", describe_gap },
	{ "start", describe_start }, { "stop", describe_stop },
	{ "clock", describe_clock }, { "config", describe_config },
	{ "addon", describe_addon }, { "resolve", describe_resolve },
};

bool na_describe(char out[NA_SENTENCE_BYTES], const json_t *body)
{
	struct sentence sentence = { .text = out };
	void (*describe)(struct sentence *, const json_t *) = describe_members;

	*out = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (na_field_is(body, "kind", kinds[i].kind))
			describe = kinds[i].describe;
	if (!describe)
		return false;
	describe(&sentence, body);
	if (!sentence.used)
		say(&sentence, "(nothing more)");
	return true;
}
