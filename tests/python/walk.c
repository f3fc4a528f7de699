/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference walk; see walk.h.
 */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/memory.h"

enum {
	MOST_STATES = 1 << 16,
	MOST_CHARACTERS = WALK_TEXT_BYTES,
	/* PyASCIIObject.state, the same from 3.9 to 3.15: interned 2 bits, kind 3, compact 1, ascii 1 */
	KIND_SHIFT = 2, KIND_MASK = 7, COMPACT = 1 << 5, ASCII = 1 << 6,
	GENERAL_KEYS = 0,
	MOST_ENTRIES = 1 << 16,
};

struct visit {
	int fd;
	const struct na_python *python;
};

static int pointer_at(const struct visit *visit, uint64_t address, uint64_t *value)
{
	return na_memory_pointer(visit->fd, address, value);
}

static size_t put_utf8(uint32_t character, char *out)
{
	if (character >= 0xd800 && character < 0xe000)
		character = 0xfffd;	/* half a pair, as of a file name that is no UTF-8 */
	if (character < 0x80) {
		out[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		out[0] = (char)(0xc0 | character >> 6);
		out[1] = (char)(0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000) {
		out[0] = (char)(0xe0 | character >> 12);
		out[1] = (char)(0x80 | (character >> 6 & 0x3f));
		out[2] = (char)(0x80 | (character & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (character >> 18 & 7));
	out[1] = (char)(0x80 | (character >> 12 & 0x3f));
	out[2] = (char)(0x80 | (character >> 6 & 0x3f));
	out[3] = (char)(0x80 | (character & 0x3f));
	return 4;
}

static int read_text(const struct visit *visit, uint64_t object, char text[WALK_TEXT_BYTES])
{
	const struct na_python *python = visit->python;
	uint64_t length = 0, type = 0;
	uint32_t state = 0, kind;
	size_t used = 0;

	text[0] = '\0';
	if (pointer_at(visit, object + 8, &type) != 0 || type != python->string_type ||
	    pointer_at(visit, object + python->string_length, &length) != 0 ||
	    na_memory_read(visit->fd, object + python->string_state, &state, sizeof(state)) != 0)
		return -EBADMSG;
	kind = state & ASCII ? 1 : state >> KIND_SHIFT & KIND_MASK;
	if (!(state & COMPACT) || (kind != 1 && kind != 2 && kind != 4))
		return -EBADMSG;
	object += state & ASCII ? python->string_ascii_data : python->string_compact_data;
	for (uint64_t i = 0; i < length && i < MOST_CHARACTERS && used + 5 < WALK_TEXT_BYTES; i++) {
		uint32_t character = 0;

		if (na_memory_read(visit->fd, object + i * kind, &character, kind) != 0)
			return -EFAULT;
		used += put_utf8(character, text + used);
	}
	text[used] = '\0';
	return 0;
}

/* Bytes of the index table before 3.11: as many as hold a slot's number, for each slot. */
static uint64_t index_bytes(uint64_t slots)
{
	return slots * (slots <= 0xff ? 1 : slots <= 0xffff ? 2 : 4);
}

/* Looks at every key of a dict: slower than hashing, and right for every kind of key table. */
static void read_module(const struct visit *visit, uint64_t globals, char module[WALK_TEXT_BYTES])
{
	const struct na_python *python = visit->python;
	uint64_t keys = 0, entries, count = 0, slots = 0, entry_bytes = 24, key_at = 8, key = 0, value = 0;
	uint8_t log2_bytes = 0, kind = GENERAL_KEYS;

	module[0] = '\0';
	if (pointer_at(visit, globals + python->dict_keys, &keys) != 0 ||
	    pointer_at(visit, keys + python->keys_entry_count, &count) != 0 || count > MOST_ENTRIES)
		return;
	entries = keys + python->keys_indices;
	if (python->keys_log2_index_bytes != NA_PYTHON_ABSENT) {
		if (na_memory_read(visit->fd, keys + python->keys_log2_index_bytes, &log2_bytes, 1) != 0 ||
		    na_memory_read(visit->fd, keys + python->keys_kind, &kind, 1) != 0 || log2_bytes > 24)
			return;
		entries += UINT64_C(1) << log2_bytes;
	} else {
		if (pointer_at(visit, keys + python->keys_size, &slots) != 0 || slots > MOST_ENTRIES * 2)
			return;
		entries += index_bytes(slots);
	}
	if (kind != GENERAL_KEYS) {
		entry_bytes = 16;
		key_at = 0;
	}
	for (uint64_t i = 0; i < count; i++, entries += entry_bytes) {
		char name[WALK_TEXT_BYTES];

		if (pointer_at(visit, entries + key_at, &key) != 0 || !key || read_text(visit, key, name) != 0 ||
		    strcmp(name, "__name__") != 0)
			continue;
		if (pointer_at(visit, entries + key_at + 8, &value) == 0)
			read_text(visit, value, module);
		return;
	}
}

static int read_instruction(const struct visit *visit, uint64_t frame, struct walked_frame *out)
{
	const struct na_python *python = visit->python;
	uint64_t address = 0;
	int32_t index = -1;

	if (python->code_instructions == NA_PYTHON_ABSENT) {
		int error = na_memory_read(visit->fd, frame + python->frame_instruction, &index, sizeof(index));

		/* f_lasti counts instructions in 3.10, bytes before */
		out->instruction = index > 0 && python->version >= 0x030a ? index * 2 : index;
		return error;
	}
	if (pointer_at(visit, frame + python->frame_instruction, &address) != 0)
		return -EFAULT;
	address -= out->code + python->code_instructions;
	out->instruction = address < INT32_MAX ? (int32_t)address : -1;
	return 0;
}

static int read_frame(const struct visit *visit, uint64_t frame, uint64_t code, struct walked_frame *out)
{
	const struct na_python *python = visit->python;
	uint64_t type = 0, file = 0, name = 0, qualname = 0;
	uint8_t entry = 0;

	out->code = code;
	if (pointer_at(visit, code + 8, &type) != 0 || type != python->code_type ||
	    pointer_at(visit, frame + python->frame_globals, &out->globals) != 0 ||
	    pointer_at(visit, code + python->code_file, &file) != 0 ||
	    pointer_at(visit, code + python->code_name, &name) != 0 ||
	    na_memory_read(visit->fd, code + python->code_first_line, &out->first_line, 4) != 0 ||
	    read_text(visit, file, out->file) != 0 || read_text(visit, name, out->name) != 0 ||
	    read_instruction(visit, frame, out) != 0)
		return -EBADMSG;
	out->qualname[0] = '\0';
	if (python->code_qualname != NA_PYTHON_ABSENT &&
	    (pointer_at(visit, code + python->code_qualname, &qualname) != 0 ||
	     read_text(visit, qualname, out->qualname) != 0))
		return -EBADMSG;
	if (python->frame_is_entry != NA_PYTHON_ABSENT &&
	    na_memory_read(visit->fd, frame + python->frame_is_entry, &entry, 1) != 0)
		return -EBADMSG;
	out->entry = entry != 0;
	read_module(visit, out->globals, out->module);
	return 0;
}

/* Calls `take` with each thread state until it returns false. */
static int each_state(const struct visit *visit, bool (*take)(void *context, uint64_t state, uint64_t number),
		      void *context)
{
	const struct na_python *python = visit->python;
	uint64_t interpreter = 0, state = 0, number = 0;
	size_t seen = 0;
	int error = pointer_at(visit, python->runtime + python->runtime_interpreters, &interpreter);

	while (!error && interpreter && seen++ < MOST_STATES) {
		error = pointer_at(visit, interpreter + python->interpreter_threads, &state);
		while (!error && state && seen++ < MOST_STATES) {
			error = pointer_at(visit, state + python->thread_id, &number);
			if (!error && !take(context, state, number))
				return 0;
			if (!error)
				error = pointer_at(visit, state + python->thread_next, &state);
		}
		if (!error)
			error = pointer_at(visit, interpreter + python->interpreter_next, &interpreter);
	}
	return error;
}

struct numbers {
	uint64_t *out;
	size_t count, capacity;
};

static bool take_number(void *context, uint64_t state, uint64_t number)
{
	struct numbers *numbers = context;

	(void)state;
	if (numbers->count < numbers->capacity)
		numbers->out[numbers->count++] = number;
	return numbers->count < numbers->capacity;
}

long walk_threads(int memory_fd, const struct na_python *python, uint64_t *threads, size_t capacity)
{
	struct visit visit = { .fd = memory_fd, .python = python };
	struct numbers numbers = { .out = threads, .capacity = capacity };
	int error = each_state(&visit, take_number, &numbers);

	return error ? error : (long)numbers.count;
}

static int newest_frame(const struct visit *visit, uint64_t state, uint64_t *frame)
{
	const struct na_python *python = visit->python;
	int error = pointer_at(visit, state + python->thread_frame, frame);

	if (!error && *frame && python->cframe_frame != NA_PYTHON_ABSENT)
		error = pointer_at(visit, *frame + python->cframe_frame, frame);
	return error;
}

struct wanted {
	const struct visit *visit;
	uint64_t number, frame;
	bool found;
};

/*
 * A thread has a state in each interpreter it has been in, as under mod_wsgi: the one that runs something is meant.
 * Where two do, one has called into the other, and the newer interpreter, listed first, was called.
 */
static bool take_wanted(void *context, uint64_t state, uint64_t number)
{
	struct wanted *wanted = context;

	if (number != wanted->number)
		return true;
	wanted->found = true;
	return newest_frame(wanted->visit, state, &wanted->frame) == 0 && !wanted->frame;
}

long walk_frames(int memory_fd, const struct na_python *python, uint64_t thread, struct walked_frame *frames,
		 size_t capacity)
{
	struct visit visit = { .fd = memory_fd, .python = python };
	struct wanted wanted = { .visit = &visit, .number = thread };
	uint64_t frame, code = 0;
	size_t count = 0;
	bool skipped = false;
	int error = each_state(&visit, take_wanted, &wanted);

	if (error || !wanted.found)
		return error ? error : -ENOENT;
	frame = wanted.frame;
	while (!error && frame && count < capacity) {
		uint8_t owner = 0;

		if (python->frame_owner != NA_PYTHON_ABSENT)
			error = na_memory_read(memory_fd, frame + python->frame_owner, &owner, 1);
		skipped = python->frame_owner != NA_PYTHON_ABSENT && owner >= python->frame_owner_skip;
		if (!error && skipped && count > 0)
			frames[count - 1].entry = true;
		if (!error && !skipped)
			error = pointer_at(&visit, frame + python->frame_code, &code);
		if (!error && !skipped)
			error = read_frame(&visit, frame, code & ~(uint64_t)python->pointer_tag, &frames[count++]);
		if (!error)
			error = pointer_at(&visit, frame + python->frame_back, &frame);
	}
	return error ? error : (long)count;
}
