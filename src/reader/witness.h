/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conversation with a witness, carried by hand: what to ask it (C2SP tlog-witness), and its cosignatures kept in
 * witness.log beside the journal, one per line: SIZE, a blank, the cosignature's line.
 */
#ifndef NETAUDIT_READER_WITNESS_H
#define NETAUDIT_READER_WITNESS_H

#include "base/error.h"
#include "journal/cosignature.h"

#define NA_WITNESS_FILE "witness.log"
#define NA_REQUEST_BYTES 8192	/* "old", 63 hashes, a note */

struct na_kept_cosignature {
	uint64_t size;		/* of the head it is for */
	struct na_cosignature cosignature;
};

struct na_kept_cosignatures {
	size_t count;
	struct na_kept_cosignature *kept;	/* ascending size */
};

/*
 * Reads witness.log in `directory`; a missing one is empty. Returns 0, -EBADMSG (a line is no cosignature), or another
 * negative errno. na_kept_free() either way.
 */
int na_kept_read(struct na_kept_cosignatures *all, const char *directory);
void na_kept_free(struct na_kept_cosignatures *all);

/*
 * The body of an add-checkpoint request for the newest head: what a witness that last saw the tree of `old_size`
 * (0: never) needs. Returns its length, or with one line in `error` a negative errno: -ENODATA (no head), -ERANGE (no
 * such old head).
 */
ssize_t na_witness_request(const char *directory, uint64_t old_size, char out[NA_REQUEST_BYTES],
			   struct na_error *error);

/*
 * Looks in `text` (a witness's answer: lines) for cosignatures of `witness` over a head of the journal and adds those
 * that are new to witness.log. Returns how many were right, -EBADMSG (one is over none of the newest heads), -ENOENT
 * (none of this witness), or another negative errno; `size` is that of the newest head cosigned.
 */
int na_witness_accept(const char *directory, const struct na_witness *witness, const char *text, size_t bytes,
		      uint64_t *size, struct na_error *error);

#endif
