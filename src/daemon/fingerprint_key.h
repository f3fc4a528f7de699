/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The secret that bodies' fingerprints are made with: STATE/fingerprint.key, made on first use, root's alone. Without
 * it a fingerprint says nothing about its body; with another one, equal bodies are no longer recognised as equal.
 */
#ifndef NETAUDIT_DAEMON_FINGERPRINT_KEY_H
#define NETAUDIT_DAEMON_FINGERPRINT_KEY_H

#include <stdint.h>

#include "base/error.h"

struct na_fingerprint_keys {
	uint8_t kernel[16];	/* of the hash inside the kernel */
	uint8_t told[32];	/* of what stands in records */
};

/* 0 or negative errno. */
int na_fingerprint_keys_read(struct na_fingerprint_keys *keys, const char *state_dir, struct na_error *error);

#endif
