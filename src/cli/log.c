/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit log: the records that match, one line each.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/json_line.h"
#include "cli/table.h"
#include "cli/when.h"
#include "reader/query.h"

#define DEFAULT_LINES 50
#define FOLLOW_MS 250
#define QUIET_KINDS "progress,heartbeat,head"	/* many, and rarely what is looked for */

const struct na_option na_log_options[] = {
	{ "lines", 'n', "COUNT", "the newest COUNT records (default 50, with --since all; 0 = all)" },
	{ "since", 'S', "TIME", "not before: 2026-01-31, 14:30, \"10 min ago\", today, yesterday" },
	{ "until", 'U', "TIME", "not after" },
	{ "worker", 'w', "ROLE", "master, http, cron, gevent, shell, subprocess" },
	{ "addon", 'A', "NAME", "calls of this add-on; several are separated by commas" },
	{ "database", 0, "NAME", "calls for this database of Odoo's; several are separated by commas" },
	{ "author", 0, "WHOSE", "addon, odoo, library, unknown" },
	{ "bucket", 'b', "BUCKET", "vendor, suspected-vendor, unknown, odoo, third-party, internal, self" },
	{ "direction", 'd', "DIRECTION", "outbound or inbound" },
	{ "destination", 'D', "WHERE", "address, network, host, unix path; with :PORT or only :PORT" },
	{ "channel", 'c', "CHANNEL", "http, https, smtp, postgres, dns, unix, ..." },
	{ "kind", 'k', "KIND", "open, close, datagram, lost, gap, ..." },
	{ "pid", 'p', "PID", "one process" },
	{ "comm", 'C', "NAME", "processes of this name" },
	{ "flow", 'F', "ID", "one flow, from open to close" },
	{ "instance", 'i', "NAME", "one Odoo instance" },
	{ "follow", 'f', NULL, "go on with new records as they are committed" },
	{ "reverse", 'r', NULL, "newest first" },
	{ "all", 'a', NULL, "also " QUIET_KINDS },
	{ NULL, 0, NULL, NULL }
};

struct request {
	struct na_cli *cli;
	struct na_filter filter;
	int64_t lines, since_us, until_us;
	bool lines_given, follow, reverse, all, kind_given;
};

static int take_text(struct request *request, const char *name, const char *value)
{
	static const struct {
		const char *name;
		enum na_index_column column;
	} columns[] = {
		{ "worker", NA_INDEX_WORKER }, { "channel", NA_INDEX_CHANNEL },	  { "kind", NA_INDEX_KIND },
		{ "comm", NA_INDEX_COMM },     { "instance", NA_INDEX_INSTANCE }, { "addon", NA_INDEX_ADDON },
		{ "author", NA_INDEX_AUTHOR }, { "bucket", NA_INDEX_BUCKET },	  { "database", NA_INDEX_DATABASE },
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		if (!strcmp(name, columns[i].name))
			return na_filter_text(&request->filter, columns[i].column, NA_IS_ANY_OF, value);
	return -EINVAL;
}

static int take_direction(struct request *request, const char *value)
{
	static const char *const words[] = { "outbound", "inbound" };

	for (size_t i = 0; i < 2; i++)
		if (*value && !strncmp(words[i], value, strlen(value)))
			return na_filter_text(&request->filter, NA_INDEX_DIRECTION, NA_IS_ANY_OF, words[i]);
	return -EINVAL;
}

static int take_pid(struct request *request, const char *value)
{
	int64_t pid;
	int err = na_parse_count(value, 0, INT32_MAX, &pid);

	return err ? err : na_filter_between(&request->filter, NA_INDEX_PID, pid, pid);
}

static int take(void *context, const char *name, const char *value)
{
	struct request *request = context;

	switch (*name) {
	case 'l':
		request->lines_given = true;
		return na_parse_count(value, 0, INT64_MAX, &request->lines);
	case 's':
		return na_parse_when(value, na_wall_us(), &request->since_us);
	case 'u':
		return na_parse_when(value, na_wall_us(), &request->until_us);
	case 'p':
		return take_pid(request, value);
	case 'r':
		request->reverse = true;
		return 0;
	}
	if (!strcmp(name, "all")) {
		request->all = true;
		return 0;
	}
	if (!strcmp(name, "follow")) {
		request->follow = true;
		return 0;
	}
	if (!strcmp(name, "flow"))
		return na_filter_hex(&request->filter, NA_INDEX_FLOW, value);
	if (!strcmp(name, "direction"))
		return take_direction(request, value);
	if (!strcmp(name, "destination"))
		return na_filter_destination(&request->filter, value);
	request->kind_given |= !strcmp(name, "kind");
	return take_text(request, name, value);
}

static int print_row(void *context, const struct na_stored_row *row)
{
	struct request *request = context;

	if (request->cli->json)
		na_json_line(request->cli, stdout, row);
	else
		na_table_row(request->cli, stdout, row);
	return ferror(stdout) ? -EPIPE : 0;
}

static int follow(struct request *request, struct na_query *query, int64_t seen)
{
	for (;;) {
		int64_t first, last;
		int err = na_query_range(query, &first, &last);

		if (!err && last > seen) {
			request->filter.first_seq = seen + 1;
			request->filter.last_seq = last;
			err = na_query_run(query, &request->filter, NA_OLDEST_FIRST, 0, print_row, request);
			seen = last;
		}
		if (err && err != -EBUSY)
			return err;
		if (fflush(stdout))
			return -EPIPE;
		poll(NULL, 0, FOLLOW_MS);
	}
}

static int run(struct request *request, struct na_query *query)
{
	int64_t first, last;
	int err = na_query_range(query, &first, &last);

	if (err)
		return err;
	request->filter.last_seq = last;
	if (!request->cli->json)
		na_table_header(request->cli, stdout);
	err = na_query_run(query, &request->filter, request->reverse ? NA_NEWEST_FIRST : NA_NEWEST_ASCENDING,
			   (uint64_t)request->lines, print_row, request);
	return err || !request->follow ? err : follow(request, query, last);
}

static int add_limits(struct request *request)
{
	int err = 0;

	if (!request->lines_given && request->since_us != INT64_MIN)
		request->lines = 0;
	if (request->since_us != INT64_MIN || request->until_us != INT64_MAX)
		err = na_filter_between(&request->filter, NA_INDEX_TIME, request->since_us, request->until_us);
	if (!err && !request->all && !request->kind_given)
		err = na_filter_text(&request->filter, NA_INDEX_KIND, NA_IS_NONE_OF, QUIET_KINDS);
	return err;
}

int na_command_log(struct na_cli *cli, int argc, char **argv)
{
	struct request request = {
		.cli = cli,
		.filter = NA_FILTER_ALL,
		.lines = DEFAULT_LINES,
		.since_us = INT64_MIN,
		.until_us = INT64_MAX,
	};
	struct na_query *query;
	int code = na_cli_parse(cli, argc, argv, take, &request), err;

	if (code >= 0)
		return code;
	if (add_limits(&request))
		return na_cli_usage(cli, "there are too many conditions");
	if (request.follow && request.reverse)
		return na_cli_usage(cli, "--follow goes forwards; leave out --reverse");
	err = na_query_open(&query, na_cli_journal(cli, cli->state_dir));
	if (err)
		return na_cli_unreadable(cli, cli->journal_dir, err);
	err = run(&request, query);
	na_query_close(query);
	return err && err != -EPIPE ? na_cli_unreadable(cli, cli->journal_dir, err) : NA_CLI_OK;
}
