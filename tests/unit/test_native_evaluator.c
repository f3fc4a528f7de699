/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an interpreter's loop is: invented object files, with a loop in one part or two, or in what only looks so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/elf_symbols.h"
#include "target/native_internal.h"

#define BASE 0x400000		/* where the file's first byte is linked */
#define CODE_BYTES 0x8000
#define LOOP 0x6000		/* in the code: four functions or parts of one, in this order */
#define COLD 0x2000
#define OTHER 0x3000
#define LATER 0x7000
#define LOOP_BYTES 0x800

static const uint32_t begins[] = { COLD, OTHER, LOOP, LATER };

static const char names[] = "\0.dynsym\0.dynstr\0.eh_frame_hdr\0.shstrtab";
static const char strings[] = "\0_PyEval_EvalFrameDefault";

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Shdr section[5];
	Elf64_Sym symbol[2];
	char strings[sizeof(strings)], names[sizeof(names)];
	_Alignas(uint32_t) unsigned char encodings[4];
	uint32_t frames, count, table[2 * sizeof(begins) / sizeof(begins[0])];
	unsigned char code[CODE_BYTES];
};

#define PLACE(member) offsetof(struct file, member)
#define CODE_ADDRESS (BASE + PLACE(code))

static struct file *new_file(void)
{
	static struct file file;
	const Elf64_Shdr sections[] = {
		{ .sh_type = SHT_NULL },
		{ 1, SHT_DYNSYM, 0, 0, PLACE(symbol), sizeof(file.symbol), 2, 0, 0, sizeof(Elf64_Sym) },
		{ 9, SHT_STRTAB, 0, 0, PLACE(strings), sizeof(strings), 0, 0, 0, 0 },
		{ 17, SHT_PROGBITS, 0, BASE + PLACE(encodings), PLACE(encodings), PLACE(code) - PLACE(encodings), 0, 0, 0, 0 },
		{ 31, SHT_STRTAB, 0, 0, PLACE(names), sizeof(names), 0, 0, 0, 0 },
	};
	static const unsigned char encodings[] = { 1, 0x1b, 0x03, 0x3b };

	memset(&file, 0, sizeof(file));
	memcpy(file.header.e_ident, ELFMAG, SELFMAG);
	file.header.e_ident[EI_CLASS] = ELFCLASS64;
	file.header.e_ident[EI_DATA] = ELFDATA2LSB;
	file.header.e_type = ET_EXEC;
	file.header.e_phoff = PLACE(segment);
	file.header.e_phentsize = sizeof(Elf64_Phdr);
	file.header.e_phnum = 1;
	file.header.e_shoff = PLACE(section);
	file.header.e_shentsize = sizeof(Elf64_Shdr);
	file.header.e_shnum = 5;
	file.header.e_shstrndx = 4;
	file.segment = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof(file) };
	memcpy(file.section, sections, sizeof(sections));
	memcpy(file.strings, strings, sizeof(strings));
	memcpy(file.names, names, sizeof(names));
	file.symbol[1] = (Elf64_Sym){ .st_name = 1, .st_shndx = 1, .st_value = CODE_ADDRESS + LOOP, .st_size = LOOP_BYTES };
	memcpy(file.encodings, encodings, sizeof(encodings));
	file.count = sizeof(begins) / sizeof(begins[0]);
	for (size_t i = 0; i < file.count; i++)
		file.table[2 * i] = (uint32_t)(PLACE(code) + begins[i] - PLACE(encodings));
	memset(file.code, 0x90, sizeof(file.code));
	return &file;
}

/* A jump, conditional or not, by its distance from the next instruction. */
static void jump(struct file *file, uint32_t from, uint32_t to, bool conditional)
{
	uint32_t distance = to - (from + (conditional ? 6 : 5));
	unsigned char *at = file->code + from;

	if (conditional)
		*at++ = 0x0f;
	*at++ = conditional ? 0x84 : 0xe9;
	memcpy(at, &distance, sizeof(distance));
}

