/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USDT notes: arguments where we can read them become places, everything else is left out and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <netaudit/probe.h>

#include "target/usdt.h"

#define REGISTER(number) (NA_PLACE_GIVEN | (uint32_t)(number) << NA_PLACE_REGISTER_SHIFT)
#define MEMORY(number, distance) \
	(REGISTER(number) | NA_PLACE_IN_MEMORY | (uint32_t)(uint16_t)(distance) << NA_PLACE_DISTANCE_SHIFT)

enum { CODE = 0x400, DATA = 0x600, NOTES = 0x800, NAMES = 0xc00, FILE_BYTES = 0x2000, ADDRESS = 0x400000 };

static const char names[] = "\0.note.stapsdt\0.stapsdt.base\0.shstrtab";

static void test_arguments_in_registers_and_memory_are_places(void **state)
{
#ifdef __x86_64__
	static const struct {
		const char *text;
		uint32_t first, second;
	} known[] = {
		{ "8@%rbx 8@%r15", REGISTER(5), REGISTER(0) },
		{ "8@%rdi 8@%rsi", REGISTER(14), REGISTER(13) },
		{ "8@-16(%rbp) 8@(%rax)", MEMORY(4, -16), MEMORY(10, 0) },
		{ "-8@136(%rsp) 8@%r12 4@$3", MEMORY(19, 136), REGISTER(3) },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint64_t places = 0;

		assert_true(na_usdt_places(known[i].text, &places));
		assert_int_equal(places, na_places(known[i].first, known[i].second));
	}
#endif
	(void)state;
}

static void test_arguments_of_other_kinds_are_refused(void **state)
{
	static const char *const others[] = {
		"", "8@%rbx", "8@%rbx ", "4@%ebx 8@%r15", "8@$5 8@%r15", "8@%rbx 8@", "8@%rbx 8@%", "8@%rbz 8@%r15",
		"8@%rbxx 8@%r15", "8@16(%rbp 8@%r15", "8@16(%rbp,%rax,8) 8@%r15", "8@99999(%rbp) 8@%r15",
		"8@-99999999999999999999(%rbp) 8@%r15", "8@symbol(%rip) 8@%r15", "8@16 8@%r15", "88@%rbx 8@%r15",
		"8@x0 8@[sp, 16]",
	};
	uint64_t places;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(na_usdt_places(others[i], &places));
}

/* A program file in memory: one segment of code and one of data, and notes that are added to it. */
struct file {
	unsigned char bytes[FILE_BYTES];
	size_t notes;
};

static void begin(struct file *file)
{
	memset(file, 0, sizeof(*file));
	memset(file->bytes + CODE, 0x90, 0x100);
}

static void add_note(struct file *file, const uint64_t address[3], const char *texts, size_t texts_bytes)
{
	const Elf64_Nhdr note = { .n_namesz = 8, .n_descsz = (Elf64_Word)(24 + texts_bytes), .n_type = 3 };
	unsigned char *at = file->bytes + NOTES + file->notes;

	memcpy(at, &note, sizeof(note));
	memcpy(at + 12, "stapsdt", 8);
	memcpy(at + 20, address, 24);
	memcpy(at + 44, texts, texts_bytes);
	file->notes += (44 + texts_bytes + 3) & ~(size_t)3;
}

#define TEXTS "python\0audit\0" "8@%rbx 8@%r15"
#define ADD(file, location, semaphore) \
	add_note(file, (const uint64_t[]){ location, ADDRESS + 0x10, semaphore }, TEXTS, sizeof(TEXTS))

static size_t sites_of(struct file *file, struct na_usdt_site *sites, size_t capacity, size_t *left_out)
{
	Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB },
			      .e_type = ET_DYN, .e_phoff = 64, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
			      .e_shoff = 0x1000, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4, .e_shstrndx = 3 };
	const Elf64_Phdr segments[] = {
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = CODE, .p_vaddr = ADDRESS, .p_filesz = 0x100 },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = DATA, .p_vaddr = ADDRESS + 0x1000, .p_filesz = 0x100 },
	};
	const Elf64_Shdr sections[] = {
		{ 0 },
		{ .sh_name = 1, .sh_type = SHT_NOTE, .sh_offset = NOTES, .sh_size = file->notes },
		{ .sh_name = 15, .sh_type = SHT_PROGBITS, .sh_addr = ADDRESS + 0x10 },
		{ .sh_name = 29, .sh_type = SHT_STRTAB, .sh_offset = NAMES, .sh_size = sizeof(names) },
	};
	int fd = memfd_create("program", MFD_CLOEXEC);
	struct na_elf elf;
	size_t count;

	memcpy(file->bytes, &header, sizeof(header));
	memcpy(file->bytes + 64, segments, sizeof(segments));
	memcpy(file->bytes + 0x1000, sections, sizeof(sections));
	memcpy(file->bytes + NAMES, names, sizeof(names));
	assert_int_equal(write(fd, file->bytes, sizeof(file->bytes)), sizeof(file->bytes));
	assert_int_equal(na_elf_open(&elf, fd), 0);
	count = na_usdt_sites(&elf, "python", "audit", sites, capacity, left_out);
	na_elf_close(&elf);
	(void)close(fd);
	return count;
}

