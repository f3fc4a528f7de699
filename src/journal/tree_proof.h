/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inclusion and consistency proofs of RFC 9162, sections 2.1.3 and 2.1.4: made from whatever can
 * give the root of a perfect subtree, and checked with nothing but hashes.
 */
#ifndef NETAUDIT_JOURNAL_TREE_PROOF_H
#define NETAUDIT_JOURNAL_TREE_PROOF_H

#include "journal/merkle.h"

#define NA_TREE_PROOF_HASHES (NA_MERKLE_LEVELS + 1)	/* no proof is longer */

struct na_tree_proof {
	size_t count;
	uint8_t hash[NA_TREE_PROOF_HASHES][NA_HASH_BYTES];
};

/*
 * Gives the root of the perfect subtree over the leaves from `index` << `level` on, 2^level of them;
 * level 0 is a leaf hash. Returns 0 or negative errno, which then is the proof's.
 */
typedef int na_tree_node(void *context, uint64_t index, unsigned int level, uint8_t out[NA_HASH_BYTES]);

/* The root over the first `size` leaves. */
int na_tree_root(struct na_hash *hash, na_tree_node *node, void *context, uint64_t size, uint8_t out[NA_HASH_BYTES]);

/* That record `seq` (from 1) is in the tree of `size`. Returns 0, -ERANGE when it cannot be, or `node`'s errno. */
int na_tree_prove_inclusion(struct na_hash *hash, na_tree_node *node, void *context, uint64_t seq, uint64_t size,
			    struct na_tree_proof *proof);

/* That the tree of `size` begins with the tree of `old_size`; 0 < old_size <= size, else -ERANGE. */
int na_tree_prove_consistency(struct na_hash *hash, na_tree_node *node, void *context, uint64_t old_size, uint64_t size,
			      struct na_tree_proof *proof);

/* Both return 0, -EBADMSG when the proof does not prove it, or -EIO when hashing fails. */
int na_tree_check_inclusion(struct na_hash *hash, const struct na_tree_proof *proof, uint64_t seq, uint64_t size,
			    const uint8_t row_hash[NA_HASH_BYTES], const uint8_t root[NA_HASH_BYTES]);
int na_tree_check_consistency(struct na_hash *hash, const struct na_tree_proof *proof, uint64_t old_size, uint64_t size,
			      const uint8_t old_root[NA_HASH_BYTES], const uint8_t root[NA_HASH_BYTES]);

#endif
