/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in an SSL object the randoms of its handshake are, and whether it is a server's: decoded from the code of the
 * exported functions that tell, because it differs from version to version and is in no header. x86-64; elsewhere, and
 * where a function is not understood, not known.
 */
#ifndef NETAUDIT_TARGET_LIBSSL_OBJECT_H
#define NETAUDIT_TARGET_LIBSSL_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NA_LIBSSL_CODE_BYTES 192	/* of such a function, looked at */

/* Distances in bytes. */
struct na_libssl_object {
	uint8_t is_server;		/* 0: nothing is known */
	uint16_t pointer;		/* to what has the randoms; 0: the object itself */
	uint16_t client_random, server_random;
};

/* SSL_is_server(). False: not understood. */
bool na_libssl_is_server(const uint8_t *code, size_t bytes, struct na_libssl_object *object);

/* SSL_get_client_random() and SSL_get_server_random(). False: one is not understood, or they contradict each other. */
bool na_libssl_randoms(const uint8_t *client, size_t client_bytes, const uint8_t *server, size_t server_bytes,
		       struct na_libssl_object *object);

#endif
