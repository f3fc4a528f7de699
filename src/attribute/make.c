// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies what a verdict says into something that outlives the stack it was about. */
#include "attribute/make.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct na_attribution *na_make_attribution(const struct na_verdict *verdict)
{
	struct na_attribution *attribution = calloc(1, sizeof(*attribution));

	if (!attribution)
		return NULL;
	attribution->author = verdict->author;
	attribution->evidence = verdict->author == NA_AUTHOR_UNKNOWN ? NA_EVIDENCE_NONE : verdict->evidence;
	attribution->reason = verdict->author == NA_AUTHOR_UNKNOWN ? verdict->reason : NULL;
	attribution->addon = verdict->author == NA_AUTHOR_ADDON ? verdict->addon : NULL;
	memcpy(attribution->chain, verdict->chain, sizeof(attribution->chain));
	attribution->chain_count = verdict->chain_count;
	attribution->chain_truncated = verdict->chain_truncated;
	attribution->disagree = verdict->disagree;
	attribution->holders = 1;
	return attribution;
}

struct na_attribution *na_make_copy(const struct na_attribution *original)
{
	struct na_attribution *attribution = malloc(sizeof(*attribution));

	if (!attribution)
		return NULL;
	*attribution = *original;
	attribution->holders = 1;
	attribution->file = original->file ? strdup(original->file) : NULL;
	attribution->function = original->function ? strdup(original->function) : NULL;
	attribution->resolved = original->resolved ? strdup(original->resolved) : NULL;
	return attribution;
}

struct na_attribution *na_make_inherited(const struct na_attribution *parent, enum na_evidence_kind evidence)
{
	struct na_attribution *attribution = na_make_copy(parent);

	if (!attribution)
		return NULL;
	attribution->evidence = evidence;
	if (attribution->database.name)
		attribution->database.evidence = evidence == NA_EVIDENCE_THREAD_PARENT ? NA_DATABASE_THREAD_PARENT :
											 NA_DATABASE_PROCESS_PARENT;
	free(attribution->resolved);
	attribution->resolved = NULL;	/* that one's thread asked for it */
	return attribution;
}

struct na_attribution *na_make_route(const struct na_statement *controller)
{
	const struct na_verdict verdict = {
		.author = controller->says == NA_SAYS_ADDON ? NA_AUTHOR_ADDON : NA_AUTHOR_ODOO,
		.evidence = NA_EVIDENCE_ROUTE,
		.addon = controller->addon,
		.chain = { controller->addon },
		.chain_count = 1,
		.disagree = controller->disagree,
	};

	return na_make_attribution(&verdict);
}

#define SLOTS 512	/* a power of two; 400 KiB */

/* Ids of code objects are never used again, and a frame without a description counts as 0. */
struct na_digest_slot {
	uint64_t generation;
	uint32_t count;
	uint8_t digest[32];
	uint64_t code[NA_STACK_FRAMES];
};

int na_digest_open(struct na_digest *digest)
{
	digest->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	digest->context = EVP_MD_CTX_new();
	digest->slots = calloc(SLOTS, sizeof(*digest->slots));
	digest->generation = 1;
	return digest->sha256 && digest->context && digest->slots ? 0 : -ENOMEM;
}

void na_digest_close(struct na_digest *digest)
{
	EVP_MD_CTX_free(digest->context);
	EVP_MD_free(digest->sha256);
	free(digest->slots);
}

void na_digest_forget(struct na_digest *digest)
{
	digest->generation++;
}

/* Which code the Python frames run; returns how many they are. */
static uint32_t code_of_frames(uint64_t code[NA_STACK_FRAMES], const struct na_frames *frames)
{
	uint32_t count = 0;

	for (size_t i = 0; i < frames->count && count < NA_STACK_FRAMES; i++)
		if (!(frames->view[i].statement->traits & NA_TRAIT_NATIVE))
			code[count++] = frames->code[i] ? frames->code[i]->id : 0;
	return count;
}

/* The one slot that a stack like this can be in. */
static struct na_digest_slot *slot_of(const struct na_digest *digest, const uint64_t *code, uint32_t count)
{
	uint64_t value = count;

	for (uint32_t i = 0; i < count; i++)
		value = (value ^ code[i]) * 0x9e3779b97f4a7c15;
	return &digest->slots[value >> 32 & (SLOTS - 1)];
}

static void compute(const struct na_digest *digest, uint8_t out[32], const struct na_frames *frames)
{
	EVP_DigestInit_ex2(digest->context, digest->sha256, NULL);
	for (size_t i = 0; i < frames->count; i++) {
		const struct na_known_code *code = frames->code[i];
		char line[16] = "";

		if (frames->view[i].statement->traits & NA_TRAIT_NATIVE)
			continue;
		if (code) {
			snprintf(line, sizeof(line), "%" PRIu32, code->first_line);
			EVP_DigestUpdate(digest->context, code->file, strlen(code->file));
		}
		EVP_DigestUpdate(digest->context, "", 1);
		if (code)
			EVP_DigestUpdate(digest->context, code->function, strlen(code->function));
		EVP_DigestUpdate(digest->context, "", 1);
		EVP_DigestUpdate(digest->context, line, strlen(line) + 1);
	}
	EVP_DigestFinal_ex(digest->context, out, NULL);
}

void na_digest_frames(struct na_digest *digest, struct na_attribution *attribution, const struct na_frames *frames)
{
	uint64_t code[NA_STACK_FRAMES];
	uint32_t count = code_of_frames(code, frames);
	struct na_digest_slot *slot = slot_of(digest, code, count);

	attribution->frames = (uint32_t)frames->python;
	if (slot->generation != digest->generation || slot->count != count ||
	    memcmp(slot->code, code, count * sizeof(*code)) != 0) {
		compute(digest, slot->digest, frames);
		memcpy(slot->code, code, count * sizeof(*code));
		slot->count = count;
		slot->generation = digest->generation;
	}
	memcpy(attribution->stack_digest, slot->digest, sizeof(slot->digest));
}
