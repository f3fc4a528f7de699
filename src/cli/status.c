/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit status: what the daemon says of itself once a second in RUN_DIR/status.json, and whether
 * it is still alive to say it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/fields.h"
#include "cli/memory.h"

#define STATUS_LIMIT_BYTES (1024 * 1024)
#define STALE_S 5		/* written every second: five missed ones are no accident */
#define SAMPLE_MS 1500		/* two samples this far apart are two different ones */

const struct na_option na_status_options[] = {
	{ "rate", 'r', NULL, "measure rates, which takes two seconds (done anyway on a terminal)" },
	{ NULL, 0, NULL, NULL }
};

enum state { RUNNING, STALE, STOPPED };

static const struct {
	const char *word;
	enum na_colour colour;
} states[] = {
	[RUNNING] = { "running", NA_GREEN },
	[STALE] = { "stale", NA_YELLOW },
	[STOPPED] = { "stopped", NA_RED },
};

static const char *const components[] = { "supervisor", "observer", "journal", "signer" };
#define COMPONENTS (sizeof(components) / sizeof(*components))

static int take(void *context, const char *name, const char *value)
{
	(void)name;
	(void)value;
	*(bool *)context = true;
	return 0;
}

/* Returns 0 and the parsed file, -EBADMSG when it is not what the daemon writes, or negative errno. */
static int load(const struct na_cli *cli, json_t **status)
{
	char path[4096], *content;
	size_t bytes;
	int err;

	if (snprintf(path, sizeof(path), "%s/status.json", cli->run_dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	err = na_read_file(AT_FDCWD, path, STATUS_LIMIT_BYTES, &content, &bytes);
	if (err)
		return err;
	*status = na_parse_body(content, bytes);
	free(content);
	return *status ? 0 : -EBADMSG;
}

static int64_t component(const json_t *status, const char *name, const char *key)
{
	return na_field_integer(json_object_get(json_object_get(status, "components"), name), key, 0);
}

static double age_s(const json_t *status)
{
	return (double)((int64_t)na_boottime_ns() - na_field_integer(status, "now_boottime_ns", 0)) / 1e9;
}

static enum state judge(const json_t *status)
{
	int64_t pid = component(status, "supervisor", "pid");
	double age = age_s(status);

	/* The file outlives a crash, and a restart of the machine begins boottime again. */
	if (pid <= 0 || pid > INT32_MAX || age < -1 || (kill((pid_t)pid, 0) && errno == ESRCH) ||
	    na_field_is(status, "state", "stopped"))
		return STOPPED;
	return age > STALE_S ? STALE : RUNNING;
}

static int64_t events_received(const json_t *status)
{
	int64_t total = 0;
	const char *name;
	json_t *count;

	json_object_foreach (json_object_get(status, "events_received"), name, count)
		total += json_integer_value(count);
	return total;
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

static void print_state(const struct na_cli *cli, const json_t *status, enum state state)
{
	char duration[NA_HUMAN_BYTES], said[NA_FIELD_BYTES], version[NA_FIELD_BYTES];

	print_label("daemon");
	printf("%s%s%s", na_colour(cli, states[state].colour), states[state].word, na_colour(cli, NA_PLAIN));
	if (state == RUNNING) {
		int64_t up_ns = na_field_integer(status, "now_boottime_ns", 0) -
				na_field_integer(status, "started_boottime_ns", 0);

		if (*na_field_text(said, status, "state") && strcmp(said, "running"))
			printf(" (%s)", said);
		printf(" for %s", na_human_duration(duration, up_ns / 1000));
	} else if (age_s(status) >= 0) {
		printf(", last heard of %s ago", na_human_duration(duration, (int64_t)(age_s(status) * 1e6)));
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
	       json_is_true(json_object_get(status, "uncounted_misses")) ? "; uncounted misses are possible on this kernel" : "");
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

static void print_processes(const json_t *status)
{
	int64_t total_kib = 0, restarts = 0;

	print_label("processes");
	for (size_t i = 0; i < COMPONENTS; i++) {
		int64_t pid = component(status, components[i], "pid"), pss_kib = na_pss_kib(pid);

		printf("%s%s %" PRId64, i ? ", " : "", components[i], pid);
		restarts += component(status, components[i], "restarts");
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

static void print_all(const struct na_cli *cli, const json_t *status, enum state state, const json_t *before)
{
	print_state(cli, status, state);
	print_text(status, "scope", "scope");
	print_text(status, "backend", "backend");
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
	print_losses(cli, status);
	print_lags(status);
	if (state != STOPPED)
		print_processes(status);
}

static void print_json(json_t *status, enum state state)
{
	json_t *memory = json_object();

	for (size_t i = 0; i < COMPONENTS; i++) {
		int64_t pss_kib = na_pss_kib(component(status, components[i], "pid"));

		if (pss_kib >= 0)
			json_object_set_new(memory, components[i], json_integer(pss_kib));
	}
	json_object_set_new(status, "daemon", json_string(states[state].word));
	json_object_set_new(status, "age_ms", json_integer((json_int_t)(age_s(status) * 1e3)));
	json_object_set_new(status, "pss_kib", memory);
	json_dumpf(status, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
	printf("\n");
}

/* -ENOENT is an answer: the daemon takes its file away when it stops. */
static int no_status(const struct na_cli *cli, int err)
{
	if (err == -ENOENT) {
		printf(cli->json ? "{\"daemon\":\"stopped\"}\n" : "daemon         stopped\n");
		return NA_CLI_ABSENT;
	}
	na_cli_error(cli, "cannot read %s/status.json: %s", cli->run_dir,
		     err == -EBADMSG ? "it is not what the daemon writes" : strerror(-err));
	return NA_CLI_UNREADABLE;
}

int na_command_status(struct na_cli *cli, int argc, char **argv)
{
	bool rate = cli->terminal;
	json_t *before = NULL, *status;
	enum state state;
	int code = na_cli_parse(cli, argc, argv, take, &rate);
	int err;

	if (code >= 0)
		return code;
	err = load(cli, &status);
	if (err)
		return no_status(cli, err);
	state = judge(status);
	if (rate && !cli->json && state == RUNNING) {
		before = status;
		poll(NULL, 0, SAMPLE_MS);
		err = load(cli, &status);
		if (err) {
			json_decref(before);
			return no_status(cli, err);
		}
		state = judge(status);
	}
	if (cli->json)
		print_json(status, state);
	else
		print_all(cli, status, state, before);
	json_decref(before);
	json_decref(status);
	return state == RUNNING ? NA_CLI_OK : NA_CLI_ABSENT;
}
