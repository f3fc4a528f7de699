/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded ELF reader; see elf_symbols.h. Format: elf(5).
 */
#include "target/elf_symbols.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SYMBOLS_AT_ONCE = 2048, NAMES_BYTES = 1 << 16 };

static int read_at(struct na_elf *elf, void *buffer, size_t bytes, uint64_t offset)
{
	size_t done = 0;

	elf->read_bytes += bytes;
	if (offset > INT64_MAX - bytes)
		return -ENOEXEC;
	while (done < bytes) {
		ssize_t got = pread(elf->fd, (char *)buffer + done, bytes - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -ENOEXEC;
		done += (size_t)got;
	}
	return 0;
}

static bool inside(const struct na_elf *elf, uint64_t offset, uint64_t bytes)
{
	return offset <= elf->file_bytes && bytes <= elf->file_bytes - offset;
}

static bool is_ours(const Elf64_Ehdr *header)
{
	const unsigned char order = BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;

	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 &&
	       header->e_ident[EI_DATA] == order && (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
	       header->e_phentsize == sizeof(Elf64_Phdr);
}

/* A file without sections, or with strange ones, still has its segments. */
static int read_sections(struct na_elf *elf, const Elf64_Ehdr *header)
{
	size_t bytes = header->e_shnum * sizeof(Elf64_Shdr);
	int error;

	if (header->e_shnum == 0 || header->e_shnum > NA_ELF_SECTIONS || header->e_shentsize != sizeof(Elf64_Shdr) ||
	    !inside(elf, header->e_shoff, bytes))
		return 0;
	elf->sections = malloc(bytes);
	if (!elf->sections)
		return -ENOMEM;
	error = read_at(elf, elf->sections, bytes, header->e_shoff);
	if (error)
		return error;
	elf->section_count = header->e_shnum;
	if (header->e_shstrndx < elf->section_count)
		elf->names = na_elf_section_bytes(elf, &elf->sections[header->e_shstrndx], NAMES_BYTES,
						  &elf->names_bytes);
	return 0;
}

int na_elf_open(struct na_elf *elf, int fd)
{
	Elf64_Ehdr header;
	struct stat status;
	int error;

	memset(elf, 0, sizeof(*elf));
	elf->fd = fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -ENOEXEC;
	elf->file_bytes = (uint64_t)status.st_size;
	error = read_at(elf, &header, sizeof(header), 0);
	if (error)
		return error;
	if (!is_ours(&header) || header.e_phnum > NA_ELF_SEGMENTS)
		return -ENOEXEC;
	error = read_at(elf, elf->segments, header.e_phnum * sizeof(elf->segments[0]), header.e_phoff);
	if (error)
		return error;
	elf->segment_count = header.e_phnum;
	error = read_sections(elf, &header);
	if (error)
		na_elf_close(elf);
	return error;
}

void na_elf_close(struct na_elf *elf)
{
	free(elf->sections);
	free(elf->names);
	elf->sections = NULL;
	elf->names = NULL;
	elf->section_count = 0;
}

const Elf64_Shdr *na_elf_section(const struct na_elf *elf, const char *name)
{
	for (size_t i = 0; i < elf->section_count; i++)
		if (elf->sections[i].sh_name < elf->names_bytes &&
		    strcmp(elf->names + elf->sections[i].sh_name, name) == 0)
			return &elf->sections[i];
	return NULL;
}

char *na_elf_section_bytes(struct na_elf *elf, const Elf64_Shdr *section, size_t limit, size_t *bytes)
{
	char *result;

	*bytes = 0;
	if (section->sh_type == SHT_NOBITS || section->sh_size == 0 || section->sh_size > limit ||
	    !inside(elf, section->sh_offset, section->sh_size))
		return NULL;
	result = malloc(section->sh_size + 1);
	if (!result)
		return NULL;
	if (read_at(elf, result, section->sh_size, section->sh_offset) != 0) {
		free(result);
		return NULL;
	}
	result[section->sh_size] = '\0';
	*bytes = section->sh_size;
	return result;
}

static void match_symbol(const Elf64_Sym *symbol, const char *strings, size_t string_bytes,
			 struct na_elf_wanted *wanted, size_t count)
{
	if (symbol->st_shndx == SHN_UNDEF || symbol->st_value == 0 || symbol->st_name >= string_bytes)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!wanted[i].address && strcmp(strings + symbol->st_name, wanted[i].name) == 0) {
			wanted[i].address = symbol->st_value;
			wanted[i].bytes = symbol->st_size;
		}
	}
}

static int search_table(struct na_elf *elf, const Elf64_Shdr *table, const char *strings, size_t string_bytes,
			struct na_elf_wanted *wanted, size_t count)
{
	uint64_t left = table->sh_size / sizeof(Elf64_Sym), offset = table->sh_offset;
	Elf64_Sym *symbols = calloc(SYMBOLS_AT_ONCE, sizeof(*symbols));
	int error = symbols ? 0 : -ENOMEM;

	while (!error && left > 0) {
		size_t now = left < SYMBOLS_AT_ONCE ? left : SYMBOLS_AT_ONCE;

		error = read_at(elf, symbols, now * sizeof(*symbols), offset);
		for (size_t i = 0; !error && i < now; i++)
			match_symbol(&symbols[i], strings, string_bytes, wanted, count);
		offset += now * sizeof(*symbols);
		left -= now;
	}
	free(symbols);
	return error;
}

int na_elf_symbols(struct na_elf *elf, uint32_t type, struct na_elf_wanted *wanted, size_t count)
{
	for (size_t i = 0; i < elf->section_count; i++) {
		const Elf64_Shdr *table = &elf->sections[i];
		size_t string_bytes;
		char *strings;
		int error;

		if (table->sh_type != type || table->sh_size > NA_ELF_TABLE_BYTES ||
		    !inside(elf, table->sh_offset, table->sh_size) || table->sh_link >= elf->section_count)
			continue;
		strings = na_elf_section_bytes(elf, &elf->sections[table->sh_link], NA_ELF_TABLE_BYTES, &string_bytes);
		if (!strings)
			continue;
		error = search_table(elf, table, strings, string_bytes, wanted, count);
		free(strings);
		return error;	/* a file has one of each type */
	}
	return 0;
}
