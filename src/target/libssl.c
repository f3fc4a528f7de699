// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OpenSSL 1.1.1 to 3.6 have one function each that does the work of SSL_write, SSL_write_ex and SSL_write_ex2, and of
 * SSL_read and SSL_read_ex. It has no name; the others begin with a call of it. It is what is probed where that can be
 * shown by decoding them, because it begins with a push; else they are probed themselves.
 */
#include "target/libssl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/probe_site.h"

#define RODATA_BYTES (16U << 20)

/* RFC 8446, 7.1: a label that every implementation of TLS 1.3 has among its constants. */
static const char tls_label[] = "c hs traffic";

enum symbol {
	WRITE,
	WRITE_EX,
	WRITE_EX2,
	READ,
	READ_EX,
	CONTROL,
	FREE,
	IS_SERVER,
	CLIENT_RANDOM,
	SERVER_RANDOM,
	SYMBOLS
};

static const char *const names[SYMBOLS] = {
	[WRITE] = "SSL_write",	 [WRITE_EX] = "SSL_write_ex", [WRITE_EX2] = "SSL_write_ex2", [READ] = "SSL_read",
	[READ_EX] = "SSL_read_ex", [CONTROL] = "SSL_ctrl",	 [FREE] = "SSL_free",
	[IS_SERVER] = "SSL_is_server",
	[CLIENT_RANDOM] = "SSL_get_client_random",
	[SERVER_RANDOM] = "SSL_get_server_random",
};

struct code {
	uint64_t offset;	/* in the file */
	size_t bytes;
	uint8_t byte[NA_LIBSSL_CODE_BYTES];
};

/* Where in the file an address of code is. 0: nowhere. */
static uint64_t offset_of(const struct na_elf *elf, uint64_t address)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) && address >= segment->p_vaddr &&
		    address - segment->p_vaddr < segment->p_filesz &&
		    segment->p_offset < elf->file_bytes &&
		    address - segment->p_vaddr < elf->file_bytes - segment->p_offset)
			return segment->p_offset + (address - segment->p_vaddr);
	}
	return 0;
}

static bool read_code(const struct na_elf *elf, uint64_t address, struct code *code)
{
	ssize_t got;

	code->offset = address ? offset_of(elf, address) : 0;
	if (!code->offset)
		return false;
	got = pread(elf->fd, code->byte, sizeof(code->byte), (off_t)code->offset);
	code->bytes = got > 0 ? (size_t)got : 0;
	return code->bytes > 0;
}

static void add_site(struct na_libssl *libssl, const struct code *code, enum na_libssl_role role,
		     enum na_transfer result)
{
	bool stepped;
	uint32_t distance = na_probe_site(code->byte, code->bytes, result != NA_TRANSFER_NONE, &stepped);

	if (libssl->count < NA_LIBSSL_SITES)
		libssl->sites[libssl->count++] =
			(struct na_libssl_site){ code->offset + distance, (uint8_t)role, (uint8_t)result, stepped };
}

/* The nameless function that `extended` begins with; its address, or 0. */
static uint64_t inner_of(const struct na_elf *elf, uint64_t extended, enum na_argument last, struct code *inner)
{
	struct code code;
	int64_t distance;

	if (!read_code(elf, extended, &code) || !na_probe_wrapped(code.byte, code.bytes, last, &distance) ||
	    !read_code(elf, extended + (uint64_t)distance, inner))
		return 0;
	return extended + (uint64_t)distance;
}

static bool calls(const struct na_elf *elf, uint64_t plain, uint64_t inner)
{
	struct code code;

	return read_code(elf, plain, &code) && na_probe_calls(code.byte, code.bytes, (int64_t)(inner - plain));
}

/*
 * Writing or reading: the function inside when both ways in lead to it, else each by itself. `outer` is the way in that
 * hands on its own arguments; `last` the one of them that says where the number goes.
 */
