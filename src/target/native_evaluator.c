/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the interpreter's loop in an object. Compilers split a function in two, what is seldom run lies far from the
 * rest and has no name of its own; GCC 16 makes nearly all of the loop such a part. But each part jumps into the other,
 * and functions otherwise call. Where parts begin: .eh_frame_hdr (LSB core specification, 10.6.2).
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "target/elf_symbols.h"
#include "target/native_internal.h"

#define HEADER_BYTES 12
#define TABLE_BYTES (4U << 20)	/* half a million functions */
#define CODE_BYTES (1U << 20)	/* of the loop: 60 to 90 KiB everywhere */
#define JUMPS_LEAST 2		/* each way: bytes that only look like one jump are met, not those that look like four */

/* Each entry: where a function or a part of one begins, and its description, both relative to `address`. */
struct table {
	const char *entries;
	size_t count;
	uint64_t address;
};

static uint32_t word_at(const char *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return le32toh(word);
}

static uint64_t begin_of(const struct table *table, size_t entry)
{
	return table->address + (uint64_t)(int64_t)(int32_t)word_at(table->entries + entry * 8);
}

/* The encodings are the ones that linkers write; others are as if there were no table. */
static bool open_table(struct table *table, const char *bytes, size_t length, uint64_t address)
{
	static const char encodings[] = { 1, 0x1b, 0x03, 0x3b };

	if (length < HEADER_BYTES || memcmp(bytes, encodings, sizeof(encodings)) != 0)
		return false;
	*table = (struct table){ bytes + HEADER_BYTES, word_at(bytes + 8), address };
	return table->count <= (length - HEADER_BYTES) / 8;
}

/* The entry this address belongs to. False: it is not between two entries. */
static bool find_entry(const struct table *table, uint64_t address, size_t *entry)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (begin_of(table, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	*entry = low - 1;
	return low > 0 && low < table->count;
}

/*
 * Where the next jump from `*at` on leads to: e9, or 0f and 80 to 8f, and a distance. Instructions are not told apart,
 * so some are none. False: there is no more.
 */
static bool next_jump(const char *code, size_t bytes, uint64_t address, size_t *at, uint64_t *target)
{
	for (; *at + 6 <= bytes; ++*at) {
		const unsigned char *now = (const unsigned char *)code + *at;
		size_t length = now[0] == 0xe9 ? 1 : now[0] == 0x0f && (now[1] & 0xf0) == 0x80 ? 2 : 0;

		if (!length)
			continue;
		*target = address + *at + length + 4 + (uint64_t)(int64_t)(int32_t)word_at(code + *at + length);
		++*at;
		return true;
	}
	return false;
}

/* The entry that the jumps of this code lead to most often, outside of the code itself. False: there is none. */
static bool find_other(const struct table *table, const char *code, const struct na_native_span *span, size_t *other)
{
	uint16_t *jumps = calloc(table->count, sizeof(*jumps));
	uint64_t target;
	uint16_t most = JUMPS_LEAST - 1;
	size_t entry;

	if (!jumps)
		return false;
	for (size_t at = 0; next_jump(code, span->bytes, span->address, &at, &target);) {
		if (target - span->address < span->bytes || !find_entry(table, target, &entry) || jumps[entry] == UINT16_MAX)
			continue;
		if (++jumps[entry] > most) {
			most = jumps[entry];
			*other = entry;
		}
	}
	free(jumps);
	return most >= JUMPS_LEAST;
}

static bool jumps_back(const char *code, const struct na_native_span *from, const struct na_native_span *to)
{
	uint64_t target;
	size_t count = 0;

	for (size_t at = 0; count < JUMPS_LEAST && next_jump(code, from->bytes, from->address, &at, &target);)
		count += target - to->address < to->bytes;
	return count == JUMPS_LEAST;
}

/* NULL: it is not in the file, or too large. */
static char *read_code(struct na_elf *elf, const struct na_native_span *span)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		Elf64_Shdr part = { .sh_type = SHT_PROGBITS, .sh_size = span->bytes };
		size_t bytes;

		if (segment->p_type != PT_LOAD || span->address < segment->p_vaddr ||
		    span->address - segment->p_vaddr >= segment->p_filesz ||
		    span->bytes > segment->p_filesz - (span->address - segment->p_vaddr))
			continue;
		part.sh_offset = segment->p_offset + (span->address - segment->p_vaddr);
		return na_elf_section_bytes(elf, &part, CODE_BYTES, &bytes);
	}
	return NULL;
}

static bool find_part(struct na_elf *elf, const struct table *table, struct na_native_span *parts)
{
	char *code = read_code(elf, &parts[0]);
	size_t other;
	bool found = code && find_other(table, code, &parts[0], &other);

	free(code);
	if (!found)
		return false;
	parts[1].address = begin_of(table, other);
	parts[1].bytes = begin_of(table, other + 1) - parts[1].address;
	code = read_code(elf, &parts[1]);
	found = code && jumps_back(code, &parts[1], &parts[0]);
	free(code);
	return found;
}

size_t na_native_evaluator(struct na_elf *elf, struct na_native_span parts[NA_EVALUATOR_PARTS])
{
	struct na_elf_wanted loop = { .name = "_PyEval_EvalFrameDefault" };
	const Elf64_Shdr *section = na_elf_section(elf, ".eh_frame_hdr");
	struct table table;
	size_t length = 0, count = 1;
	char *bytes;

	(void)na_elf_symbols(elf, SHT_DYNSYM, &loop, 1);	/* no such table: not here */
	if (!loop.bytes)
		return 0;
	parts[0] = (struct na_native_span){ loop.address, loop.bytes };
	bytes = section ? na_elf_section_bytes(elf, section, TABLE_BYTES, &length) : NULL;
	if (bytes && open_table(&table, bytes, length, section->sh_addr) && find_part(elf, &table, parts))
		count = 2;
	free(bytes);
	return count;
}
