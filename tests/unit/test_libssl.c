// SPDX-License-Identifier: GPL-2.0-or-later
/* Where probes of OpenSSL are put: by invented code, by this host's own library, and by files that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/probes.h"
#include "target/libssl.h"
#include "target/probe_site.h"

#define CODE(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define SITE(expected, returns, ...) check_site(expected, returns, CODE(__VA_ARGS__))

static void check_site(int expected, bool returns, const uint8_t *code, size_t bytes)
{
	bool stepped;
	uint32_t site = na_probe_site(code, bytes, returns, &stepped);

	assert_int_equal(stepped, expected < 0);
	assert_int_equal(site, expected < 0 ? 0 : expected);
}

#if defined(__x86_64__)

static void test_sites_of_invented_code(void **state)
{
	(void)state;
	SITE(0, true, 0x55, 0x48, 0x89, 0xe5);				/* push rbp */
	SITE(0, true, 0x41, 0x54, 0x55);				/* push r12 */
	SITE(4, true, 0xf3, 0x0f, 0x1e, 0xfa, 0x55);			/* endbr64; push rbp */
	SITE(5, true, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0x55);		/* that one kind of nop is passed over */
	SITE(0, true, 0x0f, 0x1f, 0x40, 0x00, 0x55);			/* nop of four bytes */
	SITE(3, false, 0x48, 0x85, 0xff, 0x74, 0x10);			/* test rdi, rdi; je */
	SITE(4, false, 0x48, 0x83, 0xec, 0x08, 0xe8, 0, 0, 0, 0);	/* sub rsp, 8; call */
	SITE(-1, true, 0x48, 0x83, 0xec, 0x08, 0xe8, 0, 0, 0, 0);	/* the return address is no longer at rsp */
	SITE(-1, true, 0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 0x08, 0x55);
	SITE(-1, false, 0x31, 0xff, 0x55);				/* xor edi, edi: an argument is gone */
	SITE(-1, false, 0x89, 0xd2, 0x55);				/* mov edx, edx: half of one is */
	SITE(-1, false, 0xff, 0xe0, 0x55);				/* jmp rax: not passed */
	SITE(-1, false, 0xc3, 0x55);					/* ret */
	SITE(-1, false, 0x06, 0x55);					/* no instruction */
	SITE(-1, false, 0x48);						/* half of one */
	SITE(-1, false, 0x66, 0x55);					/* push bp: with a prefix */
	SITE(-1, false, 0xff, 0x37);					/* push [rdi] */
}

static void test_functions_inside_others(void **state)
{
	/* sub rsp, 8; call +0x100 */
	static const uint8_t wraps[] = { 0x48, 0x83, 0xec, 0x08, 0xe8, 0x00, 0x01, 0x00, 0x00 };
	/* xor ecx, ecx; call */
	static const uint8_t changes[] = { 0x31, 0xc9, 0xe8, 0x00, 0x01, 0x00, 0x00 };
	/* test edx, edx; js; mov rcx, rsp; call -0x80 */
	static const uint8_t plain[] = { 0x85, 0xd2, 0x78, 0x10, 0x48, 0x89, 0xe1, 0xe8, 0x80, 0xff, 0xff, 0xff };
	int64_t distance;

	(void)state;
	assert_true(na_probe_wrapped(wraps, sizeof(wraps), NA_ARGUMENT_5, &distance));
	assert_int_equal(distance, 0x100 + sizeof(wraps));
	assert_false(na_probe_wrapped(changes, sizeof(changes), NA_ARGUMENT_4, &distance));
	assert_true(na_probe_wrapped(changes, sizeof(changes), NA_ARGUMENT_3, &distance));
	assert_false(na_probe_wrapped(plain, sizeof(plain), NA_ARGUMENT_4, &distance));
	assert_true(na_probe_calls(plain, sizeof(plain), (int64_t)sizeof(plain) - 0x80));
	assert_false(na_probe_calls(plain, sizeof(plain), 0));
}

