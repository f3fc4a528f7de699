/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal.db as its one writer sees it: rows appended in batches, chain, tree and its stored nodes
 * (tree.h) kept in step.
 *
 * Life: open; if `fresh`, create with the signer's keys, else resume from its last signed tree;
 * then begin, append..., commit, over and over. After any error the store must be closed and
 * opened again: what SQLite reports after a failed fsync cannot be trusted.
 */
#ifndef NETAUDIT_JOURNAL_STORE_H
#define NETAUDIT_JOURNAL_STORE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"
#include "journal/directory.h"
#include "journal/merkle.h"
#include "journal/note.h"
#include "journal/tree.h"

enum na_store_statement {
	NA_STORE_BEGIN, NA_STORE_COMMIT, NA_STORE_INSERT, NA_STORE_INSERT_CHECKPOINT, NA_STORE_INSERT_NODE,
	NA_STORE_INSERT_OLD_HEAD, NA_STORE_INSERT_PRUNE, NA_STORE_DELETE_ROWS, NA_STORE_DELETE_PRUNES, NA_STORE_VACUUM,
	NA_STORE_READ_FROM,
	NA_STORE_HASHES_AFTER, NA_STORE_LAST_CHECKPOINT, NA_STORE_STATEMENTS
};

struct na_store {
	struct na_directory directory;
	sqlite3 *db;
	sqlite3_stmt *statement[NA_STORE_STATEMENTS];
	struct na_hash hash;
	bool fresh;			/* no journal was there */

	char origin[NA_ORIGIN_BYTES + 1];
	uint8_t identity[NA_PUBLIC_KEY_BYTES];
	uint8_t first_once[NA_PUBLIC_KEY_BYTES];

	uint64_t seq;			/* newest row, appended or committed; 0: none */
	uint8_t row_hash[NA_HASH_BYTES];/* its hash; the genesis before the first row */
	struct na_merkle tree;		/* over all rows up to seq */
	bool pruning;			/* the database may delete and give room back: for the length of one call */

	uint64_t head_size;		/* newest checkpoint; 0: none */
	uint32_t note_bytes;
	char note[NA_NOTE_BYTES + 1];
};

/* Every function returns 0 or negative errno and fills `error`. */
int na_store_open(struct na_store *store, const char *directory, struct na_error *error);
void na_store_close(struct na_store *store);

/* Makes the tables and pins origin and keys. */
int na_store_create(struct na_store *store, const char *origin, const uint8_t identity[NA_PUBLIC_KEY_BYTES],
		    const uint8_t first_once[NA_PUBLIC_KEY_BYTES], struct na_error *error);

/*
 * Re-verifies every row after the last signed tree (`signed_tree`, the signer's own copy) and
 * takes up chain and tree there. -EBADMSG when a row does not verify, -ESTALE when the journal is
 * shorter than the tree, or a head in it is newer: one of the two was put back from the past.
 */
int na_store_resume(struct na_store *store, const struct na_merkle *signed_tree, struct na_error *error);

/*
 * While room is scarce the WAL is not copied into the database, which would grow by as much: what
 * is left is for new records. So it is after opening, until told otherwise; and to be called before
 * closing after an error.
 */
void na_store_keep_wal(struct na_store *store, bool keep);

int na_store_begin(struct na_store *store, struct na_error *error);
/* `body` must be canonical (na_canonical_check()): the store does not look into it. */
int na_store_append(struct na_store *store, const void *body, size_t body_bytes, struct na_error *error);
/* Durable when it returns 0. */
int na_store_commit(struct na_store *store, struct na_error *error);

/* Stores a signed head in a transaction of its own. */
int na_store_add_checkpoint(struct na_store *store, const char *note, uint32_t note_bytes, uint64_t size,
			    struct na_error *error);

/*
 * Pruning, in the caller's transaction. `na_store_delete_below()` is refused by the database unless a signed head
 * covers a prune record with at least that cut.
 */
int na_store_add_old_head(struct na_store *store, uint64_t size, const uint8_t previous[NA_HASH_BYTES],
			  const void *body, size_t body_bytes, const uint8_t path[NA_PATH_BYTES], struct na_error *error);
int na_store_add_prune(struct na_store *store, uint64_t seq, uint64_t cut, struct na_error *error);
int na_store_delete_below(struct na_store *store, uint64_t seq, struct na_error *error);
/* Gives up to 256 free pages back to the file system, outside a transaction. */
int na_store_vacuum(struct na_store *store, struct na_error *error);
/* Copies the WAL into the database and empties it, as far as readers let us. */
void na_store_empty_wal(struct na_store *store);
/* One integer, 0 for NULL or no row. Not for hot paths. */
int na_store_integer(struct na_store *store, const char *sql, uint64_t *value, struct na_error *error);

/*
 * Reading back. Rows are given to `row` in ascending order until it returns non-zero, which is then
 * returned; `body` is NULL where it was not asked for.
 */
typedef int na_store_row(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES],
			 const void *body, size_t body_bytes);
int na_store_rows_from(struct na_store *store, uint64_t first_seq, na_store_row *row, void *context,
		       struct na_error *error);
int na_store_hashes_after(struct na_store *store, uint64_t seq, na_store_row *row, void *context,
			  struct na_error *error);

#endif
