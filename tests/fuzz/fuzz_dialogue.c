/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the kernel's parsers of protocols in which client and server talk by turns. The input is both directions: a
 * byte says who speaks and how much. However that is cut, the same is told; text is printable; nothing is left in the
 * scratch.
 */
#include "fuzz.h"

#include "../clear/clear_here.h"

#define MOST 64

struct said {
	struct na_message messages[MOST];
	size_t count;
};

static struct said whole, pieces, *said;
static const uint64_t key[2] = { 1, 2 };

static void keep(const struct na_message *message)
{
	size_t text = message->path_bytes + (size_t)message->keys_bytes + (size_t)message->names_bytes;

	REQUIRE(text <= NA_MESSAGE_TEXT_BYTES && message->step_count <= NA_MESSAGE_STEPS);
	REQUIRE(message->protocol < NA_PROTOCOLS && message->command < NA_COMMANDS);
	REQUIRE(message->kind >= NA_MESSAGE_REQUEST && message->kind <= NA_MESSAGE_HELLO);
	for (size_t i = 0; i < NA_MESSAGE_TEXT_BYTES; i++)
		REQUIRE(i < text ? message->text[i] == '\n' || (message->text[i] > ' ' && message->text[i] <= '~') :
				   message->text[i] == 0);
	if (said->count < MOST)
		said->messages[said->count] = *message;
	said->count++;
}

/* Each piece is cut into `step` bytes. */
static void talk(const uint8_t *data, size_t size, size_t step)
{
	struct na_clear_stream streams[2] = { 0 };
	struct fuzz_input input = { data, size };

	while (input.left) {
		uint8_t how = fuzz_byte(&input);
		size_t bytes = (how & 0x7f) < input.left ? (how & 0x7fU) : input.left;
		char *piece = fuzz_exact(input.at, bytes);

		for (size_t at = 0; at < bytes; at += step)
			dialogue_feed(&streams[how >> 7], &streams[!(how >> 7)], piece + at, bytes - at < step ? bytes - at : step, key);
		input.at += bytes;
		input.left -= bytes;
		free(piece);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[sizeof(here)];
	size_t step = size ? data[0] % 40 + 1UL : 1;

	on_message = keep;
	whole.count = pieces.count = 0;
	if (size) {
		data++;
		size--;
	}
	said = &whole;
	talk(data, size, size + 1);
	said = &pieces;
	talk(data, size, step);
	REQUIRE(!memcmp((const void *)&here, zero, sizeof(zero)));
	REQUIRE(whole.count == pieces.count);
	for (size_t i = 0; i < whole.count && i < MOST; i++)
		REQUIRE(!memcmp((const void *)&whole.messages[i], (const void *)&pieces.messages[i], sizeof(struct na_message)));
	return 0;
}
