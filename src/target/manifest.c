/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of literals: what ast.literal_eval() takes and nothing else.
 *
 *	source  = blank and comment lines, value, blank and comment lines
 *	value   = strings | ["+"|"-"] number [("+"|"-") imaginary] | name | "(" … ")" | "[" … "]" | "{" … "}" | "set" "(" ")"
 *	name    = "True" | "False" | "None" | "..."
 *	strings = one or more next to each other, all text or all bytes
 *
 * Keys and members of sets must be hashable, as they are put into a dictionary or set when Python evaluates them.
 */
#include "target/manifest.h"

#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "target/manifest_private.h"

#define KEY_BYTES 32	/* longer than every key that matters */

/* What a value is for: a field that is collected, or the dictionary the fields are in. */
struct purpose {
	struct na_collected *collected;
	bool several;			/* members of a list are collected too */
	struct na_manifest *fields;
};

static enum na_literal_kind read_value(struct na_source *source, const struct purpose *purpose);

static char peek(const struct na_source *source)
{
	return source->at < source->end ? *source->at : '\0';
}

static bool at_newline(const struct na_source *source)
{
	return peek(source) == '\n' || peek(source) == '\r';
}

static void skip_comment(struct na_source *source)
{
	while (source->at < source->end && !at_newline(source))
		source->at++;
}

/* A backslash that ends a line. It must not be the last one. */
static bool skip_continuation(struct na_source *source)
{
	size_t left = (size_t)(source->end - source->at), length = 2;

	if (left < 3 || source->at[0] != '\\' || (source->at[1] != '\n' && source->at[1] != '\r'))
		return false;
	if (source->at[1] == '\r' && source->at[2] == '\n')
		length = 3;
	if (left == length)
		return false;
	source->at += length;
	return true;
}

/* White space between tokens: inside of brackets lines do not matter. */
static void skip_space(struct na_source *source)
{
	for (;;) {
		char c = peek(source);

		if (c == ' ' || c == '\t' || c == '\f' || (source->depth && (c == '\n' || c == '\r'))) {
			source->at++;
		} else if (c == '#' && source->depth) {
			skip_comment(source);
		} else if (!skip_continuation(source)) {
			return;
		}
	}
}

static bool take(struct na_source *source, char c)
{
	skip_space(source);
	if (peek(source) != c || source->at == source->end)
		return false;
	source->at++;
	return true;
}

static bool take_word(struct na_source *source, const char *word)
{
	size_t length = strlen(word), left = (size_t)(source->end - source->at);

	if (left < length || memcmp(source->at, word, length) != 0 || (left > length && na_is_identifier(source->at[length])))
		return false;
	source->at += length;
	return true;
}

static bool open_bracket(struct na_source *source, char bracket)
{
	if (source->depth == NA_MANIFEST_DEPTH || !take(source, bracket))
		return false;
	source->depth++;
	return true;
}

/* The closing bracket's own depth counts for the space before it. */
static bool close_bracket(struct na_source *source, char bracket)
{
	if (!take(source, bracket))
		return false;
	source->depth--;
	return true;
}

static enum na_literal_kind read_strings(struct na_source *source, struct na_collected *collected)
{
	enum na_literal_kind kind = na_manifest_string(source, collected);

	for (;;) {
		struct na_source before = *source;

		skip_space(source);
		if (kind == NA_LITERAL_INVALID || !na_manifest_string_starts(source)) {
			*source = before;
			return kind;
		}
		if (na_manifest_string(source, collected) != kind)
			return NA_LITERAL_INVALID;
	}
}

static enum na_literal_kind read_constant(struct na_source *source)
{
	static const char *const words[] = { "True", "False", "None" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (take_word(source, words[i]))
			return NA_LITERAL_CONSTANT;
	if (source->end - source->at >= 3 && memcmp(source->at, "...", 3) == 0) {
		source->at += 3;
		return NA_LITERAL_CONSTANT;
	}
	if (!take_word(source, "set") || !open_bracket(source, '('))
		return NA_LITERAL_INVALID;
	return close_bracket(source, ')') ? NA_LITERAL_UNHASHABLE : NA_LITERAL_INVALID;
}

static bool is_hashable(enum na_literal_kind kind)
{
	return kind != NA_LITERAL_INVALID && kind != NA_LITERAL_UNHASHABLE;
}

static void forget_behind(struct na_collected *collected, size_t used)
{
	if (collected->full)
		return;
	collected->used = used;
	collected->text[used] = '\0';
}

/* One more member of a list whose strings are collected, with ", " between them. */
static enum na_literal_kind read_member(struct na_source *source, const struct purpose *purpose)
{
	struct purpose one = { purpose->several ? purpose->collected : NULL, false, NULL };
	size_t used = one.collected ? one.collected->used : 0;
	enum na_literal_kind kind;

