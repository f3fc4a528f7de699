/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the lines of `netaudit status`.
 */
#include "cli/status_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cli/fields.h"
#include "cli/memory.h"

#define FORECAST_DAYS (1.0 / 24)	/* a younger journal says nothing of a day */

const struct na_daemon_state_text na_daemon_states[] = {
	[NA_DAEMON_RUNNING] = { "running", NA_GREEN },
	[NA_DAEMON_STALE] = { "stale", NA_YELLOW },
	[NA_DAEMON_STOPPED] = { "stopped", NA_RED },
};

const char *const na_components[NA_STATUS_COMPONENTS] = { "supervisor", "observer", "journal", "signer", "canary" };

int64_t na_status_component(const json_t *status, const char *name, const char *key)
{
	return na_field_integer(json_object_get(json_object_get(status, "components"), name), key, 0);
}

double na_status_age_s(const json_t *status)
{
	return (double)((int64_t)na_boottime_ns() - na_field_integer(status, "now_boottime_ns", 0)) / 1e9;
}

static int64_t events_received(const json_t *status)
{
	uint64_t total = 0;	/* a changed file may make it wrap */
	const char *name;
	json_t *count;

	json_object_foreach (json_object_get(status, "events_received"), name, count)
		total += (uint64_t)json_integer_value(count);
	return (int64_t)(total & INT64_MAX);
}

static void print_label(const char *label)
{
	printf("%-14s ", label);
}

static void print_count(const char *label, int64_t count, const char *what)
{
	char text[NA_HUMAN_BYTES];

	print_label(label);
	printf("%s %s\n", na_human_count(text, count), what);
}

static void print_text(const json_t *status, const char *label, const char *key)
{
	char text[NA_FIELD_BYTES];

	if (!*na_field_text(text, status, key))
		return;
	print_label(label);
	printf("%s\n", text);
}

static void print_state(const struct na_cli *cli, const json_t *status, enum na_daemon_state state)
{
	char duration[NA_HUMAN_BYTES], said[NA_FIELD_BYTES], version[NA_FIELD_BYTES];

	print_label("daemon");
	printf("%s%s%s", na_colour(cli, na_daemon_states[state].colour), na_daemon_states[state].word,
	       na_colour(cli, NA_PLAIN));
	if (state == NA_DAEMON_RUNNING) {
		int64_t up_ns = na_field_integer(status, "now_boottime_ns", 0) -
				na_field_integer(status, "started_boottime_ns", 0);

		if (*na_field_text(said, status, "state") && strcmp(said, "running"))
			printf(" (%s)", said);
		printf(" for %s", na_human_duration(duration, up_ns / 1000));
	} else if (na_status_age_s(status) >= 0) {
		printf(", last heard of %s ago", na_human_duration(duration, (int64_t)(na_status_age_s(status) * 1e6)));
	}
	printf(", version %s\n", na_field_text(version, status, "version"));
}

static void print_rates(const json_t *before, const json_t *after)
{
	double seconds = (double)(na_field_integer(after, "now_boottime_ns", 0) -
				  na_field_integer(before, "now_boottime_ns", 0)) / 1e9;

	if (seconds <= 0)
		return;
	print_label("rates");
	printf("%.1f events/s, %.1f records/s\n", (double)(events_received(after) - events_received(before)) / seconds,
	       (double)(na_field_integer(after, "records_committed", 0) -
			na_field_integer(before, "records_committed", 0)) / seconds);
}

/* Each number that should be zero, and what it counts. */
static void print_losses(const struct na_cli *cli, const json_t *status)
{
	static const struct {
		const char *key, *what;
	} losses[] = {
		{ "lost_ring", "ring full" },
		{ "lost_map", "map full" },
		{ "missed_programs", "programs skipped by the kernel" },
		{ "records_refused", "queue full" },
		{ "io_errors", "I/O errors" },
	};
	char text[NA_HUMAN_BYTES];
	bool any = false;

	print_label("losses");
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		int64_t count = na_field_integer(status, losses[i].key, 0);

		if (!count)
			continue;
		printf("%s%s%s %s%s", any ? ", " : "", na_colour(cli, NA_RED), na_human_count(text, count), losses[i].what,
		       na_colour(cli, NA_PLAIN));
		any = true;
	}
	printf("%s%s\n", any ? "" : "none",
	       json_is_true(json_object_get(status, "uncounted_misses")) ?
		       "; uncounted misses are possible on this kernel" : "");
}

/* How the authors of calls were found out. */
static void print_authors(const struct na_cli *cli, const json_t *status)
{
	const json_t *authors = json_object_get(status, "authors");
	char text[NA_HUMAN_BYTES], name[NA_FIELD_BYTES];
	const char *key;
	json_t *count;
	bool any = false;

	print_label("authors");
	json_object_foreach ((json_t *)authors, key, count) {
		bool unknown = !strcmp(key, "unknown");
		json_t *key_text;

		if (json_integer_value(count) <= 0)
			continue;
		key_text = json_string(key);
		printf("%s%s%s %s%s", any ? ", " : "", unknown ? na_colour(cli, NA_YELLOW) : "",
		       na_human_count(text, json_integer_value(count)), na_value_text(name, key_text),
		       unknown ? na_colour(cli, NA_PLAIN) : "");
		json_decref(key_text);
		any = true;
	}
	printf("%s\n", any ? "" : "no call yet");
}

