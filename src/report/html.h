/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Trust Report as one page that needs nothing else: no script, no request, no font. */
#ifndef NETAUDIT_REPORT_HTML_H
#define NETAUDIT_REPORT_HTML_H

#include <stdio.h>

#include "report/report.h"

/* Errors stay in `out`: ferror(). */
void na_report_html(FILE *out, const struct na_report *report);

#endif
