/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of src/target/manifest*: the position in the source, the text being collected, strings and numbers. */
#ifndef NETAUDIT_TARGET_MANIFEST_PRIVATE_H
#define NETAUDIT_TARGET_MANIFEST_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct na_source {
	const char *start, *at, *end;	/* valid UTF-8 without a NUL */
	unsigned int depth;		/* of brackets that are open */
};

/* Where the value of a field is written. Once something did not fit, nothing more is. */
struct na_collected {
	char *text;		/* always NUL-terminated */
	size_t capacity, used;
	size_t members;		/* strings of a list so far */
	bool full;
};

/* Both take NULL for "nobody wants it". */
void na_collect_character(struct na_collected *collected, uint32_t code_point);
void na_collect_text(struct na_collected *collected, const char *text);

enum na_literal_kind {
	NA_LITERAL_INVALID,
	NA_LITERAL_STRING,
	NA_LITERAL_BYTES,
	NA_LITERAL_REAL,	/* int or float: what a sign may stand before */
	NA_LITERAL_IMAGINARY,
	NA_LITERAL_COMPLEX,	/* a sum: no sign, no further sum */
	NA_LITERAL_CONSTANT,	/* True, False, None, ... */
	NA_LITERAL_HASHABLE,	/* a tuple that may be a key */
	NA_LITERAL_UNHASHABLE,	/* list, dict, set, a tuple with one of them */
};

/* One string with its prefix and quotes, if one starts here; NA_LITERAL_INVALID and nothing taken otherwise. */
enum na_literal_kind na_manifest_string(struct na_source *source, struct na_collected *collected);
bool na_manifest_string_starts(const struct na_source *source);
/* One number without sign. */
enum na_literal_kind na_manifest_number(struct na_source *source, struct na_collected *collected);

bool na_is_identifier(char c);	/* a letter, digit, underscore or part of a character beyond ASCII */

#endif
