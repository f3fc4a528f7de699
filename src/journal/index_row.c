/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scans the top level of a canonical body for the columns of index_row.h.
 *
 * Nothing here trusts that the body is canonical: a malformed one is refused, never overrun.
 */
#include "journal/index_row.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

const struct na_index_column_info na_index_columns[NA_INDEX_VALUES] = {
#define X(symbol, name, type, sql) [NA_INDEX_##symbol] = { name, sizeof(name) - 1, type, sql },
	NA_INDEX_COLUMN_TABLE(X)
	NA_INDEX_ROLLUP_TABLE(X)
#undef X
};

struct scan {
	const char *at;
	const char *end;
};

struct token {
	const char *bytes;	/* of a string: between the quotes, still escaped */
	size_t length;
	bool string;
	bool nested;		/* an array or object, brackets included */
	bool escaped;
};

static bool next_is(const struct scan *scan, char c)
{
	return scan->at < scan->end && *scan->at == c;
}

static int read_string(struct scan *scan, struct token *token)
{
	const char *start = scan->at + 1, *quote;

	*token = (struct token){ .bytes = start, .string = true };
	quote = start < scan->end ? memchr(start, '"', (size_t)(scan->end - start)) : NULL;
	if (quote && memchr(start, '\\', (size_t)(quote - start))) {
		token->escaped = true;
		for (quote = start; quote < scan->end && *quote != '"'; quote++)
			if (*quote == '\\')
				quote++;
		if (quote >= scan->end)
			quote = NULL;
	}
	if (!quote)
		return -EBADMSG;
	token->length = (size_t)(quote - start);
	scan->at = quote + 1;
	return 0;
}

/* Arrays and objects are stepped over by counting brackets outside strings. */
static int skip_nested(struct scan *scan)
{
	size_t depth = 0;
	struct token ignored;
	int err;

	while (scan->at < scan->end) {
		switch (*scan->at) {
		case '"':
			err = read_string(scan, &ignored);
			if (err)
				return err;
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		}
		scan->at++;
		if (!depth)
			return 0;
	}
	return -EBADMSG;
}

static int read_value(struct scan *scan, struct token *token)
{
	const char *start = scan->at;

	if (next_is(scan, '"'))
		return read_string(scan, token);
	*token = (struct token){ .bytes = start };
	if (next_is(scan, '{') || next_is(scan, '[')) {
		int err = skip_nested(scan);

		token->nested = true;
		token->length = (size_t)(scan->at - start);
		return err;
	}
	while (scan->at < scan->end && *scan->at != ',' && *scan->at != '}')
		scan->at++;
	token->length = (size_t)(scan->at - start);
	return token->length ? 0 : -EBADMSG;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Up to 16 digits; false when there is another character or none at all. */
static bool read_hex(const char *text, size_t length, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < length; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return false;
		*value = *value << 4 | (unsigned int)digit;
	}
	return length > 0 && length <= 16;
}

/*
 * JCS escapes only what it must: quote, backslash and control characters (the latter as \b \t \n
 * \f \r or \u00xx). A \u escape above that is not canonical, and the text is not indexed.
 */
static int unescape(char *out, const struct token *token)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t used = 0;

	for (size_t i = 0; i < token->length; i++) {
		char c = token->bytes[i];

		if (used == NA_INDEX_TEXT_BYTES)
			return -EMSGSIZE;
		if (c == '\\' && ++i < token->length) {
			const char *simple = token->bytes[i] ? strchr(from, token->bytes[i]) : NULL;
			uint64_t code;

			if (simple) {
				c = to[simple - from];
			} else if (token->bytes[i] == 'u' && i + 4 < token->length &&
				   read_hex(token->bytes + i + 1, 4, &code) && code < 0x80) {
				c = (char)code;
				i += 4;
			} else {
				return -EBADMSG;
			}
		}
		out[used++] = c;
	}
	return (int)used;
}

