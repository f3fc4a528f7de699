/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks every signed head: its root, both signatures, the chain of one-time keys; and puts the tree together. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "reader/verify_work.h"

int na_verify_stored_nodes(struct na_heads_walk *h, const struct na_merkle_tiles *tiles, unsigned int lowest)
{
	struct na_verifier *v = h->v;

	for (unsigned int i = 0; i < tiles->count; i++) {
		unsigned int level = lowest + i * NA_TILE_LEVEL;
		uint8_t stored[NA_HASH_BYTES];
		int result = na_tree_read(&v->tree, (h->outer.size >> level) - 1, level, stored);

		if (result && result != -ENOENT && result != -EBADMSG)
			return na_verify_sqlite(v, v->db, "read the tree");
		if (result || memcmp(stored, tiles->hash[i], NA_HASH_BYTES))
			return na_verify_bad(v, NA_VERIFY_TAMPERED, h->outer.size, "records %" PRIu64 " to %" PRIu64 ": the stored "
					     "node of the tree over them is missing or another",
					     h->outer.size - (UINT64_C(1) << level) + 1, h->outer.size);
	}
	return 0;
}

/* Every node the records call for was found by now: more than those is one too many. */
static int count_nodes(struct na_verifier *v)
{
	int64_t count, due = 0;
	int result = na_verify_integer(v, "SELECT count(*) FROM node", &count);

	for (unsigned int level = NA_TILE_LEVEL; level <= NA_TILE_LEVELS * NA_TILE_LEVEL; level += NA_TILE_LEVEL)
		due += (int64_t)(v->last_seq >> level);
	if (result == 0 && count != due)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "the stored tree has %" PRId64 " nodes where the records give %" PRId64,
				     count, due);
	return result;
}

static int check_signatures(struct na_heads_walk *h, const struct na_note *note, const char *text)
{
	struct na_verifier *v = h->v;

	if (!na_note_signed_by(&v->hash, note, text, NA_NOTE_IDENTITY, h->identity))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, note->size, "head at %" PRIu64 ": not signed by the identity key",
				     note->size);
	if (!na_note_signed_by(&v->hash, note, text, NA_NOTE_ONCE, h->once))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, note->size, "head at %" PRIu64 ": not signed by its one-time key",
				     note->size);
	return 0;
}

/* The signed head to come. *size is 0 when there is none; the text is good until the next call. */
static int next_checkpoint(struct na_heads_walk *h, uint64_t *size, const char **text, size_t *bytes)
{
	struct na_verifier *v = h->v;
	int step = sqlite3_step(h->checkpoints);

	*size = 0;
	if (step == SQLITE_DONE) {
		sqlite3_reset(h->checkpoints);
		sqlite3_bind_int64(h->checkpoints, 1, INT64_MAX);
		if (v->adopted_bytes && !h->adopted_taken) {
			h->adopted_taken = true;
			*size = v->adopted_size;
			*text = v->adopted;
			*bytes = v->adopted_bytes;
		}
		return 0;
	}
	if (step != SQLITE_ROW)
		return na_verify_sqlite(v, v->db, "read the heads");
	*size = (uint64_t)sqlite3_column_int64(h->checkpoints, 0);
	*text = sqlite3_column_type(h->checkpoints, 1) == SQLITE_BLOB ? sqlite3_column_blob(h->checkpoints, 1) : NULL;
	*bytes = (size_t)sqlite3_column_bytes(h->checkpoints, 1);
	return 0;
}

