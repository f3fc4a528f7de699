/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fewest perfect subtrees that cover a run of leaves, found as the leaves go by. */
#ifndef NETAUDIT_READER_EXPORT_COVER_H
#define NETAUDIT_READER_EXPORT_COVER_H

#include "journal/merkle.h"

#define NA_COVER_NODES (2 * NA_MERKLE_LEVELS + 1)	/* up one side and down the other */

struct na_cover {
	uint64_t next;		/* leaves before this one are passed; set it to where the run begins */
	size_t count;
	struct {
		unsigned int level;
		uint8_t root[NA_HASH_BYTES];
	} node[NA_COVER_NODES];	/* from left to right */
};

/* Adds the row at `next`. Returns 0 or -EIO. */
int na_cover_add(struct na_hash *hash, struct na_cover *cover, const uint8_t row_hash[NA_HASH_BYTES]);

#endif
