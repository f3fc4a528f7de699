/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses what when.h lists; anything left over at the end makes it an error.
 */
#include "cli/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)
#define MOST_AGO_S INT64_C(100000000000)	/* 3,000 years, which still fits when counted in microseconds */

static const struct {
	const char *names[5];
	int64_t seconds;
} units[] = {
	{ { "s", "sec", "secs", "second", "seconds" }, 1 },
	{ { "m", "min", "mins", "minute", "minutes" }, 60 },
	{ { "h", "hr", "hrs", "hour", "hours" }, 3600 },
	{ { "d", "day", "days", NULL, NULL }, 86400 },
	{ { "w", "week", "weeks", NULL, NULL }, 7 * 86400 },
};

static const char *skip_space(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* Up to `most` digits; returns how many were read. */
static int digits(const char **at, int most, int64_t *value)
{
	int count = 0;

	for (*value = 0; count < most && isdigit((unsigned char)**at); count++, ++*at)
		*value = *value * 10 + (**at - '0');
	return count;
}

static bool local_midnight(int64_t now_us, int days_back, int64_t *when_us)
{
	time_t now = (time_t)(now_us / SECOND_US);
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days_back;
	tm.tm_isdst = -1;
	*when_us = (int64_t)mktime(&tm) * SECOND_US;
	return true;
}

static bool parse_word(const char *text, int64_t now_us, int64_t *when_us)
{
	if (!strcmp(text, "now")) {
		*when_us = now_us;
		return true;
	}
	if (!strcmp(text, "today"))
		return local_midnight(now_us, 0, when_us);
	return !strcmp(text, "yesterday") && local_midnight(now_us, 1, when_us);
}

static bool parse_ago(const char *text, int64_t now_us, int64_t *when_us)
{
	int64_t count;
	size_t length = 0;

	if (!digits(&text, 9, &count))
		return false;
	text = skip_space(text);
	while (isalpha((unsigned char)text[length]))
		length++;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		for (size_t j = 0; j < 5 && units[i].names[j]; j++) {
			const char *rest = skip_space(text + length);

			if (strlen(units[i].names[j]) != length || strncmp(units[i].names[j], text, length))
				continue;
			if (count > MOST_AGO_S / units[i].seconds)
				return false;
			*when_us = now_us - count * units[i].seconds * SECOND_US;
			return !*rest || !strcmp(rest, "ago");
		}
	}
	return false;
}

/* "HH:MM[:SS[.FRACTION]]" at *at. */
static bool parse_clock(const char **at, struct tm *tm, int64_t *fraction_us)
{
	int64_t hour, minute, second = 0, scale = SECOND_US / 10;

	if (digits(at, 2, &hour) != 2 || **at != ':' || (++*at, digits(at, 2, &minute)) != 2)
		return false;
	if (**at == ':' && (++*at, digits(at, 2, &second)) != 2)
		return false;
	if (**at == '.')
		for (++*at; isdigit((unsigned char)**at); ++*at, scale /= 10)
			*fraction_us += (**at - '0') * scale;
	tm->tm_hour = (int)hour;
	tm->tm_min = (int)minute;
	tm->tm_sec = (int)second;
	return hour < 24 && minute < 60 && second <= 60;
}

static bool parse_date(const char **at, struct tm *tm)
{
	int64_t year, month, day;
	struct tm normalised;

	if (digits(at, 4, &year) != 4 || **at != '-' || (++*at, digits(at, 2, &month)) != 2 || **at != '-' ||
	    (++*at, digits(at, 2, &day)) != 2)
		return false;
	tm->tm_year = (int)year - 1900;
	tm->tm_mon = (int)month - 1;
	tm->tm_mday = (int)day;
	normalised = *tm;
	timegm(&normalised);
	return normalised.tm_mday == tm->tm_mday && normalised.tm_mon == tm->tm_mon;	/* refuses 31 February */
}

/* "", "Z" or "+HH[:]MM" to the end of the text. */
static bool parse_zone(const char *at, bool *utc, int64_t *offset_s)
{
	int64_t hours, minutes;
	int sign = *at == '-' ? -1 : 1;

	*utc = *at != '\0';
	*offset_s = 0;
	if (!*at || !strcmp(at, "Z"))
		return true;
	if (*at != '+' && *at != '-')
		return false;
	at++;
	if (digits(&at, 2, &hours) != 2)
		return false;
	at += *at == ':';
	if (digits(&at, 2, &minutes) != 2 || *at)
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

static bool parse_iso(const char *text, int64_t now_us, int64_t *when_us)
{
	time_t now = (time_t)(now_us / SECOND_US);
	struct tm tm = { 0 };
	const char *at = text;
	int64_t fraction_us = 0, offset_s;
	bool utc;

	if (text[0] && text[1] && text[2] == ':') {
		if (!localtime_r(&now, &tm) || !parse_clock(&at, &tm, &fraction_us))
			return false;
	} else {
		if (!parse_date(&at, &tm))
			return false;
		if ((*at == 'T' || *at == ' ') && (at++, !parse_clock(&at, &tm, &fraction_us)))
			return false;
	}
	if (!parse_zone(at, &utc, &offset_s))
		return false;
	tm.tm_isdst = -1;
	*when_us = ((utc ? (int64_t)timegm(&tm) : (int64_t)mktime(&tm)) - offset_s) * SECOND_US + fraction_us;
	return true;
}

static bool parse_epoch(const char *text, int64_t *when_us)
{
	int64_t seconds;

	if (*text++ != '@' || !digits(&text, 12, &seconds) || *text)
		return false;
	*when_us = seconds * SECOND_US;
	return true;
}

int na_parse_when(const char *text, int64_t now_us, int64_t *when_us)
{
	if (parse_word(text, now_us, when_us) || parse_epoch(text, when_us) || parse_ago(text, now_us, when_us) ||
	    parse_iso(text, now_us, when_us))
		return 0;
	return -EINVAL;
}
