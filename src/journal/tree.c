/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes of the tree from stored nodes, from rows, or from what is kept of old heads. */
#include "journal/tree.h"

#include <errno.h>
#include <string.h>

#include "journal/chain.h"
#include "journal/schema.h"

int na_tree_open(struct na_tree *tree, sqlite3 *db)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} wanted[] = {
		{ &tree->nodes, "SELECT hash FROM node WHERE level = ?1 AND position BETWEEN ?2 AND ?3 ORDER BY position" },
		{ &tree->rows, "SELECT row_hash FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq" },
		{ &tree->old_heads, "SELECT path, previous, body, size FROM old_head WHERE size BETWEEN ?1 AND ?2" },
	};
	int result;

	memset(tree, 0, sizeof(*tree));
	tree->db = db;
	result = na_hash_open(&tree->hash);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && result == 0; i++)
		if (sqlite3_prepare_v3(db, wanted[i].sql, -1, SQLITE_PREPARE_PERSISTENT, wanted[i].statement, NULL) != SQLITE_OK)
			result = na_schema_errno(db);
	return result;
}

void na_tree_close(struct na_tree *tree)
{
	sqlite3_finalize(tree->nodes);
	sqlite3_finalize(tree->rows);
	sqlite3_finalize(tree->old_heads);
	na_hash_close(&tree->hash);
	memset(tree, 0, sizeof(*tree));
}

/* A blob of exactly this size in the first column, or NULL. */
static const void *blob(sqlite3_stmt *statement, int column, size_t bytes)
{
	if (sqlite3_column_type(statement, column) != SQLITE_BLOB ||
	    (size_t)sqlite3_column_bytes(statement, column) != bytes)
		return NULL;
	return sqlite3_column_blob(statement, column);
}

/*
 * Puts together the perfect subtree of 2^level leaves from the statement's hashes, which are nodes of level `below`, or
 * row hashes where that is 0.
 */
static int fold(struct na_tree *tree, sqlite3_stmt *statement, unsigned int below, unsigned int level,
		uint8_t out[NA_HASH_BYTES])
{
	struct na_merkle inside = { 0 };
	int step, result = 0;

	while (result == 0 && (step = sqlite3_step(statement)) != SQLITE_DONE) {
		const uint8_t *hash = step == SQLITE_ROW ? blob(statement, 0, NA_HASH_BYTES) : NULL;

		if (step != SQLITE_ROW)
			result = na_schema_errno(tree->db);
		else if (!hash)
			result = -EBADMSG;
		else if (below)
			result = na_merkle_append_subtree(&tree->hash, &inside, below, hash, NULL);
		else
			result = na_merkle_append(&tree->hash, &inside, hash, NULL);
	}
	sqlite3_reset(statement);
	if (result == 0 && inside.size != UINT64_C(1) << level)
		result = -ENOENT;
	if (result == 0)
		memcpy(out, inside.node[level], NA_HASH_BYTES);
	return result;
}

int na_tree_climb(struct na_hash *hash, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES],
		  const uint8_t path[NA_PATH_BYTES], uint8_t out[NA_HASH_BYTES], struct na_merkle *frontier)
{
	uint64_t position = seq - 1;
	uint8_t own[NA_HASH_BYTES];
	int result = na_merkle_leaf(hash, own, row_hash);

	for (unsigned int level = 0; level < NA_TILE_LEVEL && result == 0; level++, position >>= 1) {
		const uint8_t *sibling = path + (size_t)level * NA_HASH_BYTES;

		/* of the tree that ends here this is the last perfect subtree when it is the left one of its pair */
		if (frontier && seq >> level & 1)
			memcpy(frontier->node[level], position & 1 ? sibling : own, NA_HASH_BYTES);
		result = position & 1 ? na_merkle_node(hash, own, sibling, own) : na_merkle_node(hash, own, own, sibling);
	}
	memcpy(out, own, NA_HASH_BYTES);
	return result;
}