static int check_note(struct na_heads_walk *h, const struct na_life *life, const uint8_t root[NA_HASH_BYTES])
{
	struct na_verifier *v = h->v;
	const char *text;
	struct na_note note;
	struct na_hash_part part;
	uint64_t size;
	int result = next_checkpoint(h, &size, &text, &part.length);

	if (result || size == 0)
		return result;	/* not signed yet: na_verify_heads() looks whether it may be so */
	if (size < life->seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, size, "head at %" PRIu64 ": record %" PRIu64 " is not its head record",
				     size, size);
	if (size > life->seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": its signed head is missing (the next "
				     "one is at %" PRIu64 ")", life->seq, size);
	if (!text || na_note_read(&note, text, part.length) || note.size != size || strcmp(note.origin, v->result->origin))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, size, "head at %" PRIu64 ": not a head of this journal", size);
	if (memcmp(root, note.root, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, h->last_good + 1, "records %" PRIu64 " to %" PRIu64 ": not those that "
				     "were signed (the head at %" PRIu64 " has another root)", h->last_good + 1, size, size);
	result = check_signatures(h, &note, text);
	part.bytes = text;
	if (result == 0 && na_hash_parts(&v->hash, h->previous_note, &part, 1))
		result = na_verify_no_hash(v);
	if (result)
		return result;
	memcpy(h->once, life->head.next_key, NA_PUBLIC_KEY_BYTES);
	if (life->head.rotates)
		memcpy(h->identity, life->head.next_identity, NA_PUBLIC_KEY_BYTES);
	h->next++;
	h->last_good = size;
	v->result->heads++;
	v->result->head_size = size;
	v->result->head_t = life->t;
	return 0;
}

int na_verify_head(struct na_heads_walk *h, const struct na_life *life, const uint8_t root[NA_HASH_BYTES])
{
	struct na_verifier *v = h->v;

	if (life->head.number != h->next)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": head number %" PRIu64
				     " where %" PRIu64 " was due", life->seq, life->head.number, h->next);
	if (memcmp(life->head.previous_note, h->previous_note, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": names another head before it than "
				     "the one at hand", life->seq);
	h->head_seq = life->seq;
	return check_note(h, life, root);
}

/* The root of the records up to a head: the blocks before, and the edge inside its own. */
static int head_in_block(struct na_heads_walk *h, const struct na_life *life, const struct na_block *block)
{
	struct na_verifier *v = h->v;
	struct na_merkle tree = h->outer;
	uint64_t inside = life->seq % NA_BLOCK_ROWS;
	uint8_t root[NA_HASH_BYTES];
	int result = 0;

	if (inside == 0) {
		result = na_merkle_append_subtree(&v->hash, &tree, NA_BLOCK_LEVEL, block->root, NULL);
	} else {
		tree.size += inside;
		memcpy(tree.node, life->head.edge, sizeof(life->head.edge));
	}
	if (result || na_merkle_root(&v->hash, &tree, root))
		return na_verify_no_hash(v);
	return na_verify_head(h, life, root);
}

static int take_block(struct na_heads_walk *h, struct na_block *block, uint64_t number)
{
	struct na_verifier *v = h->v;
	struct na_merkle_tiles tiles;
	int result = 0;

	for (size_t i = 0; i < block->life_count && result == 0; i++) {
		const struct na_life *life = &block->life[i];

		/* after a head that was never signed nothing is written before it is */
		if (h->head_seq > h->last_good)
			return na_verify_bad(v, NA_VERIFY_TAMPERED, h->head_seq, "record %" PRIu64 ": its signed head is missing",
					     h->head_seq);
		result = na_verify_life(h, life);
		if (result == 0 && life->kind == NA_LIFE_HEAD)
			result = head_in_block(h, life, block);
	}
	if (result || (number + 1) * NA_BLOCK_ROWS > v->last_seq)
		return result;
	if (na_merkle_append_subtree(&v->hash, &h->outer, NA_BLOCK_LEVEL, block->root, &tiles))
		return na_verify_no_hash(v);
	return na_verify_stored_nodes(h, &tiles, 2 * NA_TILE_LEVEL);
}

static void tell(const struct na_verifier *v, uint64_t done)
{
	struct na_verify_progress *progress = v->options->progress;

	if (!progress)
		return;
	atomic_store_explicit(&progress->total, v->last_seq - v->start.size, memory_order_relaxed);
	atomic_store_explicit(&progress->done, done, memory_order_relaxed);
}

