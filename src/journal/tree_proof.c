/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes and checks RFC 9162 proofs, iteratively, so that no size needs a deep stack. */
#include "journal/tree_proof.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* The level of the largest perfect tree that is smaller than `count` leaves; `count` > 1. */
static unsigned int split_level(uint64_t count)
{
	return 63U - (unsigned int)__builtin_clzll(count - 1);
}

/* The root over `count` leaves from `first` on. Callers only split where the RFC does, so every part is aligned. */
static int range_root(struct na_hash *hash, na_tree_node *node, void *context, uint64_t first, uint64_t count,
		      uint8_t out[NA_HASH_BYTES])
{
	uint8_t part[NA_MERKLE_LEVELS + 1][NA_HASH_BYTES];
	size_t parts = 0;
	int error;

	while (count) {
		unsigned int level = 63U - (unsigned int)__builtin_clzll(count);

		error = node(context, first >> level, level, part[parts++]);
		if (error)
			return error;
		first += UINT64_C(1) << level;
		count -= UINT64_C(1) << level;
	}
	memcpy(out, part[--parts], NA_HASH_BYTES);
	while (parts) {
		error = na_merkle_node(hash, out, part[--parts], out);
		if (error)
			return error;
	}
	return 0;
}

int na_tree_root(struct na_hash *hash, na_tree_node *node, void *context, uint64_t size, uint8_t out[NA_HASH_BYTES])
{
	return size ? range_root(hash, node, context, 0, size, out) : na_hash_parts(hash, out, NULL, 0);
}

/* The RFC lists hashes from the leaves up; they are found from the root down. */
static void reverse(struct na_tree_proof *proof)
{
	uint8_t keep[NA_HASH_BYTES];

	for (size_t i = 0; i < proof->count / 2; i++) {
		uint8_t *low = proof->hash[i], *high = proof->hash[proof->count - 1 - i];

		memcpy(keep, low, NA_HASH_BYTES);
		memcpy(low, high, NA_HASH_BYTES);
		memcpy(high, keep, NA_HASH_BYTES);
	}
}

int na_tree_prove_inclusion(struct na_hash *hash, na_tree_node *node, void *context, uint64_t seq, uint64_t size,
			    struct na_tree_proof *proof)
{
	uint64_t first = 0, count = size, leaf = seq - 1;

	proof->count = 0;
	if (seq == 0 || seq > size || size > INT64_MAX)
		return -ERANGE;
	while (count > 1) {
		uint64_t left = UINT64_C(1) << split_level(count);
		bool in_left = leaf - first < left;
		int error = in_left ? range_root(hash, node, context, first + left, count - left, proof->hash[proof->count]) :
				      range_root(hash, node, context, first, left, proof->hash[proof->count]);

		if (error)
			return error;
		proof->count++;
		first += in_left ? 0 : left;
		count = in_left ? left : count - left;
	}
	reverse(proof);
	return 0;
}

int na_tree_prove_consistency(struct na_hash *hash, na_tree_node *node, void *context, uint64_t old_size, uint64_t size,
			      struct na_tree_proof *proof)
{
	uint64_t first = 0, count = size, old = old_size;
	int error = 0;

	proof->count = 0;
	if (old_size == 0 || old_size > size || size > INT64_MAX)
		return -ERANGE;
	while (old < count && error == 0) {
		uint64_t left = UINT64_C(1) << split_level(count);
		bool in_left = old <= left;

		error = in_left ? range_root(hash, node, context, first + left, count - left, proof->hash[proof->count++]) :
				  range_root(hash, node, context, first, left, proof->hash[proof->count++]);
		old -= in_left ? 0 : left;
		first += in_left ? 0 : left;
		count = in_left ? left : count - left;
	}
	/* the old tree itself is known to whoever checks, unless only its right end is what remains */
	if (error == 0 && first)
		error = range_root(hash, node, context, first, count, proof->hash[proof->count++]);
	reverse(proof);
	return error;
}

/* A path to the root: place among the nodes of a level, and place of its last node. */
struct path {
	uint64_t place, last;
};

static bool has_left_sibling(const struct path *path)
{
	return (path->place & 1) || path->place == path->last;
}

/* One level, and over those where the last node has no sibling. */
static void rise(struct path *path)
{
	bool left = has_left_sibling(path);

	for (; left && !(path->place & 1) && path->place; path->last >>= 1)
		path->place >>= 1;
	path->place >>= 1;
	path->last >>= 1;
}

/* A hash from above: on the left where the path has a sibling there, on the right otherwise. */
static int climb(struct na_hash *hash, uint8_t at[NA_HASH_BYTES], const uint8_t with[NA_HASH_BYTES], bool left)
{
	return left ? na_merkle_node(hash, at, with, at) : na_merkle_node(hash, at, at, with);
}

int na_tree_check_inclusion(struct na_hash *hash, const struct na_tree_proof *proof, uint64_t seq, uint64_t size,
			    const uint8_t row_hash[NA_HASH_BYTES], const uint8_t root[NA_HASH_BYTES])
{
	uint8_t at[NA_HASH_BYTES];
	struct path path = { seq - 1, size - 1 };
	int error;

	if (seq == 0 || seq > size || proof->count > NA_TREE_PROOF_HASHES)
		return -EBADMSG;
	error = na_merkle_leaf(hash, at, row_hash);
	for (size_t i = 0; i < proof->count && error == 0; i++) {
		if (path.last == 0)
			return -EBADMSG;
		error = climb(hash, at, proof->hash[i], has_left_sibling(&path));
		rise(&path);
	}
	if (error)
		return error;
	return path.last == 0 && memcmp(at, root, NA_HASH_BYTES) == 0 ? 0 : -EBADMSG;
}

int na_tree_check_consistency(struct na_hash *hash, const struct na_tree_proof *proof, uint64_t old_size, uint64_t size,
			      const uint8_t old_root[NA_HASH_BYTES], const uint8_t root[NA_HASH_BYTES])
{
	uint8_t old_at[NA_HASH_BYTES], at[NA_HASH_BYTES];
	struct path path = { old_size - 1, size - 1 };
	size_t next = 0;
	int error = 0;

	if (old_size == 0 || old_size > size || proof->count > NA_TREE_PROOF_HASHES)
		return -EBADMSG;
	if (old_size == size)
		return proof->count == 0 && memcmp(old_root, root, NA_HASH_BYTES) == 0 ? 0 : -EBADMSG;
	for (; path.place & 1; path.last >>= 1)
		path.place >>= 1;
	/* a whole left tree is its own start; otherwise the proof begins with one */
	if (path.place && proof->count == 0)
		return -EBADMSG;
	memcpy(at, path.place ? proof->hash[next++] : old_root, NA_HASH_BYTES);
	memcpy(old_at, at, NA_HASH_BYTES);
	for (; next < proof->count && error == 0; next++) {
		bool left = has_left_sibling(&path);

		if (path.last == 0)
			return -EBADMSG;
		error = climb(hash, at, proof->hash[next], left);
		if (error == 0 && left)
			error = climb(hash, old_at, proof->hash[next], true);
		rise(&path);
	}
	if (error)
		return error;
	if (path.last || memcmp(old_at, old_root, NA_HASH_BYTES))
		return -EBADMSG;
	return memcmp(at, root, NA_HASH_BYTES) ? -EBADMSG : 0;
}
