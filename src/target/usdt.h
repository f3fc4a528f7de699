/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USDT probes of a program file: where they are, and where they have their arguments. The notes are systemtap's
 * (<sys/sdt.h>, third version), and as hostile as the rest of the file (elf_symbols.h).
 */
#ifndef NETAUDIT_TARGET_USDT_H
#define NETAUDIT_TARGET_USDT_H

#include "target/elf_symbols.h"

#define NA_USDT_SITES 8		/* of one probe: compilers inline; Debian's CPython has up to five of `audit` */
#define NA_USDT_ARGUMENTS_BYTES 128

/* One place in the code. Offsets are in the file. */
struct na_usdt_site {
	uint64_t offset;	/* of the instruction, a no-operation */
	uint64_t semaphore;	/* of the 16-bit number that says whether anybody listens; 0: there is none */
	uint64_t places;	/* of the first two arguments: na_places() */
};

/*
 * The sites of a probe whose first two arguments are of 8 bytes and where we can read them, at most `capacity`. Others
 * are left out: `*left_out` counts them, and those beyond capacity.
 */
size_t na_usdt_sites(struct na_elf *elf, const char *provider, const char *name, struct na_usdt_site *sites,
		     size_t capacity, size_t *left_out);

/* "8@%rdi 8@-16(%rbp)" to na_places(); false: not such, or of another architecture than x86-64. */
bool na_usdt_places(const char *arguments, uint64_t *places);

#endif
