/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the kernel's parser of clear text. However a stream is cut, the same is told of it; text is printable and
 * where its lengths say; nothing is left in the scratch.
 */
#include "fuzz.h"

#include "../clear/clear_here.h"

#define MOST 128

struct said {
	struct na_message messages[MOST];
	size_t count;
};

static struct said whole, pieces, *said;

static void check_message(const struct na_message *message)
{
	size_t path = message->path_bytes, text = path + message->keys_bytes + (size_t)message->names_bytes;

	REQUIRE(path <= NA_MESSAGE_PATH_BYTES && text <= NA_MESSAGE_TEXT_BYTES);
	REQUIRE(message->forwarded_bytes <= NA_MESSAGE_FORWARDED_BYTES);
	REQUIRE(message->host_bytes <= NA_MESSAGE_HOST_BYTES && message->method[NA_MESSAGE_METHOD_BYTES - 1] == 0);
	REQUIRE(message->kind >= NA_MESSAGE_REQUEST && message->kind <= NA_MESSAGE_HELLO);
	REQUIRE(message->hashed_bytes <= NA_MESSAGE_HASHED_BYTES && message->hashed_bytes <= message->body_bytes);
	for (size_t i = 0; i < NA_MESSAGE_TEXT_BYTES; i++) {
		char c = message->text[i];

		REQUIRE(i < path ? c > ' ' && c <= '~' : i < text ? c == '\n' || (c > ' ' && c <= '~') : c == 0);
	}
}

/* Every byte: nothing of a message may be left over from another. */
static bool same(const void *one, const void *other)
{
	return !memcmp(one, other, sizeof(struct na_message));
}

static void keep(const struct na_message *message)
{
	check_message(message);
	if (said->count < MOST)
		said->messages[said->count] = *message;
	said->count++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t key[2] = { 1, 2 };
	static const uint8_t zero[sizeof(here)];
	struct na_clear_stream stream = { 0 }, cut = { 0 };
	size_t step = size ? data[0] % 40 + 1UL : 1;

	on_message = keep;
	said = &whole;
	whole.count = pieces.count = 0;
	if (size) {
		data++;
		size--;
	}
	clear_feed(&stream, data, size, key, UINT64_MAX, 0);
	said = &pieces;
	for (size_t at = 0; at < size; at += step) {
		size_t length = size - at < step ? size - at : step;
		char *piece = fuzz_exact(data + at, length);

		clear_feed(&cut, piece, length, key, UINT64_MAX, 0);
		free(piece);
	}
	REQUIRE(!memcmp((const void *)&here, zero, sizeof(zero)));
	/* many chunks in one write are not followed to their end: then less was told, and nothing else */
	REQUIRE(whole.count == pieces.count || stream.state == NA_CLEAR_OPAQUE);
	for (size_t i = 0; i < whole.count && i < pieces.count && i < MOST; i++)
		REQUIRE(same(&whole.messages[i], &pieces.messages[i]));
	return 0;
}
