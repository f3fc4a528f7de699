/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks a layout against a running process; see python_check.h.
 */
#include "target/python_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "target/memory.h"
#include "target/python_layout.h"

enum {
	ATTEMPTS = 20,
	INTERPRETERS = 256,
	THREADS = 64,		/* looked at; a process may have thousands */
	FRAMES = 64,		/* of one thread */
	ALL_FRAMES = 256,
	TYPE_FLAGS = 168,	/* PyTypeObject.tp_flags */
	DICT_SUBCLASS = 1 << 29,	/* Py_TPFLAGS_DICT_SUBCLASS */
	MOST_LINES = 1 << 28,
};

/* One walk over everything. */
struct walk {
	int fd;
	struct na_python *python;
	uint64_t newest_frame;	/* of the first thread that runs Python code */
	size_t looked_at;	/* frames, of all threads */
	size_t frames, dicts;	/* that were as they should be */
	const char *failed;	/* the first thing that was not */
};

/* -EBADMSG: what was read is not what the layout says, unless it changed while we looked. */
static int fail(struct walk *walk, int error, const char *what)
{
	walk->failed = what;
	return error == -ESRCH ? error : -EBADMSG;
}

static int check_type_name(struct walk *walk, uint64_t type, const char *name, const char *what)
{
	size_t bytes = strlen(name) + 1;
	char text[16] = "";
	uint64_t address;
	int error = na_memory_pointer(walk->fd, type + NA_PYTHON_TYPE_NAME, &address);

	if (!error)
		error = na_memory_read(walk->fd, address, text, bytes);
	return error || memcmp(text, name, bytes) != 0 ? fail(walk, error, what) : 0;
}

/* The object must be of type `*type`, which is learnt from it by its name where no symbol said it. */
static int check_object(struct walk *walk, uint64_t object, __u64 *type, const char *name, const char *what)
{
	uint64_t found;
	int error = na_memory_pointer(walk->fd, object + NA_PYTHON_OBJECT_TYPE, &found);

	if (error || (*type && found != *type))
		return fail(walk, error, what);
	if (!*type) {
		error = check_type_name(walk, found, name, what);
		if (!error)
			*type = found;
	}
	return error;
}

static int check_code(struct walk *walk, uint64_t code)
{
	struct na_python *python = walk->python;
	uint64_t file = 0, name = 0;
	int32_t line = -1;
	int error = check_object(walk, code, &python->code_type, "code", "a frame's code is no code object");

	if (error)
		return error;
	error = na_memory_pointer(walk->fd, code + python->code_file, &file);
	if (!error)
		error = na_memory_pointer(walk->fd, code + python->code_name, &name);
	if (!error)
		error = na_memory_read(walk->fd, code + python->code_first_line, &line, sizeof(line));
	if (error || line < 0 || line > MOST_LINES)
		return fail(walk, error, "a code object's first line cannot be right");
	error = check_object(walk, file, &python->string_type, "str", "a code object's file is no string");
	return error ? error : check_object(walk, name, &python->string_type, "str", "a code object's name is no string");
}

/* Globals may be of a class of their own, but some frame has a plain dict. */
static int count_dict(struct walk *walk, uint64_t frame)
{
	uint64_t globals = 0, type = 0, flags = 0;
	int error = na_memory_pointer(walk->fd, frame + walk->python->frame_globals, &globals);

	if (!error)
		error = na_memory_pointer(walk->fd, globals + NA_PYTHON_OBJECT_TYPE, &type);
	if (!error)
		error = na_memory_pointer(walk->fd, type + TYPE_FLAGS, &flags);
	if (error)
		return fail(walk, error, "a frame's globals cannot be read");
	walk->dicts += (flags & DICT_SUBCLASS) != 0;
	return 0;
}

static int check_frame(struct walk *walk, uint64_t frame)
{
	const struct na_python *python = walk->python;
	uint8_t owner = 0;
	uint64_t code = 0;
	int error = 0;

	if (python->frame_owner != NA_PYTHON_ABSENT)
		error = na_memory_read(walk->fd, frame + python->frame_owner, &owner, sizeof(owner));
	if (!error && owner >= python->frame_owner_skip)
		return 0;
	if (!error)
		error = na_memory_pointer(walk->fd, frame + python->frame_code, &code);
	if (error)
		return fail(walk, error, "a frame cannot be read");
	error = check_code(walk, code & ~(uint64_t)python->pointer_tag);
	if (!error)
		error = count_dict(walk, frame);
	walk->frames += !error;
	return error;
}

