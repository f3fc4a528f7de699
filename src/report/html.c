/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page, from top to bottom. */
#include "report/html.h"

#include <inttypes.h>
#include <string.h>

#include "report/html_chart.h"
#include "report/html_style.h"
#include "report/html_text.h"

#define FINDINGS_SHOWN 60
#define FIRSTS_SHOWN 30
#define DESTINATIONS_SHOWN 40
#define CALLS_SHOWN 200

static void put_verdict(FILE *out, const struct na_report *report)
{
	static const char *const words[] = {
		[NA_ALL_CLEAR] = "All clear", [NA_ATTENTION] = "Attention", [NA_ALARM] = "Alarm",
	};
	static const char *const meanings[] = {
		[NA_ALL_CLEAR] = "The whole period was watched, every call has an author, and vendors got no more than their rules allow.",
		[NA_ATTENTION] = "Something is not proven. The causes below say what, since when, and how to see the records.",
		[NA_ALARM] = "Something is wrong. The causes below say what, since when, and how to see the records.",
	};
	const char *level = na_level_name(report->verdict);

	fputs("<h1>Trust Report &middot; is data leaving to a vendor?</h1>", out);
	fprintf(out, "<section class='verdict %s' aria-label=Verdict><strong>%s</strong><p>%s</p><p class=faint>", level,
		words[report->verdict], meanings[report->verdict]);
	na_html_time(out, report->since);
	fputs(" to ", out);
	na_html_time(out, report->until < report->now ? report->until : report->now);
	fputs(" UTC</p></section>", out);
}

static void put_chips(FILE *out, const struct na_report *report)
{
	static const char *const marks[] = { [NA_ALL_CLEAR] = "&#10003;", [NA_ATTENTION] = "!", [NA_ALARM] = "&#10007;" };
	int64_t coverage = na_report_coverage(report);

	fputs("<ul class=chips>", out);
	for (size_t i = 0; i < na_chip_count; i++) {
		enum na_level level = na_chip_level(report, &na_chips[i]);

		fprintf(out, "<li class=%s>%s %s", na_level_name(level), marks[level], na_chips[i].title);
		if (!strcmp(na_chips[i].id, "coverage"))
			fprintf(out, " <small>%" PRId64 ".%" PRId64 "&nbsp;%%</small>", coverage / 10, coverage % 10);
		if (!strcmp(na_chips[i].id, "chain") && report->verified.head_size)
			fprintf(out, " <small>to record %" PRIu64 "</small>", report->verified.head_size);
		fputs("</li>", out);
	}
	fputs("</ul>", out);
}

static void put_card(FILE *out, const char *title, const struct na_sums *sums)
{
	fprintf(out, "<div class=card><h3>%s</h3><div class=number>", title);
	na_html_bytes(out, sums->bytes_out);
	fputs("</div><p>sent in ", out);
	na_html_count(out, sums->calls);
	fputs(" calls; ", out);
	na_html_bytes(out, sums->bytes_in);
	fputs(" received</p></div>", out);
}

static void put_cards(FILE *out, const struct na_report *report)
{
	struct na_sums all = { 0 };

	for (int i = 0; i < NA_BUCKET_COUNT; i++) {
		all.calls += report->total[i].calls;
		all.bytes_out += report->total[i].bytes_out;
		all.bytes_in += report->total[i].bytes_in;
	}
	fputs("<div class=cards>", out);
	put_card(out, "All calls out", &all);
	put_card(out, "To vendors", &report->total[NA_BUCKET_VENDOR]);
	put_card(out, "To third parties", &report->total[NA_BUCKET_THIRD_PARTY]);
	fputs("<div class='card ring'>", out);
	na_html_donut(out, report);
	fputs("</div></div>", out);
}

static void put_record(FILE *out, int64_t seq, bool live)
{
	if (live)
		fprintf(out, "<a href='/record/%" PRId64 "'>%" PRId64 "</a>", seq, seq);
	else
		fprintf(out, "<code>%" PRId64 "</code>", seq);
}

