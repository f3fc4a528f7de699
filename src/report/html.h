/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Trust Report as one page that needs nothing else: no script, no request, no font. */
#ifndef NETAUDIT_REPORT_HTML_H
#define NETAUDIT_REPORT_HTML_H

#include <stdio.h>

#include "report/report.h"

/*
 * Errors stay in `out`: ferror(). `navigation` is put on top, as HTML: then the page is a live one (src/web/), and its
 * record numbers and destinations are links. NULL: a file.
 */
void na_report_html(FILE *out, const struct na_report *report, const char *navigation);

#endif
