/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where checking begins: at the genesis, at the cut of the last pruning, or at a head that was verified before. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "journal/canonical.h"
#include "reader/verify_work.h"

/* The prune record that covers the oldest record, if any: the newest under a signed head. */
static int read_base(struct na_verifier *v)
{
	static const char sql[] = "SELECT p.seq, p.cut, r.body FROM prune p LEFT JOIN record r ON r.seq = p.seq "
				  "WHERE p.seq <= ?1 ORDER BY p.seq DESC LIMIT 1";
	struct na_life *base = &v->base;
	sqlite3_stmt *statement = NULL;
	int found = na_verify_one(v, sql, v->newest_head, &statement), result = 0;

	if (found <= 0)
		return -found;
	base->seq = (uint64_t)sqlite3_column_int64(statement, 0);
	base->kind = NA_LIFE_PRUNE;
	if (sqlite3_column_type(statement, 2) != SQLITE_BLOB ||
	    na_canonical_check(sqlite3_column_blob(statement, 2), (size_t)sqlite3_column_bytes(statement, 2), NULL) ||
	    !na_life_read(base, sqlite3_column_blob(statement, 2), (size_t)sqlite3_column_bytes(statement, 2)) ||
	    (sqlite3_int64)base->prune.cut != sqlite3_column_int64(statement, 1))
		result = na_verify_bad(v, NA_VERIFY_TAMPERED, base->seq, "record %" PRIu64 ": not the prune record it should be",
				       base->seq);
	sqlite3_finalize(statement);
	return result;
}

/* Are exactly those records gone that a signed cut explains? */
static int check_cut(struct na_verifier *v)
{
	uint64_t first = v->first_seq, cut = v->base.seq ? v->base.prune.cut : 1;

	if (first > cut)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, cut, "record %" PRIu64 ": the journal begins at %" PRIu64 " instead%s",
				     cut, first, v->base.seq ? " (no signed prune record has that cut)" : "");
	if (first == cut || first == 1)
		return 0;
	/* what is deleted goes in whole tiles */
	if (first % NA_TILE_ROWS != 1)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, first, "record %" PRIu64 ": below the cut at %" PRIu64, first, cut);
	v->result->notes |= NA_VERIFY_PRUNING;
	return 0;
}

int na_verify_start(struct na_verifier *v)
{
	int result = read_base(v);

	if (result == 0)
		result = check_cut(v);
	if (result)
		return result;
	v->previous_known = v->first_seq == 1 || v->first_seq == v->base.prune.cut;
	if (v->first_seq == 1) {
		if (na_chain_genesis(&v->hash, v->previous, v->result->origin, v->identity, v->first_once))
			return na_verify_no_hash(v);
	} else {
		memcpy(v->previous, v->base.prune.row_hash, NA_HASH_BYTES);
	}
	v->result->checked_from = v->first_seq;
	result = na_tree_frontier(&v->tree, v->first_seq - 1, &v->start);
	if (result == -ENOENT || result == -EBADMSG)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, v->first_seq, "the stored tree lacks nodes below record %" PRIu64,
				     v->first_seq);
	return result ? na_verify_sqlite(v, v->db, "read the tree") : 0;
}

