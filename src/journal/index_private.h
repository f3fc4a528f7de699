/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of index.db's writer: index_open.c opens and makes it, index.c fills it.
 */
#ifndef NETAUDIT_JOURNAL_INDEX_PRIVATE_H
#define NETAUDIT_JOURNAL_INDEX_PRIVATE_H

#include <limits.h>

#include <netaudit/record.h>

#include "journal/index.h"
#include "journal/index_row.h"
#include "journal/index_sqlite.h"
#include "journal/rollup.h"

enum na_index_statement {
	NA_INDEX_READ_JOURNAL, NA_INDEX_READ_HASH, NA_INDEX_READ_FIRST, NA_INDEX_READ_FIRST_TIME, NA_INDEX_INSERT_ROW,
	NA_INDEX_INSERT_BLOCK, NA_INDEX_SET_POSITION, NA_INDEX_FORGET, NA_INDEX_STATEMENTS
};

struct na_index {
	sqlite3 *journal;
	sqlite3 *index;
	sqlite3_stmt *statement[NA_INDEX_STATEMENTS];
	int64_t last_seq;
	unsigned char last_hash[NA_HASH_BYTES];
	char directory[PATH_MAX - 32];
	struct na_index_row row;
	struct na_rollup rollup;
	int64_t forgotten;	/* the oldest record, when rows were last forgotten */
};

/* Reads last_seq and last_hash back. Returns 0, or -EBADMSG when they are not as we write them. */
int na_index_load_position(struct na_index *index);

#endif
