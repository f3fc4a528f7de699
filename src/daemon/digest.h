/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 as hex, for the hashes by which the journal names the settings and the program.
 */
#ifndef NETAUDIT_DAEMON_DIGEST_H
#define NETAUDIT_DAEMON_DIGEST_H

#include <stddef.h>

#define NA_DIGEST_HEX_BYTES 65	/* 64 digits and a NUL */

/* Return 0 or negative errno. */
int na_digest_hex(const void *content, size_t bytes, char hex[NA_DIGEST_HEX_BYTES]);
int na_digest_file_hex(const char *path, char hex[NA_DIGEST_HEX_BYTES]);

#endif
