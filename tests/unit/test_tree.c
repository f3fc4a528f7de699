/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stored tree against one computed from all row hashes, before and after records are deleted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/store.h"
#include "journal/tree.h"

#define ROWS 70000	/* past the first node of level 16 */
#define CUT 66049	/* 258 * 256 + 1 */
#define OLD_HEAD 777

static char directory[64];
static uint8_t row_hash[ROWS + 1][NA_HASH_BYTES];	/* by seq */
static struct na_store store;
static struct na_tree tree;

static int begin(void **state)
{
	static const uint8_t identity[NA_PUBLIC_KEY_BYTES] = { 1 }, first_once[NA_PUBLIC_KEY_BYTES] = { 2 };
	struct na_error error = { 0 };
	char body[32];

	(void)state;
	strcpy(directory, "/tmp/test_tree.XXXXXX");
	if (!mkdtemp(directory) || na_store_open(&store, directory, &error) ||
	    na_store_create(&store, "example.org/log", identity, first_once, &error) || na_store_begin(&store, &error))
		return -1;
	for (uint64_t seq = 1; seq <= ROWS; seq++) {
		int bytes = snprintf(body, sizeof(body), "{\"n\":%llu}", (unsigned long long)seq);

		if (na_store_append(&store, body, (size_t)bytes, &error))
			return -1;
		memcpy(row_hash[seq], store.row_hash, NA_HASH_BYTES);
	}
	return na_store_commit(&store, &error) || na_tree_open(&tree, store.db);
}

static int end(void **state)
{
	static const char *const names[] = { "journal.db", "journal.db-wal", "journal.db-shm", "journal.lock", "reserve" };
	char path[128];

	(void)state;
	na_tree_close(&tree);
	na_store_close(&store);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
	return rmdir(directory);
}

static void recompute(unsigned int level, uint64_t position, uint8_t out[NA_HASH_BYTES])
{
	struct na_merkle inside = { 0 };

	for (uint64_t seq = (position << level) + 1; seq <= (position + 1) << level; seq++)
		assert_int_equal(na_merkle_append(&store.hash, &inside, row_hash[seq], NULL), 0);
	memcpy(out, inside.node[level], NA_HASH_BYTES);
}

static void check_node(unsigned int level, uint64_t position)
{
	uint8_t wanted[NA_HASH_BYTES], node[NA_HASH_BYTES];

	recompute(level, position, wanted);
	assert_int_equal(na_tree_read(&tree, position, level, node), 0);
	assert_memory_equal(node, wanted, NA_HASH_BYTES);
}

static void test_nodes_of_every_level_are_those_of_the_rows(void **state)
{
	uint8_t node[NA_HASH_BYTES];

	(void)state;
	for (unsigned int level = 0; level <= 16; level++) {
		check_node(level, 0);
		check_node(level, (ROWS >> level) - 1);
		check_node(level, (ROWS >> level) / 2);
		assert_int_equal(na_tree_read(&tree, ROWS >> level, level, node), -ENOENT);
	}
	assert_int_equal(na_tree_read(&tree, 0, 17, node), -ENOENT);
	assert_int_equal(na_tree_read(&tree, 2, 62, node), -EINVAL);
	assert_int_equal(na_tree_read(&tree, 0, 63, node), -EINVAL);
}

static void check_root(uint64_t size)
{
	struct na_merkle wanted = { 0 };
	uint8_t root[NA_HASH_BYTES], stored[NA_HASH_BYTES];

	for (uint64_t seq = 1; seq <= size; seq++)
		assert_int_equal(na_merkle_append(&store.hash, &wanted, row_hash[seq], NULL), 0);
	assert_int_equal(na_merkle_root(&store.hash, &wanted, root), 0);
	assert_int_equal(na_tree_read_root(&tree, size, stored), 0);
	assert_memory_equal(stored, root, NA_HASH_BYTES);
}

static void test_roots_of_every_shape_of_size(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 255, 256, 257, 511, 512, 4095, 4097, 65535, 65536, 65537, 69999, ROWS };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_root(sizes[i]);
}

static void test_a_path_leads_to_its_node_and_gives_the_frontier(void **state)
{
	static const uint64_t seqs[] = { 1, 2, 255, 256, 257, 300, 384, 512, 640, OLD_HEAD, 65536, 66000 };

	(void)state;
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		uint8_t path[NA_PATH_BYTES], climbed[NA_HASH_BYTES], wanted[NA_HASH_BYTES], root[NA_HASH_BYTES];
		struct na_merkle frontier;

		assert_int_equal(na_tree_path(&tree, seqs[i], path), 0);
		assert_int_equal(na_tree_frontier(&tree, seqs[i], &frontier), 0);
		assert_int_equal(na_tree_read_root(&tree, seqs[i], root), 0);
		memset(frontier.node, 0, sizeof(frontier.node[0]) * NA_TILE_LEVEL);
		assert_int_equal(na_tree_climb(&tree.hash, seqs[i], row_hash[seqs[i]], path, climbed, &frontier), 0);
		recompute(NA_TILE_LEVEL, (seqs[i] - 1) >> NA_TILE_LEVEL, wanted);
		assert_memory_equal(climbed, wanted, NA_HASH_BYTES);
		assert_int_equal(na_merkle_root(&tree.hash, &frontier, wanted), 0);
		assert_memory_equal(wanted, root, NA_HASH_BYTES);
	}
}

static void keep_old_head(sqlite3 *db)
{
	char body[32];
	uint8_t path[NA_PATH_BYTES];
	sqlite3_stmt *insert;
	int bytes = snprintf(body, sizeof(body), "{\"n\":%d}", OLD_HEAD);

	assert_int_equal(na_tree_path(&tree, OLD_HEAD, path), 0);
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO old_head VALUES(?1, ?2, ?3, ?4)", -1, &insert, NULL), SQLITE_OK);
	sqlite3_bind_int(insert, 1, OLD_HEAD);
	sqlite3_bind_blob(insert, 2, row_hash[OLD_HEAD - 1], NA_HASH_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 3, body, bytes, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 4, path, sizeof(path), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
	sqlite3_finalize(insert);
}

static void test_pruned_records_keep_their_tree_from_level_8_and_beside_old_heads(void **state)
{
	uint8_t node[NA_HASH_BYTES];
	char path[128], sql[64];
	sqlite3 *db;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/journal.db", directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
	keep_old_head(db);
	(void)snprintf(sql, sizeof(sql), "DELETE FROM record WHERE seq < %d", CUT);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);

	for (unsigned int level = 8; level <= 16; level++)
		check_node(level, 0);
	check_root(CUT - 1);
	check_root(CUT + 100);
	check_root(OLD_HEAD);
	check_node(0, OLD_HEAD - 1);
	for (unsigned int level = 0; level < 8; level++) {
		check_node(level, (OLD_HEAD - 1) >> level);
		check_node(level, ((OLD_HEAD - 1) >> level) ^ 1);
		assert_int_equal(na_tree_read(&tree, 0, level, node), -ENOENT);
	}
	assert_int_equal(na_tree_read_root(&tree, 900, node), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes_of_every_level_are_those_of_the_rows),
		cmocka_unit_test(test_roots_of_every_shape_of_size),
		cmocka_unit_test(test_a_path_leads_to_its_node_and_gives_the_frontier),
		cmocka_unit_test(test_pruned_records_keep_their_tree_from_level_8_and_beside_old_heads),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
