/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of USDT notes; see usdt.h. A note is three addresses (instruction, base, semaphore), then provider, name
 * and arguments as strings.
 */
#include "target/usdt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netaudit/probe.h>

enum { NOTE_STAPSDT = 3, NOTES_BYTES = 1 << 20, ADDRESSES = 3, SEMAPHORE_BYTES = 2 };

struct search {
	struct na_elf *elf;
	const char *provider, *name;
	uint64_t base;		/* where .stapsdt.base is; 0: no such section */
	struct na_usdt_site *sites;
	size_t capacity, count, left_out;
};

#ifdef __x86_64__
#define NO_OPERATION 0x90
/* In the order of struct pt_regs. */
static const char *const registers[] = {
	"r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
};
/* Behind them: orig_rax, rip, cs, rflags. */
enum { STACK_POINTER = 19 };
#else
#define NO_OPERATION (-1)	/* arguments are written otherwise there: no site is taken */
static const char *const registers[] = { "" };
enum { STACK_POINTER = 0 };
#endif

/* "%rdi", moving `*text` behind it. */
static bool take_register(const char **text, uint32_t *number)
{
	size_t length = 0;

	if (**text != '%')
		return false;
	++*text;
	while ((*text)[length] >= '0' && (*text)[length] <= 'z')
		length++;
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		if (!length || strlen(registers[i]) != length || memcmp(*text, registers[i], length) != 0)
			continue;
		*text += length;
		*number = (uint32_t)i;
		return true;
	}
	if (length != 3 || memcmp(*text, "rsp", length) != 0 || !STACK_POINTER)
		return false;
	*text += length;
	*number = STACK_POINTER;
	return true;
}

/* "%rdi", "-16(%rbp)" or "(%rax)". */
static bool take_operand(const char **text, uint32_t *place)
{
	uint32_t number;
	long distance = 0;
	char *end;

	if (**text == '%') {
		if (!take_register(text, &number))
			return false;
		*place = NA_PLACE_GIVEN | number << NA_PLACE_REGISTER_SHIFT;
		return true;
	}
	if (**text == '-' || (**text >= '0' && **text <= '9')) {
		errno = 0;
		distance = strtol(*text, &end, 10);
		if (errno || distance < INT16_MIN || distance > INT16_MAX)
			return false;
		*text = end;
	}
	if (**text != '(')
		return false;
	++*text;
	if (!take_register(text, &number) || **text != ')')
		return false;
	++*text;
	*place = NA_PLACE_GIVEN | NA_PLACE_IN_MEMORY | number << NA_PLACE_REGISTER_SHIFT |
		 (uint32_t)(uint16_t)distance << NA_PLACE_DISTANCE_SHIFT;
	return true;
}

/* Pointers are 8 bytes; the sign says nothing about them. */
static bool take_argument(const char **text, uint32_t *place)
{
	while (**text == ' ')
		++*text;
	if (**text == '-')
		++*text;
	if (strncmp(*text, "8@", 2) != 0)
		return false;
	*text += 2;
	return take_operand(text, place) && (**text == ' ' || !**text);
}

bool na_usdt_places(const char *arguments, uint64_t *places)
{
	uint32_t first, second;

	if (!take_argument(&arguments, &first) || !take_argument(&arguments, &second))
		return false;
	*places = na_places(first, second);
	return true;
}

/* Where `bytes` at an address, as linked, are in the file. 0: not there, or not in a segment of these flags. */
static uint64_t in_file(const struct na_elf *elf, uint64_t address, uint64_t bytes, uint32_t flags)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type != PT_LOAD || (segment->p_flags & flags) != flags || address < segment->p_vaddr ||
		    address - segment->p_vaddr >= segment->p_filesz ||
		    segment->p_filesz - (address - segment->p_vaddr) < bytes)
			continue;
		if (segment->p_offset > elf->file_bytes ||
		    elf->file_bytes - segment->p_offset < address - segment->p_vaddr + bytes)
			return 0;
		return segment->p_offset + (address - segment->p_vaddr);
	}
	return 0;
}

