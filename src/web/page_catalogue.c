/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The components: whose destinations are known, by what, and what vendors may be sent. */
#include <inttypes.h>

#include "report/html_text.h"
#include "web/pages.h"

static void put_entry(FILE *out, const struct na_catalogue_entry *entry)
{
	fputs("<tr><td><code>", out);
	na_html_text(out, entry->id);
	fputs("</code> ", out);
	na_html_text(out, entry->name ? entry->name : "");
	fprintf(out, "<td>%s<td>", na_bucket_name(entry->bucket));
	for (size_t i = 0; i < entry->pattern_count; i++) {
		fputs(i ? ", " : "", out);
		na_html_text(out, entry->patterns[i].text);
	}
	for (size_t i = 0; i < entry->port_count; i++)
		fprintf(out, " :%u", entry->ports[i]);
	if (entry->licence.given) {
		fprintf(out, "<br><small>may be sent %" PRId64 " bytes a call, %" PRId64 " a day, by", entry->licence.call_bytes,
			entry->licence.day_bytes);
		for (size_t i = 0; i < entry->licence.addon_count; i++) {
			fputs(" ", out);
			na_html_text(out, entry->licence.addons[i]);
		}
		fputs("</small>", out);
	}
}

unsigned int na_web_catalogue(const struct na_web_settings *settings, const struct na_web_question *question, FILE *out)
{
	struct na_catalogue *catalogue = NULL;
	struct na_error why = { 0 };

	(void)question;
	if (na_catalogue_load(&catalogue, settings->folders, 2, &why))
		return na_web_sorry(out, 503, why.text);
	na_web_begin(out, "Catalogue", "/catalogue");
	fputs("<table class=catalogue><thead><tr><th>Component<th>Whose<th>Known by</thead><tbody>", out);
	for (size_t i = 0; i < na_catalogue_count(catalogue); i++)
		put_entry(out, na_catalogue_at(catalogue, i));
	fprintf(out, "</tbody></table><p class=faint>SHA-256 <code>%s</code>. To change it: <code>netaudit catalogue</code>.</p>",
		na_catalogue_hash(catalogue));
	na_web_end(out);
	na_catalogue_destroy(catalogue);
	return 200;
}