/* Node (level, position) where it lies on or beside the way up from one old head. */
static int beside_head(struct na_tree *tree, unsigned int level, uint64_t position, uint8_t out[NA_HASH_BYTES])
{
	const uint8_t *path = blob(tree->old_heads, 0, NA_PATH_BYTES), *previous = blob(tree->old_heads, 1, NA_HASH_BYTES);
	uint64_t size = (uint64_t)sqlite3_column_int64(tree->old_heads, 3), own = (size - 1) >> level;
	int result;

	if (!path || !previous || sqlite3_column_type(tree->old_heads, 2) != SQLITE_BLOB)
		return -EBADMSG;
	if ((own ^ 1) == position) {
		memcpy(out, path + (size_t)level * NA_HASH_BYTES, NA_HASH_BYTES);
		return 0;
	}
	if (own != position)
		return -ENOENT;
	result = na_chain_row(&tree->hash, out, size, previous, sqlite3_column_blob(tree->old_heads, 2),
			      (size_t)sqlite3_column_bytes(tree->old_heads, 2));
	if (result == 0)
		result = na_merkle_leaf(&tree->hash, out, out);
	for (unsigned int i = 0; i < level && result == 0; i++) {
		const uint8_t *sibling = path + (size_t)i * NA_HASH_BYTES;
		bool right = (size - 1) >> i & 1;

		result = na_merkle_node(&tree->hash, out, right ? sibling : out, right ? out : sibling);
	}
	return result;
}

static int from_old_heads(struct na_tree *tree, unsigned int level, uint64_t position, uint8_t out[NA_HASH_BYTES])
{
	uint64_t before = position >> (NA_TILE_LEVEL - level) << NA_TILE_LEVEL;
	int step, result = -ENOENT;

	sqlite3_bind_int64(tree->old_heads, 1, (sqlite3_int64)before + 1);
	sqlite3_bind_int64(tree->old_heads, 2, (sqlite3_int64)before + NA_TILE_ROWS);
	while (result == -ENOENT && (step = sqlite3_step(tree->old_heads)) != SQLITE_DONE)
		result = step == SQLITE_ROW ? beside_head(tree, level, position, out) : na_schema_errno(tree->db);
	sqlite3_reset(tree->old_heads);
	return result;
}

int na_tree_read(void *context, uint64_t position, unsigned int level, uint8_t out[NA_HASH_BYTES])
{
	struct na_tree *tree = context;
	unsigned int below = level / NA_TILE_LEVEL < NA_TILE_LEVELS ? level / NA_TILE_LEVEL * NA_TILE_LEVEL :
								      NA_TILE_LEVELS * NA_TILE_LEVEL;
	sqlite3_stmt *statement = below ? tree->nodes : tree->rows;
	uint64_t first, count = UINT64_C(1) << (level - below);
	int result;

	if (level >= NA_MERKLE_LEVELS || position >= UINT64_C(1) << (NA_MERKLE_LEVELS - level))
		return -EINVAL;
	first = position << (level - below);
	if (below) {
		sqlite3_bind_int(statement, 1, (int)below);
		sqlite3_bind_int64(statement, 2, (sqlite3_int64)first);
		sqlite3_bind_int64(statement, 3, (sqlite3_int64)first + (sqlite3_int64)count - 1);
	} else {
		sqlite3_bind_int64(statement, 1, (sqlite3_int64)first + 1);
		sqlite3_bind_int64(statement, 2, (sqlite3_int64)first + (sqlite3_int64)count);
	}
	result = fold(tree, statement, below, level, out);
	return result == -ENOENT && !below ? from_old_heads(tree, level, position, out) : result;
}

int na_tree_frontier(struct na_tree *tree, uint64_t size, struct na_merkle *out)
{
	int result = size >> NA_MERKLE_LEVELS ? -EINVAL : 0;

	memset(out, 0, sizeof(*out));
	out->size = size;
	for (unsigned int level = 0; level < NA_MERKLE_LEVELS && result == 0; level++)
		if (size >> level & 1)
			result = na_tree_read(tree, (size >> level) - 1, level, out->node[level]);
	return result;
}

int na_tree_read_root(struct na_tree *tree, uint64_t size, uint8_t out[NA_HASH_BYTES])
{
	struct na_merkle frontier;
	int result = na_tree_frontier(tree, size, &frontier);

	return result ? result : na_merkle_root(&tree->hash, &frontier, out);
}

int na_tree_path(struct na_tree *tree, uint64_t seq, uint8_t path[NA_PATH_BYTES])
{
	int result = 0;

	for (unsigned int level = 0; level < NA_TILE_LEVEL && result == 0; level++)
		result = na_tree_read(tree, (seq - 1) >> level ^ 1, level, path + (size_t)level * NA_HASH_BYTES);
	return result;
}
