/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts of CPython by version, what it publishes about itself, and line tables: also those that are not sound.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "target/mappings.h"
#include "target/python_layout.h"
#include "target/python_lines.h"

enum { VERSION = 1, FREE_THREADED = 2, HEAD_3_13 = 5, OBJECT_TYPE_3_13 = 45 };

/* What a 3.13 publishes, as far as the reader insists on it. */
static void publish_3_13(uint64_t offsets[NA_PYTHON_OFFSETS])
{
	memset(offsets, 0, NA_PYTHON_OFFSETS * sizeof(offsets[0]));
	memcpy(offsets, NA_PYTHON_COOKIE, sizeof(offsets[0]));
	offsets[VERSION] = 0x030d05f0;
	offsets[HEAD_3_13] = 632;
	offsets[22] = NA_PYTHON_THREAD_INTERPRETER;
	offsets[OBJECT_TYPE_3_13] = NA_PYTHON_OBJECT_TYPE;
	offsets[47] = NA_PYTHON_TYPE_NAME;
	offsets[65] = NA_PYTHON_BYTES_LENGTH;
	offsets[66] = NA_PYTHON_BYTES_DATA;
	offsets[70] = 40;
}

static int read_layout(uint32_t version, const uint64_t *offsets, struct na_python *python)
{
	char reason[128] = "";
	int error = na_python_layout(version, offsets, python, reason, sizeof(reason));

	assert_int_equal(error != 0, reason[0] != '\0');
	return error;
}

static void test_versions_that_are_not_known_are_refused(void **state)
{
	uint64_t offsets[NA_PYTHON_OFFSETS] = { 0 };
	struct na_python python;

	(void)state;
	for (uint32_t version = 0x0309; version <= 0x030c; version++) {
		assert_int_equal(read_layout(version, offsets, &python), 0);
		assert_int_equal(python.version, version);
	}
	assert_int_equal(read_layout(0x0308, offsets, &python), -ENOTSUP);
	assert_int_equal(read_layout(0x0310, offsets, &python), -ENOTSUP);
	assert_int_equal(read_layout(0x0400, offsets, &python), -ENOTSUP);
	assert_int_equal(read_layout(0, offsets, &python), -ENOTSUP);
}

static void test_published_offsets_are_taken(void **state)
{
	uint64_t offsets[NA_PYTHON_OFFSETS];
	struct na_python python;

	(void)state;
	publish_3_13(offsets);
	assert_int_equal(read_layout(0x030d, offsets, &python), 0);
	assert_int_equal(python.runtime_interpreters, 632);
	assert_int_equal(python.string_ascii_data, 40);
	assert_int_equal(python.string_compact_data, 56);
	assert_int_equal(python.cframe_frame, NA_PYTHON_ABSENT);
}

static void test_published_offsets_that_cannot_be_are_refused(void **state)
{
	static const struct {
		size_t word;
		uint64_t value;
	} wrong[] = {
		{ 0, 0 }, { VERSION, 0x030e00f0 }, { FREE_THREADED, 1 }, { HEAD_3_13, UINT64_C(1) << 24 },
		{ HEAD_3_13, UINT64_MAX }, { OBJECT_TYPE_3_13, 16 }, { 66, 33 },
	};
	uint64_t offsets[NA_PYTHON_OFFSETS];
	struct na_python python;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		publish_3_13(offsets);
		offsets[wrong[i].word] = wrong[i].value;
		assert_int_equal(read_layout(0x030d, offsets, &python), -ENOTSUP);
	}
}

static uint32_t line(uint32_t version, const void *table, size_t bytes, int32_t instruction)
{
	return na_python_line_of(version, table, bytes, instruction, 100);
}

