/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Trust Report as metrics: verdict, findings, and sums of its period. Sums are gauges, because a period moves on;
 * how many series there are does not depend on what was recorded.
 */
#ifndef NETAUDIT_REPORT_METRICS_H
#define NETAUDIT_REPORT_METRICS_H

#include <stdio.h>

#include "report/report.h"

#define NA_METRICS_COMPONENTS 50	/* told apart by name; the others are together as "other" */

/* Returns 0 or -ENOMEM, and then nothing was written. */
int na_report_metrics(FILE *out, const struct na_report *report);

#endif
