/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signer's secrets on disk, and the one step that spends a one-time key.
 *
 * DIRECTORY/identity.key holds the seed of the static key, DIRECTORY/state the ratchet together
 * with the last note it signed. The ratchet: seed of the key in use = KDF(state, 1), next state =
 * KDF(state, 2); the old state is gone from memory and overwritten on disk (best effort: not on
 * SSDs or copy-on-write file systems), so a key stolen later cannot sign an earlier head.
 */
#ifndef NETAUDIT_SIGNER_KEYS_H
#define NETAUDIT_SIGNER_KEYS_H

#include <stdbool.h>

#include "base/error.h"
#include "signer/protocol.h"

#define NA_IDENTITY_FILE "identity.key"
#define NA_SEED_BYTES 32
#define NA_SECRET_KEY_BYTES 64	/* libsodium: seed and public key */

/* `ratchet` is the state the next head's key comes from. Everything public is in `status`. */
struct na_signer_keys {
	int directory_fd;
	char origin[NA_ORIGIN_BYTES + 1];	/* "" until the journal named it */
	uint8_t identity_secret[NA_SECRET_KEY_BYTES];
	uint8_t next_secret[NA_SECRET_KEY_BYTES];	/* of status.next_identity, while a rotation is on its way */
	uint8_t ratchet[NA_SEED_BYTES];
	struct na_signer_status status;
};

/*
 * Opens the directory (made when missing) and loads or makes the keys. Refuses, with one line in
 * `error`: symlinks, another owner, any access for group or others, damage. Returns 0 or negative
 * errno; na_signer_keys_close() wipes either way.
 */
int na_signer_keys_open(struct na_signer_keys *keys, const char *directory, struct na_error *error);
void na_signer_keys_close(struct na_signer_keys *keys);

/* Pins the origin on first use. Returns 0, -EKEYREJECTED when another one is pinned, or negative errno. */
int na_signer_keys_pin(struct na_signer_keys *keys, const char *origin, struct na_error *error);

/*
 * Signs `tree` with the identity key and this head's one-time key, moves the ratchet, and has note
 * and ratchet on disk in one rename before it returns 0. On failure nothing was signed. With `rotate` the next identity
 * is the identity from then on; -EINVAL when there is none.
 */
int na_signer_keys_sign(struct na_signer_keys *keys, struct na_hash *hash, const struct na_merkle *tree, bool rotate,
			struct na_error *error);

/* Makes status.next_identity a fresh key when somebody asked for it (keys_rotate.c). 0 or negative errno. */
int na_signer_keys_look(struct na_signer_keys *keys, struct na_error *error);
bool na_signer_keys_rotating(const struct na_signer_keys *keys);

/* Inside of keys.c and keys_rotate.c. `in_force`: by the state file; NULL: none. -EBADMSG: of neither key. */
int na_signer_keys_load_next(struct na_signer_keys *keys, const uint8_t in_force[NA_PUBLIC_KEY_BYTES],
			     struct na_error *error);
int na_signer_keys_change(struct na_signer_keys *keys, struct na_error *error);

#endif