static void add_transfer(const struct na_elf *elf, struct na_libssl *libssl, enum na_libssl_role role, uint64_t plain,
			 uint64_t extended, uint64_t outer, enum na_argument last)
{
	enum na_transfer result = last == NA_ARGUMENT_5 ? NA_TRANSFER_FIFTH : NA_TRANSFER_FOURTH;
	struct code code;
	uint64_t inner = inner_of(elf, outer, last, &code);

	if (inner && calls(elf, plain, inner)) {
		add_site(libssl, &code, role, result);
		return;
	}
	if (read_code(elf, plain, &code))
		add_site(libssl, &code, role, NA_TRANSFER_RETURNED);
	if (read_code(elf, extended, &code))
		add_site(libssl, &code, role, NA_TRANSFER_FOURTH);
}

/* All of it or nothing. */
static void read_object(const struct na_elf *elf, const uint64_t at[SYMBOLS], struct na_libssl_object *object)
{
	struct code server, client_random, server_random;
	struct na_libssl_object found;

	if (read_code(elf, at[IS_SERVER], &server) && read_code(elf, at[CLIENT_RANDOM], &client_random) &&
	    read_code(elf, at[SERVER_RANDOM], &server_random) &&
	    na_libssl_is_server(server.byte, server.bytes, &found) &&
	    na_libssl_randoms(client_random.byte, client_random.bytes, server_random.byte, server_random.bytes, &found))
		*object = found;
}

static bool speaks_tls(struct na_elf *elf)
{
	static const char *const sections[] = { ".rodata", ".data.rel.ro" };
	bool found = false;

	for (size_t i = 0; !found && i < sizeof(sections) / sizeof(*sections); i++) {
		const Elf64_Shdr *section = na_elf_section(elf, sections[i]);
		size_t bytes = 0;
		char *content = section ? na_elf_section_bytes(elf, section, RODATA_BYTES, &bytes) : NULL;

		found = content && memmem(content, bytes, tls_label, sizeof(tls_label) - 1);
		free(content);
	}
	return found;
}

int na_libssl_read(struct na_elf *elf, struct na_libssl *libssl)
{
	struct na_elf_wanted wanted[SYMBOLS];
	uint64_t at[SYMBOLS];
	struct code code;
	int err;

	memset(libssl, 0, sizeof(*libssl));
	for (size_t i = 0; i < SYMBOLS; i++)
		wanted[i] = (struct na_elf_wanted){ .name = names[i] };
	err = na_elf_symbols(elf, SHT_DYNSYM, wanted, SYMBOLS);
	if (!err && !(wanted[WRITE].address && wanted[READ].address))
		err = na_elf_symbols(elf, SHT_SYMTAB, wanted, SYMBOLS);
	if (err)
		return err == -ENOMEM ? err : 0;
	for (size_t i = 0; i < SYMBOLS; i++)
		at[i] = wanted[i].address;
	if (!at[WRITE] || !at[READ]) {
		libssl->kind = speaks_tls(elf) ? NA_LIBSSL_OPAQUE : NA_LIBSSL_NONE;
		return 0;
	}
	if (at[WRITE_EX2])
		add_transfer(elf, libssl, NA_LIBSSL_WRITE, at[WRITE], at[WRITE_EX], at[WRITE_EX2], NA_ARGUMENT_5);
	else
		add_transfer(elf, libssl, NA_LIBSSL_WRITE, at[WRITE], at[WRITE_EX], at[WRITE_EX], NA_ARGUMENT_4);
	add_transfer(elf, libssl, NA_LIBSSL_READ, at[READ], at[READ_EX], at[READ_EX], NA_ARGUMENT_4);
	if (read_code(elf, at[CONTROL], &code))
		add_site(libssl, &code, NA_LIBSSL_CONTROL, NA_TRANSFER_NONE);
	if (read_code(elf, at[FREE], &code))
		add_site(libssl, &code, NA_LIBSSL_FREE, NA_TRANSFER_NONE);
	libssl->kind = libssl->count ? NA_LIBSSL_PROBED : NA_LIBSSL_NONE;
	read_object(elf, at, &libssl->object);
	return 0;
}

uint64_t na_libssl_cookie(const struct na_libssl *libssl, const struct na_libssl_site *site)
{
	const struct na_libssl_object *object = &libssl->object;

	if (site->result == NA_TRANSFER_NONE)
		return 0;
	return NA_TRANSFER_COOKIE(site->result, object->is_server, object->pointer, object->client_random,
				  object->server_random);
}
