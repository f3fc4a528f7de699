/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the search for OpenSSL in a program file, and the decoding of functions. Whatever the file says, a probe lies
 * inside it.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "target/libssl.h"
#include "target/probe_site.h"

static void read_file(int fd, size_t size)
{
	struct na_libssl libssl;
	struct na_elf elf;

	if (na_elf_open(&elf, fd) != 0)
		return;
	if (na_libssl_read(&elf, &libssl) == 0) {
		REQUIRE(libssl.count <= NA_LIBSSL_SITES);
		REQUIRE((libssl.count != 0) == (libssl.kind == NA_LIBSSL_PROBED));
		for (size_t i = 0; i < libssl.count; i++)
			REQUIRE(libssl.sites[i].offset < size + NA_PROBE_CODE_BYTES);
	}
	na_elf_close(&elf);
}

static void decode(const uint8_t *data, size_t size)
{
	char *code = fuzz_exact(data, size);
	struct na_libssl_object object;
	int64_t distance = 0;
	bool stepped;
	uint32_t site = na_probe_site((const uint8_t *)code, size, size & 1, &stepped);

	REQUIRE(stepped ? site == 0 : site < size);
	if (na_libssl_is_server((const uint8_t *)code, size, &object))
		REQUIRE(object.is_server != 0);
	if (na_libssl_randoms((const uint8_t *)code, size / 2, (const uint8_t *)code + size / 2, size - size / 2, &object))
		REQUIRE(object.client_random != object.server_random);
	if (na_probe_wrapped((const uint8_t *)code, size, NA_ARGUMENT_4, &distance))
		REQUIRE(na_probe_calls((const uint8_t *)code, size, distance));
	free(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("library", MFD_CLOEXEC);
	REQUIRE(fd >= 0);
	REQUIRE(ftruncate(fd, 0) == 0);
	REQUIRE(pwrite(fd, data, size, 0) == (ssize_t)size);
	read_file(fd, size);
	decode(data, size);
	return 0;
}