/* A breakpoint anywhere but on a no-operation would be a guess about what is there. */
static bool is_no_operation(const struct na_elf *elf, uint64_t offset)
{
	unsigned char instruction;

	return pread(elf->fd, &instruction, 1, (off_t)offset) == 1 && instruction == NO_OPERATION;
}

/* False: not a site that can be used. */
static bool read_site(const struct search *search, const uint64_t address[ADDRESSES], const char *arguments,
		      struct na_usdt_site *site)
{
	/* a file that was prelinked has moved since its notes were written */
	uint64_t moved = search->base ? search->base - address[1] : 0;

	*site = (struct na_usdt_site){ .offset = in_file(search->elf, address[0] + moved, 1, PF_X) };
	if (address[2]) {
		site->semaphore = in_file(search->elf, address[2] + moved, SEMAPHORE_BYTES, PF_W);
		if (!site->semaphore)
			return false;
	}
	return site->offset && na_usdt_places(arguments, &site->places) &&
	       is_no_operation(search->elf, site->offset);
}

/* The string at `*at`, moving it behind; NULL: it does not end within `length`. */
static const char *take_string(const char *bytes, size_t length, size_t *at)
{
	const char *start = bytes + *at;
	size_t string_bytes = *at < length ? strnlen(start, length - *at) : 0;

	if (*at >= length || string_bytes == length - *at)
		return NULL;
	*at += string_bytes + 1;
	return start;
}

static void read_note(struct search *search, const char *bytes, size_t length)
{
	uint64_t address[ADDRESSES];
	size_t at = sizeof(address);
	const char *provider = take_string(bytes, length, &at), *name = take_string(bytes, length, &at);
	const char *arguments = take_string(bytes, length, &at);
	struct na_usdt_site site;

	if (!provider || !name || strcmp(provider, search->provider) != 0 || strcmp(name, search->name) != 0)
		return;
	memcpy(address, bytes, sizeof(address));
	if (search->count == search->capacity || !arguments || strlen(arguments) >= NA_USDT_ARGUMENTS_BYTES ||
	    !read_site(search, address, arguments, &site))
		search->left_out++;
	else
		search->sites[search->count++] = site;
}

static void read_notes(struct search *search, const char *notes, size_t bytes)
{
	static const char owner[] = "stapsdt";
	size_t at = 0;

	while (bytes - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t text, description;

		memcpy(&note, notes + at, sizeof(note));
		text = at + sizeof(note);
		description = text + ((note.n_namesz + UINT64_C(3)) & ~UINT64_C(3));
		if (description > bytes || note.n_descsz > bytes - description)
			return;
		if (note.n_type == NOTE_STAPSDT && note.n_namesz == sizeof(owner) &&
		    memcmp(notes + text, owner, sizeof(owner)) == 0 && note.n_descsz > sizeof(uint64_t) * ADDRESSES)
			read_note(search, notes + description, note.n_descsz);
		at = description + ((note.n_descsz + UINT64_C(3)) & ~UINT64_C(3));
		if (at > bytes)
			return;
	}
}

size_t na_usdt_sites(struct na_elf *elf, const char *provider, const char *name, struct na_usdt_site *sites,
		     size_t capacity, size_t *left_out)
{
	const Elf64_Shdr *section = na_elf_section(elf, ".note.stapsdt"), *base = na_elf_section(elf, ".stapsdt.base");
	struct search search = { elf, provider, name, base ? base->sh_addr : 0, sites, capacity, 0, 0 };
	size_t bytes = 0;
	char *notes = section ? na_elf_section_bytes(elf, section, NOTES_BYTES, &bytes) : NULL;

	if (notes)
		read_notes(&search, notes, bytes);
	free(notes);
	*left_out = search.left_out;
	return search.count;
}