/* On a live page the name leads to the calls behind it. */
static void put_destination(FILE *out, const char *destination, const char *addon, bool live)
{
	if (!live || !*destination) {
		na_html_text(out, *destination ? destination : "(no name)");
		return;
	}
	fputs("<a href='/log?destination=", out);
	na_html_url(out, destination);
	if (*addon) {
		fputs("&amp;addon=", out);
		na_html_url(out, addon);
	}
	fputs("'>", out);
	na_html_text(out, destination);
	fputs("</a>", out);
}

static void put_findings(FILE *out, const struct na_report *report, bool live)
{
	if (!report->finding_count)
		return;
	fputs("<h2>Causes</h2><ul class=findings>", out);
	for (size_t i = 0; i < report->finding_count && i < FINDINGS_SHOWN; i++) {
		const struct na_finding *finding = &report->findings[i];

		fprintf(out, "<li class=%s><b>%s</b><p>", finding->ack ? "known" : na_level_name(finding->rule->level),
			finding->rule->title);
		na_html_text(out, finding->text);
		fputs("</p><p><small>", out);
		if (finding->since) {
			fputs("since ", out);
			na_html_time(out, finding->since);
			fputs(" &middot; ", out);
		}
		if (finding->ack) {
			fputs("acknowledged by record ", out);
			put_record(out, finding->ack->seq, live);
			fputs(" &middot; ", out);
		}
		if (live && finding->seq) {
			fputs("newest: record ", out);
			put_record(out, finding->seq, live);
			fputs(" &middot; ", out);
		}
		fprintf(out, "%s</small> <code>", finding->rule->advice);
		na_html_text(out, finding->command);
		fputs("</code></p></li>", out);
	}
	fputs("</ul>", out);
	if (report->finding_count > FINDINGS_SHOWN)
		fprintf(out, "<p class=faint>%zu more; netaudit report --json has all.</p>", report->finding_count - FINDINGS_SHOWN);
}

static void put_destinations(FILE *out, const struct na_report *report, const char *title, unsigned int buckets,
			     bool live)
{
	int64_t most = 0;
	size_t shown = 0;

	fprintf(out, "<section><h2>%s</h2><table><colgroup><col><col style='width:6.5em'><col style='width:5em'></colgroup>"
		     "<thead><tr><th>Destination<th class=n>Sent<th class=n>Calls</thead><tbody>", title);
	for (size_t i = 0; i < report->destination_count && shown < DESTINATIONS_SHOWN; i++) {
		const struct na_report_destination *row = &report->destinations[i];

		if (!(buckets & 1u << row->bucket))
			continue;
		if (!shown++)
			most = row->sums.bytes_out;
		fputs("<tr><td>", out);
		put_destination(out, row->destination, "", live);
		fprintf(out, " <small>%s", na_bucket_name(row->bucket));
		if (row->component[0]) {
			fputs(", ", out);
			na_html_text(out, row->component);
		}
		fputs("</small>", out);
		na_html_bar(out, row->bucket, row->sums.bytes_out, most);
		fputs("<td class=n>", out);
		na_html_bytes(out, row->sums.bytes_out);
		fputs("<td class=n>", out);
		na_html_count(out, row->sums.calls);
	}
	if (!shown)
		fputs("<tr><td colspan=3 class=faint>None in this period.", out);
	fputs("</tbody></table></section>", out);
}

static const char *who(const struct na_report_call *call)
{
	return call->addon[0] ? call->addon : !strcmp(call->author, "odoo") ? "(Odoo itself)" :
	       !strcmp(call->author, "library") ? "(a library)" : call->author[0] ? "(unknown)" : "(not Odoo)";
}

