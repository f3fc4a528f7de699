/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the escaping every untrusted text passes before it is printed.
 *
 * Whatever goes in, and however small the buffer: what comes out is valid UTF-8 without any control character,
 * terminated, within the buffer, and escaping it as a line again changes nothing.
 */
#include <base/escape.h>

#include "fuzz.h"

static void require_printable(const char *text, size_t length)
{
	const uint8_t *at = (const uint8_t *)text;

	REQUIRE(strlen(text) == length);
	while (length > 0) {
		uint32_t code_point;
		size_t step = na_utf8_decode(at, length, &code_point);

		REQUIRE(step > 0);
		REQUIRE(code_point >= 0x20 && !(code_point >= 0x7f && code_point < 0xa0));
		REQUIRE(code_point != 0x202e && code_point != 0x2028 && code_point != 0xfeff);
		at += step;
		length -= step;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	size_t small = fuzz_byte(&input), whole = NA_ESCAPED_BYTES(input.left), length, again;
	char *text = fuzz_exact(input.at, input.left), *out = malloc(whole), *cut = malloc(small ? small : 1);
	char *line = malloc(NA_ESCAPED_BYTES(whole));

	REQUIRE(out && cut && line);
	length = na_escape(out, whole, text, input.left);
	REQUIRE(length < whole);
	require_printable(out, length);
	again = na_escape_line(line, NA_ESCAPED_BYTES(whole), out, length);
	REQUIRE(again == length && memcmp(line, out, length) == 0);
	length = na_escape(cut, small, text, input.left);
	if (small > 0) {
		REQUIRE(length < small);
		require_printable(cut, length);
	}
	(void)na_utf8_valid(text, input.left);
	free(line);
	free(cut);
	free(out);
	free(text);
	return 0;
}
