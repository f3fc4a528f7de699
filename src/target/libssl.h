/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mapped program or library file has of OpenSSL: where probes see clear text, the names of servers, and the end
 * of connections. The file may be the system's library, a copy in a wheel, or an object that has it linked in.
 */
#ifndef NETAUDIT_TARGET_LIBSSL_H
#define NETAUDIT_TARGET_LIBSSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/message.h>
#include "target/elf_symbols.h"
#include "target/libssl_object.h"

enum na_libssl_role { NA_LIBSSL_WRITE, NA_LIBSSL_READ, NA_LIBSSL_CONTROL, NA_LIBSSL_FREE, NA_LIBSSL_ROLES };

/* Entry and, of writing and reading, return are probed at the same place. */
struct na_libssl_site {
	uint64_t offset;	/* in the file */
	uint8_t role;		/* enum na_libssl_role */
	uint8_t result;		/* enum na_transfer */
	bool stepped;		/* the instruction there is not emulated: a hit costs ten times as much */
};

#define NA_LIBSSL_SITES 6	/* at most two for writing, two for reading, one each for the rest */

enum na_libssl_kind {
	NA_LIBSSL_NONE,		/* no TLS in this file */
	NA_LIBSSL_PROBED,	/* all of the sites that are needed */
	NA_LIBSSL_OPAQUE,	/* it speaks TLS 1.3, but its functions have no names: rustls, Go, hidden OpenSSL, GnuTLS, … */
};

struct na_libssl {
	enum na_libssl_kind kind;
	size_t count;
	struct na_libssl_site sites[NA_LIBSSL_SITES];
	struct na_libssl_object object;
};

/* Reads an open ELF file. 0 or negative errno; a file that makes no sense is one without TLS. */
int na_libssl_read(struct na_elf *elf, struct na_libssl *libssl);

/* What the program at a site has to know. */
uint64_t na_libssl_cookie(const struct na_libssl *libssl, const struct na_libssl_site *site);

#endif
