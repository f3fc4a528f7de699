/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Trust Report, as `netaudit report --html` writes it, with links to what is behind it. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/when.h"
#include "report/html.h"
#include "web/pages.h"

#define DAY_US INT64_C(86400000000)

static int read_times(const struct na_web_question *question, struct na_report_request *request)
{
	const char *since = question->value[NA_WEB_SINCE], *until = question->value[NA_WEB_UNTIL];

	request->now = na_clock_read().wall_us;
	request->since = request->now - DAY_US;
	request->until = request->now;
	if ((*since && na_parse_when(since, request->now, &request->since)) ||
	    (*until && na_parse_when(until, request->now, &request->until)) || request->until <= request->since)
		return -EINVAL;
	return 0;
}

static unsigned int put_report(FILE *out, const struct na_report *report)
{
	char *navigation = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&navigation, &bytes);

	if (!memory)
		return na_web_unreadable(out, -ENOMEM);
	na_web_navigation(memory, "/");
	if (fclose(memory) == 0)
		na_report_html(out, report, navigation);
	free(navigation);
	return 200;
}

unsigned int na_web_report(const struct na_web_settings *settings, const struct na_web_question *question, FILE *out)
{
	struct na_cli cli = *settings->cli;
	struct na_report_request request = { .directory = na_cli_journal(&cli, cli.state_dir) };
	struct na_report report = { 0 };
	struct na_catalogue *catalogue = NULL;
	struct na_query *query = NULL;
	struct na_error why = { 0 };
	unsigned int status;
	int64_t first;
	int err;

	if (read_times(question, &request))
		return na_web_sorry(out, 400, "The report is from a time to a later one: 2026-01-31, 2026-01-31 14:30, yesterday, 10 min ago.");
	if (na_catalogue_load(&catalogue, settings->folders, 2, &why))
		return na_web_sorry(out, 503, why.text);
	request.catalogue = catalogue;
	err = na_query_open(&query, request.directory);
	if (!err)
		err = na_query_range(query, &first, &request.upto);
	if (!err)
		err = na_report_gather(&report, query, &request);
	if (!err)
		err = na_report_judge(&report);
	status = err ? na_web_unreadable(out, err) : put_report(out, &report);
	na_report_clear(&report);
	na_query_close(query);
	na_catalogue_destroy(catalogue);
	return status;
}