static void test_objects_of_invented_code(void **state)
{
	/* mov eax, [rdi + 0x38]; ret */
	static const uint8_t flag[] = { 0x8b, 0x47, 0x38, 0xc3 };
	/* test rdi, rdi; je; mov eax, [rdi]; test eax, eax; je; mov eax, [rdi + 0x78] */
	static const uint8_t checked[] = { 0x48, 0x85, 0xff, 0x74, 0x40, 0x8b, 0x07,
					   0x85, 0xc0, 0x74, 0x21, 0x8b, 0x47, 0x78 };
	/* mov rdi, [rdi + 0xa8]; lea rcx, [rdi + 0xb8], or 0x98 */
	static const uint8_t client[] = { 0x48, 0x8b, 0xbf, 0xa8, 0, 0, 0, 0x48, 0x8d, 0x8f, 0xb8, 0, 0, 0 };
	static const uint8_t server[] = { 0x48, 0x8b, 0xbf, 0xa8, 0, 0, 0, 0x48, 0x8d, 0x8f, 0x98, 0, 0, 0 };
	/* mov rdx, [rsp + 8]; add rdi, 0x160, or movups xmm0, [rdi + 0x140] */
	static const uint8_t added[] = { 0x48, 0x8b, 0x54, 0x24, 0x08, 0x48, 0x81, 0xc7, 0x60, 0x01, 0, 0 };
	static const uint8_t vector[] = { 0x0f, 0x10, 0x87, 0x40, 0x01, 0, 0 };
	/* ret; lea rcx, [rdi + 0xb8] */
	static const uint8_t late[] = { 0xc3, 0x48, 0x8d, 0x8f, 0xb8, 0, 0, 0 };
	struct na_libssl_object object = { 0 };

	(void)state;
	assert_true(na_libssl_is_server(flag, sizeof(flag), &object));
	assert_int_equal(object.is_server, 0x38);
	assert_true(na_libssl_is_server(checked, sizeof(checked), &object));
	assert_int_equal(object.is_server, 0x78);
	assert_false(na_libssl_is_server(checked, sizeof(checked) - 1, &object));
	assert_false(na_libssl_is_server(client, sizeof(client), &object));
	assert_true(na_libssl_randoms(client, sizeof(client), server, sizeof(server), &object));
	assert_int_equal(object.pointer, 0xa8);
	assert_int_equal(object.client_random, 0xb8);
	assert_int_equal(object.server_random, 0x98);
	assert_true(na_libssl_randoms(added, sizeof(added), vector, sizeof(vector), &object));
	assert_int_equal(object.pointer, 0);
	assert_int_equal(object.client_random, 0x160);
	assert_int_equal(object.server_random, 0x140);
	assert_false(na_libssl_randoms(client, sizeof(client), client, sizeof(client), &object));
	assert_false(na_libssl_randoms(client, sizeof(client), added, sizeof(added), &object));
	assert_false(na_libssl_randoms(late, sizeof(late), server, sizeof(server), &object));
}

#endif

static int open_own(const char *name)
{
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	struct link_map *map = NULL;
	int fd = -1;

	if (library && !dlinfo(library, RTLD_DI_LINKMAP, &map))
		fd = open(map->l_name, O_RDONLY | O_CLOEXEC);
	if (library)
		(void)dlclose(library);
	return fd;
}

static struct na_libssl read_fd(int fd)
{
	struct na_libssl libssl = { 0 };
	struct na_elf elf;

	assert_int_equal(na_elf_open(&elf, fd), 0);
	assert_int_equal(na_libssl_read(&elf, &libssl), 0);
	na_elf_close(&elf);
	return libssl;
}

static void test_the_library_of_this_host(void **state)
{
	int fd = open_own("libssl.so.3");
	unsigned int roles = 0;
	struct na_libssl libssl;

	(void)state;
	if (fd < 0)
		skip();
	libssl = read_fd(fd);
	close(fd);
	assert_int_equal(libssl.kind, NA_LIBSSL_PROBED);
	for (size_t i = 0; i < libssl.count; i++) {
		const struct na_libssl_site *site = &libssl.sites[i];
		bool transfers = site->role == NA_LIBSSL_WRITE || site->role == NA_LIBSSL_READ;

		roles |= 1U << site->role;
		assert_true(site->offset != 0);
		assert_int_equal(transfers, site->result != NA_TRANSFER_NONE);
	}
	assert_int_equal(roles, (1U << NA_LIBSSL_ROLES) - 1);
}

