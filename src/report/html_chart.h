/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drawings of the page, as inline SVG. Colours are the style sheet's, by the class of the bucket. */
#ifndef NETAUDIT_REPORT_HTML_CHART_H
#define NETAUDIT_REPORT_HTML_CHART_H

#include <stdio.h>

#include "report/report.h"

/* Bytes sent by bucket, with its legend. */
void na_html_donut(FILE *out, const struct na_report *report);
/* Calls by hour, stacked by bucket. */
void na_html_timeline(FILE *out, const struct na_report *report);
/* A bar `value` of `most` long. */
void na_html_bar(FILE *out, enum na_bucket bucket, int64_t value, int64_t most);

#endif
