/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * SipHash-2-4 with a result of 128 bits (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), as a stream: the
 * result does not depend on how the input was cut. For little-endian machines. Between two pieces at most 7 bytes of
 * input are kept.
 */
#ifndef NETAUDIT_BPF_SIPHASH_H
#define NETAUDIT_BPF_SIPHASH_H

struct na_siphash {
	__u64 v0, v1, v2, v3;
	__u64 tail;		/* input that does not fill a word yet, first byte lowest */
	__u64 bytes;		/* of input so far */
};

#define NA_ROTATE(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))

static __always_inline void na_sip_round(struct na_siphash *hash)
{
	hash->v0 += hash->v1;
	hash->v1 = NA_ROTATE(hash->v1, 13) ^ hash->v0;
	hash->v0 = NA_ROTATE(hash->v0, 32);
	hash->v2 += hash->v3;
	hash->v3 = NA_ROTATE(hash->v3, 16) ^ hash->v2;
	hash->v0 += hash->v3;
	hash->v3 = NA_ROTATE(hash->v3, 21) ^ hash->v0;
	hash->v2 += hash->v1;
	hash->v1 = NA_ROTATE(hash->v1, 17) ^ hash->v2;
	hash->v2 = NA_ROTATE(hash->v2, 32);
}

static __always_inline void na_sip_begin(struct na_siphash *hash, const __u64 key[2])
{
	hash->v0 = 0x736f6d6570736575ULL ^ key[0];
	hash->v1 = 0x646f72616e646f6dULL ^ key[1] ^ 0xee;
	hash->v2 = 0x6c7967656e657261ULL ^ key[0];
	hash->v3 = 0x7465646279746573ULL ^ key[1];
	hash->tail = 0;
	hash->bytes = 0;
}

static __always_inline void na_sip_compress(struct na_siphash *hash, __u64 word)
{
	hash->v3 ^= word;
	na_sip_round(hash);
	na_sip_round(hash);
	hash->v0 ^= word;
}

/* What of a word does not fit behind `filled` bits; without a branch, which a verifier would follow at every turn. */
static __always_inline __u64 na_sip_rest(__u64 word, __u32 filled)
{
	return word >> 1 >> (63 - filled);
}

/* The next 8 bytes. */
static __always_inline void na_sip_word(struct na_siphash *hash, __u64 word)
{
	__u32 filled = (hash->bytes & 7) * 8;

	hash->bytes += 8;
	na_sip_compress(hash, hash->tail | word << filled);
	hash->tail = na_sip_rest(word, filled);
}

/* The next 0 to 7 bytes: the low ones of `word`, whose others must be 0. */
static __always_inline void na_sip_part(struct na_siphash *hash, __u64 word, __u32 count)
{
	__u32 before = hash->bytes & 7;

	hash->bytes += count;
	hash->tail |= word << before * 8;
	if (before + count < 8)
		return;
	na_sip_compress(hash, hash->tail);
	hash->tail = na_sip_rest(word, before * 8);
}

static __always_inline void na_sip_end(struct na_siphash *hash, __u64 result[2])
{
	na_sip_compress(hash, hash->tail | hash->bytes << 56);
	hash->v2 ^= 0xee;
	for (int i = 0; i < 4; i++)
		na_sip_round(hash);
	result[0] = hash->v0 ^ hash->v1 ^ hash->v2 ^ hash->v3;
	hash->v1 ^= 0xdd;
	for (int i = 0; i < 4; i++)
		na_sip_round(hash);
	result[1] = hash->v0 ^ hash->v1 ^ hash->v2 ^ hash->v3;
}

#endif
