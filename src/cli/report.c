/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit report: gathers, judges, and prints in the form that was asked for.
 */
#include "cli/report.h"
#include "cli/verifying.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/catalogue.h"
#include "cli/json_line.h"
#include "cli/when.h"
#include "report/html.h"

#define DAY_US INT64_C(86400000000)

const struct na_option na_report_options[] = {
	{ "since", 'S', "TIME", "from the hour of this time on (default: 24 hours ago)" },
	{ "until", 'U', "TIME", "to the hour of this time (default: now)" },
	{ "html", 0, "FILE", "write one self-contained page" },
	{ "exit-code", 'e', NULL, "end with 10 for attention and 11 for alarm" },
	{ "quick", 'q', NULL, "do not verify chain and sums; the report says so" },
	NA_CATALOGUE_FOLDER_OPTIONS,
	{ NULL, 0, NULL, NULL }
};

struct request {
	int64_t now, since, until;
	const char *html;
	const char *folders[2];
	bool exit_code, quick;
};

static int take(void *context, const char *name, const char *value)
{
	struct request *request = context;

	if (na_catalogue_take_folder(request->folders, name, value))
		return 0;
	if (!strcmp(name, "since"))
		return na_parse_when(value, request->now, &request->since);
	if (!strcmp(name, "until"))
		return na_parse_when(value, request->now, &request->until);
	if (!strcmp(name, "html"))
		request->html = value;
	else if (!strcmp(name, "quick"))
		request->quick = true;
	else if (!strcmp(name, "exit-code"))
		request->exit_code = true;
	else
		return -EINVAL;
	return 0;
}

static int write_html(const struct na_cli *cli, const struct na_report *report, const char *path)
{
	FILE *out = fopen(path, "we");
	int error = out ? 0 : errno;

	if (out) {
		na_report_html(out, report, NULL);
		if (ferror(out))
			error = EIO;
		if (fclose(out) != 0 && !error)
			error = errno;
	}
	if (error) {
		na_cli_error(cli, "cannot write %s: %s", path, strerror(error));
		return NA_CLI_UNREADABLE;
	}
	return NA_CLI_OK;
}

static int print(const struct na_cli *cli, const struct na_report *report, const struct request *request)
{
	static const int codes[] = {
		[NA_ALL_CLEAR] = NA_CLI_OK, [NA_ATTENTION] = NA_CLI_ATTENTION, [NA_ALARM] = NA_CLI_ALARM,
	};

	if (request->html) {
		int code = write_html(cli, report, request->html);

		if (code)
			return code;
	}
	if (cli->json) {
		json_t *out = na_report_json(report);

		na_json_dump(stdout, out, JSON_INDENT(2) | JSON_SORT_KEYS);
		putchar('\n');
		json_decref(out);
	} else if (!request->html) {
		na_report_text(cli, report);
	}
	return request->exit_code ? codes[report->verdict] : NA_CLI_OK;
}

static int run(struct na_cli *cli, const struct request *request, const struct na_catalogue *catalogue)
{
	struct na_report_request what = {
		.since = request->since, .until = request->until, .now = request->now, .catalogue = catalogue,
		.quick = request->quick, .verify = na_verify_shown,
	};
	struct na_report report = { 0 };
	int code = na_report_read(cli, &what, &report);

	if (code < 0)
		code = print(cli, &report, request);
	na_report_clear(&report);
	return code;
}

int na_command_report(struct na_cli *cli, int argc, char **argv)
{
	int64_t now = na_clock_read().wall_us;
	struct request request = {
		.now = now, .since = now - DAY_US, .until = now, .folders = { NA_CATALOGUE_SHIPPED, NA_CATALOGUE_SITE },
	};
	struct na_catalogue *catalogue;
	int code = na_cli_parse(cli, argc, argv, take, &request);

	if (code >= 0)
		return code;
	if (request.until <= request.since)
		return na_cli_usage(cli, "--until must be after --since");
	code = na_catalogue_open(cli, request.folders, &catalogue);
	if (code >= 0)
		return code;
	code = run(cli, &request, catalogue);
	na_catalogue_destroy(catalogue);
	return code;
}
