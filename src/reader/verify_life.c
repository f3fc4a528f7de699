/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the journal says of its own life must not contradict itself: starts and stops, gaps, cuts, carried records. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "reader/verify_work.h"

static int check_start(struct na_heads_walk *h, const struct na_life *life)
{
	struct na_verifier *v = h->v;

	/* a clean end is a stop, the head over it, and nothing more; where those were pruned nobody can tell */
	if (life->clean && life->seq != 1 && life->seq > v->start.size + 2 &&
	    (life->seq != h->stop_seq + 2 || life->seq != h->head_seq + 1))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": claims a clean stop before it, "
				     "but there is none", life->seq);
	if (!life->clean) {
		v->result->unclean_starts++;
		h->open_start = life->seq;
	}
	return 0;
}

/* The hash of the record before a cut, where that record is still there. */
static int check_before_cut(struct na_verifier *v, const struct na_life *life)
{
	sqlite3_stmt *statement = NULL;
	const void *row_hash;
	int result = 0, found = na_verify_one(v, "SELECT row_hash FROM record WHERE seq = ?1", life->prune.cut - 1, &statement);

	if (found <= 0)
		return -found;
	row_hash = na_verify_blob(statement, 0, NA_HASH_BYTES);
	if (!row_hash || memcmp(row_hash, life->prune.row_hash, NA_HASH_BYTES))
		result = na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": names another hash before its cut than "
				       "record %" PRIu64 " has", life->seq, life->prune.cut - 1);
	sqlite3_finalize(statement);
	return result;
}

/* A prune record names the tree below its cut, and stands in the table that the delete trigger goes by. */
static int check_prune(struct na_heads_walk *h, const struct na_life *life)
{
	struct na_verifier *v = h->v;
	uint8_t frontier[NA_FRONTIER_BYTES];
	struct na_merkle tree;
	sqlite3_stmt *statement = NULL;
	int result = na_tree_frontier(&v->tree, life->prune.cut - 1, &tree), found;
	bool same;

	if (result && result != -ENOENT && result != -EBADMSG)
		return na_verify_sqlite(v, v->db, "read the tree");
	if (result || na_life_frontier(frontier, &tree) != life->prune.frontier_bytes ||
	    memcmp(frontier, life->prune.frontier, life->prune.frontier_bytes))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": names another tree below its cut than "
				     "the stored one", life->seq);
	found = na_verify_one(v, "SELECT cut FROM prune WHERE seq = ?1", life->seq, &statement);
	if (found < 0)
		return -found;
	same = found && (uint64_t)sqlite3_column_int64(statement, 0) == life->prune.cut;
	sqlite3_finalize(statement);
	if (!same)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": the table of cuts lacks it, or says "
				     "something else", life->seq);
	h->prunes++;
	return check_before_cut(v, life);
}

/* Its path was climbed already: does it end in the tree that is signed? */
static int check_carried(struct na_heads_walk *h, const struct na_life *life)
{
	struct na_verifier *v = h->v;
	uint8_t node[NA_HASH_BYTES];
	int result = life->carried.seq < life->seq ? na_tree_read(&v->tree, (life->carried.seq - 1) >> NA_TILE_LEVEL,
								  NA_TILE_LEVEL, node) : -ENOENT;

	if (result && result != -ENOENT && result != -EBADMSG)
		return na_verify_sqlite(v, v->db, "read the tree");
	if (result || memcmp(node, life->carried.node, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": what it carries never was record %" PRIu64,
				     life->seq, life->carried.seq);
	return 0;
}

/* A head record that pruning kept a copy of while the record itself is still there. */
static int check_kept_early(struct na_heads_walk *h, const struct na_life *life)
{
	struct na_verifier *v = h->v;
	uint8_t node[NA_HASH_BYTES];
	struct na_life kept;
	int result;

	if (!h->more_old_heads || (uint64_t)sqlite3_column_int64(h->old_heads, 0) > life->seq)
		return 0;
	result = na_tree_read(&v->tree, (life->seq - 1) >> NA_TILE_LEVEL, NA_TILE_LEVEL, node);
	if (result && result != -ENOENT && result != -EBADMSG)
		return na_verify_sqlite(v, v->db, "read the tree");
	if (result || (uint64_t)sqlite3_column_int64(h->old_heads, 0) != life->seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "old_head has a row that is no head's");
	result = na_verify_old_head(h, node, &kept, NULL);
	return result ? result : na_verify_step_old_heads(h);
}

int na_verify_life(struct na_heads_walk *h, const struct na_life *life)
{
	struct na_verifier *v = h->v;
	struct na_verify_result *result = v->result;

	if (h->open_start && (life->kind != NA_LIFE_GAP || life->seq != h->open_start + 1))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, h->open_start, "record %" PRIu64 ": an unclean start without the gap "
				     "record that belongs to it", h->open_start);
	h->open_start = 0;
	switch (life->kind) {
	case NA_LIFE_START:
		return check_start(h, life);
	case NA_LIFE_STOP:
		h->stop_seq = life->seq;
		return 0;
	case NA_LIFE_GAP:
		result->gaps++;
		return 0;
	case NA_LIFE_LOST:
		result->losses++;
		return 0;
	case NA_LIFE_HEAD:
		return check_kept_early(h, life);
	case NA_LIFE_PRUNE:
		return check_prune(h, life);
	case NA_LIFE_CARRIED:
		return check_carried(h, life);
	}
	return 0;
}

int na_verify_life_end(struct na_heads_walk *h)
{
	struct na_verifier *v = h->v;
	sqlite3_stmt *statement = NULL;
	uint64_t cuts;
	int found;

	if (h->open_start && h->open_start != v->last_seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, h->open_start, "record %" PRIu64 ": an unclean start without the gap "
				     "record that belongs to it", h->open_start);
	found = na_verify_one(v, "SELECT count(*) FROM prune WHERE seq >= ?1",
			      v->result->checked_from == v->first_seq ? 0 : v->result->checked_from, &statement);
	if (found < 0)
		return -found;
	cuts = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	if (cuts != h->prunes)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "the table of cuts has %" PRIu64 " where there are %" PRIu64
				     " prune records", cuts, h->prunes);
	return 0;
}
