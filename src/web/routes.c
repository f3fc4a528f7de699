/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which paths there are. Everything else is not found: no path of a request ever becomes the path of a file. */
#include <errno.h>
#include <string.h>

#include "web/pages.h"

const char *const na_web_parameter_names[NA_WEB_PARAMETER_COUNT] = {
#define X(symbol, name) name,
	NA_WEB_PARAMETERS(X)
#undef X
};

const struct na_web_route na_web_routes[] = {
	{ .path = "/", .make = na_web_report, .title = "Trust Report" },
	{ .path = "/log", .make = na_web_log, .title = "Audit log" },
	{ .path = "/record/", .make = na_web_record },
	{ .path = "/catalogue", .make = na_web_catalogue, .title = "Catalogue" },
	{ .path = "/verify", .make = na_web_verify, .streamed = true, .title = "Verify" },
	{ .path = "/export", .make = na_web_export, .streamed = true, .type = "application/gzip", .file = "netaudit-export.gz",
	  .title = "Export" },
};

const size_t na_web_route_count = sizeof(na_web_routes) / sizeof(na_web_routes[0]);

int na_web_find_route(const char *path, struct na_web_question *question)
{
	for (size_t i = 0; i < na_web_route_count; i++) {
		const char *own = na_web_routes[i].path;
		size_t length = strlen(own);
		bool numbered = length > 1 && own[length - 1] == '/';

		if (numbered ? strncmp(path, own, length) || na_parse_count(path + length, 1, INT64_MAX, &question->number) :
			       strcmp(path, own))
			continue;
		question->route = (uint32_t)i;
		return 0;
	}
	return -ENOENT;
}
