/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the canonical form from both ends: bytes that claim to be a record, and text written into one.
 *
 * What the validator accepts, the index reads and the lookups walk without leaving it; whatever text is written, the
 * result is accepted.
 */
#include <journal/canonical.h>
#include <journal/index_row.h>

#include "fuzz.h"

static void look_up(const char *body, size_t length)
{
	static const char *const keys[] = { "kind", "t", "nonce", "a", "comm_hex" };
	uint8_t nonce[16];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *found;
		size_t bytes;
		int64_t integer;
		bool boolean;

		if (na_canonical_find_raw(body, length, keys[i], &found, &bytes) == 0)
			REQUIRE(bytes > 0 && found > body && found + bytes < body + length);
		if (na_canonical_find_text(body, length, keys[i], &found, &bytes) == 0)
			REQUIRE(found[-1] == '"' && found[bytes] == '"');
		(void)na_canonical_find_integer(body, length, keys[i], &integer);
		(void)na_canonical_find_bool(body, length, keys[i], &boolean);
		(void)na_canonical_find_hex(body, length, keys[i], nonce, sizeof(nonce));
	}
}

static void read_record(const struct fuzz_input *input)
{
	char *body = fuzz_exact(input->at, input->left);
	static struct na_index_row row;
	size_t offset;

	if (na_canonical_check(body, input->left, &offset) == 0) {
		REQUIRE(offset == input->left);
		REQUIRE(na_index_row_read(&row, body, input->left) == 0);
		look_up(body, input->left);
	} else {
		REQUIRE(offset <= input->left);
	}
	free(body);
}

/* One text as a member and as an element, between two members that bound it. */
static void write_record(const struct fuzz_input *input)
{
	char *text = fuzz_exact(input->at, input->left);
	size_t capacity = 12 * input->left + 128;
	uint8_t *buffer = malloc(capacity);
	struct na_canonical record;
	ssize_t length;

	REQUIRE(buffer != NULL);
	na_canonical_begin(&record, buffer, capacity);
	na_canonical_integer(&record, "a", -(int64_t)input->left);
	na_canonical_text(&record, "comm", text, input->left);
	na_canonical_array_begin(&record, "list");
	na_canonical_text(&record, NULL, text, input->left);
	na_canonical_array_end(&record);
	na_canonical_bool(&record, "t", true);
	length = na_canonical_end(&record);
	REQUIRE(length > 0 && (size_t)length <= capacity);
	REQUIRE(na_canonical_check(buffer, (size_t)length, NULL) == 0);
	look_up((const char *)buffer, (size_t)length);
	free(buffer);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	if (fuzz_byte(&input) & 1)
		write_record(&input);
	else
		read_record(&input);
	return 0;
}
