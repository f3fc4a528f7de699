/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, times and colours as people read them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "cli/cli.h"

const char *na_colour(const struct na_cli *cli, enum na_colour colour)
{
	static const char *const sequence[] = {
		[NA_PLAIN] = "\033[0m", [NA_BOLD] = "\033[1m",    [NA_FAINT] = "\033[2m", [NA_RED] = "\033[31m",
		[NA_GREEN] = "\033[32m", [NA_YELLOW] = "\033[33m", [NA_BLUE] = "\033[36m",
	};

	return cli->colour ? sequence[colour] : "";
}

char *na_human_bytes(char out[NA_HUMAN_BYTES], int64_t bytes)
{
	static const char units[] = "kMGTPE";
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(out, NA_HUMAN_BYTES, "%" PRId64, bytes);
		return out;
	}
	for (value /= 1000; value >= 999.5 && units[unit + 1]; unit++)
		value /= 1000;
	snprintf(out, NA_HUMAN_BYTES, value < 9.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return out;
}

char *na_human_duration(char out[NA_HUMAN_BYTES], int64_t us)
{
	int64_t seconds = us / 1000000;

	if (us < 1000)
		snprintf(out, NA_HUMAN_BYTES, "%" PRId64 "us", us);
	else if (us < 10000)
		snprintf(out, NA_HUMAN_BYTES, "%.1fms", (double)us / 1e3);
	else if (us < 1000000)
		snprintf(out, NA_HUMAN_BYTES, "%" PRId64 "ms", us / 1000);
	else if (seconds < 60)
		/* cut to tenths, so that 59.99 s does not become 60.0 */
		snprintf(out, NA_HUMAN_BYTES, "%" PRId64 ".%" PRId64 "s", seconds, us / 100000 % 10);
	else if (seconds < 3600)
		snprintf(out, NA_HUMAN_BYTES, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(out, NA_HUMAN_BYTES, "%" PRId64 "h%02" PRId64 "m", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(out, NA_HUMAN_BYTES, "%" PRId64 "d%02" PRId64 "h", seconds / 86400, seconds / 3600 % 24);
	return out;
}

char *na_human_count(char out[NA_HUMAN_BYTES], int64_t count)
{
	char digits[NA_HUMAN_BYTES];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, count);
	size_t used = 0;

	for (size_t i = 0; i < length && used + 2 < NA_HUMAN_BYTES; i++) {
		if (i && digits[i - 1] != '-' && (length - i) % 3 == 0)
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = '\0';
	return out;
}

char *na_local_time(char out[NA_HUMAN_BYTES], int64_t wall_us)
{
	int64_t us = (wall_us % 1000000 + 1000000) % 1000000;
	time_t seconds = (time_t)(wall_us / 1000000 - (wall_us % 1000000 < 0));
	struct tm tm;
	size_t used;

	if (!localtime_r(&seconds, &tm)) {
		snprintf(out, NA_HUMAN_BYTES, "@%" PRId64 "us", wall_us);
		return out;
	}
	used = strftime(out, NA_HUMAN_BYTES, "%Y-%m-%d %H:%M:%S", &tm);
	if (!used || used + 5 > NA_HUMAN_BYTES)
		snprintf(out, NA_HUMAN_BYTES, "@%" PRId64 "us", wall_us);
	else
		snprintf(out + used, NA_HUMAN_BYTES - used, ".%03d", (int)(us / 1000));
	return out;
}

int na_parse_count(const char *text, int64_t least, int64_t most, int64_t *value)
{
	size_t length = strlen(text);
	int64_t result = 0;

	if (!length || length > 18 || strspn(text, "0123456789") != length)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		result = result * 10 + (text[i] - '0');
	if (result < least || result > most)
		return -EINVAL;
	*value = result;
	return 0;
}

size_t na_display_width(const char *text)
{
	size_t width = 0;
	uint32_t ignored;

	for (size_t left = strlen(text), used; left; left -= used, text += used, width++) {
		used = na_utf8_decode((const uint8_t *)text, left, &ignored);
		used = used ? used : 1;
	}
	return width;
}