/* Internal calls are many and lead nowhere: folded away, and not printed. */
static void put_calls(FILE *out, const struct na_report *report, bool internal, bool live)
{
	size_t shown = 0;

	fputs("<div class=wide><table><colgroup><col style='width:24%'><col><col style='width:9em'><col style='width:6.5em'><col style='width:5em'>"
	      "<col style='width:6.5em'></colgroup><thead><tr><th>Add-on<th>Destination<th>Whose<th class=n>Sent<th class=n>Calls"
	      "<th class=n>Last record</thead><tbody>", out);
	for (size_t i = 0; i < report->call_count && shown < CALLS_SHOWN; i++) {
		const struct na_report_call *call = &report->calls[i];

		if (call->inbound || (call->bucket == NA_BUCKET_INTERNAL) != internal)
			continue;
		shown++;
		fputs("<tr><td>", out);
		na_html_text(out, who(call));
		if (call->chain[0] && strchr(call->chain, ',')) {
			fputs(" <small>", out);
			na_html_text(out, call->chain);
			fputs("</small>", out);
		}
		fputs("<td>", out);
		put_destination(out, call->destination[0] ? call->destination : call->component, call->addon,
				live && call->destination[0]);
		fprintf(out, "<td>%s<td class=n>", na_bucket_name(call->bucket));
		na_html_bytes(out, call->sums.bytes_out);
		fputs("<td class=n>", out);
		na_html_count(out, call->sums.calls + call->sums.exchanges);
		fputs("<td class=n>", out);
		put_record(out, call->sums.last_seq, live);
	}
	fputs("</tbody></table></div>", out);
}

/* Whom an add-on has reached for the first time. */
static void put_firsts(FILE *out, const struct na_report *report, bool live)
{
	if (!report->first_count)
		return;
	fputs("<h2>New in this period</h2><div class=wide><table><colgroup><col style='width:11em'><col style='width:24%'><col>"
	      "<col style='width:9em'></colgroup><thead><tr><th>Since (UTC)<th>Add-on<th>Destination<th>Whose</thead><tbody>", out);
	for (size_t i = 0; i < report->first_count && i < FIRSTS_SHOWN; i++) {
		const struct na_report_first *first = &report->firsts[i];

		fputs("<tr><td>", out);
		na_html_time(out, first->t);
		fputs("<td>", out);
		na_html_text(out, first->addon[0] ? first->addon : "(no add-on)");
		fputs("<td>", out);
		put_destination(out, first->destination, first->addon, live);
		fprintf(out, "<td>%s", na_bucket_name(first->bucket));
	}
	fputs("</tbody></table></div>", out);
	if (report->first_count > FIRSTS_SHOWN)
		fprintf(out, "<p class=faint>%zu more; netaudit report --json has them.</p>", report->first_count - FIRSTS_SHOWN);
}

void na_report_html(FILE *out, const struct na_report *report, const char *navigation)
{
	bool live = navigation != NULL;

	fputs("<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
	      "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
	      "<title>Trust Report: ", out);
	fprintf(out, "%s</title><style>%s</style></head><body><main>", na_level_name(report->verdict), na_html_style);
	if (live)
		fputs(navigation, out);
	put_verdict(out, report);
	put_chips(out, report);
	put_cards(out, report);
	put_findings(out, report, live);
	put_firsts(out, report, live);
	fputs("<div class=split>", out);
	put_destinations(out, report, "Vendors, and who may be one",
			 1u << NA_BUCKET_SELF | 1u << NA_BUCKET_VENDOR | 1u << NA_BUCKET_SUSPECTED_VENDOR | 1u << NA_BUCKET_UNKNOWN, live);
	put_destinations(out, report, "Third parties and Odoo&#39;s services",
			 1u << NA_BUCKET_THIRD_PARTY | 1u << NA_BUCKET_ODOO, live);
	fputs("</div><h2>Calls by hour</h2><div class=wide>", out);
	na_html_timeline(out, report);
	fputs("</div>", out);
	fputs("<h2>Add-on by destination</h2>", out);
	put_calls(out, report, false, live);
	fputs("<details><summary>Internal calls</summary>", out);
	put_calls(out, report, true, live);
	fputs("</details><footer>netaudit " NA_VERSION " &middot; made ", out);
	na_html_time(out, report->now);
	fputs(" UTC &middot; origin ", out);
	na_html_text(out, report->verified.origin);
	fputs(" &middot; key ", out);
	na_html_text(out, report->verified.fingerprint);
	fputs("<br>Sums of whole hours. A record and its hashes: <code>netaudit show NUMBER</code>. The whole chain: "
	      "<code>netaudit verify</code>.<span class=paper> On paper: the first rows of each list.</span></footer></main></body></html>\n", out);
}