static void join(struct file *file, uint32_t a, uint32_t b)
{
	jump(file, a + 0x100, b + 0x10, true);
	jump(file, a + 0x200, b + 0x30, false);
	jump(file, b + 0x20, a + 0x106, false);
	jump(file, b + 0x40, a + 0x300, true);
}

static size_t find(const struct file *file, struct na_native_span *parts)
{
	int fd = memfd_create("object", MFD_CLOEXEC);
	struct na_elf elf;
	size_t count;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, sizeof(*file)), sizeof(*file));
	assert_int_equal(na_elf_open(&elf, fd), 0);
	count = na_native_evaluator(&elf, parts);
	na_elf_close(&elf);
	close(fd);
	return count;
}

static void test_one_part(void **state)
{
	struct na_native_span parts[NA_EVALUATOR_PARTS];
	struct file *file = new_file();

	(void)state;
	jump(file, LOOP + 0x10, LOOP + 0x100, true);
	assert_int_equal(find(file, parts), 1);
	assert_int_equal(parts[0].address, CODE_ADDRESS + LOOP);
	assert_int_equal(parts[0].bytes, LOOP_BYTES);
}

static void test_no_loop(void **state)
{
	struct na_native_span parts[NA_EVALUATOR_PARTS];
	struct file *file = new_file();

	(void)state;
	join(file, LOOP, COLD);
	file->symbol[1].st_shndx = SHN_UNDEF;
	assert_int_equal(find(file, parts), 0);
}

static void test_two_parts(void **state)
{
	struct na_native_span parts[NA_EVALUATOR_PARTS];
	struct file *file = new_file();

	(void)state;
	join(file, LOOP, COLD);
	jump(file, LOOP + 0x400, OTHER + 8, false);	/* once, as bytes that only look like a jump would */
	assert_int_equal(find(file, parts), 2);
	assert_int_equal(parts[0].address, CODE_ADDRESS + LOOP);
	assert_int_equal(parts[1].address, CODE_ADDRESS + COLD);
	assert_int_equal(parts[1].bytes, OTHER - COLD);
}

static void test_jumps_must_go_both_ways(void **state)
{
	struct na_native_span parts[NA_EVALUATOR_PARTS];
	struct file *file = new_file();

	(void)state;
	jump(file, LOOP + 0x100, OTHER, true);	/* calls at a function's end are jumps */
	jump(file, LOOP + 0x200, OTHER, false);
	assert_int_equal(find(file, parts), 1);
	jump(file, OTHER + 0x20, LOOP + 0x10, false);
	assert_int_equal(find(file, parts), 1);
	file = new_file();
	jump(file, COLD + 0x100, LOOP + 8, true);
	jump(file, COLD + 0x200, LOOP + 8, false);
	assert_int_equal(find(file, parts), 1);
}

/* A file may say anything: whatever is changed, no more than is there is read, and the parts lie apart. */
static void test_damaged_files(void **state)
{
	struct na_native_span parts[NA_EVALUATOR_PARTS];
	struct file *file = new_file();
	uint64_t number = 88172645463325252;

	(void)state;
	join(file, LOOP, COLD);
	for (int round = 0; round < 3000; round++) {
		struct file damaged = *file;
		size_t count;

		for (int i = 0; i < 4; i++) {
			number ^= number << 13;
			number ^= number >> 7;
			number ^= number << 17;
			/* the symbol, the table, or the code */
			((unsigned char *)&damaged)[PLACE(symbol) + number % (sizeof(damaged) - PLACE(symbol)) /
						    (round % 2 ? 1 : 100)] = (unsigned char)(number >> 32);
		}
		count = find(&damaged, parts);
		assert_true(count <= NA_EVALUATOR_PARTS);
		assert_true(count < 2 || parts[1].address - parts[0].address >= parts[0].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_part),
		cmocka_unit_test(test_no_loop),
		cmocka_unit_test(test_two_parts),
		cmocka_unit_test(test_jumps_must_go_both_ways),
		cmocka_unit_test(test_damaged_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
