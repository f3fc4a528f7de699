/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may be a vendor: the registrable domains that manifests of add-ons name as their website. A manifest is text
 * its author chose, so this only suggests. Left out: Odoo S.A. and the OCA, hosts where anybody may have a name, and
 * domains the catalogue knows, dismissed ones included.
 */
#ifndef NETAUDIT_REPORT_SUGGEST_H
#define NETAUDIT_REPORT_SUGGEST_H

#include "report/report.h"

struct na_suggestion {
	char domain[256];
	const char *addon;	/* one that names it; untrusted */
	size_t addons;		/* how many do */
};

/* Fills *suggestions (caller frees), ordered by domain. Texts live as long as the report. 0 or negative errno. */
int na_suggest(const struct na_report *report, struct na_suggestion **suggestions, size_t *count);

/* Whether `name` is the domain of one, or below it; NULL: of none. */
const struct na_suggestion *na_suggestion_of(const struct na_suggestion *suggestions, size_t count, const char *name);

#endif
