/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the export's writer share: export_write.c (order of things, the rows that are there),
 * export_pruned.c (what is kept of those that are not), export_put.c (the lines).
 */
#ifndef NETAUDIT_READER_EXPORT_WORK_H
#define NETAUDIT_READER_EXPORT_WORK_H

#include <sqlite3.h>
#include <zlib.h>

#include "journal/merkle.h"
#include "reader/export_cover.h"
#include "reader/export_write.h"
#include "reader/query_private.h"
#include "reader/witness.h"

/* Rows looked at per snapshot: one that a slow pipe holds up must not stop the daemon's WAL from shrinking for long. */
#define NA_EXPORT_WINDOW_ROWS 4096

struct na_export_writer {
	const struct na_export_request *request;
	struct na_export_written *written;
	struct na_error *error;
	struct na_query *query;
	sqlite3_stmt *rows, *heads;
	struct na_hash hash;
	gzFile out;

	char origin[NA_ORIGIN_BYTES + 1];
	struct na_cover cover;		/* rows passed since the last line */
	struct na_merkle tree;		/* up to the last line */
	bool linked;			/* the row at cover.next is in the file, or is the genesis */
	uint8_t row_hash[NA_HASH_BYTES];	/* of that row */
	struct na_kept_cosignatures cosignatures;
	size_t next_cosignature;
	uint64_t next_head;		/* size of the head to come; 0: none left */
	struct na_note note;
	char note_text[NA_NOTE_BYTES + 1];
	uint8_t wanted[NA_EXPORT_WINDOW_ROWS / 8];
	uint64_t window;		/* seq of its first row */
	uint64_t cut;			/* rows below it are pruned; 1: none */
};

/* All that return int return 0 or a negative errno with one line in w->error; the first two word one. */
int na_export_fail(struct na_export_writer *w, int code, const char *what);
int na_export_sqlite_failed(struct na_export_writer *w, const char *what);
const char *na_export_hex(char out[2 * NA_HASH_BYTES + 1], const uint8_t hash[NA_HASH_BYTES]);

/* One line or a part of one. */
int na_export_put(struct na_export_writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The root of a perfect tree over the next rows. */
int na_export_put_skip(struct na_export_writer *w, unsigned int level, const uint8_t root[NA_HASH_BYTES]);
/* What w->cover has, then the row. w->linked and w->row_hash are of the row before it. */
int na_export_put_record(struct na_export_writer *w, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES],
			 const void *body, size_t bytes);
/* The head w->next_head over w->tree, its cosignatures; then finds the next one. */
int na_export_put_head(struct na_export_writer *w);
/* Reads the head after `size` into w->note and w->next_head. */
int na_export_find_head(struct na_export_writer *w, uint64_t size);

/* Everything below `cut`: head records and the nodes between them. */
int na_export_pruned(struct na_export_writer *w, uint64_t cut);
/* Where the rows begin that will stay; 1: nothing was pruned. */
int na_export_find_cut(struct na_export_writer *w, uint64_t *cut);

#endif
