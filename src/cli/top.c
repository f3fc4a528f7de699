// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netaudit top: what is going on in this minute, as it happens; or once, for a pipe.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/catalogue.h"
#include "cli/fields.h"
#include "cli/json_line.h"
#include "cli/status_text.h"
#include "cli/top_terminal.h"
#include "cli/top_view.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)
#define BEFORE_US (360 * SECOND_US)	/* flows whose counters go on were told of by then: progress is every 300 s */
#define RECORDS_MOST 200000	/* read at the start */
#define JUDGE_S 15		/* between two reports */

const struct na_option na_top_options[] = {
	{ "once", '1', NULL, "one picture of the last minute (done anyway in a pipe)" },
	{ "interval", 'i', "SECONDS", "time between pictures, 1 to 60 (default 1)" },
	{ "sort", 's', "ORDER", "sent (default), received, calls or name" },
	NA_CATALOGUE_FOLDER_OPTIONS,
	{ NULL, 0, NULL, NULL }
};

static const struct {
	const char *word;
	char key;
	enum na_top_order order;
} orders[] = {
	{ "sent", 's', NA_TOP_BY_SENT }, { "received", 'r', NA_TOP_BY_RECEIVED }, { "calls", 'c', NA_TOP_BY_CALLS },
	{ "name", 'n', NA_TOP_BY_NAME },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct top {
	struct na_cli *cli;
	struct na_top_view view;
	const char *folders[2];
	bool once;
	int64_t interval_s;
	struct na_query *query;
	int64_t seen;			/* the newest record that was taken */
	int64_t judged_s, events;	/* when a report was made; events in the status before */
	uint64_t status_ns;		/* when that was */
};

static int take(void *context, const char *name, const char *value)
{
	struct top *top = context;

	if (na_catalogue_take_folder(top->folders, name, value))
		return 0;
	if (!strcmp(name, "once"))
		top->once = true;
	else if (!strcmp(name, "interval"))
		return na_parse_count(value, 1, 60, &top->interval_s);
	else {
		size_t i = 0;

		while (i < COUNT(orders) && strcmp(orders[i].word, value) != 0)
			i++;
		if (i == COUNT(orders))
			return -EINVAL;
		top->view.order = orders[i].order;
	}
	return 0;
}

/* Records that came since; at first those of the last minutes. */
static int read_records(struct top *top)
{
	struct na_filter filter = NA_FILTER_ALL;
	enum na_query_order order = NA_OLDEST_FIRST;
	int64_t first, last;
	int err = na_query_range(top->query, &first, &last);

	if (err || last == top->seen)
		return err;
	filter.first_seq = top->seen + 1;
	filter.last_seq = last;
	if (!top->seen) {
		order = NA_NEWEST_ASCENDING;
		err = na_filter_between(&filter, NA_INDEX_TIME, na_clock_read().wall_us - BEFORE_US, INT64_MAX);
	}
	if (!err)
		err = na_query_run(top->query, &filter, order, top->seen ? 0 : RECORDS_MOST, na_top_take, top->view.tally);
	top->seen = last;
	return err;
}

static void read_status(struct top *top)
{
	static const char *const losses[] = { "lost_ring", "lost_map", "missed_programs", "records_refused", "events_dropped" };
	json_t *status = NULL, *count;
	uint64_t now_ns = na_boottime_ns();
	int64_t events = 0;
	const char *type;

	if (na_status_load(top->cli, &status) != 0) {
		top->view.daemon = "stopped";
		top->view.events_s = -1;
		return;
	}
	top->view.daemon = na_daemon_states[na_status_judge(status)].word;
	top->view.flows_open = na_field_integer(status, "flows_open", 0);
	top->view.queue_bytes = na_field_integer(status, "queue_used_bytes", 0);
	top->view.lost = 0;
	for (size_t i = 0; i < COUNT(losses); i++)
		top->view.lost += na_field_integer(status, losses[i], 0);
	json_object_foreach (json_object_get(status, "events_received"), type, count)
		events += na_field_integer(json_object_get(status, "events_received"), type, 0);
	if (top->status_ns && now_ns > top->status_ns && events >= top->events)
		top->view.events_s = (double)(events - top->events) * 1e9 / (double)(now_ns - top->status_ns);
	top->status_ns = now_ns;
	top->events = events;
	json_decref(status);
}

static void count_causes(struct na_top_view *view, const struct na_report *report)
{
	view->cause_count = 0;
	view->verdict = NA_ALL_CLEAR;
	for (size_t i = 0; i < na_rule_count && view->cause_count < COUNT(view->causes); i++) {
		struct na_top_cause cause = { na_rules[i].id, 0 };

		for (size_t j = 0; j < report->finding_count; j++)
			cause.count += report->findings[j].rule == &na_rules[i] && !report->findings[j].ack;
		if (!cause.count || !strcmp(cause.rule, "unverified"))	/* said beside the verdict */
			continue;
		view->causes[view->cause_count++] = cause;
		view->verdict = na_rules[i].level > view->verdict ? na_rules[i].level : view->verdict;
	}
	view->judged = true;
}

/* The verdict of the last 24 hours, but for the chain: verifying takes too long to do it all the time. */
static void judge(struct top *top, int64_t now_us)
{
	struct na_report_request what = { .since = now_us - DAY_US, .until = now_us, .now = now_us, .quick = true };
	struct na_catalogue *catalogue = NULL;
	struct na_report report = { 0 };
	struct na_error error = { 0 };

	top->view.judged = false;
	top->judged_s = now_us / SECOND_US;
	if (na_catalogue_load(&catalogue, top->folders, 2, &error) != 0)
		return;
	what.catalogue = catalogue;
	what.directory = top->cli->journal_dir;
	what.upto = na_query_indexed(top->query);	/* what is not counted yet is shown below */
	if (na_report_gather(&report, top->query, &what) == 0 && na_report_judge(&report) == 0)
		count_causes(&top->view, &report);
	na_report_clear(&report);
	na_catalogue_destroy(catalogue);
}

static int look(struct top *top)
{
	int64_t now_us = na_clock_read().wall_us;
	int err = read_records(top);

	if (err)
		return err;
	read_status(top);
	if (now_us / SECOND_US >= top->judged_s + JUDGE_S || now_us / SECOND_US < top->judged_s)
		judge(top, now_us);
	if (!top->view.paused)
		top->view.now_s = now_us / SECOND_US;
	return 0;
}

static int show(const struct top *top)
{
	size_t columns, lines, bytes = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &bytes);
	int err = out ? 0 : -ENOMEM;

	if (out) {
		na_terminal_size(&columns, &lines);
		fputs("\033[H", out);
		na_top_picture(out, &top->view, columns, lines, "\033[K\n");
		fputs("\033[K\033[J", out);
		err = fclose(out) == 0 ? na_terminal_write(text, bytes) : -ENOMEM;
	}
	free(text);
	return err;
}