static void test_lines_of_each_format(void **state)
{
	/* 0-3: line 101, 4-9: line 99 */
	static const uint8_t lnotab[] = { 0, 1, 4, 0xfe };
	/* 0-3: line 101, 4-5: none, 6-9: line 99 */
	static const uint8_t ranges[] = { 4, 1, 2, 0x80, 4, 0xfe };
	/* the same: one line further in two units, none in one, a signed number (-2 is 5) without columns in two */
	static const uint8_t locations[] = { 0x80 | 11 << 3 | 1, 0, 0, 0x80 | 15 << 3, 0x80 | 13 << 3 | 1, 5 };

	(void)state;
	for (int32_t at = 0; at < 10; at++) {
		assert_int_equal(line(0x0309, lnotab, sizeof(lnotab), at), at < 4 ? 101 : 99);
		assert_int_equal(line(0x030a, ranges, sizeof(ranges), at), at < 4 ? 101 : at < 6 ? 100 : 99);
		assert_int_equal(line(0x030b, locations, sizeof(locations), at), at < 4 ? 101 : at < 6 ? 100 : 99);
	}
	assert_int_equal(line(0x030a, ranges, sizeof(ranges), 10), 100);
	assert_int_equal(line(0x030f, locations, sizeof(locations), 10), 100);
	assert_int_equal(line(0x030b, locations, sizeof(locations), -1), 100);
}

static void test_tables_that_are_not_sound_give_the_first_line(void **state)
{
	/* a number that never ends, one cut off, no entry at all, lines below zero */
	static const uint8_t endless[] = { 0x80 | 14 << 3, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f };
	static const uint8_t cut[] = { 0x80 | 13 << 3 };
	static const uint8_t no_mark[] = { 0x00, 0x01 };
	static const uint8_t below[] = { 2, 0x81, 2, 0x81 };

	(void)state;
	assert_in_range(line(0x030b, endless, sizeof(endless), 0), 1, INT32_MAX);
	assert_int_equal(line(0x030b, cut, sizeof(cut), 0), 100);
	assert_int_equal(line(0x030b, no_mark, sizeof(no_mark), 0), 100);
	assert_int_equal(line(0x030a, below, sizeof(below), 2), 100);
	assert_int_equal(line(0x0309, below, 0, 2), 100);
}

static void test_mappings_are_read_as_the_kernel_prints_them(void **state)
{
	static const char program[] = "55d0c0000000-55d0c0400000 r-xp 00020000 fe:01 131 /opt/a b/python3.11 (deleted)";
	static const char *const wrong[] = {
		"", "-", "1000-1000 r-xp 0 0:0 1 /x", "2000-1000 r-xp 0 0:0 1 /x", "1000-2000 r-xp", "1000-2000 r-xp 0 00",
		"1000-2000 r-xp 0 1:2", "10000000000000000-20000000000000000 r-xp 0 0:0 1", "1000-2000 r-xp 0 100000000:0 1",
	};
	struct na_mapping mapping;
	const char *path;
	size_t path_bytes;

	(void)state;
	assert_true(na_mapping_parse(program, sizeof(program) - 1, &mapping, &path, &path_bytes));
	assert_int_equal(mapping.start, 0x55d0c0000000);
	assert_int_equal(mapping.end, 0x55d0c0400000);
	assert_int_equal(mapping.offset, 0x20000);
	assert_int_equal(mapping.inode, 131);
	assert_int_equal(mapping.device, UINT64_C(0xfe) << 32 | 1);
	assert_true(mapping.executable && mapping.python);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(na_mapping_parse(wrong[i], strlen(wrong[i]), &mapping, &path, &path_bytes));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions_that_are_not_known_are_refused),
		cmocka_unit_test(test_published_offsets_are_taken),
		cmocka_unit_test(test_published_offsets_that_cannot_be_are_refused),
		cmocka_unit_test(test_lines_of_each_format),
		cmocka_unit_test(test_tables_that_are_not_sound_give_the_first_line),
		cmocka_unit_test(test_mappings_are_read_as_the_kernel_prints_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