/* The rows from the start of the head's tile to the head, on top of the stored nodes before them. */
static int tree_at(struct na_verifier *v, uint64_t size, struct na_merkle *tree)
{
	static const char sql[] = "SELECT seq, row_hash FROM record WHERE seq > ?1 ORDER BY seq";
	uint64_t before = (size - 1) / NA_TILE_ROWS * NA_TILE_ROWS;
	sqlite3_stmt *statement = NULL;
	int found, result = na_tree_frontier(&v->tree, before, tree);

	if (result)
		return result == -ENOENT || result == -EBADMSG ?
			       na_verify_bad(v, NA_VERIFY_TAMPERED, before, "the stored tree lacks nodes below record %" PRIu64, before) :
			       na_verify_sqlite(v, v->db, "read the tree");
	found = na_verify_one(v, sql, before, &statement);
	while (found == 1 && tree->size < size && result == 0) {
		const void *row_hash = na_verify_blob(statement, 1, NA_HASH_BYTES);

		if ((uint64_t)sqlite3_column_int64(statement, 0) != tree->size + 1 || !row_hash)
			result = na_verify_bad(v, NA_VERIFY_TAMPERED, tree->size + 1, "record %" PRIu64 ": missing, or without a hash",
					       tree->size + 1);
		else if (na_merkle_append(&v->hash, tree, row_hash, NULL))
			result = na_verify_no_hash(v);
		found = sqlite3_step(statement) == SQLITE_ROW;
	}
	sqlite3_finalize(statement);
	return found < 0 ? -found : result;
}

/* One row's hash and body. `kind_is_stop` may be NULL. */
struct row {
	uint8_t row_hash[NA_HASH_BYTES];
	struct na_life life;
	bool good, stop;
};

static int read_row(struct na_verifier *v, uint64_t seq, const uint8_t *previous, struct row *row)
{
	sqlite3_stmt *statement = NULL;
	uint8_t wanted[NA_HASH_BYTES];
	const char *kind;
	size_t length, bytes;
	const void *body, *row_hash;
	int found = na_verify_one(v, "SELECT row_hash, body FROM record WHERE seq = ?1", seq, &statement);

	memset(row, 0, sizeof(*row));
	if (found <= 0)
		return -found;
	row_hash = na_verify_blob(statement, 0, NA_HASH_BYTES);
	body = sqlite3_column_type(statement, 1) == SQLITE_BLOB ? sqlite3_column_blob(statement, 1) : NULL;
	bytes = (size_t)sqlite3_column_bytes(statement, 1);
	if (row_hash && body && na_canonical_check(body, bytes, NULL) == 0) {
		memcpy(row->row_hash, row_hash, NA_HASH_BYTES);
		row->life.seq = seq;
		row->life.kind = NA_LIFE_HEAD;
		row->stop = na_canonical_find_text(body, bytes, "kind", &kind, &length) == 0 && length == 4 &&
			    memcmp(kind, "stop", 4) == 0;
		row->good = !previous || (na_life_read(&row->life, body, bytes) &&
					  na_chain_row(&v->hash, wanted, seq, previous, body, bytes) == 0 &&
					  memcmp(wanted, row_hash, NA_HASH_BYTES) == 0);
	}
	sqlite3_finalize(statement);
	return 0;
}

/* The head's own record tells which key signs the next head: it is bound by the head's root. */
static int take_up(struct na_heads_walk *h, const struct na_note *note, const char *text, size_t bytes)
{
	struct na_verifier *v = h->v;
	const struct na_hash_part part = { text, bytes };
	struct row before, head;
	uint8_t root[NA_HASH_BYTES];
	int result = tree_at(v, note->size, &v->start);

	if (result)
		return result;
	if (na_merkle_root(&v->hash, &v->start, root))
		return na_verify_no_hash(v);
	if (memcmp(root, note->root, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, note->size, "head at %" PRIu64 ": another root than the head verified "
				     "before: what it covers was changed since, or this is another history", note->size);
	result = read_row(v, note->size - 1, NULL, &before);
	if (result == 0)
		result = read_row(v, note->size, before.row_hash, &head);
	if (result)
		return result;
	if (!head.good)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, note->size, "record %" PRIu64 ": not the head record it should be", note->size);
	memcpy(v->previous, head.row_hash, NA_HASH_BYTES);
	memcpy(h->once, head.life.head.next_key, NA_PUBLIC_KEY_BYTES);
	if (head.life.head.rotates)
		memcpy(h->identity, head.life.head.next_identity, NA_PUBLIC_KEY_BYTES);
	h->next = head.life.head.number + 1;
	h->head_seq = h->last_good = note->size;
	h->stop_seq = before.stop ? note->size - 1 : 0;
	v->previous_known = true;
	v->result->checked_from = note->size + 1;
	v->result->head_size = note->size;
	v->result->head_t = head.life.t;
	return na_hash_parts(&v->hash, h->previous_note, &part, 1) ? na_verify_no_hash(v) : 0;
}

