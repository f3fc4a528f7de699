/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks every record's bytes and its link to the record before, block by block on several threads. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/canonical.h"
#include "reader/verify_work.h"

#define THREADS_MAX 64

struct walk {
	struct na_verifier *v;
	sqlite3_stmt *statement, *nodes;
	struct na_hash hash;
	struct na_block *block;
	struct na_merkle tree;		/* of this block only */
	size_t next_checkpoint;
	uint64_t base;			/* seq before the block's first */
};

static const struct {
	const char *name;
	enum na_life_kind kind;
} life_kinds[] = {
	{ "start", NA_LIFE_START }, { "stop", NA_LIFE_STOP }, { "gap", NA_LIFE_GAP },
	{ "lost", NA_LIFE_LOST },   { "head", NA_LIFE_HEAD },
};

static int add_life(struct walk *walk, const struct na_life *life)
{
	struct na_block *block = walk->block;

	if (block->life_count == block->life_room) {
		size_t room = block->life_room ? 2 * block->life_room : 4;
		struct na_life *more = reallocarray(block->life, room, sizeof(*more));

		if (!more)
			return na_verify_bad(walk->v, NA_VERIFY_UNREADABLE, 0, "no memory");
		block->life = more;
		block->life_room = room;
	}
	block->life[block->life_count++] = *life;
	return 0;
}

/* Members that the journal itself must have written. */
static bool read_life(struct na_life *life, const void *body, size_t bytes)
{
	int64_t number;
	int rotates;

	if (life->kind == NA_LIFE_START)
		return na_canonical_find_bool(body, bytes, "clean", &life->clean) == 0;
	if (life->kind != NA_LIFE_HEAD)
		return true;
	if (na_canonical_find_integer(body, bytes, "number", &number) || number < 0 ||
	    na_canonical_find_hex(body, bytes, "next_key", life->next_key, NA_PUBLIC_KEY_BYTES) ||
	    na_canonical_find_hex(body, bytes, "previous_note", life->previous_note, NA_HASH_BYTES))
		return false;
	life->number = (uint64_t)number;
	rotates = na_canonical_find_hex(body, bytes, "next_identity", life->next_identity, NA_PUBLIC_KEY_BYTES);
	life->rotates = rotates == 0;
	return rotates != -EBADMSG;
}

/* The oldest record that should long be under a head: heartbeats do not call for one. */
static void note_unsigned(struct na_verifier *v, uint64_t seq, int64_t t, const char *kind, size_t length)
{
	uint64_t head = v->checkpoint_count ? v->checkpoint[v->checkpoint_count - 1].size : 0;

	if (seq <= head || (length == 9 && memcmp(kind, "heartbeat", 9) == 0))
		return;
	pthread_mutex_lock(&v->lock);
	if (v->unsigned_since == 0 || (uint64_t)t < v->unsigned_since)
		v->unsigned_since = t > 0 ? (uint64_t)t : 1;
	pthread_mutex_unlock(&v->lock);
}

static int check_body(struct walk *walk, uint64_t seq, const void *body, size_t bytes)
{
	struct na_verifier *v = walk->v;
	struct na_life life = { .seq = seq };
	uint8_t nonce[NA_NONCE_BYTES];
	const char *kind;
	size_t offset, length;

	if (na_canonical_check(body, bytes, &offset))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": not canonical at byte %zu", seq, offset);
	if (na_canonical_find_text(body, bytes, "kind", &kind, &length) ||
	    na_canonical_find_hex(body, bytes, "nonce", nonce, sizeof(nonce)) ||
	    na_canonical_find_integer(body, bytes, "t", &life.t))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": without kind, nonce or t", seq);
	note_unsigned(v, seq, life.t, kind, length);
	if (seq == v->last_seq)
		v->result->last_t = life.t;
	for (size_t i = 0; i < sizeof(life_kinds) / sizeof(life_kinds[0]); i++) {
		if (strlen(life_kinds[i].name) != length || memcmp(kind, life_kinds[i].name, length))
			continue;
		life.kind = life_kinds[i].kind;
		if (!read_life(&life, body, bytes))
			return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": a %s record without its members",
					     seq, life_kinds[i].name);
		return add_life(walk, &life);
	}
	return 0;
}

