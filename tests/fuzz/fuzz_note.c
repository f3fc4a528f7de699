/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reader of signed heads. A note that is accepted has one spelling: its signed lines, written again from
 * what was read, are the same bytes; and no key we do not hold has signed it.
 */
#include <journal/note.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t stranger[NA_PUBLIC_KEY_BYTES] = { 1 };
	static struct na_hash hash;
	static bool ready;
	char *text = fuzz_exact(data, size), again[NA_NOTE_BYTES + 1];
	struct na_note note;

	if (!ready)
		REQUIRE(na_hash_open(&hash) == 0);
	ready = true;
	if (na_note_read(&note, text, size) == 0) {
		ssize_t length = na_note_body(again, note.origin, note.size, note.root);

		REQUIRE(length > 0 && (size_t)length == note.signed_bytes && (size_t)length < size);
		REQUIRE(memcmp(again, text, (size_t)length) == 0);
		REQUIRE(!na_note_signed_by(&hash, &note, text, NA_NOTE_IDENTITY, stranger));
	}
	free(text);
	return 0;
}
