/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what comes from witnesses by hand: their keys, their answers, and witness.log. What is accepted has one
 * spelling; no key that was invented has signed anything.
 */
#include "../../src/reader/witness.c"

#include "fuzz.h"

static void read_answer(const char *text, size_t bytes, const struct na_witness *witness)
{
	struct na_cosignature cosignature;
	char again[NA_COSIGNATURE_LINE_BYTES];

	if (na_cosignature_read(&cosignature, text, bytes))
		return;
	na_cosignature_write(again, &cosignature);
	REQUIRE(strlen(again) == bytes && memcmp(again, text, bytes) == 0);
	REQUIRE(!na_cosignature_check(&cosignature, witness, "a\n1\nb\n", 6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	uint8_t how = fuzz_byte(&input);
	struct na_kept_cosignatures all = { 0 };
	static struct na_hash hash;
	static bool ready;
	struct na_witness witness;
	struct na_note note;
	char *text = fuzz_exact(input.at, input.left), *string = fuzz_string(&input);

	if (!ready)
		REQUIRE(na_hash_open(&hash) == 0);
	ready = true;
	if (na_witness_read(&witness, &hash, string) == 0)
		REQUIRE(strchr(string, '+') && !strncmp(string, witness.name, strlen(witness.name)));
	if (how & 1)
		read_answer(text, input.left, &witness);
	else if (how & 2)
		(void)na_note_read_kept(&note, text, input.left);
	else if (parse_kept(&all, text, input.left) == 0)
		for (size_t i = 1; i < all.count; i++)
			REQUIRE(all.kept[i - 1].size <= all.kept[i].size);
	na_kept_free(&all);
	free(text);
	free(string);
	return 0;
}