/* A stored node of level 8 is what the rows below it give. */
static int check_node(struct walk *walk, uint64_t seq, const uint8_t wanted[NA_HASH_BYTES])
{
	struct na_verifier *v = walk->v;
	sqlite3_stmt *nodes = walk->nodes;
	int step = sqlite3_step(nodes);

	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return na_verify_sqlite(v, sqlite3_db_handle(nodes), "read the tree");
	if (step == SQLITE_ROW && (uint64_t)sqlite3_column_int64(nodes, 0) == (seq >> NA_TILE_LEVEL) - 1 &&
	    sqlite3_column_type(nodes, 1) == SQLITE_BLOB && sqlite3_column_bytes(nodes, 1) == NA_HASH_BYTES &&
	    memcmp(sqlite3_column_blob(nodes, 1), wanted, NA_HASH_BYTES) == 0)
		return 0;
	return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "records %" PRIu64 " to %" PRIu64 ": the stored node of the tree over "
			     "them is missing or another", seq - NA_TILE_ROWS + 1, seq);
}

/* The tree inside the block, kept wherever a head ends. */
static int add_leaf(struct walk *walk, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES])
{
	struct na_verifier *v = walk->v;
	struct na_checkpoint *checkpoint;
	struct na_merkle_tiles tiles;
	int result;

	if (na_merkle_append(&walk->hash, &walk->tree, row_hash, &tiles))
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot hash");
	result = tiles.count ? check_node(walk, seq, tiles.hash[0]) : 0;
	if (result)
		return result;
	if (walk->tree.size == NA_BLOCK_ROWS)
		memcpy(walk->block->root, walk->tree.node[NA_BLOCK_LEVEL], NA_HASH_BYTES);
	if (walk->next_checkpoint == v->checkpoint_count)
		return 0;
	checkpoint = &v->checkpoint[walk->next_checkpoint];
	if (checkpoint->size == seq) {
		memcpy(checkpoint->edge, walk->tree.node, sizeof(checkpoint->edge));
		walk->next_checkpoint++;
	}
	return 0;
}

/* One row: is it the next one, made of bytes, and does its hash follow? `previous` becomes its hash. */
static int check_row(struct walk *walk, uint64_t seq, uint8_t previous[NA_HASH_BYTES])
{
	struct na_verifier *v = walk->v;
	sqlite3_stmt *row = walk->statement;
	uint64_t found = (uint64_t)sqlite3_column_int64(row, 0);
	uint8_t wanted[NA_HASH_BYTES];
	const void *row_hash, *body;
	size_t bytes;
	int result;

	if (found != seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": missing", seq);
	if (sqlite3_column_type(row, 1) != SQLITE_BLOB || sqlite3_column_type(row, 2) != SQLITE_BLOB ||
	    sqlite3_column_bytes(row, 1) != NA_HASH_BYTES)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": hash or body is not made of bytes", seq);
	row_hash = sqlite3_column_blob(row, 1);
	body = sqlite3_column_blob(row, 2);
	bytes = (size_t)sqlite3_column_bytes(row, 2);
	if (!row_hash || (!body && bytes))
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "no memory");
	if (na_chain_row(&walk->hash, wanted, seq, previous, body, bytes))
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot hash");
	if (memcmp(wanted, row_hash, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": its hash is not that of its bytes and of "
				     "the record before it: one of the two was changed", seq);
	result = check_body(walk, seq, body, bytes);
	if (result == 0)
		result = add_leaf(walk, seq, row_hash);
	memcpy(previous, row_hash, NA_HASH_BYTES);
	return result;
}

