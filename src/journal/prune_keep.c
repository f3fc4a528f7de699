/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks through the records below a cut for those that outlive it, and keeps what proves where they stood. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal/canonical.h"
#include "journal/work.h"

#define BLOCKS_A_TURN 16
#define CARRIED_BYTES_MAX (8 << 20)	/* in memory; a cut that would carry more ends earlier */

/* Records that outlive their rows: what was given away, decided, or said about keys and settings. */
static const char *const carried_kinds[] = { "ack", "carried", "config", "release", "rotate" };

/* The records of 2^8 leaves and the tree over them. */
struct block {
	uint64_t first;
	size_t count;
	struct row {
		uint8_t row_hash[NA_HASH_BYTES];
		bool head, carried;
		void *body;		/* of a head or a carried one */
		size_t body_bytes;
	} row[NA_TILE_ROWS];
	uint8_t node[NA_TILE_LEVEL][NA_TILE_ROWS][NA_HASH_BYTES];
};

static bool kind_is(const char *kind, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(kind, name, length) == 0;
}

static int take_row(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
		    size_t body_bytes)
{
	struct block *block = context;
	struct row *row = &block->row[block->count];
	const char *kind;
	size_t length;

	if (seq != block->first + block->count)
		return -EBADMSG;
	memset(row, 0, sizeof(*row));
	memcpy(row->row_hash, row_hash, NA_HASH_BYTES);
	if (na_canonical_find_text(body, body_bytes, "kind", &kind, &length))
		return -EBADMSG;
	row->head = kind_is(kind, length, "head");
	for (size_t i = 0; i < sizeof(carried_kinds) / sizeof(carried_kinds[0]); i++)
		row->carried |= kind_is(kind, length, carried_kinds[i]);
	if (row->head || row->carried) {
		row->body = malloc(body_bytes);
		if (!row->body)
			return -ENOMEM;
		memcpy(row->body, body, body_bytes);
		row->body_bytes = body_bytes;
	}
	return ++block->count == NA_TILE_ROWS ? 1 : 0;
}

static int grow_tree(struct na_hash *hash, struct block *block)
{
	int result = 0;

	for (size_t i = 0; i < NA_TILE_ROWS && result == 0; i++)
		result = na_merkle_leaf(hash, block->node[0][i], block->row[i].row_hash);
	for (unsigned int level = 1; level < NA_TILE_LEVEL; level++)
		for (size_t i = 0; i < (size_t)NA_TILE_ROWS >> level && result == 0; i++)
			result = na_merkle_node(hash, block->node[level][i], block->node[level - 1][2 * i],
						block->node[level - 1][2 * i + 1]);
	return result;
}

static void read_path(const struct block *block, size_t leaf, uint8_t path[NA_PATH_BYTES])
{
	for (unsigned int level = 0; level < NA_TILE_LEVEL; level++)
		memcpy(path + (size_t)level * NA_HASH_BYTES, block->node[level][leaf >> level ^ 1], NA_HASH_BYTES);
}

/* The body to append for a row that is carried; one that is itself a carried copy goes on as it is. */
static int carry(struct na_prune *prune, const struct row *row, const struct na_life_carried *carried)
{
	static uint8_t body[NA_RECORD_MAX_BYTES];
	struct na_prune_carried *more = reallocarray(prune->carried, prune->carried_count + 1, sizeof(*more)), *one;
	const char *kind;
	size_t length;
	ssize_t bytes;

	if (!more)
		return -ENOMEM;
	prune->carried = more;
	one = &prune->carried[prune->carried_count];
	if (na_canonical_find_text(row->body, row->body_bytes, "kind", &kind, &length) == 0 &&
	    kind_is(kind, length, "carried")) {
		memcpy(body, row->body, row->body_bytes);
		bytes = (ssize_t)row->body_bytes;
	} else {
		bytes = na_life_carried(body, sizeof(body), carried);
	}
	if (bytes < 0)
		return (int)bytes;
	one->body = malloc((size_t)bytes);
	if (!one->body)
		return -ENOMEM;
	memcpy(one->body, body, (size_t)bytes);
	one->body_bytes = (size_t)bytes;
	prune->carried_bytes += (size_t)bytes;
	prune->carried_count++;
	return 0;
}

static int keep_row(struct na_journal *journal, const struct block *block, size_t leaf)
{
	struct na_prune *prune = &journal->prune;
	const struct row *row = &block->row[leaf];
	uint8_t path[NA_PATH_BYTES];
	struct na_life_carried carried = {
		.seq = block->first + leaf, .previous = leaf ? block->row[leaf - 1].row_hash : prune->before,
		.row_hash = row->row_hash, .path = path, .body = row->body, .body_bytes = row->body_bytes,
	};

	read_path(block, leaf, path);
	if (row->head && carried.seq > prune->kept_head) {
		prune->kept_head = carried.seq;
		return na_store_add_old_head(&journal->store, carried.seq, carried.previous, row->body, row->body_bytes, path,
					     &journal->error);
	}
	return row->carried ? carry(prune, row, &carried) : 0;
}

static int keep_block(struct na_journal *journal, struct block *block)
{
	bool grown = false;
	int result = 0;

	for (size_t i = 0; i < NA_TILE_ROWS && result == 0; i++) {
		if (!block->row[i].body)
			continue;
		if (!grown)
			result = grow_tree(&journal->store.hash, block);
		grown = true;
		if (result == 0)
			result = keep_row(journal, block, i);
	}
	return result;
}

static int look_at_block(struct na_journal *journal, struct block *block)
{
	struct na_prune *prune = &journal->prune;
	int result;

	memset(block->row, 0, sizeof(block->row));
	block->first = prune->next;
	block->count = 0;
	result = na_store_rows_from(&journal->store, prune->next, take_row, block, &journal->error);
	result = result == 1 ? keep_block(journal, block) : result ? result : -EBADMSG;
	for (size_t i = 0; i < block->count; i++)
		free(block->row[i].body);
	if (result)
		return result;
	memcpy(prune->before, block->row[NA_TILE_ROWS - 1].row_hash, NA_HASH_BYTES);
	prune->next += NA_TILE_ROWS;
	return 0;
}

int na_prune_keep(struct na_journal *journal)
{
	struct na_prune *prune = &journal->prune;
	struct block *block = malloc(sizeof(*block));
	int result = block ? na_store_begin(&journal->store, &journal->error) : -ENOMEM;

	for (int i = 0; i < BLOCKS_A_TURN && prune->next < prune->cut && result == 0; i++) {
		result = look_at_block(journal, block);
		if (prune->carried_bytes > CARRIED_BYTES_MAX)
			prune->cut = prune->next;
	}
	free(block);
	if (result == 0)
		result = na_store_commit(&journal->store, &journal->error);
	if (result && !journal->error.text[0])
		na_error_set(&journal->error, result, "cannot keep what outlives record %llu: %s",
			     (unsigned long long)prune->next, strerror(-result));
	return result;
}
