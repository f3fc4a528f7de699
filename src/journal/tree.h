/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the RFC 9162 tree over all records ever appended, pruned ones included.
 *
 * Node (level, position) is the root of the perfect subtree over records position * 2^level + 1 to
 * (position + 1) * 2^level; level 0 is a leaf. Where a node comes from:
 *
 *	levels 0 to 7	from the row hashes of its records; once they are pruned, only where it lies on or
 *			beside the way from the head record of an old head (table `old_head`) to its node of level 8
 *	levels 8 up	from the table `node`, which keeps levels 8, 16, ... 56 for good
 *
 * So after pruning every head that was ever signed still has its frontier, its consistency with
 * every other head, and the inclusion of its head record. Nothing here is verified: whoever proves
 * something with a node ends at a signed root.
 */
#ifndef NETAUDIT_JOURNAL_TREE_H
#define NETAUDIT_JOURNAL_TREE_H

#include <sqlite3.h>

#include "journal/merkle.h"

#define NA_PATH_BYTES (NA_TILE_LEVEL * NA_HASH_BYTES)	/* siblings of levels 0 to 7, from a leaf upwards */

struct na_tree {
	sqlite3 *db;
	sqlite3_stmt *nodes, *rows, *old_heads;
	struct na_hash hash;
};

/*
 * `db` stays the caller's; within one transaction all answers are of one journal. 0 or negative errno.
 * Not thread-safe. May be closed after a failed open.
 */
int na_tree_open(struct na_tree *tree, sqlite3 *db);
void na_tree_close(struct na_tree *tree);

/*
 * Node (level, position) of the struct na_tree that `tree` is: fits tree_proof.h as its na_tree_node.
 * Returns 0; -ENOENT when the node is not there (pruned, or past the newest record); -EBADMSG when a row is not what a
 * journal holds; -EINVAL, -EIO, -EBUSY.
 */
int na_tree_read(void *tree, uint64_t position, unsigned int level, uint8_t out[NA_HASH_BYTES]);

/* The tree of the first `size` records: for a head, for a cut, for appending. Errors as above. */
int na_tree_frontier(struct na_tree *tree, uint64_t size, struct na_merkle *out);

/* The root of the first `size` records. */
int na_tree_read_root(struct na_tree *tree, uint64_t size, uint8_t out[NA_HASH_BYTES]);

/* The siblings of leaf `seq` (a record's number) of levels 0 to 7: NA_PATH_BYTES. */
int na_tree_path(struct na_tree *tree, uint64_t seq, uint8_t path[NA_PATH_BYTES]);

/*
 * What a path leads to: the node of level 8 over record `seq` with this row hash. Pure: needs no database. With
 * `frontier`, also the nodes below level 8 of the tree of the first `seq` records (at their levels; those of bits that
 * are not set are left alone).
 */
int na_tree_climb(struct na_hash *hash, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES],
		  const uint8_t path[NA_PATH_BYTES], uint8_t out[NA_HASH_BYTES], struct na_merkle *frontier);

#endif
