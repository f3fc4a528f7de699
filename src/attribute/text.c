// SPDX-License-Identifier: GPL-2.0-or-later
/* Latin-1, UCS-2 and UCS-4, as CPython keeps them, to UTF-8. */
#include "attribute/text.h"

#include <stdint.h>
#include <string.h>

#define ESCAPED_BYTE_FIRST 0xdc80	/* PEP 383: bytes that are not UTF-8, from 0x80 to 0xff */
#define ESCAPED_BYTE_LAST 0xdcff
#define REPLACEMENT 0xfffd

static size_t put(char *out, uint32_t character)
{
	if (character >= ESCAPED_BYTE_FIRST && character <= ESCAPED_BYTE_LAST) {
		out[0] = (char)(character - 0xdc00);
		return 1;
	}
	if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
		character = REPLACEMENT;
	if (character < 0x80) {
		out[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		out[0] = (char)(0xc0 | character >> 6);
		out[1] = (char)(0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000) {
		out[0] = (char)(0xe0 | character >> 12);
		out[1] = (char)(0x80 | (character >> 6 & 0x3f));
		out[2] = (char)(0x80 | (character & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | character >> 18);
	out[1] = (char)(0x80 | (character >> 12 & 0x3f));
	out[2] = (char)(0x80 | (character >> 6 & 0x3f));
	out[3] = (char)(0x80 | (character & 0x3f));
	return 4;
}

static uint32_t character_at(const char *at, size_t unit)
{
	uint16_t two;
	uint32_t four;

	switch (unit) {
	case 1:
		return (unsigned char)*at;
	case 2:
		memcpy(&two, at, sizeof(two));
		return two;
	default:
		memcpy(&four, at, sizeof(four));
		return four;
	}
}

size_t na_text_decode(char out[NA_TEXT_UTF8_BYTES], const struct na_code_text *text, const char *buffer,
		      size_t capacity)
{
	size_t bytes = text->bytes < capacity ? text->bytes : capacity, used = 0;
	size_t unit = text->unit;

	if (unit == 1 || unit == 2 || unit == 4) {
		for (size_t i = 0; i + unit <= bytes && used + 4 < NA_TEXT_UTF8_BYTES; i += unit) {
			uint32_t character = character_at(buffer + i, unit);

			if (!character)
				break;
			used += put(out + used, character);
		}
	}
	out[used] = '\0';
	return used;
}
