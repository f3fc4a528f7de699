/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Donut, bars and timeline. */
#include "report/html_chart.h"

#include <inttypes.h>
#include <math.h>

#include "report/html_text.h"

#define RADIUS 42.0
#define AROUND (2 * M_PI * RADIUS)
#define WIDTH 720.0
#define HEIGHT 110.0
#define BASE 90.0		/* of the columns */
#define HOUR_US INT64_C(3600000000)
#define COLUMNS_MOST 240

static const char *const words[NA_BUCKET_COUNT] = {
	[NA_BUCKET_SELF] = "the auditor", [NA_BUCKET_VENDOR] = "vendors", [NA_BUCKET_SUSPECTED_VENDOR] = "suspected vendors",
	[NA_BUCKET_UNKNOWN] = "unknown", [NA_BUCKET_ODOO] = "Odoo's services", [NA_BUCKET_THIRD_PARTY] = "third parties",
	[NA_BUCKET_INTERNAL] = "internal",
};

void na_html_donut(FILE *out, const struct na_report *report)
{
	int64_t all = 0;
	double at = 0;

	for (int i = 0; i < NA_BUCKET_COUNT; i++)
		all += report->total[i].bytes_out;
	fputs("<svg class=donut viewBox='0 0 120 120' role=img aria-label='Bytes sent, by whose destination it was'>"
	      "<circle class=track cx=60 cy=60 r=42 />", out);
	for (int i = 0; i < NA_BUCKET_COUNT && all; i++) {
		double part = (double)report->total[i].bytes_out / (double)all * AROUND;

		if (part > 0)
			fprintf(out, "<circle class='b-%s' cx=60 cy=60 r=42 stroke-dasharray='%.2f %.2f' stroke-dashoffset='%.2f' />",
				na_bucket_name((enum na_bucket)i), part, AROUND - part, -at);
		at += part;
	}
	fputs("<text x=60 y=58 text-anchor=middle class=big>", out);
	na_html_bytes(out, all);
	fputs("</text><text x=60 y=72 text-anchor=middle class=small>sent</text></svg><ul class=legend>", out);
	for (int i = 0; i < NA_BUCKET_COUNT; i++) {
		if (!report->total[i].calls && !report->total[i].exchanges)
			continue;
		fprintf(out, "<li><span class='dot b-%s'></span><span>%s</span><b>", na_bucket_name((enum na_bucket)i), words[i]);
		na_html_bytes(out, report->total[i].bytes_out);
		fputs("</b></li>", out);
	}
	fputs("</ul>", out);
}

void na_html_bar(FILE *out, enum na_bucket bucket, int64_t value, int64_t most)
{
	double width = most > 0 ? (double)value / (double)most * 100 : 0;

	fprintf(out, "<svg class=bar viewBox='0 0 100 8' preserveAspectRatio=none aria-hidden=true><rect class=track width=100 height=8 />"
		     "<rect class='b-%s' width='%.2f' height=8 /></svg>", na_bucket_name(bucket), value > 0 && width < 1 ? 1 : width);
}

/* Hours are put together where there are more than columns. */
void na_html_timeline(FILE *out, const struct na_report *report)
{
	static int64_t columns[COLUMNS_MOST][NA_BUCKET_COUNT];
	int64_t first = report->since / HOUR_US, hours = report->until / HOUR_US - first, most = 1;
	int64_t each = (hours + COLUMNS_MOST - 1) / COLUMNS_MOST, count;
	double width;

	if (hours < 1)
		return;
	/* a period that begins long before the first call would leave the calls no room */
	if (report->hour_count && report->hours[0].hour - first > 48) {
		hours -= report->hours[0].hour - first;
		first = report->hours[0].hour;
		each = (hours + COLUMNS_MOST - 1) / COLUMNS_MOST;
	}
	for (int64_t i = 0; i < COLUMNS_MOST; i++)
		for (int j = 0; j < NA_BUCKET_COUNT; j++)
			columns[i][j] = 0;
	count = (hours + each - 1) / each;
	width = WIDTH / (double)count;
	for (size_t i = 0; i < report->hour_count; i++)
		for (int j = 0; j < NA_BUCKET_COUNT; j++)
			columns[(report->hours[i].hour - first) / each][j] += report->hours[i].calls[j];
	for (int64_t i = 0; i < count; i++) {
		int64_t sum = 0;

		for (int j = 0; j < NA_BUCKET_COUNT; j++)
			sum += columns[i][j];
		most = sum > most ? sum : most;
	}
	fprintf(out, "<svg class=timeline viewBox='0 0 %.0f %.0f' role=img aria-label='Calls by hour'>"
		     "<line class=axis x1=0 y1=%.0f x2=%.0f y2=%.0f />", WIDTH, HEIGHT, BASE, WIDTH, BASE);
	for (int64_t i = 0; i < count; i++) {
		double y = BASE;

		for (int j = NA_BUCKET_COUNT - 1; j >= 0; j--) {
			double height = (double)columns[i][j] / (double)most * (BASE - 18);

			if (columns[i][j] == 0)
				continue;
			height = height < 1.5 ? 1.5 : height;
			y -= height;
			fprintf(out, "<rect class='b-%s' x='%.2f' y='%.2f' width='%.2f' height='%.2f'><title>",
				na_bucket_name((enum na_bucket)j), (double)i * width + width * 0.08, y, width * 0.84, height);
			na_html_time(out, (first + i * each) * HOUR_US);
			fprintf(out, ": %" PRId64 " calls, %s</title></rect>", columns[i][j], words[j]);
		}
	}
	fprintf(out, "<text x=0 y=%.0f class=small>", HEIGHT - 4);
	na_html_time(out, first * HOUR_US);
	fprintf(out, "</text><text x=%.0f y=%.0f text-anchor=end class=small>", WIDTH, HEIGHT - 4);
	na_html_time(out, report->until);
	fprintf(out, "</text><text x=%.0f y=10 text-anchor=end class=small>most: %" PRId64 " calls</text></svg>", WIDTH, most);
}