/*
 * The head was verified before, so whichever of the journal's identity keys signed it was the right one. `h->identity`
 * becomes that key.
 */
static int find_identity(struct na_heads_walk *h, const struct na_note *note, const char *text)
{
	static const char sql[] = "SELECT body FROM record JOIN checkpoint ON seq = size WHERE size < ?1 "
				  "UNION ALL SELECT body FROM old_head WHERE size < ?1";
	struct na_verifier *v = h->v;
	bool signed_by_us = na_note_signed_by(&v->hash, note, text, NA_NOTE_IDENTITY, h->identity);
	sqlite3_stmt *statement = NULL;
	int found = signed_by_us ? 0 : na_verify_one(v, sql, note->size, &statement);

	for (; found == 1 && !signed_by_us; found = sqlite3_step(statement) == SQLITE_ROW)
		signed_by_us = sqlite3_column_type(statement, 0) == SQLITE_BLOB &&
			       na_canonical_find_hex(sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0),
						     "next_identity", h->identity, NA_PUBLIC_KEY_BYTES) == 0 &&
			       na_note_signed_by(&v->hash, note, text, NA_NOTE_IDENTITY, h->identity);
	sqlite3_finalize(statement);
	if (found < 0)
		return -found;
	return signed_by_us ? 0 : na_verify_bad(v, NA_VERIFY_USAGE, 0, "the head verified before is not signed by a key of this "
						"journal");
}

/* The journal's own note of that size: the kept one may have other signatures under it. */
static int read_stored_note(struct na_verifier *v, uint64_t size, struct na_note *note, char text[NA_NOTE_BYTES + 1],
			    size_t *bytes)
{
	sqlite3_stmt *statement = NULL;
	int found = na_verify_one(v, "SELECT note FROM checkpoint WHERE size = ?1", size, &statement);
	bool good = found == 1 && sqlite3_column_type(statement, 0) == SQLITE_BLOB;

	if (found < 0)
		return -found;
	*bytes = good ? (size_t)sqlite3_column_bytes(statement, 0) : 0;
	good = good && *bytes <= NA_NOTE_BYTES;
	if (good)
		memcpy(text, sqlite3_column_blob(statement, 0), *bytes);
	if (found == 0 && size == v->adopted_size) {
		*bytes = v->adopted_bytes;
		memcpy(text, v->adopted, *bytes);
		good = true;
	}
	good = good && na_note_read(note, text, *bytes) == 0 && note->size == size;
	sqlite3_finalize(statement);
	return good ? 0 : na_verify_bad(v, NA_VERIFY_TAMPERED, size, "head at %" PRIu64 ": not a head of this journal", size);
}

int na_verify_since(struct na_heads_walk *h, bool *taken)
{
	struct na_verifier *v = h->v;
	char text[NA_NOTE_BYTES + 1];
	struct na_note note;
	size_t bytes;
	int result = na_verify_read_note(v, v->options->since, &note, text, &bytes);

	*taken = false;
	if (result == 0)
		result = na_verify_expected_head(v, v->options->since);
	if (result == 0)
		result = read_stored_note(v, note.size, &note, text, &bytes);
	if (result == 0)
		result = find_identity(h, &note, text);
	if (result || note.size <= v->first_seq) {
		memcpy(h->identity, v->identity, NA_PUBLIC_KEY_BYTES);	/* from the beginning, then */
		return result;
	}
	*taken = true;
	return take_up(h, &note, text, bytes);
}
