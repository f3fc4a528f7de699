/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes to lower-case hex digits and back; upper case is refused because records have one spelling. */
#ifndef NETAUDIT_JOURNAL_HEX_H
#define NETAUDIT_JOURNAL_HEX_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * `length` digits, without a NUL. */
static inline void na_hex_encode(char *out, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < length; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
}

static inline int na_hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

/* Reads 2 * `length` digits into `length` bytes. Returns 0 or -EBADMSG. */
static inline int na_hex_decode(void *bytes, const char *text, size_t length)
{
	uint8_t *out = bytes;

	for (size_t i = 0; i < length; i++) {
		int high = na_hex_digit(text[2 * i]);
		int low = na_hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

#endif
