/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index.db: the journal's searchable columns, derived from journal.db.
 *
 * Never evidence: it may lag, be deleted or be rebuilt at any time, and a reader checks every row
 * it finds here against the journal. Not thread-safe; one writer process per directory.
 */
#ifndef NETAUDIT_JOURNAL_INDEX_H
#define NETAUDIT_JOURNAL_INDEX_H

#include <stdint.h>

#define NA_INDEX_VERSION 7
#define NA_INDEX_BLOCK_ROWS 4096	/* rows whose wall-clock range is kept as one */

struct na_index;

/*
 * DIRECTORY must hold journal.db; index.db beside it is made when it is missing, and made again
 * when it is damaged, of another version or of another journal. Returns 0 or negative errno.
 */
int na_index_open(struct na_index **index, const char *directory);
void na_index_close(struct na_index *index);

/*
 * Indexes up to `max_rows` rows the journal has committed since, in short snapshots, and forgets
 * rows the journal no longer has. Returns the number of rows indexed, 0 when there is nothing new,
 * or a negative errno: -EBUSY and -ENOSPC are worth another try later.
 */
int64_t na_index_catch_up(struct na_index *index, uint64_t max_rows);

/* Newest indexed row; 0 when there is none. */
int64_t na_index_last_seq(const struct na_index *index);

/* Throws the index away; na_index_catch_up() then starts again at the first row. */
int na_index_rebuild(struct na_index *index);

#endif
