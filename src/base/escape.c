/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escapes untrusted text for terminals and logs, and decodes UTF-8 strictly. */
#include "base/escape.h"

#include <string.h>

/* Code points that are well formed but would let text act on what is displayed around it. */
static const struct {
	uint32_t first, last;
} unsafe_ranges[] = {
	{ 0x0000, 0x001f },	/* C0 controls */
	{ 0x007f, 0x009f },	/* DEL and C1 controls */
	{ 0x00ad, 0x00ad },	/* soft hyphen: invisible */
	{ 0x034f, 0x034f },	/* combining grapheme joiner: invisible */
	{ 0x061c, 0x061c },	/* Arabic letter mark */
	{ 0x115f, 0x1160 },	/* Hangul fillers: invisible */
	{ 0x17b4, 0x17b5 },	/* Khmer inherent vowels: invisible */
	{ 0x180b, 0x180f },	/* Mongolian selectors and vowel separator */
	{ 0x200b, 0x200f },	/* zero-width characters, direction marks */
	{ 0x2028, 0x202e },	/* line and paragraph separators, bidirectional overrides */
	{ 0x2060, 0x206f },	/* word joiner, isolates, deprecated format characters */
	{ 0x3164, 0x3164 },	/* Hangul filler */
	{ 0xfe00, 0xfe0f },	/* variation selectors */
	{ 0xfeff, 0xfeff },	/* byte order mark */
	{ 0xffa0, 0xffa0 },	/* halfwidth Hangul filler */
	{ 0xfff0, 0xfffb },	/* interlinear annotation */
	{ 0xe0000, 0xe0fff },	/* tags and variation selectors supplement */
};

static bool is_unsafe(uint32_t code_point)
{
	for (size_t i = 0; i < sizeof(unsafe_ranges) / sizeof(unsafe_ranges[0]); i++)
		if (code_point >= unsafe_ranges[i].first && code_point <= unsafe_ranges[i].last)
			return true;
	return false;
}

/* Lead byte → length and the smallest code point that needs it (Unicode 15, table 3-7). */
size_t na_utf8_decode(const uint8_t *text, size_t text_bytes, uint32_t *code_point)
{
	static const struct {
		uint8_t mask, lead, length;
		uint32_t smallest;
	} forms[] = {
		{ 0x80, 0x00, 1, 0x0 },
		{ 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 },
		{ 0xf8, 0xf0, 4, 0x10000 },
	};

	if (text_bytes == 0)
		return 0;
	for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
		size_t length = forms[form].length;
		uint32_t value;

		if ((text[0] & forms[form].mask) != forms[form].lead)
			continue;
		if (text_bytes < length)
			return 0;
		value = text[0] & (uint8_t)~forms[form].mask;
		for (size_t i = 1; i < length; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			value = value << 6 | (text[i] & 0x3f);
		}
		if (value < forms[form].smallest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
			return 0;
		*code_point = value;
		return length;
	}
	return 0;
}

bool na_utf8_valid(const void *text, size_t text_bytes)
{
	const uint8_t *bytes = text;
	uint32_t ignored;

	while (text_bytes > 0) {
		size_t length = na_utf8_decode(bytes, text_bytes, &ignored);

		if (length == 0)
			return false;
		bytes += length;
		text_bytes -= length;
	}
	return true;
}

/* The escaped form of the character at `text`: 1 to 16 bytes; *used is how much of the text it covers. */
static size_t escape_one(char out[16], const uint8_t *text, size_t text_bytes, bool double_backslash, size_t *used)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t code_point = 0;
	size_t length = na_utf8_decode(text, text_bytes, &code_point);
	size_t written = 0;

	*used = length ? length : 1;
	if (double_backslash && code_point == '\\') {
		memcpy(out, "\\\\", 2);
		return 2;
	}
	if (length && !is_unsafe(code_point)) {
		memcpy(out, text, length);
		return length;
	}
	for (size_t i = 0; i < *used; i++) {
		out[written++] = '\\';
		out[written++] = 'x';
		out[written++] = digits[text[i] >> 4];
		out[written++] = digits[text[i] & 15];
	}
	return written;
}

static size_t escape(char *out, size_t out_bytes, const void *text, size_t text_bytes, bool double_backslash)
{
	static const char ellipsis[] = "...";
	const uint8_t *bytes = text;
	size_t written = 0, safe = 0;	/* safe: where the ellipsis can still be put */

	if (out_bytes == 0)
		return 0;
	for (size_t at = 0, used; at < text_bytes; at += used) {
		char one[16];
		size_t length = escape_one(one, bytes + at, text_bytes - at, double_backslash, &used);

		if (written + length + 1 > out_bytes) {
			size_t room = out_bytes - 1 - safe;
			size_t dots = room < sizeof(ellipsis) - 1 ? room : sizeof(ellipsis) - 1;

			memcpy(out + safe, ellipsis, dots);
			written = safe + dots;
			break;
		}
		memcpy(out + written, one, length);
		written += length;
		if (written + sizeof(ellipsis) <= out_bytes)
			safe = written;
	}
	out[written] = '\0';
	return written;
}

size_t na_escape(char *out, size_t out_bytes, const void *text, size_t text_bytes)
{
	return escape(out, out_bytes, text, text_bytes, true);
}

size_t na_escape_line(char *out, size_t out_bytes, const void *text, size_t text_bytes)
{
	return escape(out, out_bytes, text, text_bytes, false);
}

size_t na_utf8_trim(char *text)
{
	size_t length = strlen(text), start = length;
	uint32_t code_point;

	while (start > 0 && length - start < 4) {
		start--;
		if (((uint8_t)text[start] & 0xc0) == 0x80)
			continue;
		if (na_utf8_decode((const uint8_t *)text + start, length - start, &code_point) != length - start)
			text[length = start] = '\0';
		break;
	}
	return length;
}