static size_t first_checkpoint_after(const struct na_verifier *v, uint64_t seq)
{
	size_t low = 0, high = v->checkpoint_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->checkpoint[middle].size <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The hash before the block: the genesis, or the stored hash of the last row of the block before. */
static int start_block(struct walk *walk, uint8_t previous[NA_HASH_BYTES])
{
	struct na_verifier *v = walk->v;

	if (walk->base == 0) {
		memcpy(previous, v->genesis, NA_HASH_BYTES);
		return 0;
	}
	if (sqlite3_step(walk->statement) != SQLITE_ROW)
		return na_verify_sqlite(v, sqlite3_db_handle(walk->statement), "read the records");
	if ((uint64_t)sqlite3_column_int64(walk->statement, 0) != walk->base ||
	    sqlite3_column_type(walk->statement, 1) != SQLITE_BLOB ||
	    sqlite3_column_bytes(walk->statement, 1) != NA_HASH_BYTES)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, walk->base, "record %" PRIu64 ": missing, or without a hash", walk->base);
	memcpy(previous, sqlite3_column_blob(walk->statement, 1), NA_HASH_BYTES);
	return 0;
}

static int check_block(struct walk *walk, size_t number)
{
	struct na_verifier *v = walk->v;
	uint64_t first = number * NA_BLOCK_ROWS + 1;
	uint64_t last = first + NA_BLOCK_ROWS - 1 < v->last_seq ? first + NA_BLOCK_ROWS - 1 : v->last_seq;
	uint8_t previous[NA_HASH_BYTES];
	int result, step = SQLITE_ROW;

	walk->base = first - 1;
	walk->block = &v->block[number];
	walk->next_checkpoint = first_checkpoint_after(v, walk->base);
	memset(&walk->tree, 0, sizeof(walk->tree));
	sqlite3_bind_int64(walk->statement, 1, (sqlite3_int64)walk->base);
	sqlite3_bind_int64(walk->statement, 2, (sqlite3_int64)last);
	sqlite3_bind_int64(walk->nodes, 1, (sqlite3_int64)(walk->base >> NA_TILE_LEVEL));
	result = start_block(walk, previous);
	for (uint64_t seq = first; seq <= last && result == 0; seq++) {
		step = sqlite3_step(walk->statement);
		if (step == SQLITE_ROW)
			result = check_row(walk, seq, previous);
		else if (step == SQLITE_DONE)
			result = na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": missing", seq);
		else
			result = na_verify_sqlite(v, sqlite3_db_handle(walk->statement), "read the records");
	}
	sqlite3_reset(walk->statement);
	sqlite3_reset(walk->nodes);
	return result;
}

/* Blocks are taken in order, so once one is bad only lower ones, already taken, can matter. */
static void *check_blocks(void *context)
{
	struct na_verifier *v = context;
	struct walk walk = { .v = v };
	sqlite3 *db = NULL;
	size_t number;

	if (na_hash_open(&walk.hash))
		return NULL;
	if (na_verify_connect(v, &db) == 0) {
		if (sqlite3_prepare_v2(db, "SELECT seq, row_hash, body FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
				       -1, &walk.statement, NULL) != SQLITE_OK ||
		    sqlite3_prepare_v2(db, "SELECT position, hash FROM node WHERE level = 8 AND position >= ?1 ORDER BY position",
				       -1, &walk.nodes, NULL) != SQLITE_OK)
			na_verify_sqlite(v, db, "read the records");
		else
			while ((number = atomic_fetch_add(&v->next_block, 1)) < v->block_count)
				if (check_block(&walk, number))
					atomic_store(&v->next_block, v->block_count);
		sqlite3_finalize(walk.statement);
		sqlite3_finalize(walk.nodes);
	}
	sqlite3_close(db);
	na_hash_close(&walk.hash);
	return v;
}

int na_verify_rows(struct na_verifier *v)
{
	unsigned int threads = v->options->threads ? v->options->threads : 2;
	pthread_t thread[THREADS_MAX];
	unsigned int started = 0;
	void *done = v;

	v->block_count = (size_t)((v->last_seq + NA_BLOCK_ROWS - 1) / NA_BLOCK_ROWS);
	v->block = calloc(v->block_count ? v->block_count : 1, sizeof(*v->block));
	if (!v->block)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "no memory");
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	while (started < threads && pthread_create(&thread[started], NULL, check_blocks, v) == 0)
		started++;
	if (started == 0)
		done = check_blocks(v);
	while (started > 0) {
		void *one;

		pthread_join(thread[--started], &one);
		if (!one)
			done = NULL;
	}
	if (!done)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "libcrypto does not offer SHA-256");
	return (int)v->result->verdict;
}