/* What is put where the randoms should be is what the library says that they are. */
static void test_objects_of_the_library_of_this_host(void **state)
{
	void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
	static const char *const names[] = { "SSL_get_client_random", "SSL_get_server_random" };
	uint64_t (*get)(const void *, uint8_t *, uint64_t);
	void *(*make)(const void *);
	void *(*method)(void);
	const struct na_libssl_object *object;
	int (*is_server)(const void *);
	void (*release)(void *);
	struct na_libssl libssl;
	uint8_t *ssl, *at;
	void *context;
	int fd;

	(void)state;
	if (!library)
		skip();
	fd = open_own("libssl.so.3");
	libssl = read_fd(fd);
	close(fd);
	object = &libssl.object;
	*(void **)&method = dlsym(library, "TLS_server_method");
	*(void **)&make = dlsym(library, "SSL_CTX_new");
	context = make(method());
	*(void **)&make = dlsym(library, "SSL_new");
	ssl = make(context);
	assert_non_null(ssl);
	*(void **)&is_server = dlsym(library, "SSL_is_server");
	assert_int_equal(is_server(ssl), 1);
#if defined(__x86_64__)
	assert_int_equal(ssl[object->is_server], 1);
	memcpy(&at, object->pointer ? ssl + object->pointer : (uint8_t *)&ssl, sizeof(at));
	for (size_t i = 0; i < 2; i++) {
		uint8_t want[32], have[32] = { 0 };

		memset(want, (int)(0x5a + i), sizeof(want));
		memcpy(at + (i ? object->server_random : object->client_random), want, sizeof(want));
		*(void **)&get = dlsym(library, names[i]);
		assert_int_equal(get(ssl, have, sizeof(have)), sizeof(have));
		assert_memory_equal(have, want, sizeof(have));
	}
#else
	assert_int_equal(object->is_server, 0);
	(void)at;
	(void)get;
	(void)names;
#endif
	*(void **)&release = dlsym(library, "SSL_free");
	release(ssl);
	*(void **)&release = dlsym(library, "SSL_CTX_free");
	release(context);
	(void)dlclose(library);
}

static void test_libraries_without_names_or_tls(void **state)
{
	int gnutls = open_own("libgnutls.so.30"), libc = open_own("libc.so.6");

	(void)state;
	assert_true(libc >= 0);
	assert_int_equal(read_fd(libc).kind, NA_LIBSSL_NONE);
	close(libc);
	if (gnutls < 0)
		skip();
	assert_int_equal(read_fd(gnutls).kind, NA_LIBSSL_OPAQUE);
	close(gnutls);
}

/* The library with its code, or all behind its first page, gone: there is nothing to put a probe at. */
static void test_a_file_cut_short_has_no_sites(void **state)
{
	int fd = open_own("libssl.so.3"), copy = memfd_create("cut", MFD_CLOEXEC);
	struct na_libssl libssl = { 0 };
	struct na_elf elf;
	char page[4096];

	(void)state;
	if (fd < 0)
		skip();
	assert_true(copy >= 0);
	assert_int_equal(pread(fd, page, sizeof(page), 0), sizeof(page));
	assert_int_equal(pwrite(copy, page, sizeof(page), 0), sizeof(page));
	if (na_elf_open(&elf, copy) == 0) {
		assert_int_equal(na_libssl_read(&elf, &libssl), 0);
		na_elf_close(&elf);
	}
	assert_int_equal(libssl.count, 0);
	close(copy);
	close(fd);
}

static void test_kernels_whose_return_probes_could_end_programs(void **state)
{
	static const struct {
		const char *release;
		bool safe;
	} cases[] = {
		{ "5.15.0-1", true },	{ "6.1.0-50-cloud-amd64", true }, { "6.10.9", true },	{ "6.11.0", false },
		{ "6.12.5", false },	{ "6.12.41+deb13-amd64", true },  { "6.13.2", false },	{ "6.13.12", true },
		{ "6.14.0", true },	{ "7.2.1", true },		  { "rolling", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(na_probe_returns_are_safe_on(cases[i].release), cases[i].safe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(test_sites_of_invented_code),
		cmocka_unit_test(test_functions_inside_others),
		cmocka_unit_test(test_objects_of_invented_code),
#endif
		cmocka_unit_test(test_the_library_of_this_host),
		cmocka_unit_test(test_objects_of_the_library_of_this_host),
		cmocka_unit_test(test_libraries_without_names_or_tls),
		cmocka_unit_test(test_a_file_cut_short_has_no_sites),
		cmocka_unit_test(test_kernels_whose_return_probes_could_end_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
