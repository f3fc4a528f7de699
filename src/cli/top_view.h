/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `netaudit top` shows: a picture for people, facts or JSON for programs. */
#ifndef NETAUDIT_CLI_TOP_VIEW_H
#define NETAUDIT_CLI_TOP_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/top_tally.h"
#include "report/report.h"

struct na_top_cause {
	const char *rule;
	size_t count;
};

struct na_top_view {
	const struct na_cli *cli;
	struct na_top_tally *tally;
	enum na_top_order order;
	bool paused;
	int64_t now_s;			/* end of the minute that is shown, since 1970 */

	const char *daemon;		/* running, stale, stopped */
	int64_t lost, flows_open, queue_bytes;
	double events_s;		/* below 0: not known */

	bool judged;			/* there is a report, of the last 24 hours, without its chain having been checked */
	enum na_level verdict;
	struct na_top_cause causes[32];
	size_t cause_count;
};

/* `lines` lines, none wider than `columns`, each but the last ended by `end`. */
void na_top_picture(FILE *out, const struct na_top_view *view, size_t columns, size_t lines, const char *end);
/* One fact a line, separated by tabs. */
void na_top_facts(FILE *out, const struct na_top_view *view);
json_t *na_top_json(const struct na_top_view *view);

#endif
