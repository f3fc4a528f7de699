/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page's style sheet. */
#ifndef NETAUDIT_REPORT_HTML_STYLE_H
#define NETAUDIT_REPORT_HTML_STYLE_H

extern const char na_html_style[];

#endif
