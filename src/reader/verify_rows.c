/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks every record's bytes and its link to the record before, block by block on several threads. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/canonical.h"
#include "reader/verify_work.h"

struct walk {
	struct na_verifier *v;
	sqlite3 *db;
	sqlite3_stmt *statement, *nodes;
	struct na_hash hash;
	struct na_block *block;
	struct na_merkle tree;		/* of this block only */
	uint64_t base;			/* seq before the block's first */
};

static const struct {
	const char *name;
	enum na_life_kind kind;
} life_kinds[] = {
	{ "start", NA_LIFE_START }, { "stop", NA_LIFE_STOP }, { "gap", NA_LIFE_GAP },
	{ "lost", NA_LIFE_LOST },   { "head", NA_LIFE_HEAD }, { "prune", NA_LIFE_PRUNE }, { "carried", NA_LIFE_CARRIED },
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

/* A carried record is what its hash says, and its path leads to a node: whether to the tree's is looked at later. */
static bool read_carried(struct walk *walk, struct na_life *life, const void *body, size_t bytes)
{
	uint8_t previous[NA_HASH_BYTES], row_hash[NA_HASH_BYTES], wanted[NA_HASH_BYTES], path[NA_PATH_BYTES];
	static _Thread_local char original[NA_RECORD_MAX_BYTES];
	const char *text;
	size_t length;
	int64_t seq;

	if (na_canonical_find_integer(body, bytes, "seq", &seq) || seq < 1 ||
	    na_canonical_find_hex(body, bytes, "previous", previous, sizeof(previous)) ||
	    na_canonical_find_hex(body, bytes, "row_hash", row_hash, sizeof(row_hash)) ||
	    na_canonical_find_hex(body, bytes, "path", path, sizeof(path)) ||
	    na_canonical_find_text(body, bytes, "body", &text, &length))
		return false;
	life->carried.seq = (uint64_t)seq;
	length = na_canonical_plain(original, text, length);
	return na_chain_row(&walk->hash, wanted, life->carried.seq, previous, original, length) == 0 &&
	       memcmp(wanted, row_hash, sizeof(wanted)) == 0 &&
	       na_tree_climb(&walk->hash, life->carried.seq, row_hash, path, life->carried.node, NULL) == 0;
}

/* Members that the journal itself must have written. */
bool na_life_read(struct na_life *life, const void *body, size_t bytes)
{
	int64_t number;
	const char *text;
	size_t length;
	int rotates;

	if (na_canonical_find_integer(body, bytes, "t", &life->t))
		return false;
	if (life->kind == NA_LIFE_START)
		return na_canonical_find_bool(body, bytes, "clean", &life->clean) == 0;
	if (life->kind == NA_LIFE_HEAD) {
		if (na_canonical_find_integer(body, bytes, "number", &number) || number < 0 ||
		    na_canonical_find_hex(body, bytes, "next_key", life->head.next_key, NA_PUBLIC_KEY_BYTES) ||
		    na_canonical_find_hex(body, bytes, "previous_note", life->head.previous_note, NA_HASH_BYTES))
			return false;
		life->head.number = (uint64_t)number;
		rotates = na_canonical_find_hex(body, bytes, "next_identity", life->head.next_identity, NA_PUBLIC_KEY_BYTES);
		life->head.rotates = rotates == 0;
		return rotates != -EBADMSG;
	}
	if (life->kind == NA_LIFE_PRUNE) {
		if (na_canonical_find_integer(body, bytes, "cut", &number) || number < 1 || number % NA_TILE_ROWS != 1 ||
		    (uint64_t)number > life->seq ||
		    na_canonical_find_hex(body, bytes, "row_hash", life->prune.row_hash, NA_HASH_BYTES) ||
		    na_canonical_find_text(body, bytes, "frontier", &text, &length) || length % 2 ||
		    length / 2 > sizeof(life->prune.frontier) ||
		    na_canonical_find_hex(body, bytes, "frontier", life->prune.frontier, length / 2))
			return false;
		life->prune.cut = (uint64_t)number;
		life->prune.frontier_bytes = length / 2;
	}
	return true;
}

/* The oldest record that should long be under a head: heartbeats do not call for one. */
static void note_unsigned(struct na_verifier *v, uint64_t seq, int64_t t, const char *kind, size_t length)
{
	if (seq <= v->newest_head || (length == 9 && memcmp(kind, "heartbeat", 9) == 0))
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
		if (!na_life_read(&life, body, bytes) ||
		    (life.kind == NA_LIFE_CARRIED && !read_carried(walk, &life, body, bytes)))
			return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": a %s record whose members are "
					     "missing or wrong", seq, life_kinds[i].name);
		return add_life(walk, &life);	/* its edge follows: add_leaf() */
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
	struct na_block *block = walk->block;
	struct na_life *newest = block->life_count ? &block->life[block->life_count - 1] : NULL;
	struct na_merkle_tiles tiles;

	if (na_merkle_append(&walk->hash, &walk->tree, row_hash, &tiles))
		return na_verify_no_hash(v);
	if (walk->tree.size == NA_BLOCK_ROWS)
		memcpy(block->root, walk->tree.node[NA_BLOCK_LEVEL], NA_HASH_BYTES);
	if (newest && newest->seq == seq && newest->kind == NA_LIFE_HEAD)
		memcpy(newest->head.edge, walk->tree.node, sizeof(newest->head.edge));
	return tiles.count ? check_node(walk, seq, tiles.hash[0]) : 0;
}

