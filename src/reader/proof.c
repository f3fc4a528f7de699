/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recomputes one row's hash and looks for the head over it.
 */
#include "reader/proof.h"

#include <errno.h>
#include <string.h>

#include "journal/chain.h"
#include "journal/note.h"
#include "reader/query_private.h"

static int copy_hash(void *context, const struct na_stored_row *row)
{
	memcpy(context, row->row_hash, NA_HASH_BYTES);
	return 0;
}

/* The value of one row of `meta`. Returns its length, -ENOENT, or -EBADMSG when it is longer. */
static int read_meta(struct na_query *query, const char *key, void *value, size_t value_bytes)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(query->journal, "SELECT value FROM meta WHERE key = ?1", -1, &statement, NULL);
	int length = -ENOENT;

	if (rc != SQLITE_OK)
		return na_index_errno(rc);
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		length = sqlite3_column_bytes(statement, 0);
		if (length > 0 && (size_t)length <= value_bytes)
			memcpy(value, sqlite3_column_blob(statement, 0), (size_t)length);
		else
			length = -EBADMSG;
	}
	sqlite3_finalize(statement);
	return length;
}

int na_query_whose(struct na_query *query, char origin[NA_ORIGIN_BYTES + 1], uint8_t identity[NA_PUBLIC_KEY_BYTES],
		   uint8_t first_once[NA_PUBLIC_KEY_BYTES])
{
	int length = read_meta(query, "origin", origin, NA_ORIGIN_BYTES);

	if (length < 0)
		return length;
	origin[length] = '\0';
	if (read_meta(query, "identity", identity, NA_PUBLIC_KEY_BYTES) != NA_PUBLIC_KEY_BYTES ||
	    read_meta(query, "first_once", first_once, NA_PUBLIC_KEY_BYTES) != NA_PUBLIC_KEY_BYTES ||
	    !na_origin_is_valid(origin))
		return -EBADMSG;
	return 0;
}

static int genesis(struct na_query *query, struct na_hash *hash, unsigned char out[NA_HASH_BYTES])
{
	char origin[NA_ORIGIN_BYTES + 1];
	unsigned char identity[NA_PUBLIC_KEY_BYTES], first_once[NA_PUBLIC_KEY_BYTES];
	int err = na_query_whose(query, origin, identity, first_once);

	return err ? err : na_chain_genesis(hash, out, origin, identity, first_once);
}

static int read_time(void *context, const struct na_stored_row *row)
{
	struct na_index_row columns;

	if (!na_index_row_read(&columns, row->body, row->body_bytes) &&
	    columns.value[NA_INDEX_TIME].type == NA_INDEX_INTEGER)
		*(int64_t *)context = columns.value[NA_INDEX_TIME].integer;
	return 0;
}

/* A head covers the `head` record that announced it, and nothing after: that record has the time. */
static int find_head(struct na_query *query, int64_t seq, struct na_row_proof *proof)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(query->journal, "SELECT min(size) FROM checkpoint WHERE size >= ?1", -1, &statement,
				    NULL);

	if (rc != SQLITE_OK)
		return na_index_errno(rc);
	sqlite3_bind_int64(statement, 1, seq);
	rc = sqlite3_step(statement);
	proof->head_size = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	proof->head_wall_us = -1;
	if (proof->head_size)
		na_query_row(query, proof->head_size, read_time, &proof->head_wall_us);
	return na_index_errno(rc);
}

int na_row_proof(struct na_query *query, int64_t seq, const void *body, size_t body_bytes,
		 const unsigned char row_hash[NA_HASH_BYTES], struct na_row_proof *proof)
{
	struct na_hash hash;
	int err = na_hash_open(&hash);

	if (err)
		return err;
	if (seq == 1)
		err = genesis(query, &hash, proof->previous);
	else
		err = na_query_row(query, seq - 1, copy_hash, proof->previous);
	if (!err)
		err = na_chain_row(&hash, proof->computed, (uint64_t)seq, proof->previous, body, body_bytes);
	na_hash_close(&hash);
	if (err)
		return err;
	proof->equal = !memcmp(proof->computed, row_hash, NA_HASH_BYTES);
	return find_head(query, seq, proof);
}