int na_index_address(unsigned char address[NA_INDEX_ADDRESS_BYTES], const char *text, size_t length)
{
	char copy[INET6_ADDRSTRLEN];

	if (length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (memchr(copy, ':', length))
		return inet_pton(AF_INET6, copy, address) == 1 ? 0 : -EINVAL;
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	return inet_pton(AF_INET, copy, address + 12) == 1 ? 0 : -EINVAL;
}

static bool read_integer(const struct token *token, int64_t *value)
{
	bool negative = token->length && token->bytes[0] == '-';
	size_t i = negative;

	if (i == token->length || token->length - i > 16)
		return false;
	*value = 0;
	for (; i < token->length; i++) {
		if (token->bytes[i] < '0' || token->bytes[i] > '9')
			return false;
		*value = *value * 10 + (token->bytes[i] - '0');
	}
	if (negative)
		*value = -*value;
	return true;
}

static void read_text(struct na_index_value *value, char *scratch, const struct token *token)
{
	int length = (int)token->length;

	if (token->length > 6 * NA_INDEX_TEXT_BYTES || (!token->escaped && token->length > NA_INDEX_TEXT_BYTES))
		return;
	value->bytes = token->bytes;
	if (token->escaped) {
		length = unescape(scratch, token);
		value->bytes = scratch;
	}
	if (length < 0)
		return;
	value->length = (uint32_t)length;
	value->type = NA_INDEX_TEXT;
}

/* A value of another type than the column's stays absent: the record is shown, but not found. */
static void store(struct na_index_value *value, enum na_index_type type, char *scratch, const struct token *token)
{
	uint64_t bits;

	if (type == NA_INDEX_RAW) {
		if (token->nested && token->length <= UINT32_MAX)
			*value = (struct na_index_value){ NA_INDEX_RAW, 0, token->bytes, (uint32_t)token->length };
	} else if (type == NA_INDEX_TRUE) {
		if (!token->string && token->length == 4 && !memcmp(token->bytes, "true", 4))
			*value = (struct na_index_value){ .type = NA_INDEX_INTEGER, .integer = 1 };
	} else if (type == NA_INDEX_INTEGER) {
		if (!token->string && read_integer(token, &value->integer))
			value->type = NA_INDEX_INTEGER;
	} else if (!token->string) {
		return;
	} else if (type == NA_INDEX_TEXT) {
		read_text(value, scratch, token);
	} else if (type == NA_INDEX_HEX64) {
		if (read_hex(token->bytes, token->length, &bits)) {
			value->integer = (int64_t)bits;
			value->type = NA_INDEX_INTEGER;
		}
	} else if (!na_index_address((unsigned char *)scratch, token->bytes, token->length)) {
		value->bytes = scratch;
		value->length = NA_INDEX_ADDRESS_BYTES;
		value->type = NA_INDEX_ADDRESS;
	}
}

static int find_column(const struct token *key)
{
	for (int i = 0; i < NA_INDEX_VALUES; i++)
		if (na_index_columns[i].name_bytes == key->length &&
		    !memcmp(na_index_columns[i].name, key->bytes, key->length))
			return i;
	return -1;
}

static int read_members(struct na_index_row *row, struct scan *scan)
{
	if (!next_is(scan, '{'))
		return -EBADMSG;
	if (scan->end - scan->at == 2 && scan->at[1] == '}')
		return 0;
	do {
		struct token key, value;
		int err, column;

		scan->at++;
		if (!next_is(scan, '"'))
			return -EBADMSG;
		err = read_string(scan, &key);
		if (err || !next_is(scan, ':'))
			return -EBADMSG;
		scan->at++;
		err = read_value(scan, &value);
		if (err)
			return err;
		column = find_column(&key);
		if (column >= 0)
			store(&row->value[column], na_index_columns[column].type, row->scratch[column], &value);
	} while (next_is(scan, ','));
	return next_is(scan, '}') && scan->at + 1 == scan->end ? 0 : -EBADMSG;
}

static void clear(struct na_index_row *row)
{
	for (int i = 0; i < NA_INDEX_VALUES; i++)
		row->value[i] = (struct na_index_value){ .type = NA_INDEX_ABSENT };
}

int na_index_row_read(struct na_index_row *row, const void *body, size_t body_bytes)
{
	struct scan scan = { body, (const char *)body + body_bytes };
	int err;

	clear(row);
	err = read_members(row, &scan);
	if (err)
		clear(row);
	return err;
}
