/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing the identity key: asked for by a file named `rotate`, prepared in identity.next, in force once the head
 * whose record names it is signed. The state file says which key is in force, so that a crash in between changes
 * nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "signer/keys.h"
#include "signer/state.h"

#define ROTATE_FILE "rotate"
#define NEXT_FILE "identity.next"

static void take_seed(struct na_signer_keys *keys, const uint8_t seed[NA_SEED_BYTES])
{
	crypto_sign_seed_keypair(keys->status.next_identity, keys->next_secret, seed);
}

int na_signer_keys_load_next(struct na_signer_keys *keys, const uint8_t in_force[NA_PUBLIC_KEY_BYTES],
			     struct na_error *error)
{
	uint8_t seed[NA_SEED_BYTES];
	int result = na_secret_read(keys->directory_fd, NEXT_FILE, seed, sizeof(seed), error);

	if (result == 0)
		take_seed(keys, seed);
	else if (result == -ENOENT)
		memcpy(keys->status.next_identity, keys->status.identity, NA_PUBLIC_KEY_BYTES);
	if ((result == 0 || result == -ENOENT) && in_force && memcmp(in_force, keys->status.identity, NA_PUBLIC_KEY_BYTES))
		result = result == 0 && memcmp(in_force, keys->status.next_identity, NA_PUBLIC_KEY_BYTES) == 0 ?
				 na_signer_keys_change(keys, error) : -EBADMSG;
	sodium_memzero(seed, sizeof(seed));
	return result == -ENOENT ? 0 : result;
}

int na_signer_keys_change(struct na_signer_keys *keys, struct na_error *error)
{
	uint8_t seed[NA_SEED_BYTES];
	int result;

	crypto_sign_ed25519_sk_to_seed(seed, keys->next_secret);
	result = na_secret_replace(keys->directory_fd, NA_IDENTITY_FILE, seed, sizeof(seed), error);
	sodium_memzero(seed, sizeof(seed));
	if (result == 0)
		result = na_secret_remove(keys->directory_fd, NEXT_FILE, error);
	memcpy(keys->identity_secret, keys->next_secret, sizeof(keys->identity_secret));
	sodium_memzero(keys->next_secret, sizeof(keys->next_secret));
	memcpy(keys->status.identity, keys->status.next_identity, NA_PUBLIC_KEY_BYTES);
	return result;
}

int na_signer_keys_look(struct na_signer_keys *keys, struct na_error *error)
{
	uint8_t seed[NA_SEED_BYTES];
	int result = 0;

	if (faccessat(keys->directory_fd, ROTATE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!na_signer_keys_rotating(keys)) {
		randombytes_buf(seed, sizeof(seed));
		result = na_secret_replace(keys->directory_fd, NEXT_FILE, seed, sizeof(seed), error);
		if (result == 0)
			take_seed(keys, seed);
		sodium_memzero(seed, sizeof(seed));
	}
	if (result == 0 && unlinkat(keys->directory_fd, ROTATE_FILE, 0) < 0 && errno != ENOENT)
		result = na_error_set(error, -errno, "cannot remove the signer's file " ROTATE_FILE ": %s", strerror(errno));
	return result;
}

bool na_signer_keys_rotating(const struct na_signer_keys *keys)
{
	return memcmp(keys->status.identity, keys->status.next_identity, NA_PUBLIC_KEY_BYTES) != 0;
}
