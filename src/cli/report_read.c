// SPDX-License-Identifier: GPL-2.0-or-later
/* From a journal's folder to a judged report, for every command that shows something of it. */
#include <errno.h>
#include <time.h>

#include "cli/report.h"

#define COUNTED_ATTEMPTS 50
#define COUNTED_WAIT_NS 100000000

/* The sums follow the records by a moment; what was there when the report was asked for is to be in it. */
static int open_counted(struct na_query **query, const char *directory, int64_t *upto)
{
	const struct timespec moment = { .tv_nsec = COUNTED_WAIT_NS };
	int64_t first;
	int err = na_query_open(query, directory);

	if (!err)
		err = na_query_range(*query, &first, upto);
	for (int i = 0; !err && na_query_indexed(*query) < *upto && i < COUNTED_ATTEMPTS; i++) {
		na_query_close(*query);
		*query = NULL;
		(void)nanosleep(&moment, NULL);
		err = na_query_open(query, directory);
	}
	return err;
}

int na_report_read(struct na_cli *cli, struct na_report_request *what, struct na_report *report)
{
	struct na_query *query = NULL;
	int code = -1, err;

	what->directory = na_cli_journal(cli, cli->state_dir);
	err = open_counted(&query, what->directory, &what->upto);
	if (!err)
		err = na_report_gather(report, query, what);
	if (!err)
		err = na_report_judge(report);
	if (err == -ENODATA) {
		na_cli_error(cli, "the sums in %s/index.db are not there or not of this version; the daemon makes them when it runs",
			     what->directory);
		code = NA_CLI_UNREADABLE;
	} else if (err) {
		code = na_cli_unreadable(cli, what->directory, err);
	}
	na_query_close(query);
	return code;
}
