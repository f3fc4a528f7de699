/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signed head as text: a C2SP tlog-checkpoint inside a C2SP signed-note.
 *
 *	origin
 *	tree size, decimal
 *	base64 of the root
 *	(empty line)
 *	— origin base64(key id || signature by the identity key)
 *	— origin/once base64(key id || signature by this head's one-time key)
 *
 * The signatures are Ed25519 over the first three lines, newlines included. A key id is the first
 * four bytes of SHA256(name || "\n" || 0x01 || public key).
 */
#ifndef NETAUDIT_JOURNAL_NOTE_H
#define NETAUDIT_JOURNAL_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "journal/chain.h"

#define NA_ORIGIN_BYTES 128	/* longest origin, NUL not counted */
#define NA_NOTE_BYTES 1024	/* no note is longer, NUL not counted */
#define NA_NOTE_LINES 6
#define NA_SIGNATURE_BYTES 64

enum na_note_signer { NA_NOTE_IDENTITY, NA_NOTE_ONCE, NA_NOTE_SIGNERS };

/* A note read strictly: `signed_bytes` of its start are what the signatures cover. */
struct na_note {
	char origin[NA_ORIGIN_BYTES + 1];
	uint64_t size;
	uint8_t root[NA_HASH_BYTES];
	uint8_t key_id[NA_NOTE_SIGNERS][4];
	uint8_t signature[NA_NOTE_SIGNERS][NA_SIGNATURE_BYTES];
	size_t signed_bytes;
};

/* Visible ASCII without blank or '+', at most NA_ORIGIN_BYTES long. */
bool na_origin_is_valid(const char *origin);

/* Writes the three signed lines; size from 1 to 2^63 - 1. Returns their length or -EINVAL. */
ssize_t na_note_body(char out[NA_NOTE_BYTES + 1], const char *origin, uint64_t size,
		     const uint8_t root[NA_HASH_BYTES]);

/* Adds the empty line and both signature lines to a body of `body_bytes`. Returns the note's length. */
ssize_t na_note_finish(struct na_hash *hash, char out[NA_NOTE_BYTES + 1], size_t body_bytes, const char *origin,
		       const uint8_t public_key[NA_NOTE_SIGNERS][NA_PUBLIC_KEY_BYTES],
		       const uint8_t signature[NA_NOTE_SIGNERS][NA_SIGNATURE_BYTES]);

/* Accepts only what na_note_finish() writes, byte for byte. Returns 0 or -EBADMSG. */
int na_note_read(struct na_note *note, const char *text, size_t length);

/*
 * A head as somebody kept it: with any signatures under it, at least one, which are not looked at: only origin, size
 * and root are filled in. For comparing with heads that are checked. Returns 0 or -EBADMSG.
 */
int na_note_read_kept(struct na_note *note, const char *text, size_t length);

/* Whether key id and signature are those of `public_key`. `text` is what na_note_read() read. */
bool na_note_signed_by(struct na_hash *hash, const struct na_note *note, const char *text,
		       enum na_note_signer signer, const uint8_t public_key[NA_PUBLIC_KEY_BYTES]);

#endif
