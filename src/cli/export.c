/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit export: part or all of the journal in one file that proves itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/when.h"
#include "reader/export_write.h"

const struct na_option na_export_options[] = {
	{ "since", 'S', "TIME", "from the first record of this time on: 2026-01-31, 14:30, \"10 min ago\", today" },
	{ "until", 'U', "TIME", "to the last record of this time" },
	{ "from", 0, "SEQ", "from this record on" },
	{ "to", 0, "SEQ", "to this record" },
	{ "addon", 'A', "NAME", "only calls of this add-on; several are separated by commas" },
	{ "destination", 'D', "WHERE", "only address, network, host, unix path; with :PORT or only :PORT" },
	{ "instance", 'i', "NAME", "only one Odoo instance" },
	{ "flow", 'F', "ID", "only one flow" },
	{ NULL, 0, NULL, NULL }
};

struct request {
	struct na_filter filter;
	int64_t since_us, until_us;
	char asked[NA_EXPORT_ASKED_BYTES + 1];
	size_t asked_bytes;
};

/* Adds one condition to what the file says it was asked for. Returns 0 or -EINVAL when there is no room. */
static int ask(struct request *request, const char *name, const char *value)
{
	char shown[NA_EXPORT_ASKED_BYTES];
	size_t room = sizeof(request->asked) - request->asked_bytes;
	int length;

	na_escape(shown, sizeof(shown), value, strlen(value));
	length = snprintf(request->asked + request->asked_bytes, room, "%s%s=%s", request->asked_bytes ? " " : "", name, shown);
	if (length < 0 || (size_t)length >= room)
		return -EINVAL;
	request->asked_bytes += (size_t)length;
	return 0;
}

