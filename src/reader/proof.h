/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks one row where it stands: its hash from the row before, and the signed head over it.
 *
 * This is what can be said of a row without reading the whole journal; `verify` says the rest.
 */
#ifndef NETAUDIT_READER_PROOF_H
#define NETAUDIT_READER_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/note.h"
#include "reader/query.h"

/* Whose journal it is, from its meta table: only a fingerprint from outside vouches for that. 0 or negative errno. */
int na_query_whose(struct na_query *query, char origin[NA_ORIGIN_BYTES + 1], uint8_t identity[NA_PUBLIC_KEY_BYTES],
		   uint8_t first_once[NA_PUBLIC_KEY_BYTES]);

struct na_row_proof {
	unsigned char previous[NA_HASH_BYTES];	/* hash of the row before; of the genesis for row 1 */
	unsigned char computed[NA_HASH_BYTES];
	bool equal;				/* computed and stored hash are the same */
	int64_t head_size;			/* rows under the oldest head that covers the row; 0: none */
	int64_t head_wall_us;			/* when that head was asked for; -1: not known */
};

/*
 * `body` and `row_hash` are row `seq` as stored. Returns 0, -ENOENT when the row before is not there
 * (pruned, or deleted: `verify` can tell), or another negative errno.
 */
int na_row_proof(struct na_query *query, int64_t seq, const void *body, size_t body_bytes,
		 const unsigned char row_hash[NA_HASH_BYTES], struct na_row_proof *proof);

#endif
