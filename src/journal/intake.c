/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the queue into the batch: nothing is believed, nothing is taken twice. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/canonical.h"
#include "journal/work.h"

static const struct {
	const char *name;
	bool from_observer;
} kinds[] = {
#define X(symbol, kind, writer, text) { kind, sizeof(writer) == sizeof("observer") },
	NA_RECORD_KINDS(X)
#undef X
};

_Static_assert(sizeof("observer") != sizeof("journal"), "writers are told apart by length");

static bool kind_is(const char *kind, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(kind, name, length) == 0;
}

/* Why a body is not a record the observer may write; NULL when it is one. */
static const char *refusal(const void *body, size_t body_bytes, bool *is_heartbeat)
{
	uint8_t nonce[NA_NONCE_BYTES];
	const char *kind;
	size_t length;
	int64_t time;

	if (na_canonical_check(body, body_bytes, NULL))
		return "not canonical";
	if (na_canonical_find_text(body, body_bytes, "kind", &kind, &length) ||
	    na_canonical_find_hex(body, body_bytes, "nonce", nonce, sizeof(nonce)) ||
	    na_canonical_find_integer(body, body_bytes, "t", &time) ||
	    na_canonical_find_integer(body, body_bytes, "tb", &time))
		return "without kind, nonce, t or tb";
	*is_heartbeat = kind_is(kind, length, "heartbeat");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].from_observer && kind_is(kind, length, kinds[i].name))
			return NULL;
	return "of a kind the observer does not write";
}

int na_journal_write(struct na_journal *journal, const void *body, ssize_t body_bytes)
{
	int result = 0;

	if (body_bytes < 0)
		return na_error_set(&journal->error, (int)body_bytes, "cannot write a record: %s", strerror((int)-body_bytes));
	if (!journal->open) {
		result = na_store_begin(&journal->store, &journal->error);
		if (result)
			return result;
		journal->open = true;
		journal->batch_began_ns = na_boottime_ns();
	}
	result = na_store_append(&journal->store, body, (size_t)body_bytes, &journal->error);
	if (result)
		return result;
	journal->batched++;
	journal->records_since_head++;
	journal->worth_a_head = true;
	return 0;
}

static int remember_row(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
			size_t body_bytes)
{
	struct na_journal *journal = context;

	(void)seq, (void)row_hash;
	if (journal->nonce_count < NA_COMMITTED_NONCES &&
	    na_canonical_find_hex(body, body_bytes, "nonce", journal->nonces[journal->nonce_count], NA_NONCE_BYTES) == 0)
		journal->nonce_count++;
	return 0;
}

int na_journal_remember(struct na_journal *journal)
{
	uint64_t newest = journal->store.seq;

	journal->nonces = calloc(NA_COMMITTED_NONCES, NA_NONCE_BYTES);
	if (!journal->nonces)
		return na_error_set(&journal->error, -ENOMEM, "no memory");
	return na_store_rows_from(&journal->store, newest > NA_COMMITTED_NONCES ? newest - NA_COMMITTED_NONCES + 1 : 1,
				  remember_row, journal, &journal->error);
}

/*
 * Whether this frame was committed before a restart. Frames leave the queue in order, so the first
 * one that was not committed ends the search for good.
 */
static bool was_committed(struct na_journal *journal, const void *body, size_t body_bytes)
{
	uint8_t nonce[NA_NONCE_BYTES];

	if (!journal->nonces)
		return false;
	if (na_canonical_check(body, body_bytes, NULL) == 0 &&
	    na_canonical_find_hex(body, body_bytes, "nonce", nonce, sizeof(nonce)) == 0)
		for (size_t i = journal->nonce_count; i > 0; i--)
			if (memcmp(journal->nonces[i - 1], nonce, sizeof(nonce)) == 0)
				return true;
	free(journal->nonces);
	journal->nonces = NULL;
	return false;
}

/* Nothing behind a broken frame can be found any more: what the queue held is given up, and said so. */
static void skip_broken_queue(struct na_journal *journal)
{
	uint64_t tail = na_queue_tail(journal->context->queue);

	journal->cursor = tail + na_queue_used_bytes(journal->context->queue);
	journal->refused++;
	journal->refused_cause = "the queue was damaged: the records in it are lost";
	na_log_error("%s", journal->refused_cause);
}

int na_journal_intake(struct na_journal *journal)
{
	const void *body;
	uint32_t body_bytes;
	int result = 0;

	journal->queue_empty = false;
	while (result == 0 && journal->batched < journal->context->commit_records) {
		bool is_heartbeat = false, had_worth = journal->worth_a_head;
		const char *cause;
		int next = na_queue_next(journal->context->queue, &journal->cursor, &body, &body_bytes);

		if (next < 0) {
			skip_broken_queue(journal);
			break;
		}
		if (next == 0) {
			journal->queue_empty = true;
			break;
		}
		if (was_committed(journal, body, body_bytes))
			continue;
		cause = refusal(body, body_bytes, &is_heartbeat);
		if (cause) {
			journal->refused++;
			journal->refused_cause = cause;
			continue;
		}
		result = na_journal_write(journal, body, (ssize_t)body_bytes);
		if (is_heartbeat)
			journal->worth_a_head = had_worth;
	}
	return result;
}
