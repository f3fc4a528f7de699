/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands out nonces from a block of kernel randomness. */
#include "base/nonce.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

/* getrandom(2) up to 256 bytes is never cut short by a signal. */
static uint8_t block[256];
static size_t unused;	/* bytes at the end of `block` that were not handed out */

static void forget_block(void)
{
	unused = 0;
}

static int refill(void)
{
	static bool registered;
	ssize_t got;

	if (!registered) {
		int error = pthread_atfork(NULL, NULL, forget_block);

		if (error)
			return -error;
		registered = true;
	}
	do
		got = getrandom(block, sizeof(block), 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if ((size_t)got != sizeof(block))
		return -EIO;
	unused = sizeof(block);
	return 0;
}

int na_nonce(uint8_t nonce[NA_NONCE_BYTES])
{
	if (unused < NA_NONCE_BYTES) {
		int error = refill();

		if (error)
			return error;
	}
	memcpy(nonce, block + sizeof(block) - unused, NA_NONCE_BYTES);
	memset(block + sizeof(block) - unused, 0, NA_NONCE_BYTES);
	unused -= NA_NONCE_BYTES;
	return 0;
}
