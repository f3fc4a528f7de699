/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPython's layouts, by version; see python_layout.h.
 *
 * Constants are offsetof() in Include/cpython and Include/internal of the version on 64-bit systems, default build.
 * The published offsets are struct _Py_DebugOffsets (Include/internal/pycore_runtime.h, later pycore_debug_offsets.h):
 * the order of its members is fixed within a minor version once that is released, and says nothing about dicts'
 * keys and frames' globals, which are constants here as well.
 */
#include "target/python_layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ABSENT NA_PYTHON_ABSENT

enum { VERSION_WORD = 1, FREE_THREADED_WORD = 2, STRUCTURE_BYTES = 1 << 24 };

/* Before 3.11: frames are objects of their own, and dict keys have their size in full. */
#define FRAME_OBJECTS .runtime_interpreters = 32, .interpreter_next = 0, .interpreter_threads = 8, \
	.interpreter_modules = 856, \
	.thread_next = 8, .thread_id = 176, .thread_frame = 24, .cframe_frame = ABSENT, \
	.frame_code = 32, .frame_back = 24, .frame_globals = 48, .frame_owner = ABSENT, .frame_owner_skip = ABSENT, \
	.frame_is_entry = ABSENT, .pointer_tag = 0, \
	.code_file = 104, .code_name = 112, .code_qualname = ABSENT, .code_first_line = 40, \
	.code_instructions = ABSENT, .code_lines = 120, \
	.string_length = 16, .string_state = 32, .string_ascii_data = 48, .string_compact_data = 72, \
	.dict_keys = 32, .keys_log2_size = ABSENT, .keys_log2_index_bytes = ABSENT, .keys_size = 8, \
	.keys_kind = ABSENT, .keys_entry_count = 32, .keys_indices = 40, .tuple_items = 24

#define KEYS_SINCE_3_11 .keys_log2_size = 8, .keys_log2_index_bytes = 9, .keys_size = ABSENT, .keys_kind = 10, \
	.keys_entry_count = 24, .keys_indices = 32

#define PUBLISHED .cframe_frame = ABSENT, .frame_globals = 24, .frame_owner_skip = 3, .frame_is_entry = ABSENT, \
	KEYS_SINCE_3_11

static const struct na_python known[] = {
	{ .version = 0x0309, FRAME_OBJECTS, .frame_instruction = 104 },
	{ .version = 0x030a, FRAME_OBJECTS, .frame_instruction = 96 },
	{
		.version = 0x030b, .runtime_interpreters = 40, .interpreter_next = 0, .interpreter_threads = 16,
		.interpreter_modules = 888,
		.thread_next = 8, .thread_id = 152, .thread_frame = 56, .cframe_frame = 8,
		.frame_code = 32, .frame_back = 48, .frame_globals = 8, .frame_instruction = 56, .frame_owner = 69,
		.frame_owner_skip = 3, .frame_is_entry = 68, .pointer_tag = 0,
		.code_file = 112, .code_name = 120, .code_qualname = 128, .code_first_line = 72,
		.code_instructions = 184, .code_lines = 136,
		.string_length = 16, .string_state = 32, .string_ascii_data = 48, .string_compact_data = 72,
		.dict_keys = 32, KEYS_SINCE_3_11, .tuple_items = 24,
	},
	{
		.version = 0x030c, .runtime_interpreters = 40, .interpreter_next = 0, .interpreter_threads = 72,
		.interpreter_modules = 944,
		.thread_next = 8, .thread_id = 136, .thread_frame = 56, .cframe_frame = 0,
		.frame_code = 0, .frame_back = 8, .frame_globals = 24, .frame_instruction = 56, .frame_owner = 70,
		.frame_owner_skip = 3, .frame_is_entry = ABSENT, .pointer_tag = 0,
		.code_file = 112, .code_name = 120, .code_qualname = 128, .code_first_line = 68,
		.code_instructions = 192, .code_lines = 136,
		.string_length = 16, .string_state = 32, .string_ascii_data = 40, .string_compact_data = 56,
		.dict_keys = 32, KEYS_SINCE_3_11, .tuple_items = 24,
	},
	{ .version = 0x030d, PUBLISHED, .pointer_tag = 0, .tuple_items = 24 },
	/* _PyStackRef: two bits of its own; tuples remember their hash */
	{ .version = 0x030e, PUBLISHED, .pointer_tag = 3, .tuple_items = 32 },
	{ .version = 0x030f, PUBLISHED, .pointer_tag = 3, .tuple_items = 32 },
};