static int take_time(struct request *request, const char *name, const char *value, int64_t *when_us)
{
	char text[40];
	struct tm utc;
	time_t seconds;
	int err = na_parse_when(value, na_wall_us(), when_us);

	if (err)
		return err;
	seconds = (time_t)(*when_us / 1000000);
	if (!gmtime_r(&seconds, &utc) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		return -EINVAL;
	return ask(request, name, text);
}

static int take(void *context, const char *name, const char *value)
{
	struct request *request = context;
	int err;

	if (!strcmp(name, "since"))
		return take_time(request, name, value, &request->since_us);
	if (!strcmp(name, "until"))
		return take_time(request, name, value, &request->until_us);
	if (!strcmp(name, "from"))
		err = na_parse_count(value, 1, INT64_MAX, &request->filter.first_seq);
	else if (!strcmp(name, "to"))
		err = na_parse_count(value, 1, INT64_MAX, &request->filter.last_seq);
	else if (!strcmp(name, "destination"))
		err = na_filter_destination(&request->filter, value);
	else if (!strcmp(name, "flow"))
		err = na_filter_hex(&request->filter, NA_INDEX_FLOW, value);
	else
		err = na_filter_text(&request->filter, *name == 'a' ? NA_INDEX_ADDON : NA_INDEX_INSTANCE, NA_IS_ANY_OF, value);
	return err ? err : ask(request, name, value);
}

static int copy_seq(void *context, const struct na_stored_row *row)
{
	*(int64_t *)context = row->seq;
	return 0;
}

/* A time becomes a span of records, so that the file can prove that nothing inside it is missing. */
static int time_to_span(struct request *request, const char *directory)
{
	struct na_filter times = NA_FILTER_ALL;
	int64_t first = 0, last = 0;
	struct na_query *query;
	int err;

	if (request->since_us == INT64_MIN && request->until_us == INT64_MAX)
		return 0;
	err = na_query_open(&query, directory);
	if (err)
		return err;
	err = na_filter_between(&times, NA_INDEX_TIME, request->since_us, request->until_us);
	if (!err)
		err = na_query_run(query, &times, NA_OLDEST_FIRST, 1, copy_seq, &first);
	if (!err)
		err = na_query_run(query, &times, NA_NEWEST_FIRST, 1, copy_seq, &last);
	na_query_close(query);
	if (err || first == 0)
		return err ? err : -ENODATA;
	request->filter.first_seq = first > request->filter.first_seq ? first : request->filter.first_seq;
	request->filter.last_seq = last < request->filter.last_seq ? last : request->filter.last_seq;
	return 0;
}

static void print_written(const struct na_cli *cli, const char *path, const struct na_export_written *written)
{
	char count[3][NA_HUMAN_BYTES];

	if (cli->json) {
		printf("{\"complete\": %s, \"first\": %" PRIu64 ", \"last\": %" PRIu64 ", \"matched\": %" PRIu64
		       ", \"records\": %" PRIu64 ", \"heads\": %" PRIu64 ", \"head_size\": %" PRIu64
		       ", \"unsigned_records\": %" PRIu64 "}\n", written->complete ? "true" : "false", written->first,
		       written->last, written->matched, written->records, written->heads, written->head_size,
		       written->unsigned_records);
		return;
	}
	printf("%s: %s of the records %s to ", path,
	       written->complete ? "every one" : na_human_count(count[0], (int64_t)written->matched),
	       na_human_count(count[1], (int64_t)written->first));
	printf("%s, under %s signed heads.\n", na_human_count(count[0], (int64_t)written->last),
	       na_human_count(count[1], (int64_t)written->heads));
	if (written->begin > 1)
		printf("Records before %s were pruned; of them it has the signed heads.\n",
		       na_human_count(count[0], (int64_t)written->begin));
	if (!written->complete)
		printf("It proves what is in it, not what is absent.\n");
	if (written->unsigned_records)
		printf("%s newer records are left out: no signed head covers them yet.\n",
		       na_human_count(count[0], (int64_t)written->unsigned_records));
}

static int on_progress(void *context, uint64_t done, uint64_t all)
{
	na_progress_at(context, done, all);
	return 0;
}

static int exit_code(const struct na_error *error)
{
	return error->code == -EBADMSG ? NA_CLI_TAMPERED : error->code == -ENODATA ? NA_CLI_ABSENT : NA_CLI_UNREADABLE;
}

/* Writes to a new file only, and leaves none behind that is not whole. */
static int write_file(const struct na_cli *cli, const struct na_export_request *request, const char *path)
{
	bool to_pipe = !strcmp(path, "-");
	struct na_export_written written;
	struct na_error error = { 0 };
	int fd = to_pipe ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0) {
		na_cli_error(cli, "cannot make %s: %s", path, strerror(errno));
		return NA_CLI_UNREADABLE;
	}
	if (na_export_write(request, fd, &written, &error) == 0 && !to_pipe && fsync(fd) < 0)
		na_error_set(&error, -errno, "cannot write %s: %s", path, strerror(errno));
	na_progress_end(request->context);
	if (!to_pipe) {
		close(fd);
		if (error.code)
			(void)unlink(path);
	}
	if (error.code) {
		na_cli_error(cli, "%s", error.text);
		return exit_code(&error);
	}
	if (!to_pipe)
		print_written(cli, path, &written);
	return NA_CLI_OK;
}

int na_command_export(struct na_cli *cli, int argc, char **argv)
{
	struct request request = { .filter = NA_FILTER_ALL, .since_us = INT64_MIN, .until_us = INT64_MAX };
	struct na_progress progress;
	struct na_export_request export = { .filter = &request.filter, .progress = on_progress, .context = &progress };
	int code = na_cli_parse(cli, argc, argv, take, &request), err;

	if (code >= 0)
		return code;
	if (cli->served && strcmp(cli->argument[0], "-"))
		return na_cli_usage(cli, "the reader makes no file of yours: netaudit export - >%s", cli->argument[0]);
	if (!strcmp(cli->argument[0], "-") && cli->terminal)
		return na_cli_usage(cli, "an export is not for a terminal: name a file, or use a pipe");
	export.directory = na_cli_journal(cli, cli->state_dir);
	err = time_to_span(&request, export.directory);
	if (err == -ENODATA) {
		na_cli_error(cli, "there is no record of that time");
		return NA_CLI_ABSENT;
	}
	if (err)
		return na_cli_unreadable(cli, export.directory, err);
	export.asked = request.asked_bytes ? request.asked : "everything";
	na_progress_begin(&progress, "exporting");
	return write_file(cli, &export, cli->argument[0]);
}
