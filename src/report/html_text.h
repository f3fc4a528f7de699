/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text into a page: recorded text only ever through na_html_text(). */
#ifndef NETAUDIT_REPORT_HTML_TEXT_H
#define NETAUDIT_REPORT_HTML_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NA_HTML_TEXT_MOST 300	/* characters shown of one text; longer ones end in "..." */

/* Untrusted text, as content or in a quoted attribute: control and direction marks become \xNN, markup entities. */
void na_html_text(FILE *out, const char *text);

/* The same for text that na_escape() has been through already. */
void na_html_escaped(FILE *out, const char *text, size_t bytes);
/* Untrusted text as a value in a query of a URL, in a quoted attribute. */
void na_html_url(FILE *out, const char *text);

/* Numbers and times; times in UTC, because the page is read elsewhere. */
void na_html_bytes(FILE *out, int64_t bytes);
void na_html_count(FILE *out, int64_t count);
void na_html_time(FILE *out, int64_t wall_us);

#endif
