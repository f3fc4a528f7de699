/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes a line of an export apart. A table says which fields follow which word. */
#include "reader/export_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "journal/hex.h"

#define DASH "\xe2\x80\x94 "
#define FIELDS_MAX 4

enum field { NONE, REST, HASH, LINK, FIRST, LAST, NUMBER, LEVEL, NOTE, COSIGNATURE };

static const struct {
	const char *word;
	enum field field[FIELDS_MAX];
} lines[NA_EXPORT_TYPES] = {
	[NA_EXPORT_START] = { NA_EXPORT_MAGIC, { NONE } },
	[NA_EXPORT_ORIGIN] = { "origin", { REST } },
	[NA_EXPORT_IDENTITY] = { "identity", { HASH } },
	[NA_EXPORT_FIRST_ONCE] = { "first-once", { HASH } },
	[NA_EXPORT_ASKED] = { "asked", { REST } },
	[NA_EXPORT_COMPLETE] = { "complete", { FIRST, LAST } },
	[NA_EXPORT_FILTERED] = { "filtered", { FIRST, LAST } },
	[NA_EXPORT_SKIP] = { "skip", { LEVEL, HASH } },
	[NA_EXPORT_RECORD] = { "record", { NUMBER, LINK, REST } },
	[NA_EXPORT_HEAD] = { "head", { NOTE } },
	[NA_EXPORT_WITNESS] = { "witness", { COSIGNATURE } },
	[NA_EXPORT_END] = { "end", { FIRST, LAST } },
};

const char *na_export_word(enum na_export_type type)
{
	return lines[type].word;
}

/* The next word, up to a blank or the end; the blank is passed. False for an empty one. */
static bool take_word(const char **at, const char *end, const char **word, size_t *bytes)
{
	const char *blank = memchr(*at, ' ', (size_t)(end - *at));
	const char *stop = blank ? blank : end;

	*word = *at;
	*bytes = (size_t)(stop - *at);
	*at = blank ? blank + 1 : end;
	return *bytes > 0;
}

/* A decimal without sign or leading zero, at most 2^63 - 1. */
static bool read_number(const char *word, size_t bytes, uint64_t *value)
{
	*value = 0;
	if (bytes > 19 || (bytes > 1 && *word == '0'))
		return false;
	for (size_t i = 0; i < bytes; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		*value = *value * 10 + (uint64_t)(word[i] - '0');
	}
	return *value <= INT64_MAX;
}

static bool read_hash(const char *word, size_t bytes, uint8_t out[NA_HASH_BYTES])
{
	return bytes == 2 * NA_HASH_BYTES && na_hex_decode(out, word, NA_HASH_BYTES) == 0;
}

static bool read_link(struct na_export_line *line, const char *word, size_t bytes)
{
	line->linked = bytes != 1;
	return bytes == 1 ? *word == '-' : read_hash(word, bytes, line->hash);
}

/* A cosignature's line has a dash before it in a note, and none here. */
static bool read_cosignature(struct na_export_line *line, const char *text, size_t bytes)
{
	char whole[NA_COSIGNATURE_LINE_BYTES];
	int length = snprintf(whole, sizeof(whole), DASH "%.*s", (int)(bytes < sizeof(whole) ? bytes : 0), text);

	return length > 0 && (size_t)length < sizeof(whole) &&
	       na_cosignature_read(&line->cosignature, whole, (size_t)length) == 0;
}

/* The note again, out of the four words that differ from head to head. */
static bool read_note(struct na_export_line *line, const char **at, const char *end, const char *origin)
{
	const char *word[4];
	size_t bytes[4];
	struct na_note note;
	int length;

	for (int i = 0; i < 4; i++)
		if (!take_word(at, end, &word[i], &bytes[i]) || bytes[i] > NA_NOTE_BYTES)
			return false;
	if (!origin)
		return false;
	length = snprintf(line->note, sizeof(line->note), "%s\n%.*s\n%.*s\n\n" DASH "%s %.*s\n" DASH "%s/once %.*s\n", origin,
			  (int)bytes[0], word[0], (int)bytes[1], word[1], origin, (int)bytes[2], word[2], origin,
			  (int)bytes[3], word[3]);
	if (length < 0 || (size_t)length >= sizeof(line->note) || na_note_read(&note, line->note, (size_t)length))
		return false;
	line->note_bytes = (size_t)length;
	line->number = note.size;
	return true;
}

static bool read_field(struct na_export_line *line, enum field field, const char **at, const char *end,
		       const char *origin)
{
	const char *word;
	size_t bytes;

	if (field == NOTE)
		return read_note(line, at, end, origin);
	if (field == COSIGNATURE) {
		word = *at;
		*at = end;
		return read_cosignature(line, word, (size_t)(end - word));
	}
	if (field == REST) {
		line->text = *at;
		line->text_bytes = (size_t)(end - *at);
		*at = end;
		return line->text_bytes > 0;
	}
	if (!take_word(at, end, &word, &bytes))
		return false;
	switch (field) {
	case HASH:
		return read_hash(word, bytes, line->hash);
	case LINK:
		return read_link(line, word, bytes);
	case FIRST:
		return read_number(word, bytes, &line->first);
	case LAST:
		return read_number(word, bytes, &line->last);
	case NUMBER:
		return read_number(word, bytes, &line->number);
	case LEVEL:
		return read_number(word, bytes, &line->number) && line->number < 63;
	default:
		return false;
	}
}

int na_export_line_read(struct na_export_line *line, const char *text, size_t bytes, const char *origin)
{
	const char *at = text, *end = text + bytes, *word;
	size_t length;

	memset(line, 0, sizeof(*line));
	if (bytes == 0 || bytes > NA_EXPORT_LINE_BYTES || memchr(text, 0, bytes) || memchr(text, '\n', bytes) ||
	    text[bytes - 1] == ' ' || !take_word(&at, end, &word, &length))
		return -EBADMSG;
	for (size_t i = 0; i < NA_EXPORT_TYPES; i++) {
		if (strlen(lines[i].word) != length || memcmp(lines[i].word, word, length))
			continue;
		line->type = (enum na_export_type)i;
		for (size_t j = 0; j < FIELDS_MAX && lines[i].field[j] != NONE; j++)
			if (!read_field(line, lines[i].field[j], &at, end, origin))
				return -EBADMSG;
		return at == end ? 0 : -EBADMSG;
	}
	return -EBADMSG;
}
