/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the signer from its two sides: requests of a hostile journal, and a state file of any content (with a right
 * checksum, else no input would come past it).
 *
 * The rule under test: heads only grow, and there are as many as keys were spent. Files are kept in memory.
 */
#include "../../src/signer/keys.c"
#include "../../src/signer/process.c"

#include "fuzz.h"

static struct {
	struct state_file state;
	bool there;
} disk;

int na_secret_directory(const char *path, struct na_error *error)
{
	(void)path;
	(void)error;
	return dup(0);
}

int na_secret_read(int directory_fd, const char *name, void *out, size_t bytes, struct na_error *error)
{
	(void)directory_fd;
	(void)error;
	if (strcmp(name, STATE_FILE) == 0) {
		REQUIRE(bytes == sizeof(disk.state));
		memcpy(out, &disk.state, bytes);
		return disk.there ? 0 : -ENOENT;
	}
	if (strcmp(name, NA_IDENTITY_FILE) != 0)
		return -ENOENT;
	memset(out, 7, bytes);
	return 0;
}

int na_secret_replace(int directory_fd, const char *name, const void *content, size_t bytes, struct na_error *error)
{
	(void)directory_fd;
	(void)error;
	REQUIRE(strcmp(name, STATE_FILE) == 0 && bytes == sizeof(disk.state));
	memcpy(&disk.state, content, bytes);
	disk.there = true;
	return 0;
}

int na_secret_remove(int directory_fd, const char *name, struct na_error *error)
{
	(void)directory_fd;
	(void)name;
	(void)error;
	return 0;
}

static void open_signer(struct signer *s, bool *opened)
{
	struct na_error error = { 0 };

	memset(s, 0, sizeof(*s));
	REQUIRE(na_hash_open(&s->hash) == 0);
	*opened = na_signer_keys_open(&s->keys, "", &error) == 0;
	REQUIRE(*opened || error.text[0]);
	s->pending = s->keys.status.tree;
}

/* A state of our own making, then overwritten in places, then checksummed. */
static void spoil_state(struct fuzz_input *input)
{
	uint16_t at;
	uint8_t bytes;

	while (input->left > 0 && (bytes = fuzz_byte(input)) > 0) {
		fuzz_take(input, &at, sizeof(at));
		bytes %= 64;
		fuzz_take(input, (uint8_t *)&disk.state + at % (sizeof(disk.state) - 64), bytes);
	}
	hash_state(disk.state.check, &disk.state);
}

/* A request as it may come, or one that is right in all but what the input says. */
static size_t make_request(const struct signer *s, struct na_signer_request *request, struct fuzz_input *input)
{
	uint8_t how = fuzz_byte(input);

	memset(request, 0, sizeof(*request));
	switch (how % 4) {
	case 0:
		request->type = NA_SIGNER_STATUS;
		(void)snprintf(request->origin, sizeof(request->origin), "example.org/%d", how >> 6);
		return HEADER_BYTES + sizeof(request->origin);
	case 1:
		request->type = NA_SIGNER_ROWS_FOLLOW;
		request->count = how >> 2;
		request->size = s->pending.size;
		fuzz_take(input, request->row_hash, sizeof(request->row_hash[0]));
		return HEADER_BYTES + (size_t)request->count * NA_HASH_BYTES;
	case 2:
		request->type = NA_SIGNER_SIGN;
		request->size = s->pending.size;
		(void)na_merkle_root((struct na_hash *)(uintptr_t)&s->hash, &s->pending, request->root);
		return HEADER_BYTES + sizeof(request->root);
	default:
		fuzz_take(input, request, (size_t)(how >> 2) * 4);
		return (size_t)(how >> 2) * 4;
	}
}

static void ask(struct signer *s, struct fuzz_input *input)
{
	struct na_signer_request request;
	uint64_t heads = s->keys.status.heads, size = s->keys.status.tree.size;
	size_t bytes = make_request(s, &request, input);
	struct na_note note;

	(void)dispatch(s, &request, bytes);
	REQUIRE(s->keys.status.heads == heads || s->keys.status.heads == heads + 1);
	REQUIRE((s->keys.status.heads > heads) == (s->keys.status.tree.size > size));
	if (s->keys.status.heads > heads)
		REQUIRE(na_note_read(&note, s->keys.status.note, s->keys.status.note_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	uint8_t how = fuzz_byte(&input);
	static struct signer s;
	bool opened;

	disk.there = false;
	open_signer(&s, &opened);
	REQUIRE(opened);
	if (how & 1) {
		na_signer_keys_close(&s.keys);
		na_hash_close(&s.hash);
		spoil_state(&input);
		open_signer(&s, &opened);
	}
	while (opened && input.left > 0)
		ask(&s, &input);
	na_signer_keys_close(&s.keys);
	na_hash_close(&s.hash);
	return 0;
}
