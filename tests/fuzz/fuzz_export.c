/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reader of exports: a line read is within its input, and a file of invented lines is never that of a key
 * we do not hold. Bytes after a first 0 are one line, after anything else a whole file.
 */
#include <reader/export_check.h>

#include "fuzz.h"

static void read_line(const char *text, size_t bytes)
{
	struct na_export_line line;

	if (na_export_line_read(&line, text, bytes, "example.org/log"))
		return;
	REQUIRE(line.type < NA_EXPORT_TYPES && !strncmp(text, na_export_word(line.type), strlen(na_export_word(line.type))));
	REQUIRE(!line.text || (line.text >= text && line.text + line.text_bytes <= text + bytes));
	REQUIRE(line.first <= INT64_MAX && line.last <= INT64_MAX && line.number <= INT64_MAX);
}

/* Without a fingerprint, so that everything after the first lines is reached too. */
static void check(const char *text, size_t bytes, const char *fingerprint)
{
	struct na_export_options options = { .fingerprint = fingerprint };
	struct na_export_result result = { 0 };
	struct na_export_check checker = { .options = &options, .result = &result };
	int verdict = na_export_check_begin(&checker);
	const char *at = text, *newline;

	while (verdict == 0 && (newline = memchr(at, '\n', (size_t)(text + bytes - at)))) {
		verdict = na_export_check_line(&checker, at, (size_t)(newline - at));
		at = newline + 1;
	}
	if (verdict == 0)
		verdict = na_export_check_end(&checker);
	na_export_check_close(&checker);
	REQUIRE(verdict == (int)result.verdict && (verdict == 0) == (result.why[0] == 0));
	REQUIRE(verdict || (result.heads && !fingerprint && result.last <= result.head_size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char stranger[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_exact(data + 1, size - 1);
	if (data[0] == 0) {
		read_line(text, size - 1);
	} else {
		check(text, size - 1, NULL);
		check(text, size - 1, stranger);
	}
	free(text);
	return 0;
}
