/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the journal and the signer say to each other, one message per SOCK_SEQPACKET datagram.
 *
 * The journal asks, the signer answers every request once, echoing its number; an answer with
 * another number is stale (the asker was restarted) and is dropped. Every request may be repeated:
 *
 *	STATUS  which keys, which head was signed last; forgets rows that were sent but not signed.
 *		`origin` is pinned when the keys are made, and compared ever after.
 *	ROWS	row hashes that follow what the signer knows. Streaming them makes the signer recompute
 *		the tree itself: a head that does not extend the last one cannot even be asked for.
 *	SIGN	the head of the tree so far. Asked again for the head it signed last, it returns that note.
 *		`rotate`: that head's record names status.next_identity, which signs from the next head on.
 */
#ifndef NETAUDIT_SIGNER_PROTOCOL_H
#define NETAUDIT_SIGNER_PROTOCOL_H

#include <stdint.h>

#include "journal/merkle.h"
#include "journal/note.h"

#define NA_SIGNER_ROWS 512	/* per message: 16 KiB, far below any socket buffer */

enum na_signer_request_type { NA_SIGNER_STATUS = 1, NA_SIGNER_ROWS_FOLLOW, NA_SIGNER_SIGN };

struct na_signer_request {
	uint64_t number;
	uint32_t type;
	uint32_t count;			/* ROWS: how many; SIGN: 1: rotate */
	uint64_t size;			/* ROWS: tree size before them; SIGN: of the head */
	union {
		char origin[NA_ORIGIN_BYTES + 1];		/* STATUS */
		uint8_t row_hash[NA_SIGNER_ROWS][NA_HASH_BYTES];/* ROWS */
		uint8_t root[NA_HASH_BYTES];			/* SIGN */
	};
};

/* What the signer holds in public. Sent in answer to STATUS and SIGN. */
struct na_signer_status {
	uint8_t first_identity[NA_PUBLIC_KEY_BYTES];	/* the journal began with it */
	/* signs the next head */
	uint8_t identity[NA_PUBLIC_KEY_BYTES];
	/* the one after; same as identity: no rotation was asked for */
	uint8_t next_identity[NA_PUBLIC_KEY_BYTES];
	uint8_t first_once[NA_PUBLIC_KEY_BYTES];
	uint8_t once[NA_PUBLIC_KEY_BYTES];	/* signs the next head */
	uint8_t next_once[NA_PUBLIC_KEY_BYTES];	/* signs the one after: goes into the next head record */
	uint64_t heads;				/* signed so far */
	struct na_merkle tree;			/* of the last signed head; size 0: none */
	uint8_t note_identity[NA_PUBLIC_KEY_BYTES];	/* that signed it */
	uint32_t note_bytes;			/* of the last signed head; 0: none */
	char note[NA_NOTE_BYTES + 1];
};

struct na_signer_answer {
	uint64_t number;
	int32_t error;	/* 0, or negative errno: -EINVAL malformed, -EKEYREJECTED other origin,
			 * -ESTALE does not extend the last head */
	uint32_t reserved;
	struct na_signer_status status;
};

#endif
