/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 over several parts, with libcrypto's digest fetched once and its context reused. */
#ifndef NETAUDIT_JOURNAL_HASH_H
#define NETAUDIT_JOURNAL_HASH_H

#include <stddef.h>
#include <stdint.h>

#include <netaudit/record.h>

/* Not thread-safe: one per thread. */
struct na_hash {
	void *context;	/* EVP_MD_CTX */
	void *digest;	/* EVP_MD; fetching it per hash costs more than hashing a row */
};

struct na_hash_part {
	const void *bytes;
	size_t length;
};

/* Returns 0 or -ENOMEM. */
int na_hash_open(struct na_hash *hash);
void na_hash_close(struct na_hash *hash);

/* `out` may be one of the parts. Returns 0 or -EIO when libcrypto fails. */
int na_hash_parts(struct na_hash *hash, uint8_t out[NA_HASH_BYTES], const struct na_hash_part *parts, size_t count);

#endif