	if (one.collected && one.collected->members)
		na_collect_text(one.collected, ", ");
	kind = read_value(source, &one);
	if (one.collected && kind == NA_LITERAL_STRING)
		one.collected->members++;
	else if (one.collected)
		forget_behind(one.collected, used);
	return kind;
}

/* Members up to the closing bracket, the first of which has been read; a comma may follow the last. */
static enum na_literal_kind read_members(struct na_source *source, char bracket, enum na_literal_kind first,
					 const struct purpose *purpose, size_t *count)
{
	enum na_literal_kind all = is_hashable(first) ? NA_LITERAL_HASHABLE : first;

	*count = 1;
	while (all != NA_LITERAL_INVALID && !close_bracket(source, bracket)) {
		enum na_literal_kind kind;

		if (!take(source, ','))
			return NA_LITERAL_INVALID;
		*count += *count == 1;	/* a comma makes a tuple even of one */
		if (close_bracket(source, bracket))
			return all;
		kind = read_member(source, purpose);
		if (!is_hashable(kind))
			all = kind == NA_LITERAL_INVALID || all == NA_LITERAL_INVALID ? NA_LITERAL_INVALID : NA_LITERAL_UNHASHABLE;
	}
	return all;
}

/* A tuple, or a value in parentheses: only a tuple's members are several. */
static enum na_literal_kind read_parentheses(struct na_source *source, const struct purpose *purpose)
{
	enum na_literal_kind first, all;
	size_t count, used;

	if (!open_bracket(source, '('))
		return NA_LITERAL_INVALID;
	if (close_bracket(source, ')'))
		return NA_LITERAL_HASHABLE;
	used = purpose->collected ? purpose->collected->used : 0;
	first = read_value(source, purpose);
	skip_space(source);
	if (purpose->several && first == NA_LITERAL_STRING)
		purpose->collected->members = 1;
	else if (purpose->several && peek(source) == ',')
		forget_behind(purpose->collected, used);
	all = read_members(source, ')', first, purpose, &count);
	return count == 1 && all != NA_LITERAL_INVALID ? first : all;
}

static enum na_literal_kind read_list(struct na_source *source, const struct purpose *purpose)
{
	enum na_literal_kind all;
	size_t count;

	if (!open_bracket(source, '['))
		return NA_LITERAL_INVALID;
	if (close_bracket(source, ']'))
		return NA_LITERAL_UNHASHABLE;
	all = read_members(source, ']', read_member(source, purpose), purpose, &count);
	return all == NA_LITERAL_INVALID ? all : NA_LITERAL_UNHASHABLE;
}

/* ---- dictionaries ---- */

struct field {
	const char *key;
	size_t offset;
};

/* The field a key names, emptied: the last of several equal keys counts. NULL: none that matters. */
static char *field_of(struct na_manifest *manifest, const char *key)
{
	static const struct field fields[] = {
		{ "name", offsetof(struct na_manifest, name) },	      { "version", offsetof(struct na_manifest, version) },
		{ "author", offsetof(struct na_manifest, author) },   { "website", offsetof(struct na_manifest, website) },
		{ "license", offsetof(struct na_manifest, license) },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(key, fields[i].key) == 0) {
			char *text = (char *)manifest + fields[i].offset;

			text[0] = '\0';
			return text;
		}
	return NULL;
}

/* ": VALUE" behind a key. */
static bool read_rest_of_pair(struct na_source *source, const struct purpose *purpose, const struct na_collected *key)
{
	struct na_collected text = { .capacity = NA_MANIFEST_TEXT_BYTES };
	struct purpose value = { NULL, false, NULL };

	if (!take(source, ':'))
		return false;
	if (purpose->fields && !key->full)
		text.text = field_of(purpose->fields, key->text);
	if (text.text) {
		value.collected = &text;
		value.several = true;
	}
	return read_value(source, &value) != NA_LITERAL_INVALID;
}

static enum na_literal_kind read_key(struct na_source *source, struct na_collected *key)
{
	struct purpose collect = { key, false, NULL };
	enum na_literal_kind kind;

	key->used = 0;
	key->full = false;
	key->text[0] = '\0';
	kind = read_value(source, &collect);
	if (kind != NA_LITERAL_STRING)
		key->full = true;	/* the text of a number is no key */
	return kind;
}

static bool read_pairs(struct na_source *source, const struct purpose *purpose, struct na_collected *key)
{
	while (!close_bracket(source, '}')) {
		if (!take(source, ','))
			return false;
		if (close_bracket(source, '}'))
			return true;
		if (!is_hashable(read_key(source, key)) || !read_rest_of_pair(source, purpose, key))
			return false;
	}
	return true;
}

/* `*dictionary`: it is one, and no set. */
static enum na_literal_kind read_braces(struct na_source *source, const struct purpose *purpose, bool *dictionary)
{
	char text[KEY_BYTES];
	struct na_collected key = { .text = text, .capacity = sizeof(text) };
	struct purpose nothing = { NULL, false, NULL };
	enum na_literal_kind first;
	size_t count;

