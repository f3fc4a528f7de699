/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers: section 2.4.5 of the Python language reference, and how str() shows them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/manifest_private.h"

#define NUMBER_BYTES 64	/* of one that is shown; a longer one is read but not shown */

bool na_is_identifier(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static char peek(const struct na_source *source, size_t ahead)
{
	return (size_t)(source->end - source->at) > ahead ? source->at[ahead] : '\0';
}

static bool is_digit_of(char c, unsigned int base)
{
	char lower = (char)(c | 0x20);

	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0') < base;
	return base == 16 && lower >= 'a' && lower <= 'f';
}

/* Digits with single underscores between them; `*any`: at least one. False: an underscore without a digit behind it. */
static bool take_digits(struct na_source *source, unsigned int base, bool *any)
{
	*any = false;
	while (is_digit_of(peek(source, 0), base) || (peek(source, 0) == '_' && *any)) {
		if (peek(source, 0) == '_' && !is_digit_of(peek(source, 1), base))
			return false;
		source->at++;
		*any = true;
	}
	return true;
}

static bool take_based(struct na_source *source)
{
	char letter = (char)(peek(source, 1) | 0x20);
	unsigned int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
	bool any;

	if (peek(source, 0) != '0' || !base)
		return false;
	source->at += 2;
	if (peek(source, 0) == '_')
		source->at++;
	return take_digits(source, base, &any) && any;
}

/* ".5", "1.", "1e9": returns whether it is a float, which may start with zeros. */
static bool take_fraction(struct na_source *source, bool *valid)
{
	bool any, is_float = false;

	if (peek(source, 0) == '.') {
		is_float = true;
		source->at++;
		*valid = *valid && take_digits(source, 10, &any);
	}
	if ((peek(source, 0) | 0x20) == 'e') {
		is_float = true;
		source->at += peek(source, 1) == '+' || peek(source, 1) == '-' ? 2 : 1;
		*valid = *valid && take_digits(source, 10, &any) && any;
	}
	return is_float;
}

/* The shortest decimal that is read back as the same number; Python's exponents are left as they were written. */
static void show_float(struct na_collected *collected, const char *text)
{
	double value = strtod(text, NULL);
	char shown[NUMBER_BYTES];

	if (value != 0 && (value < 1e-4 || value >= 1e16)) {
		na_collect_text(collected, text);
		return;
	}
	if (value == (double)(long long)value) {
		snprintf(shown, sizeof(shown), "%.1f", value);
	} else {
		for (int digits = 1; digits <= 17; digits++) {
			snprintf(shown, sizeof(shown), "%.*g", digits, value);
			if (strtod(shown, NULL) == value && !strchr(shown, 'e'))
				break;
		}
	}
	na_collect_text(collected, shown);
}

static void show(struct na_collected *collected, const char *start, const char *end, bool is_float)
{
	char text[NUMBER_BYTES];
	size_t used = 0;

	if (!collected || end - start >= (ptrdiff_t)sizeof(text))
		return;
	for (; start < end; start++)
		if (*start != '_')
			text[used++] = *start;
	text[used] = '\0';
	if (is_float)
		show_float(collected, text);
	else
		na_collect_text(collected, text);
}

/* 007 is no number, 000 is. */
static bool has_leading_zero(const char *start, const char *end)
{
	bool zero = *start == '0';

	while (start < end && (*start == '0' || *start == '_'))
		start++;
	return zero && start < end;
}

enum na_literal_kind na_manifest_number(struct na_source *source, struct na_collected *collected)
{
	const char *start = source->at;
	bool valid = true, any = false, is_float = false;

	if (peek(source, 0) == '0' && strchr("xXoObB", peek(source, 1)) && peek(source, 1)) {
		valid = take_based(source);
	} else {
		valid = take_digits(source, 10, &any);
		is_float = take_fraction(source, &valid);
		if ((peek(source, 0) | 0x20) == 'j') {
			source->at++;
			return valid && !na_is_identifier(peek(source, 0)) ? NA_LITERAL_IMAGINARY : NA_LITERAL_INVALID;
		}
		valid = valid && (is_float || !has_leading_zero(start, source->at));
	}
	if (!valid || na_is_identifier(peek(source, 0)))
		return NA_LITERAL_INVALID;
	show(collected, start, source->at, is_float);
	return NA_LITERAL_REAL;
}
