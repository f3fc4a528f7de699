/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frontier of an RFC 9162 tree: a binary counter whose digits are hashes. */
#include "journal/merkle.h"

#include <errno.h>
#include <string.h>

static const uint8_t leaf_prefix = 0x00;
static const uint8_t node_prefix = 0x01;

int na_merkle_leaf(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], const uint8_t row_hash[NA_HASH_BYTES])
{
	const struct na_hash_part parts[] = { { &leaf_prefix, 1 }, { row_hash, NA_HASH_BYTES } };

	return na_hash_parts(hash, out, parts, 2);
}

int na_merkle_node(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], const uint8_t left[NA_HASH_BYTES],
		   const uint8_t right[NA_HASH_BYTES])
{
	const struct na_hash_part parts[] = {
		{ &node_prefix, 1 }, { left, NA_HASH_BYTES }, { right, NA_HASH_BYTES }
	};

	return na_hash_parts(hash, out, parts, 3);
}

static void note_tile(struct na_merkle_tiles *tiles, unsigned int level, const uint8_t root[NA_HASH_BYTES])
{
	if (tiles && level && level % NA_TILE_LEVEL == 0 && tiles->count < NA_TILE_LEVELS)
		memcpy(tiles->hash[tiles->count++], root, NA_HASH_BYTES);
}

int na_merkle_append_subtree(struct na_hash *hash, struct na_merkle *tree, unsigned int level,
			     const uint8_t root[NA_HASH_BYTES], struct na_merkle_tiles *tiles)
{
	uint8_t carry[NA_HASH_BYTES];
	unsigned int i = level;

	if (level >= NA_MERKLE_LEVELS || (tree->size & ((UINT64_C(1) << level) - 1)))
		return -EINVAL;
	if (tiles)
		tiles->count = 0;
	memcpy(carry, root, NA_HASH_BYTES);
	note_tile(tiles, i, carry);
	for (; tree->size >> i & 1; i++) {
		int error = na_merkle_node(hash, carry, tree->node[i], carry);

		if (error)
			return error;
		note_tile(tiles, i + 1, carry);
	}
	if (i >= NA_MERKLE_LEVELS)
		return -EOVERFLOW;
	memcpy(tree->node[i], carry, NA_HASH_BYTES);
	tree->size += UINT64_C(1) << level;
	return 0;
}

int na_merkle_append(struct na_hash *hash, struct na_merkle *tree, const uint8_t row_hash[NA_HASH_BYTES],
		     struct na_merkle_tiles *tiles)
{
	uint8_t leaf[NA_HASH_BYTES];
	int error = na_merkle_leaf(hash, leaf, row_hash);

	return error ? error : na_merkle_append_subtree(hash, tree, 0, leaf, tiles);
}

int na_merkle_root(struct na_hash *hash, const struct na_merkle *tree, uint8_t out[NA_HASH_BYTES])
{
	uint8_t root[NA_HASH_BYTES];
	unsigned int i = 0;
	int error;

	if (tree->size == 0)
		return na_hash_parts(hash, out, NULL, 0);
	while (!(tree->size >> i & 1))
		i++;
	memcpy(root, tree->node[i], NA_HASH_BYTES);
	for (i++; i < NA_MERKLE_LEVELS; i++) {
		if (!(tree->size >> i & 1))
			continue;
		error = na_merkle_node(hash, root, tree->node[i], root);
		if (error)
			return error;
	}
	memcpy(out, root, NA_HASH_BYTES);
	return 0;
}