	*dictionary = true;
	if (!open_bracket(source, '{'))
		return NA_LITERAL_INVALID;
	if (close_bracket(source, '}'))
		return NA_LITERAL_UNHASHABLE;
	first = read_key(source, &key);
	if (!is_hashable(first))
		return NA_LITERAL_INVALID;
	skip_space(source);
	if (peek(source) == ':') {
		if (!read_rest_of_pair(source, purpose, &key) || !read_pairs(source, purpose, &key))
			return NA_LITERAL_INVALID;
		return NA_LITERAL_UNHASHABLE;
	}
	*dictionary = false;
	return read_members(source, '}', first, &nothing, &count) == NA_LITERAL_HASHABLE ? NA_LITERAL_UNHASHABLE :
											   NA_LITERAL_INVALID;
}

/* ---- numbers with signs, and everything ---- */

static enum na_literal_kind read_primary(struct na_source *source, const struct purpose *purpose)
{
	bool dictionary;
	char c;

	skip_space(source);
	c = peek(source);
	if (na_manifest_string_starts(source))
		return read_strings(source, purpose->collected);
	if ((c >= '0' && c <= '9') ||
	    (c == '.' && source->end - source->at >= 2 && source->at[1] >= '0' && source->at[1] <= '9'))
		return na_manifest_number(source, purpose->collected);
	switch (c) {
	case '(':
		return read_parentheses(source, purpose);
	case '[':
		return read_list(source, purpose);
	case '{':
		return read_braces(source, purpose, &dictionary);
	}
	return read_constant(source);
}

/* "+ 1j": only behind a number, and only once. */
static enum na_literal_kind read_sum(struct na_source *source, enum na_literal_kind left)
{
	static const struct purpose nothing = { NULL, false, NULL };
	struct na_source before = *source;

	if (!take(source, '+') && !take(source, '-')) {
		*source = before;
		return left;
	}
	if (left != NA_LITERAL_REAL || read_primary(source, &nothing) != NA_LITERAL_IMAGINARY)
		return NA_LITERAL_INVALID;
	return read_sum(source, NA_LITERAL_COMPLEX);
}

static enum na_literal_kind read_value(struct na_source *source, const struct purpose *purpose)
{
	static const struct purpose nothing = { NULL, false, NULL };
	enum na_literal_kind kind;

	if (!take(source, '-') && !take(source, '+'))
		return read_sum(source, read_primary(source, purpose));
	kind = read_primary(source, &nothing);
	if (kind != NA_LITERAL_REAL && kind != NA_LITERAL_IMAGINARY)
		return NA_LITERAL_INVALID;
	return read_sum(source, kind);
}

/* ---- the file ---- */

/* Lines of nothing. False: what comes behind them is indented, which Python refuses. */
static bool skip_lines(struct na_source *source)
{
	for (;;) {
		bool indented = false;

		for (char c = peek(source); c == ' ' || c == '\t' || c == '\f'; c = peek(source)) {
			indented = c != '\f';
			source->at++;
		}
		if (!indented && skip_continuation(source))
			continue;
		if (peek(source) == '#')
			skip_comment(source);
		if (!at_newline(source))
			return !indented;
		source->at++;
	}
}

static bool read_file(struct na_source *source, struct na_manifest *manifest)
{
	struct purpose purpose = { NULL, false, manifest };
	unsigned int parentheses = 0;
	bool dictionary = false;

	while (peek(source) == ' ' || peek(source) == '\t')
		source->at++;	/* ast.literal_eval() takes these off */
	if (!skip_lines(source))
		return false;
	while (peek(source) == '(' && open_bracket(source, '(')) {
		parentheses++;
		skip_space(source);
	}
	if (read_braces(source, &purpose, &dictionary) == NA_LITERAL_INVALID || !dictionary)
		return false;
	while (parentheses-- > 0)
		if (!close_bracket(source, ')'))
			return false;
	skip_space(source);
	if (peek(source) == '#')
		skip_comment(source);
	if (source->at != source->end && !at_newline(source))
		return false;
	return skip_lines(source) && source->at == source->end;
}

int na_manifest_parse(struct na_manifest *manifest, const char *text, size_t length, size_t *offset)
{
	static const char mark[] = "\xef\xbb\xbf";	/* a byte order mark says nothing in UTF-8 */
	struct na_source source = { .start = text, .at = text, .end = text + length };
	bool valid;

	memset(manifest, 0, sizeof(*manifest));
	if (length >= 3 && memcmp(text, mark, 3) == 0)
		source.at += 3;
	valid = length > 0 && !memchr(text, '\0', length) && na_utf8_valid(text, length) && read_file(&source, manifest);
	if (!valid)
		memset(manifest, 0, sizeof(*manifest));
	if (offset)
		*offset = (size_t)(source.at - source.start);
	return valid ? 0 : -EBADMSG;
}
