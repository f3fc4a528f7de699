/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Head, navigation and foot of every page. */
#include "web/pages.h"

#include <errno.h>
#include <string.h>

#include "report/html_style.h"
#include "report/html_text.h"

void na_web_navigation(FILE *out, const char *current)
{
	fputs("<nav aria-label=Pages>", out);
	for (size_t i = 0; i < na_web_route_count; i++) {
		const struct na_web_route *route = &na_web_routes[i];

		if (route->title)
			fprintf(out, "<a href='%s'%s>%s</a>", route->path,
				strcmp(route->path, current) ? "" : " aria-current=page", route->title);
	}
	fputs("</nav>", out);
}

void na_web_begin(FILE *out, const char *title, const char *current)
{
	fprintf(out, "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,"
		     "initial-scale=1'><title>%s: netaudit</title><style>%s</style></head><body><main>", title, na_html_style);
	na_web_navigation(out, current);
	fprintf(out, "<h1>%s</h1>", title);
}

void na_web_end(FILE *out)
{
	fputs("<footer>netaudit " NA_VERSION " &middot; times are in UTC</footer></main></body></html>\n", out);
}

unsigned int na_web_sorry(FILE *out, unsigned int status, const char *sentence)
{
	na_web_begin(out, status == 404 ? "Not there" : status == 400 ? "Not understood" : "Not possible now", "");
	fputs("<p class=sorry>", out);
	na_html_text(out, sentence);
	fputs("</p>", out);
	na_web_end(out);
	return status;
}

unsigned int na_web_unreadable(FILE *out, int error)
{
	if (error == -ENOENT)
		return na_web_sorry(out, 503, "There is no journal yet: the daemon makes it when it runs.");
	if (error == -ENODATA)
		return na_web_sorry(out, 503, "The sums in index.db are not there or not of this version; the daemon makes them when it runs.");
	return na_web_sorry(out, 503, strerror(-error));
}
