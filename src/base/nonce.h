/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random nonces for records: without one, the hash of a short record could be guessed back.
 */
#ifndef NETAUDIT_BASE_NONCE_H
#define NETAUDIT_BASE_NONCE_H

#include <stdint.h>

#include <netaudit/record.h>

/*
 * Fills `nonce` from the kernel's generator, which is asked for many nonces at a time. Safe after
 * fork (a child never repeats its parent's nonces); not thread-safe. Returns 0 or negative errno.
 */
int na_nonce(uint8_t nonce[NA_NONCE_BYTES]);

#endif
