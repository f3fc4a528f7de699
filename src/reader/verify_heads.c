/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks every signed head: its root, both signatures, the chain of one-time keys, and the life between. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "reader/verify_work.h"

/* Where we are between two heads. */
struct heads {
	struct na_verifier *v;
	struct na_merkle outer;		/* of the full blocks so far */
	size_t outer_blocks;
	size_t next;			/* checkpoint to come */
	uint8_t identity[NA_PUBLIC_KEY_BYTES], once[NA_PUBLIC_KEY_BYTES];	/* keys that must sign it */
	uint8_t previous_note[NA_HASH_BYTES];
	uint64_t stop_seq, head_seq;	/* newest of each; 0: none */
	uint64_t open_start;		/* an unclean start that still lacks its gap; 0: none */
};

static uint64_t last_good(const struct heads *h)
{
	return h->next ? h->v->checkpoint[h->next - 1].size : 0;
}

/* Stored nodes of level 16 and up are what the blocks below them give. */
static int check_nodes(struct heads *h, const struct na_merkle_tiles *tiles)
{
	struct na_verifier *v = h->v;

	for (unsigned int i = 0; i < tiles->count; i++) {
		unsigned int level = (i + 2) * NA_TILE_LEVEL;
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

/* Takes up all full blocks of the first `size` records. */
static int take_blocks(struct heads *h, uint64_t size)
{
	struct na_verifier *v = h->v;
	struct na_merkle_tiles tiles;
	int result = 0;

	for (; h->outer_blocks < size / NA_BLOCK_ROWS && result == 0; h->outer_blocks++) {
		if (na_merkle_append_subtree(&v->hash, &h->outer, NA_BLOCK_LEVEL, v->block[h->outer_blocks].root, &tiles))
			return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot hash");
		result = check_nodes(h, &tiles);
	}
	return result;
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

/* The root of the first `size` leaves: full blocks, then the edge kept inside the last one. */
static int root_at(struct heads *h, const struct na_checkpoint *checkpoint, uint8_t root[NA_HASH_BYTES])
{
	struct na_verifier *v = h->v;
	struct na_merkle tree;
	uint64_t inside = checkpoint->size % NA_BLOCK_ROWS;
	int result = take_blocks(h, checkpoint->size);

	if (result)
		return result;
	tree = h->outer;
	tree.size += inside;
	memcpy(tree.node, checkpoint->edge, sizeof(checkpoint->edge));
	return na_merkle_root(&v->hash, &tree, root) ? na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot hash") : 0;
}

static int check_signatures(struct heads *h, const struct na_note *note, const char *text)
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

/* One head record and the checkpoint that must go with it. */
static int check_head(struct heads *h, const struct na_life *life)
{
	struct na_verifier *v = h->v;
	const struct na_checkpoint *checkpoint = &v->checkpoint[h->next];
	uint8_t root[NA_HASH_BYTES];
	struct na_note note;
	int result;

	if (life->number != h->next)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": head number %" PRIu64
				     " where %zu was due", life->seq, life->number, h->next);
	if (memcmp(life->previous_note, h->previous_note, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": names another head before it than "
				     "the one at hand", life->seq);
	if (h->next == v->checkpoint_count)
		return 0;	/* not signed yet: na_verify_heads() looks whether it may be so */
	if (na_note_read(&note, checkpoint->note, checkpoint->note_bytes) || note.size != checkpoint->size ||
	    strcmp(note.origin, v->result->origin))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, checkpoint->size, "head at %" PRIu64 ": not a head of this journal",
				     checkpoint->size);
	if (life->seq != checkpoint->size)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": its signed head is missing (the next "
				     "one is at %" PRIu64 ")", life->seq, checkpoint->size);
	result = root_at(h, checkpoint, root);
	if (result)
		return result;
	if (memcmp(root, note.root, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, last_good(h) + 1, "records %" PRIu64 " to %" PRIu64 ": not those that "
				     "were signed (the head at %" PRIu64 " has another root)", last_good(h) + 1, note.size, note.size);
	result = check_signatures(h, &note, checkpoint->note);
	if (result)
		return result;
	memcpy(h->once, life->next_key, NA_PUBLIC_KEY_BYTES);
	if (life->rotates)
		memcpy(h->identity, life->next_identity, NA_PUBLIC_KEY_BYTES);
	const struct na_hash_part part = { checkpoint->note, checkpoint->note_bytes };

	if (na_hash_parts(&v->hash, h->previous_note, &part, 1))
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot hash");
	h->next++;
	v->result->heads++;
	v->result->head_size = note.size;
	v->result->head_t = life->t;
	return 0;
}

/* What the journal says of its own life must not contradict itself. */
static int check_life(struct heads *h, const struct na_life *life)
{
	struct na_verifier *v = h->v;
	struct na_verify_result *result = v->result;

	if (h->open_start && (life->kind != NA_LIFE_GAP || life->seq != h->open_start + 1))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, h->open_start, "record %" PRIu64 ": an unclean start without the gap "
				     "record that belongs to it", h->open_start);
	h->open_start = 0;
	switch (life->kind) {
	case NA_LIFE_START:
		/* a clean end is a stop, the head over it, and nothing more */
		if (life->clean && life->seq != 1 && (life->seq != h->stop_seq + 2 || life->seq != h->head_seq + 1))
			return na_verify_bad(v, NA_VERIFY_TAMPERED, life->seq, "record %" PRIu64 ": claims a clean stop before it, "
					     "but there is none", life->seq);
		if (!life->clean) {
			result->unclean_starts++;
			h->open_start = life->seq;
		}
		return 0;
	case NA_LIFE_STOP:
		h->stop_seq = life->seq;
		return 0;
	case NA_LIFE_GAP:
		result->gaps++;
		return 0;
	case NA_LIFE_LOST:
		result->losses++;
		return 0;
	case NA_LIFE_HEAD:
		h->head_seq = life->seq;
		return check_head(h, life);
	}
	return 0;
}

static bool tail_is_old(const struct na_verifier *v, int64_t now_us)
{
	uint32_t seconds = v->options->tail_seconds ? v->options->tail_seconds : 120;

	return v->unsigned_since && now_us - (int64_t)v->unsigned_since > (int64_t)seconds * 1000000;
}

int na_verify_heads(struct na_verifier *v)
{
	struct na_verify_result *r = v->result;
	struct heads h = { .v = v };
	struct timespec now;
	int result = 0;

	memcpy(h.once, v->first_once, NA_PUBLIC_KEY_BYTES);
	memcpy(h.identity, v->identity, NA_PUBLIC_KEY_BYTES);
	for (size_t i = 0; i < v->block_count && result == 0; i++)
		for (size_t j = 0; j < v->block[i].life_count && result == 0; j++) {
			/* after a head that was never signed nothing is written before it is */
			if (h.next == v->checkpoint_count && h.head_seq > last_good(&h))
				result = na_verify_bad(v, NA_VERIFY_TAMPERED, h.head_seq, "record %" PRIu64 ": its signed head is missing",
						       h.head_seq);
			else
				result = check_life(&h, &v->block[i].life[j]);
		}
	if (result)
		return result;
	if (h.head_seq > last_good(&h) && h.head_seq != v->last_seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, h.head_seq, "record %" PRIu64 ": its signed head is missing", h.head_seq);
	if (h.next < v->checkpoint_count)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, v->checkpoint[h.next].size, "head at %" PRIu64 ": record %" PRIu64
				     " is not its head record", v->checkpoint[h.next].size, v->checkpoint[h.next].size);
	if (h.open_start && h.open_start != v->last_seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, h.open_start, "record %" PRIu64 ": an unclean start without the gap "
				     "record that belongs to it", h.open_start);
	result = take_blocks(&h, v->last_seq);
	if (result == 0)
		result = count_nodes(v);
	if (result)
		return result;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	r->unsigned_records = v->last_seq - r->head_size;
	r->notes |= tail_is_old(v, (int64_t)now.tv_sec * 1000000) ? NA_VERIFY_UNSIGNED_TAIL : 0;
	r->notes |= r->gaps ? NA_VERIFY_GAPS : 0;
	r->notes |= r->losses ? NA_VERIFY_LOSSES : 0;
	r->notes |= r->unclean_starts ? NA_VERIFY_UNCLEAN : 0;
	r->notes |= r->heads ? 0 : NA_VERIFY_NO_HEAD;
	return 0;
}
