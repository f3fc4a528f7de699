/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `netaudit keys` is made of: keys.c looks, keys_change.c asks for a new key or begins a new journal. */
#ifndef NETAUDIT_CLI_KEYS_H
#define NETAUDIT_CLI_KEYS_H

#include <stdbool.h>

#include "cli/cli.h"
#include "reader/proof.h"

#define NA_KEY_TEXT_BYTES (2 * NA_HASH_BYTES)

/* What a journal says of its keys. */
struct na_keys {
	char origin[NA_ORIGIN_BYTES + 1];
	uint8_t first_identity[NA_PUBLIC_KEY_BYTES], first_once[NA_PUBLIC_KEY_BYTES];
	char fingerprint[NA_KEY_TEXT_BYTES + 1];
	char identity[NA_KEY_TEXT_BYTES + 1];	/* in force, as hex */
	int64_t rotations, since;		/* since: the head record that named it; 0: none */
	int64_t head_size;			/* of the newest head; 0: none */
	char note_hash[NA_KEY_TEXT_BYTES + 1];	/* SHA-256 of its note, as hex */
};

/* Reads them from the journal in `directory`. 0 or negative errno. */
int na_keys_read(const char *directory, struct na_keys *keys);

/* Both return enum na_cli_exit. `previous`: fingerprint of a journal that cannot be read any more; NULL: none given. */
int na_keys_rotate(const struct na_cli *cli);
int na_keys_renew(struct na_cli *cli, const char *previous);

#endif
