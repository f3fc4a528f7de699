/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kind "exchange": one HTTP request inside TLS, and its response. */
#ifndef NETAUDIT_FLOW_COMPOSE_EXCHANGE_H
#define NETAUDIT_FLOW_COMPOSE_EXCHANGE_H

#include "flow/compose.h"
#include "flow/exchange.h"

#define NA_FINGERPRINT_KEY_BYTES 32
#define NA_FINGERPRINT_BYTES 32

/*
 * What a body is known by: HMAC-SHA-256, under a key that never leaves this machine, of its length, how much of it was
 * hashed, and what the kernel's keyed hash of that is. The same body gives the same on every connection.
 */
void na_fingerprint(uint8_t out[NA_FINGERPRINT_BYTES], const uint8_t key[NA_FINGERPRINT_KEY_BYTES],
		    const struct na_message *message);

/* `key`: "user" or "database" of PostgreSQL's start-up. Returns how long it is, not terminated; NULL: not said. */
size_t na_startup_name(const struct na_message *message, const char *key, const char **name);

/* As in compose.h: the length in bytes, or negative errno. */
ssize_t na_compose_exchange(void *out, const struct na_exchange *exchange,
			    const uint8_t key[NA_FINGERPRINT_KEY_BYTES]);

/* For whom a declared proxy says that it asks: sixteen bytes, of IPv4 as mapped. False: not said, or no address. */
bool na_forwarded_for(uint8_t address[16], const struct na_message *message);

#endif
