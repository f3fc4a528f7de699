/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joins two neighbours of one size whenever together they are a perfect subtree of the whole tree. */
#include "reader/export_cover.h"

int na_cover_add(struct na_hash *hash, struct na_cover *cover, const uint8_t row_hash[NA_HASH_BYTES])
{
	size_t top = cover->count;
	int error = na_merkle_leaf(hash, cover->node[top].root, row_hash);

	cover->node[top].level = 0;
	cover->next++;
	while (error == 0 && top > 0 && cover->node[top - 1].level == cover->node[top].level &&
	       !(cover->next & ((UINT64_C(2) << cover->node[top].level) - 1))) {
		top--;
		error = na_merkle_node(hash, cover->node[top].root, cover->node[top].root, cover->node[top + 1].root);
		cover->node[top].level++;
	}
	cover->count = top + 1;
	return error;
}
