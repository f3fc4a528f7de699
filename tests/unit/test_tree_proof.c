/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every inclusion and consistency proof for every size up to 600; what is changed in one no longer proves. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "journal/tree_proof.h"

#define SIZES 601

static uint8_t row[SIZES][NA_HASH_BYTES], root[SIZES][NA_HASH_BYTES];
static struct na_hash hash;

/* MTH of a perfect subtree as the RFC writes it, with another library than the code under test. */
static void perfect(uint8_t out[NA_HASH_BYTES], uint64_t first, uint64_t count)
{
	uint8_t input[1 + 2 * NA_HASH_BYTES];

	input[0] = count > 1;
	if (count == 1) {
		memcpy(input + 1, row[first], NA_HASH_BYTES);
		crypto_hash_sha256(out, input, 1 + NA_HASH_BYTES);
		return;
	}
	perfect(input + 1, first, count / 2);
	perfect(input + 1 + NA_HASH_BYTES, first + count / 2, count / 2);
	crypto_hash_sha256(out, input, sizeof(input));
}

/* Found once: the same nodes are asked for many thousand times. */
static uint8_t kept[10][SIZES][NA_HASH_BYTES];
static uint8_t known[10][SIZES];

static int node(void *context, uint64_t index, unsigned int level, uint8_t out[NA_HASH_BYTES])
{
	uint64_t *limit = context;

	/* a proof for a tree needs nothing beyond it */
	assert_true(level < 10 && (index + 1) << level <= *limit);
	if (!known[level][index])
		perfect(kept[level][index], index << level, UINT64_C(1) << level);
	known[level][index] = 1;
	memcpy(out, kept[level][index], NA_HASH_BYTES);
	return 0;
}

static int begin(void **state)
{
	struct na_merkle tree = { 0 };

	(void)state;
	assert_int_equal(na_hash_open(&hash), 0);
	for (size_t size = 0; size < SIZES; size++) {
		uint64_t limit = size;
		uint8_t again[NA_HASH_BYTES];

		assert_int_equal(na_merkle_root(&hash, &tree, root[size]), 0);
		assert_int_equal(na_tree_root(&hash, node, &limit, size, again), 0);
		assert_memory_equal(again, root[size], NA_HASH_BYTES);
		crypto_hash_sha256(row[size], (const uint8_t *)&size, sizeof(size));
		assert_int_equal(na_merkle_append(&hash, &tree, row[size], NULL), 0);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	na_hash_close(&hash);
	return 0;
}

static int included(const struct na_tree_proof *proof, uint64_t seq, uint64_t leaf, uint64_t size)
{
	return na_tree_check_inclusion(&hash, proof, seq, size, row[leaf - 1], root[size]);
}

static int extends(const struct na_tree_proof *proof, uint64_t old, uint64_t old_root, uint64_t size)
{
	return na_tree_check_consistency(&hash, proof, old, size, root[old_root], root[size]);
}

static void test_every_record_is_proved_in_every_tree(void **state)
{
	struct na_tree_proof proof;

	(void)state;
	for (uint64_t size = 1; size < SIZES; size++)
		for (uint64_t seq = 1; seq <= size; seq++) {
			uint64_t other = seq % size + 1;

			assert_int_equal(na_tree_prove_inclusion(&hash, node, &size, seq, size, &proof), 0);
			assert_true(proof.count <= 10);
			assert_int_equal(included(&proof, seq, seq, size), 0);
			if (other == seq || seq % 7)
				continue;
			assert_int_equal(included(&proof, other, seq, size), -EBADMSG);
			assert_int_equal(included(&proof, seq, other, size), -EBADMSG);
		}
}

static void test_every_tree_is_proved_to_extend_every_smaller_one(void **state)
{
	struct na_tree_proof proof;

	(void)state;
	for (uint64_t size = 1; size < SIZES; size++)
		for (uint64_t old = 1; old <= size; old++) {
			uint64_t other = old % size + 1;

			assert_int_equal(na_tree_prove_consistency(&hash, node, &size, old, size, &proof), 0);
			assert_true(proof.count <= 11);
			assert_int_equal(extends(&proof, old, old, size), 0);
			if (other == old || old % 7)
				continue;
			assert_int_equal(extends(&proof, other, old, size), -EBADMSG);
			assert_int_equal(extends(&proof, old, other, size), -EBADMSG);
		}
}

static void test_a_changed_proof_proves_nothing(void **state)
{
	struct na_tree_proof proof, changed;
	uint64_t size = 389, seq = 300, old = 203;

	(void)state;
	assert_int_equal(na_tree_prove_inclusion(&hash, node, &size, seq, size, &proof), 0);
	for (size_t i = 0; i < proof.count; i++) {
		changed = proof;
		changed.hash[i][31] ^= 1;
		assert_int_equal(included(&changed, seq, seq, size), -EBADMSG);
	}
	changed = proof;
	changed.count--;
	assert_int_equal(included(&changed, seq, seq, size), -EBADMSG);
	changed.count += 2;
	memset(changed.hash[changed.count - 1], 0, NA_HASH_BYTES);
	assert_int_equal(included(&changed, seq, seq, size), -EBADMSG);
	assert_int_equal(na_tree_prove_consistency(&hash, node, &size, old, size, &proof), 0);
	for (size_t i = 0; i < proof.count; i++) {
		changed = proof;
		changed.hash[i][0] ^= 0x80;
		assert_int_equal(extends(&changed, old, old, size), -EBADMSG);
	}
	changed = proof;
	changed.count--;
	assert_int_equal(extends(&changed, old, old, size), -EBADMSG);
	changed.count = NA_TREE_PROOF_HASHES + 1;
	assert_int_equal(extends(&changed, old, old, size), -EBADMSG);
	assert_int_equal(included(&changed, seq, seq, size), -EBADMSG);
}

static void test_what_cannot_be_proved_is_refused(void **state)
{
	struct na_tree_proof proof = { 0 };
	uint64_t size = 10;

	(void)state;
	assert_int_equal(na_tree_prove_inclusion(&hash, node, &size, 0, 10, &proof), -ERANGE);
	assert_int_equal(na_tree_prove_inclusion(&hash, node, &size, 11, 10, &proof), -ERANGE);
	assert_int_equal(na_tree_prove_consistency(&hash, node, &size, 0, 10, &proof), -ERANGE);
	assert_int_equal(na_tree_prove_consistency(&hash, node, &size, 11, 10, &proof), -ERANGE);
	assert_int_equal(na_tree_check_inclusion(&hash, &proof, 0, 10, row[0], root[10]), -EBADMSG);
	assert_int_equal(na_tree_check_consistency(&hash, &proof, 0, 10, root[0], root[10]), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_record_is_proved_in_every_tree),
		cmocka_unit_test(test_every_tree_is_proved_to_extend_every_smaller_one),
		cmocka_unit_test(test_a_changed_proof_proves_nothing),
		cmocka_unit_test(test_what_cannot_be_proved_is_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
