/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reading of program files that an audited process has mapped.
 *
 * The first byte says how much larger than its bytes the file claims to be; the rest are the bytes.
 */
#include "../../src/target/elf_symbols.c"
#include "../../src/target/native_evaluator.c"
#include "../../src/target/usdt.c"
#include "../../src/target/python_object.c"

#include <sys/mman.h>

#include "fuzz.h"

static void read_object(struct na_elf *elf)
{
	struct na_mapping mapping = { .start = 0x7f0000000000, .end = 0x7f0000001000 };
	struct na_python_object object;
	struct na_native_span parts[NA_EVALUATOR_PARTS];
	uint64_t bias;

	na_python_object_read(elf, &object);
	REQUIRE(strnlen(object.version_text, sizeof(object.version_text)) < sizeof(object.version_text));
	REQUIRE(object.segment_count <= NA_PYTHON_CODE_SEGMENTS);
	REQUIRE(!object.audit_count || object.runtime);
	REQUIRE(object.audit_count <= NA_USDT_SITES);
	for (size_t i = 0; i < object.audit_count; i++)
		REQUIRE(object.audit[i].offset < elf->file_bytes && object.audit[i].semaphore < elf->file_bytes &&
			object.audit[i].places & NA_PLACE_GIVEN && object.audit[i].places >> 32 & NA_PLACE_GIVEN);
	REQUIRE(!object.version_text[0] || object.version);
	for (mapping.offset = 0; mapping.offset < 0x4000; mapping.offset += 0x1000)
		na_python_object_bias(&object, &mapping, &bias);
	REQUIRE(na_native_evaluator(elf, parts) <= NA_EVALUATOR_PARTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct na_elf elf;

	if (fd < 0)
		fd = memfd_create("program", MFD_CLOEXEC);
	REQUIRE(fd >= 0);
	if (size == 0)
		return 0;
	REQUIRE(ftruncate(fd, 0) == 0);
	REQUIRE(pwrite(fd, data + 1, size - 1, 0) == (ssize_t)(size - 1));
	REQUIRE(ftruncate(fd, (off_t)(size - 1) + (data[0] & 0x80 ? (off_t)1 << (data[0] & 0x1f) : 0)) == 0);
	if (na_elf_open(&elf, fd) == 0) {
		read_object(&elf);
		na_elf_close(&elf);
	}
	return 0;
}