/* Returns false to end. */
static bool press(struct top *top, int key)
{
	if (key == NA_KEY_END || key == 'q' || key == 'Q')
		return false;
	if (key == 'p' || key == ' ')
		top->view.paused = !top->view.paused;
	for (size_t i = 0; i < COUNT(orders); i++)
		if (key == orders[i].key)
			top->view.order = orders[i].order;
	return true;
}

static int run_live(struct top *top)
{
	int err = na_terminal_take();

	while (!err) {
		err = look(top);
		if (err == -EBUSY)	/* another time */
			err = 0;
		if (!err)
			err = show(top);
		if (!err && !press(top, na_terminal_key((int)top->interval_s * 1000)))
			break;
	}
	na_terminal_give_back();
	return err == -EPIPE || err == -EIO ? 0 : err;	/* the terminal is gone */
}

static int run_once(struct top *top)
{
	size_t columns = 100, lines;
	int err = look(top);

	if (err)
		return err;
	if (top->cli->json) {
		json_t *out = na_top_json(&top->view);

		na_json_dump(stdout, out, JSON_INDENT(2) | JSON_SORT_KEYS);
		putchar('\n');
		json_decref(out);
	} else if (top->cli->terminal) {
		na_terminal_size(&columns, &lines);
		na_top_picture(stdout, &top->view, columns, lines > 2 ? lines - 1 : lines, "\n");
		putchar('\n');
	} else {
		na_top_facts(stdout, &top->view);
	}
	return 0;
}

int na_command_top(struct na_cli *cli, int argc, char **argv)
{
	struct top top = {
		.cli = cli, .view = { .cli = cli, .events_s = -1, .daemon = "stopped" }, .interval_s = 1,
		.folders = { NA_CATALOGUE_SHIPPED, NA_CATALOGUE_SITE },
	};
	int code = na_cli_parse(cli, argc, argv, take, &top), err;

	if (code >= 0)
		return code;
	err = na_query_open(&top.query, na_cli_journal(cli, cli->state_dir));
	top.view.tally = err ? NULL : na_top_create();
	if (!err)
		err = !top.view.tally ? -ENOMEM : cli->terminal && !top.once && !cli->json && !cli->served ? run_live(&top) :
												     run_once(&top);
	na_top_destroy(top.view.tally);
	na_query_close(top.query);
	return err ? na_cli_unreadable(cli, cli->journal_dir, err) : NA_CLI_OK;
}
