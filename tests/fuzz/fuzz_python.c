/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what is read of a Python process: its list of mappings, its line tables, the offsets it publishes.
 *
 * The first byte chooses; the rest is the input, in a buffer of exactly its size.
 */
#include "../../src/target/mappings.c"
#include "../../src/target/python_layout.c"
#include "../../src/target/python_lines.c"

#include "fuzz.h"

static void fuzz_mapping(const uint8_t *bytes, size_t size)
{
	const char *line = (const char *)bytes, *path = NULL;
	struct na_mapping mapping;
	size_t path_bytes = 0;

	if (!na_mapping_parse(line, size, &mapping, &path, &path_bytes))
		return;
	REQUIRE(mapping.start < mapping.end);
	REQUIRE(path >= line && path + path_bytes <= line + size);
}

/* The first four bytes are the instruction. */
static void fuzz_lines(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { .at = bytes, .left = size };
	int32_t instruction;
	uint32_t line;

	fuzz_take(&input, &instruction, sizeof(instruction));
	for (uint32_t version = NA_PYTHON_OLDEST; version <= NA_PYTHON_NEWEST; version++) {
		line = na_python_line_of(version, input.at, input.left, instruction, 7);
		REQUIRE(line > 0 && line <= INT32_MAX);
		REQUIRE(instruction >= 0 || line == 7);
	}
}

static void fuzz_offsets(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { .at = bytes, .left = size };
	uint64_t offsets[NA_PYTHON_OFFSETS];
	struct na_python python;
	char reason[128] = "";

	fuzz_take(&input, offsets, sizeof(offsets));
	for (uint32_t version = 0x030d; version <= NA_PYTHON_NEWEST; version++) {
		if (na_python_layout(version, offsets, &python, reason, sizeof(reason)) != 0) {
			REQUIRE(reason[0] != '\0');
			continue;
		}
		REQUIRE(python.thread_frame < STRUCTURE_BYTES && python.code_lines < STRUCTURE_BYTES);
		REQUIRE(python.frame_owner < STRUCTURE_BYTES && python.string_compact_data > python.string_ascii_data);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const uint8_t *bytes, size_t size) = { fuzz_mapping, fuzz_lines, fuzz_offsets };
	char *exact;

	if (size == 0)
		return 0;
	exact = fuzz_exact(data + 1, size - 1);
	parsers[data[0] % (sizeof(parsers) / sizeof(parsers[0]))]((const uint8_t *)exact, size - 1);
	free(exact);
	return 0;
}