static int check_frames(struct walk *walk, uint64_t thread)
{
	const struct na_python *python = walk->python;
	uint64_t frame = 0;
	int error = na_memory_pointer(walk->fd, thread + python->thread_frame, &frame);

	if (!error && frame && python->cframe_frame != NA_PYTHON_ABSENT)
		error = na_memory_pointer(walk->fd, frame + python->cframe_frame, &frame);
	if (error)
		return fail(walk, error, "a thread's newest frame cannot be found");
	if (!walk->newest_frame)
		walk->newest_frame = frame;
	for (size_t i = 0; frame && i < FRAMES && walk->looked_at < ALL_FRAMES; i++, walk->looked_at++) {
		error = check_frame(walk, frame);
		if (error)
			return error;
		error = na_memory_pointer(walk->fd, frame + python->frame_back, &frame);
		if (error)
			return fail(walk, error, "a frame's caller cannot be found");
	}
	return 0;
}

/* A pthread_t of the C libraries there are is the address of a block that, on x86-64, begins with its own address. */
static bool is_thread_number(const struct walk *walk, uint64_t number)
{
	uint64_t itself = 0;

	if (number == 0 || number % sizeof(uint64_t) != 0)
		return false;
#ifdef __x86_64__
	return na_memory_pointer(walk->fd, number, &itself) == 0 && itself == number;
#else
	return na_memory_pointer(walk->fd, number, &itself) == 0;
#endif
}

/* A state may be that of a thread which has not begun or has ended: one must be alive. */
static int check_threads(struct walk *walk, uint64_t interpreter)
{
	const struct na_python *python = walk->python;
	uint64_t thread = 0;
	size_t alive = 0;
	int error = na_memory_pointer(walk->fd, interpreter + python->interpreter_threads, &thread);

	if (!error && !thread)
		return -EAGAIN;
	for (size_t i = 0; !error && thread && i < THREADS; i++) {
		uint64_t owner = 0, number = 0;

		error = na_memory_pointer(walk->fd, thread + NA_PYTHON_THREAD_INTERPRETER, &owner);
		if (!error)
			error = na_memory_pointer(walk->fd, thread + python->thread_id, &number);
		if (error || owner != interpreter)
			return fail(walk, error, "a thread state is not of its interpreter");
		if (is_thread_number(walk, number)) {
			alive++;
			error = check_frames(walk, thread);
			if (error)
				return error;
		}
		error = na_memory_pointer(walk->fd, thread + python->thread_next, &thread);
	}
	if (error)
		return fail(walk, error, "its thread states cannot be followed");
	return alive ? 0 : fail(walk, 0, "no thread state is of a living thread");
}

/* The list ends, and the main interpreter is in it. */
static int check_interpreters(struct walk *walk, uint64_t *main_interpreter)
{
	const struct na_python *python = walk->python;
	uint64_t head = python->runtime + python->runtime_interpreters, interpreter = 0;
	bool listed = false;
	int error = na_memory_pointer(walk->fd, head, &interpreter);

	if (!error)
		error = na_memory_pointer(walk->fd, head + NA_PYTHON_INTERPRETERS_MAIN, main_interpreter);
	if (error)
		return fail(walk, error, "_PyRuntime cannot be read");
	if (!interpreter || !*main_interpreter)
		return -EAGAIN;
	for (size_t i = 0; interpreter && i < INTERPRETERS; i++) {
		listed |= interpreter == *main_interpreter;
		error = na_memory_pointer(walk->fd, interpreter + python->interpreter_next, &interpreter);
		if (error)
			return fail(walk, error, "its interpreters cannot be followed");
	}
	return listed && !interpreter ? 0 : fail(walk, 0, "its interpreters are no list with the main one in it");
}

static int check_once(struct walk *walk)
{
	struct na_python *python = walk->python;
	uint64_t interpreter = 0;
	int error = check_interpreters(walk, &interpreter);

	if (!error && python->code_type)
		error = check_type_name(walk, python->code_type, "code", "PyCode_Type is another type");
	if (!error && python->string_type)
		error = check_type_name(walk, python->string_type, "str", "PyUnicode_Type is another type");
	if (!error)
		error = check_threads(walk, interpreter);
	if (!error && walk->frames && !walk->dicts)
		return fail(walk, 0, "no frame has a dict for its globals");
	/* Nothing runs and no symbols name the types: frames will tell, when there are some. */
	if (!error && (!python->code_type || !python->string_type))
		return -EAGAIN;
	return error;
}

int na_python_check(int memory_fd, struct na_python *python, char *reason, size_t reason_bytes)
{
	uint64_t first_frame = 0;
	bool moves = false;

	for (size_t i = 0; i < ATTEMPTS; i++) {
		struct na_python candidate = *python;
		struct walk walk = { .fd = memory_fd, .python = &candidate };
		int error = check_once(&walk);

		if (!error) {
			*python = candidate;
			return 0;
		}
		if (error == -ESRCH || error == -EAGAIN) {
			snprintf(reason, reason_bytes, error == -ESRCH ? "it is gone" : "it has not started yet");
			return error;
		}
		snprintf(reason, reason_bytes, "%s", walk.failed);
		moves |= i > 0 && walk.newest_frame != first_frame;
		first_frame = walk.newest_frame;
	}
	return moves ? -EAGAIN : -ENOTSUP;
}