/* One row: is it the next, made of bytes, and does its hash follow? `hash` is that before it and becomes its own. */
static int check_row(struct walk *walk, uint64_t seq, uint8_t hash[NA_HASH_BYTES])
{
	const uint8_t *previous = hash;
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
	/* of a pruning that was interrupted the hash before the oldest record is gone */
	if (seq == v->start.size + 1 && !v->previous_known)
		previous = NULL;
	body = sqlite3_column_blob(row, 2);
	bytes = (size_t)sqlite3_column_bytes(row, 2);
	if (!row_hash || (!body && bytes))
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "no memory");
	if (previous && na_chain_row(&walk->hash, wanted, seq, previous, body, bytes))
		return na_verify_no_hash(v);
	if (previous && memcmp(wanted, row_hash, NA_HASH_BYTES))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": its hash is not that of its bytes and of "
				     "the record before it: one of the two was changed", seq);
	result = check_body(walk, seq, body, bytes);
	if (result == 0)
		result = add_leaf(walk, seq, row_hash);
	memcpy(hash, row_hash, NA_HASH_BYTES);
	return result;
}

/* The hash before the block: that where checking begins, or the stored hash of the last row of the block before. */
static int start_block(struct walk *walk, uint8_t previous[NA_HASH_BYTES])
{
	struct na_verifier *v = walk->v;

	if (walk->base == v->start.size) {
		memcpy(previous, v->previous, NA_HASH_BYTES);
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

/* Block `number` has records number * NA_BLOCK_ROWS + 1 and so on; the first may have lost its beginning. */
static int check_block(struct walk *walk, uint64_t number)
{
	struct na_verifier *v = walk->v;
	uint64_t before = number * NA_BLOCK_ROWS;
	uint64_t last = before + NA_BLOCK_ROWS < v->last_seq ? before + NA_BLOCK_ROWS : v->last_seq;
	uint8_t previous[NA_HASH_BYTES];
	int result, step = SQLITE_ROW;

	walk->base = before < v->start.size ? v->start.size : before;
	walk->tree.size = walk->base - before;
	memcpy(walk->tree.node, v->start.node, NA_BLOCK_LEVEL * sizeof(walk->tree.node[0]));
	/* the first block begins behind what is known already, whose last row has no place here */
	sqlite3_bind_int64(walk->statement, 1, (sqlite3_int64)(walk->base == v->start.size ? walk->base + 1 : walk->base));
	sqlite3_bind_int64(walk->statement, 2, (sqlite3_int64)last);
	sqlite3_bind_int64(walk->nodes, 1, (sqlite3_int64)(walk->base >> NA_TILE_LEVEL));
	result = start_block(walk, previous);
	for (uint64_t seq = walk->base + 1; seq <= last && result == 0; seq++) {
		step = sqlite3_step(walk->statement);
		if (step == SQLITE_ROW)
			result = check_row(walk, seq, previous);
		else if (step == SQLITE_DONE)
			result = na_verify_bad(v, NA_VERIFY_TAMPERED, seq, "record %" PRIu64 ": missing", seq);
		else
			result = na_verify_sqlite(v, walk->db, "read the records");
	}
	sqlite3_reset(walk->statement);
	sqlite3_reset(walk->nodes);
	return result;
}

/* The next block, once the window has room for it. Blocks are taken in order, so a bad one ends the claiming. */
static bool claim(struct na_verifier *v, uint64_t *number)
{
	bool any;

	pthread_mutex_lock(&v->lock);
	while (v->claimed < v->end && v->claimed >= v->taken + NA_WINDOW_BLOCKS)
		pthread_cond_wait(&v->changed, &v->lock);
	any = v->claimed < v->end;
	*number = v->claimed;
	v->claimed += any;
	pthread_mutex_unlock(&v->lock);
	return any;
}

static void check_claimed(struct walk *walk)
{
	struct na_verifier *v = walk->v;
	uint64_t number;

	while (claim(v, &number)) {
		int result;

		walk->block = &v->block[number % NA_WINDOW_BLOCKS];
		result = check_block(walk, number);
		pthread_mutex_lock(&v->lock);
		walk->block->bad = result != 0;
		walk->block->done = true;
		if (result)
			v->end = v->claimed;
		pthread_cond_broadcast(&v->changed);
		pthread_mutex_unlock(&v->lock);
	}
}

static void *check_blocks(void *context)
{
	static const char rows_sql[] = "SELECT seq, row_hash, body FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq";
	static const char nodes_sql[] = "SELECT position, hash FROM node WHERE level = 8 AND position >= ?1 ORDER BY position";
	struct walk walk = *(struct walk *)context;
	struct na_verifier *v = walk.v;

	free(context);
	if (na_hash_open(&walk.hash))
		na_verify_no_hash(v);
	else if (sqlite3_prepare_v2(walk.db, rows_sql, -1, &walk.statement, NULL) != SQLITE_OK ||
		 sqlite3_prepare_v2(walk.db, nodes_sql, -1, &walk.nodes, NULL) != SQLITE_OK)
		na_verify_sqlite(v, walk.db, "read the records");
	else
		check_claimed(&walk);
	sqlite3_finalize(walk.statement);
	sqlite3_finalize(walk.nodes);
	na_hash_close(&walk.hash);
	pthread_mutex_lock(&v->lock);
	v->running--;
	pthread_cond_broadcast(&v->changed);
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

int na_verify_rows_begin(struct na_verifier *v)
{
	v->claimed = v->taken = v->start.size / NA_BLOCK_ROWS;
	v->end = (v->last_seq + NA_BLOCK_ROWS - 1) / NA_BLOCK_ROWS;
	for (unsigned int i = 0; i < v->threads; i++) {
		struct walk *walk = calloc(1, sizeof(*walk));

		if (!walk)
			break;
		walk->v = v;
		walk->db = v->thread_db[i];
		pthread_mutex_lock(&v->lock);
		v->running++;
		pthread_mutex_unlock(&v->lock);
		if (pthread_create(&v->thread[i], NULL, check_blocks, walk)) {
			free(walk);
			pthread_mutex_lock(&v->lock);
			v->running--;
			pthread_mutex_unlock(&v->lock);
			break;
		}
		v->started++;
	}
	return 0;
}

int na_verify_next_block(struct na_verifier *v, uint64_t number, struct na_block **block)
{
	struct na_block *one = &v->block[number % NA_WINDOW_BLOCKS];
	bool done, bad;

	pthread_mutex_lock(&v->lock);
	while (!one->done && v->running > 0)
		pthread_cond_wait(&v->changed, &v->lock);
	done = one->done;
	bad = one->bad;
	pthread_mutex_unlock(&v->lock);
	*block = one;
	if (!done)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "no thread could be started, or there is no memory");
	return bad ? (int)v->result->verdict : 0;
}

void na_verify_block_done(struct na_verifier *v, struct na_block *block)
{
	free(block->life);
	pthread_mutex_lock(&v->lock);
	memset(block, 0, sizeof(*block));
	v->taken++;
	pthread_cond_broadcast(&v->changed);
	pthread_mutex_unlock(&v->lock);
}

void na_verify_rows_end(struct na_verifier *v)
{
	pthread_mutex_lock(&v->lock);
	v->end = v->claimed;
	pthread_cond_broadcast(&v->changed);
	pthread_mutex_unlock(&v->lock);
	for (unsigned int i = 0; i < v->started; i++)
		(void)pthread_join(v->thread[i], NULL);
	for (size_t i = 0; i < NA_WINDOW_BLOCKS; i++) {
		free(v->block[i].life);
		v->block[i].life = NULL;
	}
}
