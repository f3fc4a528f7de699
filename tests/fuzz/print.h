/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Catches what would be printed, and demands that a terminal can be shown it. */
#ifndef NETAUDIT_TESTS_FUZZ_PRINT_H
#define NETAUDIT_TESTS_FUZZ_PRINT_H

#include <stdio.h>

#include <base/escape.h>

#include "fuzz.h"

struct fuzz_print {
	FILE *out;
	char *text;
	size_t length;
};

static inline void fuzz_print_begin(struct fuzz_print *print)
{
	print->out = open_memstream(&print->text, &print->length);
	REQUIRE(print->out != NULL);
}

/* Valid UTF-8, and no control character but the ends of lines and the tabs between cells. */
static inline void fuzz_print_end(struct fuzz_print *print)
{
	size_t at = 0;

	REQUIRE(fclose(print->out) == 0);
	while (at < print->length) {
		uint32_t code_point;
		size_t step = na_utf8_decode((const uint8_t *)print->text + at, print->length - at, &code_point);

		REQUIRE(step > 0);
		REQUIRE(code_point == '\n' || code_point == '\t' || code_point >= 0x20);
		REQUIRE(!(code_point >= 0x7f && code_point < 0xa0) && code_point != 0x202e);
		at += step;
	}
	free(print->text);
}

#endif
