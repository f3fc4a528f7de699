/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frontier against the recursive definition of RFC 9162, section 2.1.1, for every size below 600. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "journal/merkle.h"

#define SIZES 600
static uint8_t row[SIZES][NA_HASH_BYTES];

/* MTH as the RFC writes it, with another library than the code under test. */
static void tree_hash(uint8_t out[NA_HASH_BYTES], size_t first, size_t count)
{
	uint8_t input[1 + 2 * NA_HASH_BYTES];
	size_t k = 1;

	if (count == 0) {
		crypto_hash_sha256(out, NULL, 0);
		return;
	}
	if (count == 1) {
		input[0] = 0;
		memcpy(input + 1, row[first], NA_HASH_BYTES);
		crypto_hash_sha256(out, input, 1 + NA_HASH_BYTES);
		return;
	}
	while (2 * k < count)
		k *= 2;
	input[0] = 1;
	tree_hash(input + 1, first, k);
	tree_hash(input + 1 + NA_HASH_BYTES, first + k, count - k);
	crypto_hash_sha256(out, input, sizeof(input));
}

static void test_every_root_is_the_recursive_one(void **state)
{
	struct na_merkle tree = { 0 };
	struct na_hash hash;
	uint8_t ours[NA_HASH_BYTES], wanted[NA_HASH_BYTES];

	(void)state;
	assert_int_equal(na_hash_open(&hash), 0);
	for (size_t size = 0; size < SIZES; size++) {
		tree_hash(wanted, 0, size);
		assert_int_equal(na_merkle_root(&hash, &tree, ours), 0);
		assert_memory_equal(ours, wanted, NA_HASH_BYTES);
		crypto_hash_sha256(row[size], (const uint8_t *)&size, sizeof(size));
		assert_int_equal(na_merkle_append(&hash, &tree, row[size], NULL), 0);
	}
	na_hash_close(&hash);
}

static void test_perfect_subtrees_give_the_same_tree(void **state)
{
	struct na_merkle tree = { 0 };
	struct na_hash hash;
	uint8_t root[NA_HASH_BYTES], wanted[NA_HASH_BYTES];

	(void)state;
	assert_int_equal(na_hash_open(&hash), 0);
	for (size_t block = 0; block < 9; block++) {
		tree_hash(root, block * 64, 64);
		assert_int_equal(na_merkle_append_subtree(&hash, &tree, 6, root, NULL), 0);
		tree_hash(wanted, 0, (block + 1) * 64);
		assert_int_equal(na_merkle_root(&hash, &tree, root), 0);
		assert_memory_equal(root, wanted, NA_HASH_BYTES);
	}
	assert_int_equal(na_merkle_append(&hash, &tree, row[0], NULL), 0);
	assert_true(na_merkle_append_subtree(&hash, &tree, 6, root, NULL) < 0);
	na_hash_close(&hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_root_is_the_recursive_one),
		cmocka_unit_test(test_perfect_subtrees_give_the_same_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