/* What is attached in program files, and what could not be: fewer witnesses, nothing missed. */
static void print_probes(const struct na_cli *cli, const json_t *status)
{
	int64_t failed = na_field_integer(status, "probes_failed", 0);
	char text[NA_HUMAN_BYTES];

	print_label("probes");
	printf("%s in program files", na_human_count(text, na_field_integer(status, "probes", 0)));
	if (failed)
		printf(", %s%s could not be attached%s", na_colour(cli, NA_YELLOW), na_human_count(text, failed),
		       na_colour(cli, NA_PLAIN));
	printf("\n");
}

static void print_lags(const json_t *status)
{
	int64_t now = na_field_integer(status, "now_boottime_ns", 0), head = na_field_integer(status, "head_boottime_ns", 0);
	int64_t last = na_field_integer(status, "last_seq", 0);
	char queue[NA_HUMAN_BYTES], capacity[NA_HUMAN_BYTES], rows[NA_HUMAN_BYTES], age[NA_HUMAN_BYTES];

	print_label("lags");
	printf("queue %s of %s bytes, index %s rows behind, ",
	       na_human_bytes(queue, na_field_integer(status, "queue_used_bytes", 0)),
	       na_human_bytes(capacity, na_field_integer(status, "queue_capacity_bytes", 0)),
	       na_human_count(rows, last - na_field_integer(status, "index_seq", 0)));
	if (head)
		printf("%s records since the last signed head, %s ago\n",
		       na_human_count(rows, last - na_field_integer(status, "head_size", 0)),
		       na_human_duration(age, (now - head) / 1000));
	else
		printf("no head signed yet\n");
}

static double days_of(int64_t us)
{
	return (double)us / 86400e6;
}

/* How much room the records take, will take, and what is left. */
static void print_disk(const json_t *status)
{
	int64_t first_t = na_field_integer(status, "first_t", 0), bytes = na_field_integer(status, "journal_bytes", 0);
	int64_t keep = na_field_integer(status, "retention_days", 0), mib = na_field_integer(status, "retention_max_mib", 0);
	int64_t free_bytes = na_field_integer(status, "disk_free_bytes", 0);
	double age = days_of(na_field_integer(status, "now_us", 0) - first_t), daily, settled;
	char text[NA_HUMAN_BYTES];

	if (!first_t)
		return;
	print_label("kept");
	if (keep)
		printf("%" PRId64 " days", keep);
	else
		printf("all records");
	if (mib)
		printf(", at most %s bytes", na_human_bytes(text, mib << 20));
	printf("; the oldest is %.1f days old\n", age);
	print_label("disk");
	printf("%s bytes, %s free", na_human_bytes(text, bytes), na_human_bytes((char[NA_HUMAN_BYTES]){ 0 }, free_bytes));
	if (age < FORECAST_DAYS) {
		printf("; too young for a forecast\n");
		return;
	}
	daily = (double)bytes / age;
	settled = keep ? daily * (double)keep : 0;
	if (mib && (!keep || settled > (double)(mib << 20)))
		settled = (double)(mib << 20);
	printf(", %s a day", na_human_bytes(text, (int64_t)daily));
	if (settled > 0 && settled - (double)bytes < (double)free_bytes)
		printf("; will settle at about %s\n", na_human_bytes(text, (int64_t)settled));
	else
		printf("; the disk is full in about %.0f days\n", daily > 0 ? (double)free_bytes / daily : 0);
}

static void print_processes(const json_t *status)
{
	int64_t total_kib = 0, restarts = 0;

	print_label("processes");
	for (size_t i = 0; i < NA_STATUS_COMPONENTS; i++) {
		int64_t pid = na_status_component(status, na_components[i], "pid"), pss_kib = na_pss_kib(pid);

		printf("%s%s %" PRId64, i ? ", " : "", na_components[i], pid);
		restarts += na_status_component(status, na_components[i], "restarts");
		total_kib = pss_kib < 0 || total_kib < 0 ? -1 : total_kib + pss_kib;
	}
	printf("\n");
	print_count("restarts", restarts, "since the start");
	print_label("memory");
	if (total_kib < 0)
		printf("not readable: run this as root\n");
	else
		printf("%.1f MB (PSS of the four processes)\n", (double)total_kib * 1024 / 1e6);
}

void na_status_print(const struct na_cli *cli, const json_t *status, enum na_daemon_state state, const json_t *before)
{
	print_state(cli, status, state);
	print_text(status, "scope", "scope");
	print_text(status, "backend", "backend");
	print_text(status, "programs", "programs");
	print_text(status, "not better:", "fallback_reason");
	print_text(status, "hooks", "hooks");
	print_text(status, "not attached", "missing_hooks");
	print_text(status, "origin", "origin");
	print_count("in scope", na_field_integer(status, "processes_in_scope", 0), "processes");
	print_count("open now", na_field_integer(status, "flows_open", 0), "flows");
	print_count("events", events_received(status), "received");
	print_count("records", na_field_integer(status, "records_committed", 0), "committed since the start");
	print_count("journal", na_field_integer(status, "last_seq", 0), "is the newest record");
	if (before)
		print_rates(before, status);
	print_authors(cli, status);
	print_probes(cli, status);
	print_losses(cli, status);
	print_lags(status);
	print_disk(status);
	if (state != NA_DAEMON_STOPPED)
		print_processes(status);
}
