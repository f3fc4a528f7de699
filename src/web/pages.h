/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reader makes: one function for each route, and what pages have in common. */
#ifndef NETAUDIT_WEB_PAGES_H
#define NETAUDIT_WEB_PAGES_H

#include "classify/catalogue.h"
#include "reader/verify.h"
#include "web/web.h"

na_web_make na_web_report, na_web_log, na_web_record, na_web_verify, na_web_export, na_web_catalogue;

/* The links to the other pages, as HTML. `current` is a path. */
void na_web_navigation(FILE *out, const char *current);

/* From the doctype to the opening of <main>, navigation included; and what closes it. */
void na_web_begin(FILE *out, const char *title, const char *current);
void na_web_end(FILE *out);

/* A whole page with one sentence, of which `status` is the status of HTTP. Returns `status`. */
unsigned int na_web_sorry(FILE *out, unsigned int status, const char *sentence);

/* The same for what na_query_open() and the like returned. */
unsigned int na_web_unreadable(FILE *out, int error);

#endif
