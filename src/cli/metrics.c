// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netaudit metrics: what the daemon says of itself, and the Trust Report, for the node exporter's textfile collector.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/catalogue.h"
#include "cli/metrics.h"
#include "cli/report.h"
#include "cli/status_text.h"
#include "cli/when.h"
#include "report/exposition.h"
#include "report/metrics.h"

#define DAY_US INT64_C(86400000000)

const struct na_option na_metrics_options[] = {
	{ "output", 'o', "FILE", "write FILE, in one step, in place of printing" },
	{ "since", 'S', "TIME", "report from the hour of this time on (default: 24 hours ago)" },
	{ "quick", 'q', NULL, "do not verify the chain; the verdict says so" },
	NA_CATALOGUE_FOLDER_OPTIONS,
	{ NULL, 0, NULL, NULL }
};

struct request {
	int64_t now, since;
	const char *output;
	const char *folders[2];
	bool quick;
};

static int take(void *context, const char *name, const char *value)
{
	struct request *request = context;

	if (na_catalogue_take_folder(request->folders, name, value))
		return 0;
	if (!strcmp(name, "since"))
		return na_parse_when(value, request->now, &request->since);
	if (!strcmp(name, "output"))
		request->output = value;
	else if (!strcmp(name, "quick"))
		request->quick = true;
	else
		return -EINVAL;
	return 0;
}

/* Returns 0, or an exit code after having said why there is no report. */
static int put_report(struct na_cli *cli, const struct request *request, FILE *out)
{
	struct na_catalogue *catalogue = NULL;
	struct na_report report = { 0 };
	struct na_report_request what = {
		.since = request->since, .until = request->now, .now = request->now, .quick = request->quick,
	};
	int code = na_catalogue_open(cli, request->folders, &catalogue);

	what.catalogue = catalogue;
	if (code < 0)
		code = na_report_read(cli, &what, &report);
	if (code < 0)
		code = na_report_metrics(out, &report) ? NA_CLI_UNREADABLE : NA_CLI_OK;
	na_report_clear(&report);
	na_catalogue_destroy(catalogue);
	na_exposition_single(out, "netaudit_report_readable", "gauge", "1: the journal's sums could be read.", code == NA_CLI_OK);
	return code;
}

/* A daemon that is down, or a journal that cannot be read, is told by the metrics too. */
static int collect(struct na_cli *cli, const struct request *request, FILE *out)
{
	json_t *status = NULL;
	int err = na_status_load(cli, &status), code;

	na_metrics_status(out, err ? NULL : status);
	json_decref(status);
	code = put_report(cli, request, out);
	if (err && err != -ENOENT) {
		na_cli_error(cli, "cannot read %s/status.json: %s", cli->run_dir,
			     err == -EBADMSG ? "it is not what the daemon writes" : strerror(-err));
		code = NA_CLI_UNREADABLE;
	}
	return code;
}

static int put_out(const struct na_cli *cli, const struct request *request, const char *text, size_t bytes)
{
	int err;

	if (!request->output) {
		(void)fwrite(text, 1, bytes, stdout);	/* main() looks for errors */
		return NA_CLI_OK;
	}
	(void)umask(022);	/* the exporter is another user */
	err = na_replace_file(AT_FDCWD, request->output, text, bytes, 0644);
	if (!err)
		return NA_CLI_OK;
	na_cli_error(cli, "cannot write %s: %s", request->output, strerror(-err));
	return NA_CLI_UNREADABLE;
}

int na_command_metrics(struct na_cli *cli, int argc, char **argv)
{
	int64_t now = na_clock_read().wall_us;
	struct request request = {
		.now = now, .since = now - DAY_US, .folders = { NA_CATALOGUE_SHIPPED, NA_CATALOGUE_SITE },
	};
	int code = na_cli_parse(cli, argc, argv, take, &request), written;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out;

	if (code >= 0)
		return code;
	if (request.since >= request.now)
		return na_cli_usage(cli, "--since must be in the past");
	out = open_memstream(&text, &bytes);
	if (!out) {
		na_cli_error(cli, "no memory");
		return NA_CLI_UNREADABLE;
	}
	code = collect(cli, &request, out);
	if (fclose(out) != 0) {
		na_cli_error(cli, "no memory");
		code = NA_CLI_UNREADABLE;
	} else {
		written = put_out(cli, &request, text, bytes);
		code = written ? written : code;
	}
	free(text);
	return code;
}
