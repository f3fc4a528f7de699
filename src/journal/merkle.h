/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RFC 9162 Merkle tree over the row hashes, as its right edge only.
 *
 * A tree of n leaves is a row of perfect trees, one per set bit of n; their roots (the frontier)
 * are enough to append and to compute the root. leaf = SHA256(0x00 || row_hash),
 * node = SHA256(0x01 || left || right), the root of no leaves is SHA256("").
 */
#ifndef NETAUDIT_JOURNAL_MERKLE_H
#define NETAUDIT_JOURNAL_MERKLE_H

#include "journal/hash.h"

#define NA_MERKLE_LEVELS 63	/* a seq is a positive 64-bit integer */
#define NA_TILE_LEVEL 8		/* nodes of levels 8, 16, ... 56 are kept for good (tree.h) */
#define NA_TILE_LEVELS 7
#define NA_TILE_ROWS (1 << NA_TILE_LEVEL)

/* node[i] is the root of the perfect tree of 2^i leaves, meaningful when bit i of `size` is set. */
struct na_merkle {
	uint64_t size;
	uint8_t node[NA_MERKLE_LEVELS][NA_HASH_BYTES];
};

/* Roots of the perfect subtrees of 2^8, 2^16, ... leaves that one leaf completed: the first `count`. */
struct na_merkle_tiles {
	unsigned int count;
	uint8_t hash[NA_TILE_LEVELS][NA_HASH_BYTES];
};

/* Starts with zeroed memory. `tiles` is filled in; NULL: not asked. Returns 0, -EOVERFLOW or -EIO. */
int na_merkle_append(struct na_hash *hash, struct na_merkle *tree, const uint8_t row_hash[NA_HASH_BYTES],
		     struct na_merkle_tiles *tiles);

/* The hash of a leaf, and of a node over two; `out` may be one of the inputs. Both return 0 or -EIO. */
int na_merkle_leaf(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], const uint8_t row_hash[NA_HASH_BYTES]);
int na_merkle_node(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], const uint8_t left[NA_HASH_BYTES],
		   const uint8_t right[NA_HASH_BYTES]);

/*
 * Appends a perfect tree of 2^level leaves; the size must be a multiple of that. The first of `tiles` is then of the
 * lowest level that is a multiple of 8 and not below `level`.
 */
int na_merkle_append_subtree(struct na_hash *hash, struct na_merkle *tree, unsigned int level,
			     const uint8_t root[NA_HASH_BYTES], struct na_merkle_tiles *tiles);

int na_merkle_root(struct na_hash *hash, const struct na_merkle *tree, uint8_t out[NA_HASH_BYTES]);

#endif
