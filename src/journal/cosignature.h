/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a witness puts under a head: a cosignature/v1 of C2SP tlog-cosignature, which says that at some time this
 * head was the largest consistent one the witness knew of this journal.
 *
 *	— NAME base64(key id || be64(time) || Ed25519 signature of "cosignature/v1\ntime TIME\n" and the head's three lines)
 *
 * Key id: the first four bytes of SHA256(NAME || "\n" || 0x04 || public key).
 */
#ifndef NETAUDIT_JOURNAL_COSIGNATURE_H
#define NETAUDIT_JOURNAL_COSIGNATURE_H

#include "journal/note.h"

#define NA_WITNESS_NAME_BYTES 128
#define NA_COSIGNATURE_BYTES 76		/* key id, time, signature */
#define NA_COSIGNATURE_LINE_BYTES 256	/* no line is longer */

struct na_witness {
	char name[NA_WITNESS_NAME_BYTES + 1];
	uint8_t key[NA_PUBLIC_KEY_BYTES];
	uint8_t key_id[4];
};

struct na_cosignature {
	char name[NA_WITNESS_NAME_BYTES + 1];
	uint8_t bytes[NA_COSIGNATURE_BYTES];
};

/* A verifier key as witnesses publish it: NAME+KEYID+BASE64 (0x04 || key). Returns 0 or -EBADMSG. */
int na_witness_read(struct na_witness *witness, struct na_hash *hash, const char *text);

/* The line without its newline, "— NAME BASE64"; one spelling only. Returns 0 or -EBADMSG. */
int na_cosignature_read(struct na_cosignature *cosignature, const char *line, size_t bytes);

/* Writes what na_cosignature_read() takes. */
void na_cosignature_write(char out[NA_COSIGNATURE_LINE_BYTES], const struct na_cosignature *cosignature);

/* Whether it is under this witness's name and key; says nothing of the signature. */
bool na_cosignature_is_of(const struct na_cosignature *cosignature, const struct na_witness *witness);

/* Whether it is the witness's over the first `signed_bytes` of a note. */
bool na_cosignature_check(const struct na_cosignature *cosignature, const struct na_witness *witness, const char *note,
			  size_t signed_bytes);

/* When the witness saw it, seconds since 1970. */
uint64_t na_cosignature_time(const struct na_cosignature *cosignature);

#endif
