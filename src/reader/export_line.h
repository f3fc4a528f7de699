/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines an export is made of, as docs/export-format.md has them: read strictly, one spelling each.
 */
#ifndef NETAUDIT_READER_EXPORT_LINE_H
#define NETAUDIT_READER_EXPORT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/record.h>

#include "journal/cosignature.h"
#include "journal/note.h"

#define NA_EXPORT_MAGIC "netaudit-export/v1"
#define NA_EXPORT_LINE_BYTES (NA_RECORD_MAX_BYTES + 128)	/* no line is longer, newline not counted */
#define NA_EXPORT_ASKED_BYTES 512

enum na_export_type {
	NA_EXPORT_START, NA_EXPORT_ORIGIN, NA_EXPORT_IDENTITY, NA_EXPORT_FIRST_ONCE, NA_EXPORT_ASKED, NA_EXPORT_COMPLETE,
	NA_EXPORT_FILTERED, NA_EXPORT_SKIP, NA_EXPORT_RECORD, NA_EXPORT_HEAD, NA_EXPORT_WITNESS, NA_EXPORT_END,
	NA_EXPORT_TYPES
};

/* What a line says; which members mean something follows from `type`. Pointers lead into the text that was read. */
struct na_export_line {
	enum na_export_type type;
	const char *text;		/* ORIGIN, ASKED: the rest of the line; RECORD: the body */
	size_t text_bytes;
	uint64_t first, last;		/* COMPLETE, FILTERED; END: records and heads */
	uint64_t number;		/* RECORD: seq; SKIP: level */
	bool linked;			/* RECORD: `hash` is the hash of the row before; else that row is in the file */
	uint8_t hash[NA_HASH_BYTES];	/* IDENTITY, FIRST_ONCE: the key; SKIP: the root; RECORD */
	char note[NA_NOTE_BYTES + 1];	/* HEAD: the whole note, put together with the origin */
	size_t note_bytes;
	struct na_cosignature cosignature;	/* WITNESS */
};

/* `origin` is that of the ORIGIN line; needed for HEAD, may be NULL before. Returns 0 or -EBADMSG. */
int na_export_line_read(struct na_export_line *line, const char *text, size_t bytes, const char *origin);

/* The word a line of this type begins with. */
const char *na_export_word(enum na_export_type type);

#endif
