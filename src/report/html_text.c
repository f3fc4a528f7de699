/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escapes first for the reader, then for HTML. */
#include "report/html_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"

void na_html_escaped(FILE *out, const char *text, size_t bytes)
{
	for (const char *at = text; at < text + bytes; at++) {
		switch (*at) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*at, out);
		}
	}
}

void na_html_text(FILE *out, const char *text)
{
	char escaped[NA_HTML_TEXT_MOST];

	na_html_escaped(out, escaped, na_escape(escaped, sizeof(escaped), text, strlen(text)));
}

void na_html_url(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;
		bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
			     strchr("-._~", byte);

		if (plain)
			fputc(byte, out);
		else
			fprintf(out, "%%%02X", byte);
	}
}

void na_html_bytes(FILE *out, int64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1000;
	fprintf(out, "%.*f&nbsp;%s", unit && value < 99.95 ? 1 : 0, value, units[unit]);
}

void na_html_count(FILE *out, int64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRId64, count);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0 && digits[i - 1] != '-')
			fputs("&#8239;", out);
		fputc(digits[i], out);
	}
}

void na_html_time(FILE *out, int64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	char text[32];
	struct tm utc;

	if (gmtime_r(&seconds, &utc) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &utc))
		fprintf(out, "%s", text);
}
