/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signed heads, from the journal's side: what to ask the signer, in which order to make it durable.
 *
 *	append `head` record -> COMMIT -> sign -> anchors.log, fdatasync -> checkpoint row
 *
 * Nothing is signed that is not durable. A crash between any two steps is finished by
 * na_heads_settle() at the next start: the signer gives the same note again.
 */
#ifndef NETAUDIT_JOURNAL_HEADS_H
#define NETAUDIT_JOURNAL_HEADS_H

#include "journal/anchors.h"
#include "journal/store.h"
#include "signer/protocol.h"

struct na_heads {
	int signer_fd;
	uint64_t request;		/* number of the last one */
	struct na_signer_status signer;	/* as of the last answer */
	struct na_anchors anchors;
};

/*
 * Asks the signer for its status under `origin`. Returns 0, -ETIMEDOUT, -EPIPE, -EKEYREJECTED (the
 * keys sign for another origin) or another negative errno.
 */
int na_heads_open(struct na_heads *heads, int signer_fd, const char *origin, struct na_error *error);
void na_heads_close(struct na_heads *heads);

/* Brings journal, anchors.log and signer to the same head after a crash. The store is resumed already. */
int na_heads_settle(struct na_heads *heads, struct na_store *store, struct na_error *error);

/* One whole head over everything appended so far, the head record included. `config` may be NULL. */
int na_heads_make(struct na_heads *heads, struct na_store *store, const char *config, struct na_error *error);

#endif
