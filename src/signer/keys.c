/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes, loads and spends the signer's keys. */
#include "signer/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "signer/state.h"

#define STATE_FILE "state"
#define STATE_MAGIC "netaudit signer state 2\n"

static const char kdf_context[crypto_kdf_CONTEXTBYTES] = { 'n', 'e', 't', 'a', 'u', 'd', 'i', 't' };
enum { KDF_SEED = 1, KDF_NEXT_STATE = 2 };

/* DIRECTORY/state, host byte order: it never leaves the machine. `check` is over all before it. */
struct state_file {
	char magic[24];
	char origin[NA_ORIGIN_BYTES + 8];
	uint8_t first_identity[NA_PUBLIC_KEY_BYTES];
	uint8_t identity[NA_PUBLIC_KEY_BYTES];	/* in force: ties the state to its identity.key */
	uint8_t note_identity[NA_PUBLIC_KEY_BYTES];
	uint8_t first_once[NA_PUBLIC_KEY_BYTES];
	uint8_t ratchet[NA_SEED_BYTES];
	uint64_t heads;
	struct na_merkle tree;
	uint64_t note_bytes;
	char note[NA_NOTE_BYTES + 8];
	uint8_t check[NA_HASH_BYTES];
};

_Static_assert(sizeof(STATE_MAGIC) - 1 == sizeof(((struct state_file *)0)->magic), "magic fills its field");

static void once_keypair(const uint8_t ratchet[NA_SEED_BYTES], uint8_t public_key[NA_PUBLIC_KEY_BYTES],
			 uint8_t secret_key[NA_SECRET_KEY_BYTES])
{
	uint8_t seed[NA_SEED_BYTES];

	crypto_kdf_derive_from_key(seed, sizeof(seed), KDF_SEED, kdf_context, ratchet);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	sodium_memzero(seed, sizeof(seed));
}

static void next_ratchet(uint8_t out[NA_SEED_BYTES], const uint8_t ratchet[NA_SEED_BYTES])
{
	crypto_kdf_derive_from_key(out, NA_SEED_BYTES, KDF_NEXT_STATE, kdf_context, ratchet);
}

/* Public keys of the next head and of the one after it. */
static void publish_once(struct na_signer_keys *keys)
{
	uint8_t after[NA_SEED_BYTES], secret[NA_SECRET_KEY_BYTES];

	once_keypair(keys->ratchet, keys->status.once, secret);
	next_ratchet(after, keys->ratchet);
	once_keypair(after, keys->status.next_once, secret);
	sodium_memzero(after, sizeof(after));
	sodium_memzero(secret, sizeof(secret));
}

static void hash_state(uint8_t out[NA_HASH_BYTES], const struct state_file *file)
{
	crypto_hash_sha256(out, (const uint8_t *)file, offsetof(struct state_file, check));
}

static int save(const struct na_signer_keys *keys, const uint8_t ratchet[NA_SEED_BYTES],
		const struct na_signer_status *status, struct na_error *error)
{
	struct state_file file;
	int result;

	memset(&file, 0, sizeof(file));
	memcpy(file.magic, STATE_MAGIC, sizeof(file.magic));
	memcpy(file.origin, keys->origin, sizeof(keys->origin));
	memcpy(file.first_identity, status->first_identity, sizeof(file.first_identity));
	memcpy(file.identity, status->identity, sizeof(file.identity));
	memcpy(file.note_identity, status->note_identity, sizeof(file.note_identity));
	memcpy(file.first_once, status->first_once, sizeof(file.first_once));
	memcpy(file.ratchet, ratchet, sizeof(file.ratchet));
	file.heads = status->heads;
	file.tree = status->tree;
	file.note_bytes = status->note_bytes;
	memcpy(file.note, status->note, status->note_bytes);
	hash_state(file.check, &file);
	result = na_secret_replace(keys->directory_fd, STATE_FILE, &file, sizeof(file), error);
	sodium_memzero(&file, sizeof(file));
	return result;
}

