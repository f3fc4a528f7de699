/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads whose records were pruned: their own head records were kept, and the tree below them from level 8 up. */
#include <inttypes.h>
#include <string.h>

#include "journal/canonical.h"
#include "reader/verify_work.h"

int na_verify_step_old_heads(struct na_heads_walk *h)
{
	int step = sqlite3_step(h->old_heads);

	h->more_old_heads = step == SQLITE_ROW;
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : na_verify_sqlite(h->v, h->v->db, "read the old heads");
}

int na_verify_old_head(struct na_heads_walk *h, const uint8_t node[NA_HASH_BYTES], struct na_life *life,
		       struct na_merkle *frontier)
{
	struct na_verifier *v = h->v;
	const uint8_t *previous = na_verify_blob(h->old_heads, 1, NA_HASH_BYTES);
	const uint8_t *path = na_verify_blob(h->old_heads, 3, NA_PATH_BYTES);
	const void *body = sqlite3_column_type(h->old_heads, 2) == SQLITE_BLOB ? sqlite3_column_blob(h->old_heads, 2) : NULL;
	size_t bytes = (size_t)sqlite3_column_bytes(h->old_heads, 2);
	uint8_t row_hash[NA_HASH_BYTES], climbed[NA_HASH_BYTES];

	memset(life, 0, sizeof(*life));
	life->seq = (uint64_t)sqlite3_column_int64(h->old_heads, 0);
	life->kind = NA_LIFE_HEAD;
	if (!previous || !path || !body || na_canonical_check(body, bytes, NULL) || !na_life_read(life, body, bytes))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "old head at %" PRIu64 ": not a head record", life->seq);
	if (na_chain_row(&v->hash, row_hash, life->seq, previous, body, bytes) ||
	    na_tree_climb(&v->hash, life->seq, row_hash, path, climbed, frontier))
		return na_verify_no_hash(v);
	if (memcmp(climbed, node, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "old head at %" PRIu64 ": is not in the stored tree", life->seq);
	return 0;
}

/* All heads in the tile that comes next, whose node this is. */
static int heads_in_tile(struct na_heads_walk *h, const uint8_t node[NA_HASH_BYTES])
{
	struct na_verifier *v = h->v;
	uint64_t end = h->outer.size + NA_TILE_ROWS;
	uint8_t root[NA_HASH_BYTES];
	int result = 0;

	while (h->more_old_heads && (uint64_t)sqlite3_column_int64(h->old_heads, 0) <= end && result == 0) {
		struct na_merkle tree = h->outer;
		struct na_life life;

		result = na_verify_old_head(h, node, &life, &tree);
		if (result)
			return result;
		if (life.seq == end && na_merkle_append_subtree(&v->hash, &tree, NA_TILE_LEVEL, node, NULL))
			return na_verify_no_hash(v);
		tree.size = life.seq;
		if (na_merkle_root(&v->hash, &tree, root))
			return na_verify_no_hash(v);
		result = na_verify_head(h, &life, root);
		if (result == 0)
			result = na_verify_step_old_heads(h);
	}
	return result;
}

static int take_tile(struct na_heads_walk *h, sqlite3_stmt *nodes)
{
	struct na_verifier *v = h->v;
	const uint8_t *node = sqlite3_step(nodes) == SQLITE_ROW ? na_verify_blob(nodes, 1, NA_HASH_BYTES) : NULL;
	struct na_merkle_tiles tiles;
	int result;

	if (!node || (uint64_t)sqlite3_column_int64(nodes, 0) != h->outer.size >> NA_TILE_LEVEL)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, h->outer.size + 1, "records %" PRIu64 " to %" PRIu64 ": pruned, but the "
				     "stored node of the tree over them is missing", h->outer.size + 1, h->outer.size + NA_TILE_ROWS);
	result = heads_in_tile(h, node);
	if (result)
		return result;
	if (na_merkle_append_subtree(&v->hash, &h->outer, NA_TILE_LEVEL, node, &tiles))
		return na_verify_no_hash(v);
	return na_verify_stored_nodes(h, &tiles, NA_TILE_LEVEL);
}

/* A signed head that has no row in old_head although its record is gone would be taken for one of a later record. */
static int check_frontier(struct na_heads_walk *h)
{
	struct na_verifier *v = h->v;
	uint8_t ours[NA_FRONTIER_BYTES], base[NA_FRONTIER_BYTES];
	size_t bytes = na_life_frontier(ours, &h->outer);

	if (bytes != na_life_frontier(base, &v->start) || memcmp(ours, base, bytes) ||
	    (v->first_seq == v->base.prune.cut &&
	     (bytes != v->base.prune.frontier_bytes || memcmp(ours, v->base.prune.frontier, bytes))))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, v->first_seq, "the stored tree below record %" PRIu64 " is not the one that "
				     "was signed", v->first_seq);
	return 0;
}

int na_verify_pruned(struct na_heads_walk *h)
{
	struct na_verifier *v = h->v;
	sqlite3_stmt *nodes = NULL;
	int result;

	if (v->first_seq == 1)
		return 0;
	result = na_verify_prepare(v, &nodes, "SELECT position, hash FROM node WHERE level = 8 ORDER BY position");
	while (result == 0 && h->outer.size < v->first_seq - 1)
		result = take_tile(h, nodes);
	sqlite3_finalize(nodes);
	return result ? result : check_frontier(h);
}
