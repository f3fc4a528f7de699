/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an add-on's manifest says about it. A manifest is one Python literal; it is parsed as ast.literal_eval() would
 * read it, never run. Untrusted bytes, bounded in depth as Python's own tokenizer bounds it; linear in time.
 */
#ifndef NETAUDIT_TARGET_MANIFEST_H
#define NETAUDIT_TARGET_MANIFEST_H

#include <stddef.h>

#define NA_MANIFEST_LIMIT_BYTES (256 << 10)
#define NA_MANIFEST_TEXT_BYTES 128
#define NA_MANIFEST_DEPTH 200	/* MAXLEVEL of CPython's tokenizer */

/*
 * NUL-terminated UTF-8, cut at a character when too long; "" when not said or no text. A NUL, a lone surrogate and a
 * character given by name (\N{…}) stand as U+FFFD. Several authors are joined by ", "; a number stands as str() has it.
 */
struct na_manifest {
	char name[NA_MANIFEST_TEXT_BYTES];
	char version[NA_MANIFEST_TEXT_BYTES];
	char author[NA_MANIFEST_TEXT_BYTES];
	char website[NA_MANIFEST_TEXT_BYTES];
	char license[NA_MANIFEST_TEXT_BYTES];
};

/* 0, or -EBADMSG: no literal, or none that is a dictionary; everything is "" then. `*offset`, when given: where. */
int na_manifest_parse(struct na_manifest *manifest, const char *text, size_t length, size_t *offset);

#endif
