/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the tables of journal/rollup_hidden.h to the report. */
#ifndef NETAUDIT_REPORT_GATHER_HIDDEN_H
#define NETAUDIT_REPORT_GATHER_HIDDEN_H

#include "report/report.h"

/* Of the hours from first to last. Returns 0 or negative errno, as na_report_gather(). */
int na_gather_hidden(struct na_report *report, struct na_query *query, int64_t first, int64_t last);

#endif
