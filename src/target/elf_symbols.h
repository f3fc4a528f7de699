/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what we need of an ELF file that an audited process has mapped: segments, sections, symbols (USDT notes: in
 * usdt.h).
 *
 * The file belongs to that process: it may be invented, huge, sparse, or change while it is read. So nothing is mapped
 * (a file cut short would end us with SIGBUS), every count and size is bounded before it is used, and what does not
 * fit is as if it were not there. That is also why this is not libelf, which allocates by what the file says.
 * 64-bit little-endian files of the host's kind only.
 */
#ifndef NETAUDIT_TARGET_ELF_SYMBOLS_H
#define NETAUDIT_TARGET_ELF_SYMBOLS_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NA_ELF_SEGMENTS 32
#define NA_ELF_SECTIONS 1024
#define NA_ELF_TABLE_BYTES (16U << 20)	/* of one symbol or string table */

struct na_elf {
	int fd;
	uint64_t file_bytes;
	uint64_t read_bytes;	/* so far */
	size_t segment_count, section_count;
	Elf64_Phdr segments[NA_ELF_SEGMENTS];
	Elf64_Shdr *sections;
	char *names;		/* of sections, terminated; "" when there are none */
	size_t names_bytes;
};

struct na_elf_wanted {
	const char *name;
	uint64_t address;	/* as linked; 0: not defined there */
	uint64_t bytes;		/* its size, as the table says */
};

/* Takes `fd` only for as long as `elf` is in use. 0, -ENOEXEC when it is no such file, or negative errno. */
int na_elf_open(struct na_elf *elf, int fd);
void na_elf_close(struct na_elf *elf);

/* Fills in the addresses of defined symbols, from a table of `type` SHT_DYNSYM or SHT_SYMTAB. 0 or negative errno. */
int na_elf_symbols(struct na_elf *elf, uint32_t type, struct na_elf_wanted *wanted, size_t count);

/* NULL: there is none. */
const Elf64_Shdr *na_elf_section(const struct na_elf *elf, const char *name);

/*
 * Bytes of a section that is kept in the file, at most `limit`; the caller frees them. `*bytes` 0 and NULL when it is
 * empty, larger, or cannot be read. One NUL more than `*bytes` is there.
 */
char *na_elf_section_bytes(struct na_elf *elf, const Elf64_Shdr *section, size_t limit, size_t *bytes);

#endif
