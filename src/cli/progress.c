/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws the bar: share, rate, and how long it will go on at that rate. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"

#define BAR 30
#define QUIET_NS NA_NS_PER_SECOND	/* shorter runs need no bar */
#define REDRAW_NS (NA_NS_PER_SECOND / 5)

static enum { BY_ITSELF, SHOWN, HIDDEN } bars;

void na_progress_on_terminal(bool terminal)
{
	bars = terminal ? SHOWN : HIDDEN;
}

bool na_progress_is_shown(void)
{
	return bars == BY_ITSELF ? isatty(STDERR_FILENO) : bars == SHOWN;
}

void na_progress_begin(struct na_progress *progress, const char *what)
{
	progress->what = what;
	progress->terminal = na_progress_is_shown();
	progress->shown = false;
	progress->began_ns = progress->drawn_ns = na_boottime_ns();
}

void na_progress_at(struct na_progress *progress, uint64_t done, uint64_t all)
{
	static const char full[] = "##############################", empty[] = "..............................";
	char rate[NA_HUMAN_BYTES], left[NA_HUMAN_BYTES];
	uint64_t now_ns = na_boottime_ns(), spent_ns = now_ns - progress->began_ns;
	double share = all ? (double)done / (double)all : 1.0;
	int filled = (int)(share * BAR);

	if (!progress->terminal || done == 0 || spent_ns < QUIET_NS || now_ns - progress->drawn_ns < REDRAW_NS)
		return;
	progress->drawn_ns = now_ns;
	progress->shown = true;
	fprintf(stderr, "\r\033[K%s [%.*s%.*s] %3d%%, %s records/s, %s left", progress->what, filled, full, BAR - filled, empty,
		(int)(share * 100), na_human_count(rate, (int64_t)((double)done / ((double)spent_ns / 1e9))),
		na_human_duration(left, (int64_t)((double)spent_ns / 1e3 * (1.0 - share) / share)));
}

void na_progress_end(struct na_progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r\033[K");
	progress->shown = false;
}
