/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the conditions of filter.h and tests a row against them.
 */
#include "reader/filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct na_condition *add(struct na_filter *filter, enum na_index_column column, enum na_comparison comparison)
{
	struct na_condition *condition;

	if (filter->conditions == NA_FILTER_CONDITIONS)
		return NULL;
	condition = &filter->condition[filter->conditions++];
	memset(condition, 0, sizeof(*condition));
	condition->column = column;
	condition->comparison = comparison;
	return condition;
}

static int split(struct na_condition *condition, const char *choices)
{
	size_t length = strlen(choices);

	if (length >= sizeof(condition->text))
		return -EMSGSIZE;
	memcpy(condition->text, choices, length + 1);
	for (char *at = condition->text;; at++) {
		char *comma = strchr(at, ',');

		if (comma)
			*comma = '\0';
		if (!*at)
			return -EINVAL;
		if (condition->choices == NA_FILTER_CHOICES)
			return -E2BIG;
		condition->choice[condition->choices++] = (uint16_t)(at - condition->text);
		if (!comma)
			return 0;
		at = comma;
	}
}

int na_filter_text(struct na_filter *filter, enum na_index_column column, enum na_comparison comparison,
		   const char *choices)
{
	struct na_condition *condition = add(filter, column, comparison);

	return condition ? split(condition, choices) : -E2BIG;
}

int na_filter_between(struct na_filter *filter, enum na_index_column column, int64_t low, int64_t high)
{
	struct na_condition *condition = add(filter, column, NA_IS_BETWEEN);

	if (!condition)
		return -E2BIG;
	condition->low = low;
	condition->high = high;
	return 0;
}

int na_filter_hex(struct na_filter *filter, enum na_index_column column, const char *hex)
{
	size_t length = strlen(hex);
	int64_t bits;

	if (!length || length > 16 || strspn(hex, "0123456789abcdefABCDEF") != length)
		return -EINVAL;
	bits = (int64_t)strtoull(hex, NULL, 16);
	return na_filter_between(filter, column, bits, bits);
}

/* Returns 0 when `text` is ADDRESS or ADDRESS/BITS, -EINVAL otherwise. */
static int parse_network(struct na_condition *condition, const char *text, size_t length)
{
	const char *slash = memchr(text, '/', length);
	size_t address_length = slash ? (size_t)(slash - text) : length;
	bool ipv4 = !memchr(text, ':', address_length);
	int bits = ipv4 ? 32 : 128;

	if (na_index_address(condition->low_address, text, address_length))
		return -EINVAL;
	if (slash) {
		char rest[4];
		size_t rest_length = length - address_length - 1;

		if (!rest_length || rest_length >= sizeof(rest))
			return -EINVAL;
		memcpy(rest, slash + 1, rest_length);
		rest[rest_length] = '\0';
		if (strspn(rest, "0123456789") != rest_length || atoi(rest) > bits)
			return -EINVAL;
		bits = atoi(rest);
	}
	bits += ipv4 ? 96 : 0;
	for (int i = 0; i < NA_INDEX_ADDRESS_BYTES; i++) {
		int kept = bits - 8 * i;
		unsigned char mask = kept >= 8 ? 0xff : kept <= 0 ? 0 : (unsigned char)(0xff << (8 - kept));

		condition->low_address[i] &= mask;
		condition->high_address[i] = condition->low_address[i] | (unsigned char)~mask;
	}
	return 0;
}

static int add_address_or_host(struct na_filter *filter, const char *text, size_t length)
{
	struct na_condition *condition = add(filter, NA_INDEX_DST, NA_IS_IN_NETWORK);
	char host[NA_INDEX_TEXT_BYTES];

	if (!condition)
		return -E2BIG;
	if (!parse_network(condition, text, length))
		return 0;
	filter->conditions--;
	if (length >= sizeof(host))
		return -EMSGSIZE;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i]))
			return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	return na_filter_text(filter, NA_INDEX_HOST, NA_IS_HOST, host);
}

static int add_port(struct na_filter *filter, const char *digits)
{
	size_t length = strlen(digits);
	long port;

	if (!length || length > 5 || strspn(digits, "0123456789") != length)
		return -EINVAL;
	port = strtol(digits, NULL, 10);
	return port <= 65535 ? na_filter_between(filter, NA_INDEX_DPORT, port, port) : -EINVAL;
}

int na_filter_destination(struct na_filter *filter, const char *text)
{
	const char *colon = strrchr(text, ':'), *bracket;
	int err;

	/* A record has the path of an abstract socket without its leading NUL, and says "abstract" beside it. */
	if (*text == '/' || *text == '@')
		return na_filter_text(filter, NA_INDEX_PATH, NA_IS_ANY_OF, text + (*text == '@'));
	if (*text == '[') {
		bracket = strchr(text, ']');
		if (!bracket || (bracket[1] && bracket[1] != ':'))
			return -EINVAL;
		err = add_address_or_host(filter, text + 1, (size_t)(bracket - text - 1));
		return err || !bracket[1] ? err : add_port(filter, bracket + 2);
	}
	if (!*text)
		return -EINVAL;
	if (!colon || strchr(text, ':') != colon)	/* no port; more than one colon is IPv6 */
		return add_address_or_host(filter, text, strlen(text));
	if (colon > text) {
		err = add_address_or_host(filter, text, (size_t)(colon - text));
		if (err)
			return err;
	}
	return add_port(filter, colon + 1);
}

static bool text_is(const struct na_index_value *value, const char *choice)
{
	return value->length == strlen(choice) && !memcmp(value->bytes, choice, value->length);
}

static bool any_of(const struct na_condition *condition, const struct na_index_value *value)
{
	if (value->type != NA_INDEX_TEXT)
		return false;
	for (size_t i = 0; i < condition->choices; i++)
		if (text_is(value, condition->text + condition->choice[i]))
			return true;
	return false;
}

static bool is_host(const struct na_condition *condition, const struct na_index_value *value)
{
	size_t length = strlen(condition->text);
	const char *tail;

	if (value->type != NA_INDEX_TEXT || value->length < length)
		return false;
	tail = value->bytes + value->length - length;
	return !strncasecmp(tail, condition->text, length) && (value->length == length || tail[-1] == '.');
}

static bool condition_holds(const struct na_condition *condition, const struct na_index_value *value)
{
	switch (condition->comparison) {
	case NA_IS_ANY_OF:
		return any_of(condition, value);
	case NA_IS_NONE_OF:
		return !any_of(condition, value);
	case NA_IS_HOST:
		return is_host(condition, value);
	case NA_IS_BETWEEN:
		return value->type == NA_INDEX_INTEGER && value->integer >= condition->low &&
		       value->integer <= condition->high;
	case NA_IS_IN_NETWORK:
		return value->type == NA_INDEX_ADDRESS &&
		       memcmp(value->bytes, condition->low_address, NA_INDEX_ADDRESS_BYTES) >= 0 &&
		       memcmp(value->bytes, condition->high_address, NA_INDEX_ADDRESS_BYTES) <= 0;
	}
	return false;
}

bool na_filter_matches(const struct na_filter *filter, const struct na_index_row *row)
{
	for (size_t i = 0; i < filter->conditions; i++) {
		const struct na_condition *condition = &filter->condition[i];

		if (!condition_holds(condition, &row->value[condition->column]) &&
		    !(condition->comparison == NA_IS_HOST && condition_holds(condition, &row->value[NA_INDEX_RESOLVED])))
			return false;
	}
	return true;
}
