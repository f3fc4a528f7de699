/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signer's keys: one head per one-time key, each certified before, the same again after a restart. */
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

#include "signer/keys.h"

static char directory[] = "/tmp/test_signer.XXXXXX";
static struct na_hash hash;

static int begin(void **state)
{
	(void)state;
	return mkdtemp(directory) && na_hash_open(&hash) == 0 ? 0 : -1;
}

static int end(void **state)
{
	char path[64];

	(void)state;
	na_hash_close(&hash);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, i ? "state" : "identity.key");
		(void)unlink(path);
	}
	return rmdir(directory);
}

static void open_keys(struct na_signer_keys *keys)
{
	struct na_error error = { 0 };

	if (na_signer_keys_open(keys, directory, &error))
		fail_msg("%s", error.text);
	assert_int_equal(na_signer_keys_pin(keys, "example.org/log", &error), 0);
}

static void test_heads_are_signed_by_certified_keys_across_restarts(void **state)
{
	struct na_signer_keys keys;
	struct na_merkle tree = { 0 };
	struct na_note note;
	uint8_t row[NA_HASH_BYTES] = { 1 }, certified[NA_PUBLIC_KEY_BYTES], first[NA_PUBLIC_KEY_BYTES];

	(void)state;
	open_keys(&keys);
	memcpy(first, keys.status.once, sizeof(first));
	memcpy(certified, first, sizeof(first));
	for (uint64_t i = 0; i < 5; i++) {
		uint8_t next[NA_PUBLIC_KEY_BYTES];
		struct na_signer_status before;

		memcpy(next, keys.status.next_once, sizeof(next));
		assert_int_equal(na_merkle_append(&hash, &tree, row, NULL), 0);
		assert_int_equal(na_signer_keys_sign(&keys, &hash, &tree, false, NULL), 0);
		assert_int_equal(na_note_read(&note, keys.status.note, keys.status.note_bytes), 0);
		assert_int_equal(note.size, i + 1);
		assert_true(na_note_signed_by(&hash, &note, keys.status.note, NA_NOTE_IDENTITY, keys.status.identity));
		assert_true(na_note_signed_by(&hash, &note, keys.status.note, NA_NOTE_ONCE, certified));
		assert_false(na_note_signed_by(&hash, &note, keys.status.note, NA_NOTE_ONCE, next));
		assert_memory_equal(keys.status.once, next, sizeof(next));
		memcpy(certified, next, sizeof(next));
		before = keys.status;
		na_signer_keys_close(&keys);
		open_keys(&keys);
		assert_memory_equal(&keys.status, &before, sizeof(before));
		assert_memory_equal(keys.status.first_once, first, sizeof(first));
	}
	assert_int_equal(na_signer_keys_pin(&keys, "example.org/other", NULL), -EKEYREJECTED);
	na_signer_keys_close(&keys);
}

static void test_a_note_has_one_spelling(void **state)
{
	struct na_signer_keys keys;
	struct na_note note;
	char text[NA_NOTE_BYTES + 1];

	(void)state;
	open_keys(&keys);
	for (uint32_t i = 0; i < keys.status.note_bytes; i++) {
		memcpy(text, keys.status.note, sizeof(text));
		text[i] ^= 0x01;
		if (na_note_read(&note, text, keys.status.note_bytes) == 0)
			assert_false(i < note.signed_bytes &&
				     na_note_signed_by(&hash, &note, text, NA_NOTE_IDENTITY, keys.status.identity));
		assert_int_not_equal(na_note_read(&note, keys.status.note, i), 0);
	}
	na_signer_keys_close(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads_are_signed_by_certified_keys_across_restarts),
		cmocka_unit_test(test_a_note_has_one_spelling),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
