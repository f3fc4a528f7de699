/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the tables beside the rollup to the report: rollup_hidden.h, and `met`. */
#ifndef NETAUDIT_REPORT_GATHER_HIDDEN_H
#define NETAUDIT_REPORT_GATHER_HIDDEN_H

#include "report/report.h"

struct sqlite3_stmt;

/* Of the hours from first to last. Returns 0 or negative errno, as na_report_gather(). */
int na_gather_hidden(struct na_report *report, struct na_query *query, int64_t first, int64_t last);

/* The bucket that a column names; what is none is unknown. */
enum na_bucket na_gather_bucket(struct sqlite3_stmt *row, int column);

#endif
