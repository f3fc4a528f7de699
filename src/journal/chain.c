/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formulas of the chain; each has its own prefix, so that no hash can stand for another. */
#include "journal/chain.h"

#include <string.h>

#define GENESIS "netaudit/genesis/v1\n"
#define ROW "netaudit/row/v1\n"
#define FINGERPRINT "netaudit/fingerprint/v1\n"

int na_chain_genesis(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], const char *origin,
		     const uint8_t identity[NA_PUBLIC_KEY_BYTES], const uint8_t first_once[NA_PUBLIC_KEY_BYTES])
{
	const struct na_hash_part parts[] = {
		{ GENESIS, sizeof(GENESIS) - 1 },
		{ origin, strlen(origin) },
		{ identity, NA_PUBLIC_KEY_BYTES },
		{ first_once, NA_PUBLIC_KEY_BYTES },
	};

	return na_hash_parts(hash, out, parts, 4);
}

int na_chain_row(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], uint64_t seq,
		 const uint8_t previous[NA_HASH_BYTES], const void *body, size_t body_bytes)
{
	uint8_t prefix[sizeof(ROW) - 1 + sizeof(seq) + NA_HASH_BYTES];
	uint8_t *p = prefix + sizeof(ROW) - 1;

	memcpy(prefix, ROW, sizeof(ROW) - 1);
	for (int shift = 56; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(seq >> shift);
	memcpy(p, previous, NA_HASH_BYTES);

	const struct na_hash_part parts[] = { { prefix, sizeof(prefix) }, { body, body_bytes } };

	return na_hash_parts(hash, out, parts, 2);
}

int na_chain_fingerprint(struct na_hash *hash, uint8_t out[NA_HASH_BYTES],
			 const uint8_t identity[NA_PUBLIC_KEY_BYTES], const uint8_t first_once[NA_PUBLIC_KEY_BYTES])
{
	const struct na_hash_part parts[] = {
		{ FINGERPRINT, sizeof(FINGERPRINT) - 1 },
		{ identity, NA_PUBLIC_KEY_BYTES },
		{ first_once, NA_PUBLIC_KEY_BYTES },
	};

	return na_hash_parts(hash, out, parts, 3);
}
