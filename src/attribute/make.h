/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes attributions out of verdicts. All return NULL when out of memory; one holder, the caller. */
#ifndef NETAUDIT_ATTRIBUTE_MAKE_H
#define NETAUDIT_ATTRIBUTE_MAKE_H

#include <openssl/evp.h>

#include "attribute/frames.h"

struct na_attribution *na_make_attribution(const struct na_verdict *verdict);
/* The author of what started this one, its database, and what was seen of it then. */
struct na_attribution *na_make_inherited(const struct na_attribution *parent, enum na_evidence_kind evidence);
/* Another like it, for one holder. */
struct na_attribution *na_make_copy(const struct na_attribution *attribution);
/* The controller that a request was handled by. */
struct na_attribution *na_make_route(const struct na_statement *controller);

struct na_digest_slot;

struct na_digest {
	EVP_MD *sha256;
	EVP_MD_CTX *context;
	struct na_digest_slot *slots;	/* of stacks that were met before: a bounded number, by a hash of their code */
	uint64_t generation;		/* slots of an older one are not believed */
};

int na_digest_open(struct na_digest *digest);	/* 0 or -ENOMEM; to be closed in both cases */
void na_digest_close(struct na_digest *digest);

/* Over "FILE\0FUNCTION\0LINE\0" of each Python frame. One that was not described is three empty texts. */
void na_digest_frames(struct na_digest *digest, struct na_attribution *attribution, const struct na_frames *frames);
/* A code object that was known has another description now. */
void na_digest_forget(struct na_digest *digest);

#endif
