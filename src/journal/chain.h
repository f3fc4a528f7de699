/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash chain: what ties each row to the one before it and the first to the keys. */
#ifndef NETAUDIT_JOURNAL_CHAIN_H
#define NETAUDIT_JOURNAL_CHAIN_H

#include "journal/hash.h"

#define NA_PUBLIC_KEY_BYTES 32	/* Ed25519 */

/* SHA256("netaudit/genesis/v1\n" || origin || identity key || first one-time key). 0 or negative errno. */
int na_chain_genesis(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], const char *origin,
		     const uint8_t identity[NA_PUBLIC_KEY_BYTES], const uint8_t first_once[NA_PUBLIC_KEY_BYTES]);

/* SHA256("netaudit/row/v1\n" || be64(seq) || previous || body). `out` may be `previous`. */
int na_chain_row(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], uint64_t seq,
		 const uint8_t previous[NA_HASH_BYTES], const void *body, size_t body_bytes);

/* What people write down: SHA256("netaudit/fingerprint/v1\n" || identity key || first one-time key). */
int na_chain_fingerprint(struct na_hash *hash, uint8_t out[NA_HASH_BYTES],
			 const uint8_t identity[NA_PUBLIC_KEY_BYTES], const uint8_t first_once[NA_PUBLIC_KEY_BYTES]);

#endif