static int take_blocks(struct na_heads_walk *h)
{
	struct na_verifier *v = h->v;
	uint64_t number = v->start.size / NA_BLOCK_ROWS, end = (v->last_seq + NA_BLOCK_ROWS - 1) / NA_BLOCK_ROWS;
	int result = na_verify_rows_begin(v);

	h->outer = v->start;
	h->outer.size = number * NA_BLOCK_ROWS;
	for (; number < end && result == 0; number++) {
		struct na_block *block;

		tell(v, number * NA_BLOCK_ROWS > v->start.size ? number * NA_BLOCK_ROWS - v->start.size : 0);
		result = na_verify_next_block(v, number, &block);
		if (result == 0)
			result = take_block(h, block, number);
		if (result == 0)
			na_verify_block_done(v, block);
	}
	tell(v, v->last_seq - v->start.size);
	na_verify_rows_end(v);
	return result ? result : (int)v->result->verdict;
}

/* No head and no old head is left over. */
static int check_ends(struct na_heads_walk *h)
{
	struct na_verifier *v = h->v;
	const char *text;
	size_t bytes;
	uint64_t size;
	int result;

	if (h->head_seq > h->last_good && h->head_seq != v->last_seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, h->head_seq, "record %" PRIu64 ": its signed head is missing", h->head_seq);
	result = next_checkpoint(h, &size, &text, &bytes);
	if (result == 0 && size)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, size, "head at %" PRIu64 ": record %" PRIu64 " is not its head record",
				     size, size);
	if (result == 0 && h->more_old_heads)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "old_head has a row that is no head's");
	return result ? result : na_verify_life_end(h);
}

static bool tail_is_old(const struct na_verifier *v, int64_t now_us)
{
	uint32_t seconds = v->options->tail_seconds ? v->options->tail_seconds : 120;

	return v->unsigned_since && now_us - (int64_t)v->unsigned_since > (int64_t)seconds * 1000000;
}

static void note_what_is_known(struct na_verifier *v)
{
	struct na_verify_result *r = v->result;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	r->unsigned_records = v->last_seq - r->head_size;
	r->notes |= tail_is_old(v, (int64_t)now.tv_sec * 1000000) ? NA_VERIFY_UNSIGNED_TAIL : 0;
	r->notes |= r->gaps ? NA_VERIFY_GAPS : 0;
	r->notes |= r->losses ? NA_VERIFY_LOSSES : 0;
	r->notes |= r->unclean_starts ? NA_VERIFY_UNCLEAN : 0;
	r->notes |= r->head_size ? 0 : NA_VERIFY_NO_HEAD;
}

/* `walk` is at the genesis, or at the head that was verified before. */
static int begin(struct na_heads_walk *h, bool *taken)
{
	struct na_verifier *v = h->v;
	int result = 0;

	*taken = false;
	memcpy(h->once, v->first_once, NA_PUBLIC_KEY_BYTES);
	memcpy(h->identity, v->identity, NA_PUBLIC_KEY_BYTES);
	if (v->options->since)
		result = na_verify_since(h, taken);
	if (result == 0)
		result = na_verify_prepare(v, &h->checkpoints, "SELECT size, note FROM checkpoint WHERE size > ?1 ORDER BY size");
	if (result == 0)
		result = na_verify_prepare(v, &h->old_heads, "SELECT size, previous, body, path FROM old_head WHERE size > ?1 "
					   "ORDER BY size");
	if (result)
		return result;
	sqlite3_bind_int64(h->checkpoints, 1, (sqlite3_int64)h->last_good);
	sqlite3_bind_int64(h->old_heads, 1, (sqlite3_int64)h->last_good);
	return na_verify_step_old_heads(h);
}

int na_verify_heads(struct na_verifier *v)
{
	struct na_heads_walk h = { .v = v };
	bool taken;
	int result = begin(&h, &taken);

	if (result == 0 && !taken)
		result = na_verify_pruned(&h);
	if (result == 0)
		result = take_blocks(&h);
	if (result == 0)
		result = check_ends(&h);
	if (result == 0)
		result = count_nodes(v);
	if (result == 0)
		note_what_is_known(v);
	sqlite3_finalize(h.checkpoints);
	sqlite3_finalize(h.old_heads);
	return result;
}
