/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes up an existing journal at its end: every row the last signed head does not cover is checked. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "journal/canonical.h"
#include "journal/schema.h"
#include "journal/store.h"

struct tail {
	struct na_store *store;
	struct na_error *error;
	bool found;	/* the last signed row */
};

static int bad_row(struct na_error *error, uint64_t seq, const char *why)
{
	return na_error_set(error, -EBADMSG, "record %" PRIu64 " after the last signed head does not verify: %s", seq, why);
}

static int check_row(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
		     size_t body_bytes)
{
	struct tail *tail = context;
	struct na_store *store = tail->store;
	uint8_t wanted[NA_HASH_BYTES];
	int result;

	if (!tail->found && seq == store->seq) {	/* only its hash is taken up */
		memcpy(store->row_hash, row_hash, NA_HASH_BYTES);
		tail->found = true;
		return 0;
	}
	if (!tail->found || seq != store->seq + 1)
		return bad_row(tail->error, store->seq + 1, "it is missing");
	if (na_canonical_check(body, body_bytes, NULL))
		return bad_row(tail->error, seq, "its bytes are not canonical");
	result = na_chain_row(&store->hash, wanted, seq, store->row_hash, body, body_bytes);
	if (result)
		return na_error_set(tail->error, result, "cannot hash record %" PRIu64, seq);
	if (memcmp(wanted, row_hash, NA_HASH_BYTES))
		return bad_row(tail->error, seq, "its hash is not that of its bytes and the row before");
	store->seq = seq;
	memcpy(store->row_hash, row_hash, NA_HASH_BYTES);
	return na_merkle_append(&store->hash, &store->tree, row_hash, NULL);
}

/* The newest head in the database, if any, must be a note we can read. */
static int read_last_checkpoint(struct na_store *store, struct na_error *error)
{
	sqlite3_stmt *statement = store->statement[NA_STORE_LAST_CHECKPOINT];
	struct na_note note;
	int result = 0, step = sqlite3_step(statement);

	if (step == SQLITE_ROW) {
		const char *text = sqlite3_column_blob(statement, 1);
		size_t bytes = (size_t)sqlite3_column_bytes(statement, 1);

		if (!text || na_note_read(&note, text, bytes) || strcmp(note.origin, store->origin) ||
		    (sqlite3_int64)note.size != sqlite3_column_int64(statement, 0)) {
			result = na_error_set(error, -EBADMSG, "the newest head in the journal is not a head of this journal");
		} else {
			store->head_size = note.size;
			store->note_bytes = (uint32_t)bytes;
			memcpy(store->note, text, bytes);
		}
	} else if (step != SQLITE_DONE) {
		result = na_error_set(error, na_schema_errno(store->db), "cannot read the heads: %s", sqlite3_errmsg(store->db));
	}
	sqlite3_reset(statement);
	return result;
}

/* The root in the newest head must be the signer's, when both speak of the same tree. */
static int compare_roots(struct na_store *store, const struct na_merkle *signed_tree, struct na_error *error)
{
	uint8_t root[NA_HASH_BYTES];
	struct na_note note;

	if (signed_tree->size != store->head_size || store->head_size == 0)
		return 0;
	if (na_merkle_root(&store->hash, signed_tree, root) || na_note_read(&note, store->note, store->note_bytes) ||
	    memcmp(root, note.root, sizeof(root)))
		return na_error_set(error, -EBADMSG, "the newest head in the journal is not the one the signer signed at %" PRIu64,
				    signed_tree->size);
	return 0;
}

int na_store_resume(struct na_store *store, const struct na_merkle *signed_tree, struct na_error *error)
{
	struct tail tail = { store, error, signed_tree->size == 0 };
	uint64_t first = signed_tree->size;
	int result = read_last_checkpoint(store, error);

	if (result == 0 && store->head_size > signed_tree->size)
		result = na_error_set(error, -ESTALE, "the journal has a head at %" PRIu64 ", but the signer last signed %" PRIu64
				      ": the signer's state was put back from the past", store->head_size, signed_tree->size);
	if (result == 0)
		result = compare_roots(store, signed_tree, error);
	if (result)
		return result;
	store->tree = *signed_tree;
	store->seq = first;
	result = na_chain_genesis(&store->hash, store->row_hash, store->origin, store->identity, store->first_once);
	if (result)
		return na_error_set(error, result, "cannot hash the genesis");
	/* with nothing signed the first row is 1; else reading starts at the signed row, for its hash */
	result = na_store_rows_from(store, first ? first : 1, check_row, &tail, error);
	if (result == 0 && !tail.found)
		result = na_error_set(error, -ESTALE, "the journal ends before record %" PRIu64 ", which the signer signed: it was "
				      "cut, or put back from the past", first);
	return result;
}