static int load_identity(struct na_signer_keys *keys, bool *fresh, struct na_error *error)
{
	uint8_t seed[NA_SEED_BYTES];
	int result = na_secret_read(keys->directory_fd, NA_IDENTITY_FILE, seed, sizeof(seed), error);

	*fresh = result == -ENOENT;
	if (*fresh) {
		if (faccessat(keys->directory_fd, STATE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return na_error_set(error, -EBADMSG, "the signer's " NA_IDENTITY_FILE " is missing although its state is "
					    "there: put it back, or begin anew with 'netaudit keys renew'");
		randombytes_buf(seed, sizeof(seed));
		result = na_secret_replace(keys->directory_fd, NA_IDENTITY_FILE, seed, sizeof(seed), error);
	}
	if (result == 0)
		crypto_sign_seed_keypair(keys->status.identity, keys->identity_secret, seed);
	sodium_memzero(seed, sizeof(seed));
	return result;
}

static int make_state(struct na_signer_keys *keys, struct na_error *error)
{
	randombytes_buf(keys->ratchet, sizeof(keys->ratchet));
	publish_once(keys);
	memcpy(keys->status.first_once, keys->status.once, NA_PUBLIC_KEY_BYTES);
	memcpy(keys->status.first_identity, keys->status.identity, NA_PUBLIC_KEY_BYTES);
	memcpy(keys->status.next_identity, keys->status.identity, NA_PUBLIC_KEY_BYTES);
	return save(keys, keys->ratchet, &keys->status, error);
}

static int load_state(struct na_signer_keys *keys, struct na_error *error)
{
	struct state_file file;
	uint8_t check[NA_HASH_BYTES];
	int result = na_secret_read(keys->directory_fd, STATE_FILE, &file, sizeof(file), error);

	if (result)
		return result;
	hash_state(check, &file);
	if (memcmp(check, file.check, sizeof(check)) || memcmp(file.magic, STATE_MAGIC, sizeof(file.magic)) ||
	    na_signer_keys_load_next(keys, file.identity, error) ||
	    file.note_bytes > NA_NOTE_BYTES || file.origin[NA_ORIGIN_BYTES] || file.tree.size >> NA_MERKLE_LEVELS) {
		sodium_memzero(&file, sizeof(file));
		return na_error_set(error, -EBADMSG, "the signer's state is damaged or belongs to another " NA_IDENTITY_FILE);
	}
	memcpy(keys->origin, file.origin, sizeof(keys->origin));
	memcpy(keys->ratchet, file.ratchet, sizeof(keys->ratchet));
	memcpy(keys->status.first_identity, file.first_identity, sizeof(file.first_identity));
	memcpy(keys->status.note_identity, file.note_identity, sizeof(file.note_identity));
	memcpy(keys->status.first_once, file.first_once, sizeof(file.first_once));
	keys->status.heads = file.heads;
	keys->status.tree = file.tree;
	keys->status.note_bytes = (uint32_t)file.note_bytes;
	memcpy(keys->status.note, file.note, file.note_bytes);
	sodium_memzero(&file, sizeof(file));
	publish_once(keys);
	return 0;
}

int na_signer_keys_open(struct na_signer_keys *keys, const char *directory, struct na_error *error)
{
	bool fresh;
	int result;

	memset(keys, 0, sizeof(*keys));
	keys->directory_fd = -1;
	if (sodium_init() < 0)
		return na_error_set(error, -EIO, "libsodium does not start: no randomness");
	keys->directory_fd = na_secret_directory(directory, error);
	if (keys->directory_fd < 0)
		return keys->directory_fd;
	result = load_identity(keys, &fresh, error);
	if (result)
		return result;
	result = load_state(keys, error);
	return result == -ENOENT ? make_state(keys, error) : result;
}

void na_signer_keys_close(struct na_signer_keys *keys)
{
	if (keys->directory_fd >= 0)
		close(keys->directory_fd);
	sodium_memzero(keys, sizeof(*keys));
	keys->directory_fd = -1;
}

int na_signer_keys_pin(struct na_signer_keys *keys, const char *origin, struct na_error *error)
{
	int result;

	if (!na_origin_is_valid(origin))
		return na_error_set(error, -EINVAL, "the journal's origin is not one word of visible ASCII");
	if (strcmp(keys->origin, origin) == 0)
		return 0;
	if (keys->origin[0])
		return na_error_set(error, -EKEYREJECTED, "these keys sign for %s, not for %s", keys->origin, origin);
	memcpy(keys->origin, origin, strlen(origin) + 1);
	result = save(keys, keys->ratchet, &keys->status, error);
	if (result)
		keys->origin[0] = 0;
	return result;
}

int na_signer_keys_sign(struct na_signer_keys *keys, struct na_hash *hash, const struct na_merkle *tree, bool rotate,
			struct na_error *error)
{
	struct na_signer_status next = keys->status;
	uint8_t signature[NA_NOTE_SIGNERS][NA_SIGNATURE_BYTES];
	uint8_t public_key[NA_NOTE_SIGNERS][NA_PUBLIC_KEY_BYTES];
	uint8_t secret[NA_SECRET_KEY_BYTES], ratchet[NA_SEED_BYTES], root[NA_HASH_BYTES];
	const uint8_t *text = (const uint8_t *)next.note;
	ssize_t length = na_merkle_root(hash, tree, root);

	if (rotate && !na_signer_keys_rotating(keys))
		return na_error_set(error, -EINVAL, "there is no next identity key");
	if (length == 0)
		length = na_note_body(next.note, keys->origin, tree->size, root);
	if (length < 0)
		return na_error_set(error, (int)length, "cannot write the note of the head at %llu",
				    (unsigned long long)tree->size);
	crypto_sign_detached(signature[NA_NOTE_IDENTITY], NULL, text, (size_t)length, keys->identity_secret);
	once_keypair(keys->ratchet, public_key[NA_NOTE_ONCE], secret);
	crypto_sign_detached(signature[NA_NOTE_ONCE], NULL, text, (size_t)length, secret);
	sodium_memzero(secret, sizeof(secret));
	memcpy(public_key[NA_NOTE_IDENTITY], keys->status.identity, NA_PUBLIC_KEY_BYTES);
	length = na_note_finish(hash, next.note, (size_t)length, keys->origin, public_key, signature);
	if (length < 0)
		return na_error_set(error, (int)length, "cannot write the note of the head at %llu",
				    (unsigned long long)tree->size);
	next.note_bytes = (uint32_t)length;
	next.tree = *tree;
	memcpy(next.note_identity, keys->status.identity, NA_PUBLIC_KEY_BYTES);
	next.heads++;
	next_ratchet(ratchet, keys->ratchet);
	if (rotate)
		memcpy(next.identity, next.next_identity, NA_PUBLIC_KEY_BYTES);
	length = save(keys, ratchet, &next, error);
	if (length == 0) {
		keys->status = next;
		memcpy(keys->ratchet, ratchet, sizeof(ratchet));
		publish_once(keys);
		length = rotate ? na_signer_keys_change(keys, error) : 0;
	}
	sodium_memzero(ratchet, sizeof(ratchet));
	return (int)length;
}