static void test_every_site_is_found_at_its_place_in_the_file(void **state)
{
#ifdef __x86_64__
	struct na_usdt_site sites[4];
	struct file file;
	size_t left_out;

	begin(&file);
	ADD(&file, ADDRESS + 0x20, ADDRESS + 0x1008);
	ADD(&file, ADDRESS + 0x40, 0);
	assert_int_equal(sites_of(&file, sites, 4, &left_out), 2);
	assert_int_equal(left_out, 0);
	assert_int_equal(sites[0].offset, CODE + 0x20);
	assert_int_equal(sites[0].semaphore, DATA + 8);
	assert_int_equal(sites[0].places, na_places(REGISTER(5), REGISTER(0)));
	assert_int_equal(sites[1].offset, CODE + 0x40);
	assert_int_equal(sites[1].semaphore, 0);
#endif
	(void)state;
}

static void test_a_file_that_was_moved_after_linking_is_followed(void **state)
{
#ifdef __x86_64__
	struct na_usdt_site sites[1];
	struct file file;
	size_t left_out;

	begin(&file);
	add_note(&file, (const uint64_t[]){ 0x1020, 0x1010, 0 }, TEXTS, sizeof(TEXTS));
	assert_int_equal(sites_of(&file, sites, 1, &left_out), 1);
	assert_int_equal(sites[0].offset, CODE + 0x20);
#endif
	(void)state;
}

static void test_what_cannot_be_used_is_left_out_and_counted(void **state)
{
	static const char elsewhere[] = "python\0audit\0" "8@symbol(%rip) 8@%r15", other[] = "python\0gc__start\0" "4@%ebx",
			  cut[] = { 'p', 'y', 't', 'h', 'o', 'n', 0, 'a', 'u', 'd', 'i', 't', 0, '8' };
	const uint64_t address[] = { ADDRESS + 0x20, ADDRESS + 0x10, 0 };
	struct na_usdt_site sites[1];
	struct file file;
	size_t left_out;

	(void)state;
	begin(&file);
	file.bytes[CODE + 0x60] = 0x55;
	ADD(&file, ADDRESS + 0x60, 0);			/* another instruction */
	ADD(&file, ADDRESS + 0x1008, 0);		/* not code */
	ADD(&file, ADDRESS + 0x100, 0);			/* beyond the segment */
	ADD(&file, ADDRESS + 0x20, ADDRESS + 0x20);	/* a semaphore that is code */
	ADD(&file, ADDRESS + 0x20, ADDRESS + 0x10ff);	/* half a semaphore */
	add_note(&file, address, elsewhere, sizeof(elsewhere));
	add_note(&file, address, cut, sizeof(cut));
	add_note(&file, address, other, sizeof(other));	/* another probe: none of ours */
	assert_int_equal(sites_of(&file, sites, 1, &left_out), 0);
	assert_int_equal(left_out, 7);
}

static void test_more_sites_than_fit_are_counted(void **state)
{
#ifdef __x86_64__
	struct na_usdt_site sites[2];
	struct file file;
	size_t left_out;

	begin(&file);
	for (int i = 0; i < 5; i++)
		ADD(&file, ADDRESS + 0x20 + (uint64_t)i, 0);
	assert_int_equal(sites_of(&file, sites, 2, &left_out), 2);
	assert_int_equal(left_out, 3);
#endif
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments_in_registers_and_memory_are_places),
		cmocka_unit_test(test_arguments_of_other_kinds_are_refused),
		cmocka_unit_test(test_every_site_is_found_at_its_place_in_the_file),
		cmocka_unit_test(test_a_file_that_was_moved_after_linking_is_followed),
		cmocka_unit_test(test_what_cannot_be_used_is_left_out_and_counted),
		cmocka_unit_test(test_more_sites_than_fit_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
