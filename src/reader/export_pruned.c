/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of an export that has no rows any more: of pruned records the head records are kept, and enough of the tree
 * to go from one to the next (journal/tree.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "journal/canonical.h"
#include "journal/chain.h"
#include "journal/tree.h"
#include "reader/export_work.h"

/* A cut at or above the oldest row: below it rows may be on their way out. */
int na_export_find_cut(struct na_export_writer *w, uint64_t *cut)
{
	int64_t first, found = 1;
	int error = na_index_integer(w->query->journal, "SELECT coalesce(min(seq), 1) FROM record", &first);

	if (error == 0 && first > 1)
		error = na_index_integer(w->query->journal, "SELECT min(cut) FROM prune WHERE cut >= (SELECT min(seq) FROM record)",
					 &found);
	if (error)
		return na_export_fail(w, error, "read where the journal begins");
	if (first > 1 && found < first)
		return na_error_set(w->error, -EBADMSG, "the journal begins at record %" PRId64 ", but no prune record says so: run "
				    "'netaudit verify'", first);
	*cut = (uint64_t)found;
	return 0;
}

/* Skips to where `to` rows are passed, in the fewest perfect subtrees. */
static int put_nodes(struct na_export_writer *w, struct na_tree *tree, uint64_t to)
{
	uint8_t root[NA_HASH_BYTES];
	int error = 0;

	while (w->tree.size < to && error == 0) {
		unsigned int fits = 63U - (unsigned int)__builtin_clzll(to - w->tree.size);
		unsigned int aligned = w->tree.size ? (unsigned int)__builtin_ctzll(w->tree.size) : fits;
		unsigned int level = aligned < fits ? aligned : fits;

		error = na_tree_read(tree, w->tree.size >> level, level, root);
		if (error)
			return na_error_set(w->error, -EBADMSG, "the tree of the pruned records is not whole after record %" PRIu64
					    ": run 'netaudit verify'", w->tree.size);
		error = na_export_put_skip(w, level, root);
		w->linked = false;
	}
	return error;
}

/* The record of the head to come, from what was kept of it. */
static int put_old_head(struct na_export_writer *w, struct na_tree *tree, sqlite3_stmt *old_heads)
{
	uint64_t size = w->next_head;
	uint8_t row_hash[NA_HASH_BYTES];
	int error = put_nodes(w, tree, size - 1);

	if (error)
		return error;
	sqlite3_bind_int64(old_heads, 1, (sqlite3_int64)size);
	if (sqlite3_step(old_heads) != SQLITE_ROW || sqlite3_column_bytes(old_heads, 0) != NA_HASH_BYTES ||
	    sqlite3_column_bytes(old_heads, 1) <= 0)
		error = na_error_set(w->error, -EBADMSG, "the record of the head at %" PRIu64 " was not kept: run 'netaudit verify'", size);
	if (error == 0)
		memcpy(w->row_hash, sqlite3_column_blob(old_heads, 0), NA_HASH_BYTES);
	if (error == 0 && na_chain_row(&w->hash, row_hash, size, w->row_hash, sqlite3_column_blob(old_heads, 1),
				       (size_t)sqlite3_column_bytes(old_heads, 1)))
		error = na_export_fail(w, -EIO, "hash");
	if (error == 0)
		error = na_export_put_record(w, size, row_hash, sqlite3_column_blob(old_heads, 1),
					     (size_t)sqlite3_column_bytes(old_heads, 1));
	sqlite3_reset(old_heads);
	w->linked = true;
	memcpy(w->row_hash, row_hash, sizeof(row_hash));
	return error ? error : na_export_put_head(w);
}

/* The hash of the row before the cut is in the prune record. */
static int find_row_hash(struct na_export_writer *w, uint64_t cut)
{
	sqlite3_stmt *statement = NULL;
	int error = -EBADMSG;

	if (sqlite3_prepare_v2(w->query->journal, "SELECT body FROM record WHERE seq = (SELECT seq FROM prune WHERE cut = ?1)", -1,
			       &statement, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, (sqlite3_int64)cut);
		if (sqlite3_step(statement) == SQLITE_ROW)
			error = na_canonical_find_hex(sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0),
						      "row_hash", w->row_hash, NA_HASH_BYTES);
	}
	sqlite3_finalize(statement);
	return error ? na_error_set(w->error, -EBADMSG, "the prune record of the cut at %" PRIu64 " is not there: run "
				    "'netaudit verify'", cut) : 0;
}

static int put_all(struct na_export_writer *w, uint64_t cut)
{
	sqlite3_stmt *old_heads = NULL;
	struct na_tree tree;
	int error = na_tree_open(&tree, w->query->journal);

	if (error == 0 && sqlite3_prepare_v2(w->query->journal, "SELECT previous, body FROM old_head WHERE size = ?1", -1, &old_heads,
					     NULL) != SQLITE_OK)
		error = na_export_sqlite_failed(w, "read the old heads");
	else if (error)
		error = na_export_fail(w, error, "read the tree");
	while (error == 0 && w->next_head && w->next_head < cut)
		error = put_old_head(w, &tree, old_heads);
	if (error == 0)
		error = put_nodes(w, &tree, cut - 1);
	if (error == 0 && !w->linked)
		error = find_row_hash(w, cut);
	w->cover.next = cut - 1;
	sqlite3_finalize(old_heads);
	na_tree_close(&tree);
	return error;
}

int na_export_pruned(struct na_export_writer *w, uint64_t cut)
{
	int error;

	/* one snapshot: the tree and the old heads are of one moment */
	if (sqlite3_exec(w->query->journal, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return na_export_sqlite_failed(w, "read the journal");
	error = put_all(w, cut);
	(void)sqlite3_exec(w->query->journal, "COMMIT", NULL, NULL, NULL);
	return error;
}