/* Which word of the published offsets goes where, by version. */
static const struct {
	size_t member;	/* of struct na_python */
	uint8_t word[3];	/* 3.13, 3.14, 3.15 */
} published[] = {
	{ offsetof(struct na_python, runtime_interpreters), { 5, 5, 5 } },
	{ offsetof(struct na_python, interpreter_next), { 8, 8, 8 } },
	{ offsetof(struct na_python, interpreter_threads), { 9, 9, 9 } },
	{ offsetof(struct na_python, interpreter_modules), { 11, 12, 12 } },
	{ offsetof(struct na_python, thread_next), { 21, 24, 24 } },
	{ offsetof(struct na_python, thread_frame), { 23, 26, 26 } },
	{ offsetof(struct na_python, thread_id), { 24, 27, 30 } },
	{ offsetof(struct na_python, frame_back), { 29, 32, 40 } },
	{ offsetof(struct na_python, frame_code), { 30, 33, 41 } },
	{ offsetof(struct na_python, frame_instruction), { 31, 34, 42 } },
	{ offsetof(struct na_python, frame_owner), { 33, 36, 44 } },
	{ offsetof(struct na_python, code_file), { 35, 40, 48 } },
	{ offsetof(struct na_python, code_name), { 36, 41, 49 } },
	{ offsetof(struct na_python, code_qualname), { 37, 42, 50 } },
	{ offsetof(struct na_python, code_lines), { 38, 43, 51 } },
	{ offsetof(struct na_python, code_first_line), { 39, 44, 52 } },
	{ offsetof(struct na_python, code_instructions), { 43, 48, 56 } },
	{ offsetof(struct na_python, dict_keys), { 57, 67, 79 } },
	{ offsetof(struct na_python, string_state), { 68, 78, 90 } },
	{ offsetof(struct na_python, string_length), { 69, 79, 91 } },
	{ offsetof(struct na_python, string_ascii_data), { 70, 80, 92 } },
};

/* What must be in these words: tells a table of another order, as an early pre-release may have, from ours. */
static const struct {
	uint64_t offset;
	uint8_t word[3];
} expected[] = {
	{ NA_PYTHON_THREAD_INTERPRETER, { 22, 25, 25 } },
	{ NA_PYTHON_OBJECT_TYPE, { 45, 51, 59 } },
	{ NA_PYTHON_TYPE_NAME, { 47, 53, 61 } },
	{ NA_PYTHON_BYTES_LENGTH, { 65, 75, 87 } },
	{ NA_PYTHON_BYTES_DATA, { 66, 76, 88 } },
};

static int read_published(size_t column, const uint64_t *offsets, struct na_python *python, char *reason,
			  size_t reason_bytes)
{
	uint32_t two_pointers = 2 * sizeof(uint64_t);

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (offsets[expected[i].word[column]] != expected[i].offset) {
			snprintf(reason, reason_bytes, "its published offsets are in an order that is not known");
			return -ENOTSUP;
		}
	}
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
		uint64_t offset = offsets[published[i].word[column]];
		uint32_t value = (uint32_t)offset;

		if (offset >= STRUCTURE_BYTES) {
			snprintf(reason, reason_bytes, "an offset it publishes cannot be right");
			return -ENOTSUP;
		}
		memcpy((char *)python + published[i].member, &value, sizeof(value));
	}
	/* PyCompactUnicodeObject adds the UTF-8 form's length and address. */
	python->string_compact_data = python->string_ascii_data + two_pointers;
	return 0;
}

int na_python_layout(uint32_t version, const uint64_t *offsets, struct na_python *python, char *reason,
		     size_t reason_bytes)
{
	const struct na_python *found = NULL;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].version == version)
			found = &known[i];
	if (!found) {
		snprintf(reason, reason_bytes, "Python %u.%u is %s than the versions that are known", version >> 8,
			 version & 0xff, version < NA_PYTHON_OLDEST ? "older" : "newer");
		return -ENOTSUP;
	}
	*python = *found;
	if (version < 0x030d)
		return 0;
	if (memcmp(offsets, NA_PYTHON_COOKIE, sizeof(offsets[0])) != 0 || offsets[VERSION_WORD] >> 16 != version) {
		snprintf(reason, reason_bytes, "what it publishes about itself is of another version");
		return -ENOTSUP;
	}
	if (offsets[FREE_THREADED_WORD]) {
		snprintf(reason, reason_bytes, "Python %u.%u without a global lock (free-threaded)", version >> 8,
			 version & 0xff);
		return -ENOTSUP;
	}
	return read_published(version - 0x030d, offsets, python, reason, reason_bytes);
}
