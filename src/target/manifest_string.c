/* SPDX-License-Identifier: GPL-2.0-or-later */
/* String literals: prefixes, quotes and escapes of the Python language reference, section 2.4.1. */
#include <string.h>

#include "base/escape.h"
#include "target/manifest_private.h"

#define REPLACEMENT 0xfffd

void na_collect_character(struct na_collected *collected, uint32_t code_point)
{
	char bytes[4];
	size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;

	if (!collected || collected->full)
		return;
	if (code_point == 0 || (code_point >= 0xd800 && code_point <= 0xdfff)) {
		na_collect_character(collected, REPLACEMENT);
		return;
	}
	if (collected->used + length >= collected->capacity) {
		collected->full = true;
		return;
	}
	if (length == 1) {
		bytes[0] = (char)code_point;
	} else {
		for (size_t i = length - 1; i > 0; i--, code_point >>= 6)
			bytes[i] = (char)(0x80 | (code_point & 0x3f));
		bytes[0] = (char)((0xf00 >> length) | code_point);
	}
	memcpy(collected->text + collected->used, bytes, length);
	collected->used += length;
	collected->text[collected->used] = '\0';
}

void na_collect_text(struct na_collected *collected, const char *text)
{
	for (; *text; text++)
		na_collect_character(collected, (unsigned char)*text);
}

struct prefix {
	size_t length;
	bool raw, bytes;
};

/* r, u, b, br and rb in any case; what f and t strings do is not literal. */
static bool read_prefix(const struct na_source *source, struct prefix *prefix)
{
	static const struct { const char *letters; bool raw, bytes; } known[] = {
		{ "", false, false }, { "r", true, false }, { "u", false, false },
		{ "b", false, true }, { "br", true, true }, { "rb", true, true },
	};
	char letters[3] = "";
	size_t length = 0, left = (size_t)(source->end - source->at);

	while (length < left && length < 2 && source->at[length] != '"' && source->at[length] != '\'') {
		letters[length] = (char)(source->at[length] | 0x20);
		length++;
	}
	if (length == left || (source->at[length] != '"' && source->at[length] != '\''))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(letters, known[i].letters) == 0) {
			*prefix = (struct prefix){ length, known[i].raw, known[i].bytes };
			return true;
		}
	return false;
}

static bool read_hex(struct na_source *source, size_t digits, uint32_t *value)
{
	*value = 0;
	for (size_t i = 0; i < digits; i++, source->at++) {
		char c = source->at < source->end ? *source->at : '\0', lower = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint32_t)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			*value = *value << 4 | (uint32_t)(lower - 'a' + 10);
		else
			return false;
	}
	return true;
}

/* Character names are a table of their own, so the character stays unknown. */
static bool skip_name(struct na_source *source)
{
	const char *close;

	if (source->at == source->end || *source->at != '{')
		return false;
	close = memchr(source->at, '}', (size_t)(source->end - source->at));
	if (!close || close == source->at + 1)
		return false;
	source->at = close + 1;
	return true;
}

static uint32_t read_octal(struct na_source *source, char first)
{
	uint32_t value = (uint32_t)(first - '0');

	for (size_t i = 0; i < 2 && source->at < source->end && *source->at >= '0' && *source->at <= '7'; i++)
		value = value << 3 | (uint32_t)(*source->at++ - '0');
	return value;
}

/* A line end in any of its three forms, as Python reads text. */
static bool take_newline(struct na_source *source)
{
	if (source->at == source->end || (*source->at != '\n' && *source->at != '\r'))
		return false;
	source->at += *source->at == '\r' && source->at + 1 < source->end && source->at[1] == '\n' ? 2 : 1;
	return true;
}

/* What follows a backslash. False: malformed. */
static bool read_escape(struct na_source *source, bool bytes, struct na_collected *collected)
{
	static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
	const char *simple;
	uint32_t value;
	char c;

	if (take_newline(source))
		return true;
	if (source->at == source->end)
		return false;
	c = *source->at++;
	simple = strchr(from, c);
	if (simple) {
		na_collect_character(collected, (unsigned char)to[simple - from]);
		return true;
	}
	if (c >= '0' && c <= '7') {
		na_collect_character(collected, read_octal(source, c));
		return true;
	}
	if (c == 'x' || (!bytes && (c == 'u' || c == 'U'))) {
		if (!read_hex(source, c == 'x' ? 2 : c == 'u' ? 4 : 8, &value) || value > 0x10ffff)
			return false;
		na_collect_character(collected, value);
		return true;
	}
	if (!bytes && c == 'N') {
		na_collect_character(collected, REPLACEMENT);
		return skip_name(source);
	}
	na_collect_character(collected, '\\');	/* not an escape: the backslash stays, and the character is the next one */
	source->at--;
	return true;
}

struct quote {
	char mark;
	size_t length;	/* 1 or 3 */
};

static struct quote read_quote(struct na_source *source)
{
	struct quote quote = { *source->at, 1 };

	if (source->end - source->at >= 3 && source->at[1] == quote.mark && source->at[2] == quote.mark)
		quote.length = 3;
	source->at += quote.length;
	return quote;
}

static bool take_quote(struct na_source *source, struct quote quote)
{
	for (size_t i = 0; i < quote.length; i++)
		if ((size_t)(source->end - source->at) <= i || source->at[i] != quote.mark)
			return false;
	source->at += quote.length;
	return true;
}

/* A backslash in a raw string stays, and so does what it protects. */
static bool read_raw_escape(struct na_source *source, struct na_collected *collected)
{
	na_collect_character(collected, '\\');
	if (take_newline(source)) {
		na_collect_character(collected, '\n');
		return true;
	}
	if (source->at == source->end)
		return false;
	if (*source->at == '\\' || *source->at == '"' || *source->at == '\'')
		na_collect_character(collected, (unsigned char)*source->at++);
	return true;
}

bool na_manifest_string_starts(const struct na_source *source)
{
	struct prefix prefix;

	return read_prefix(source, &prefix);
}

enum na_literal_kind na_manifest_string(struct na_source *source, struct na_collected *collected)
{
	struct prefix prefix;
	struct quote quote;

	if (!read_prefix(source, &prefix))
		return NA_LITERAL_INVALID;
	if (prefix.bytes)
		collected = NULL;	/* bytes are no text */
	source->at += prefix.length;
	quote = read_quote(source);
	while (!take_quote(source, quote)) {
		uint32_t code_point;
		size_t length;

		if (source->at == source->end)
			return NA_LITERAL_INVALID;
		if (*source->at == '\\') {
			source->at++;
			if (prefix.raw ? !read_raw_escape(source, collected) :
					 !read_escape(source, prefix.bytes, collected))
				return NA_LITERAL_INVALID;
			continue;
		}
		if (take_newline(source)) {
			if (quote.length == 1)
				return NA_LITERAL_INVALID;
			na_collect_character(collected, '\n');
			continue;
		}
		length = na_utf8_decode((const uint8_t *)source->at, (size_t)(source->end - source->at), &code_point);
		if (length == 0 || (prefix.bytes && code_point >= 0x80))
			return NA_LITERAL_INVALID;
		na_collect_character(collected, code_point);
		source->at += length;
	}
	return prefix.bytes ? NA_LITERAL_BYTES : NA_LITERAL_STRING;
}
