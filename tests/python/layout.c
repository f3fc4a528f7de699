/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares our table with the headers of the CPython it is compiled against, and says where they differ.
 *
 * From 3.13 on, na_python_layout() gets what such an interpreter publishes, as its headers define it. The keys of
 * dicts are in no installed header before 3.11: there reading __name__ in a running interpreter is the test.
 */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <frameobject.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#if PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_code.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#endif
#if PY_VERSION_HEX >= 0x030e0000
#include <internal/pycore_interpframe_structs.h>
#endif
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "target/python_layout.h"

#if PY_VERSION_HEX >= 0x030d0000
#define THREADS threads.head
#define MODULES imports.modules
#define THREAD_FRAME current_frame
#define FRAME struct _PyInterpreterFrame
#define FRAME_CODE f_executable
#define FRAME_BACK previous
#define FRAME_INSTRUCTION instr_ptr
#define LINES co_linetable
#elif PY_VERSION_HEX >= 0x030b0000
#define THREADS threads.head
#if PY_VERSION_HEX >= 0x030c0000
#define MODULES imports.modules
#else
#define MODULES modules
#endif
#define THREAD_FRAME cframe
#define FRAME _PyInterpreterFrame
#define FRAME_CODE f_code
#define FRAME_BACK previous
#define FRAME_INSTRUCTION prev_instr
#define LINES co_linetable
#else
#define THREADS tstate_head
#define MODULES modules
#define THREAD_FRAME frame
#define FRAME PyFrameObject
#define FRAME_CODE f_code
#define FRAME_BACK f_back
#define FRAME_INSTRUCTION f_lasti
#if PY_VERSION_HEX >= 0x030a0000
#define LINES co_linetable
#else
#define LINES co_lnotab
#endif
#endif

static int different;

static void compare(const char *name, unsigned int ours, size_t theirs)
{
	if (ours == theirs)
		return;
	printf("    %s: %u, not %zu\n", name, ours, theirs);
	different++;
}

#define COMPARE(name, type, member) compare(#name, layout->name, offsetof(type, member))
#define CONSTANT(name, type, member) compare(#name, name, offsetof(type, member))

static void compare_objects(const struct na_python *layout)
{
	COMPARE(code_file, PyCodeObject, co_filename);
	COMPARE(code_name, PyCodeObject, co_name);
	COMPARE(code_first_line, PyCodeObject, co_firstlineno);
	COMPARE(code_lines, PyCodeObject, LINES);
	COMPARE(string_length, PyASCIIObject, length);
	COMPARE(string_state, PyASCIIObject, state);
	compare("string_ascii_data", layout->string_ascii_data, sizeof(PyASCIIObject));
	compare("string_compact_data", layout->string_compact_data, sizeof(PyCompactUnicodeObject));
	COMPARE(dict_keys, PyDictObject, ma_keys);
	COMPARE(tuple_items, PyTupleObject, ob_item);
	CONSTANT(NA_PYTHON_OBJECT_TYPE, PyObject, ob_type);
	CONSTANT(NA_PYTHON_TYPE_NAME, PyTypeObject, tp_name);
	CONSTANT(NA_PYTHON_BYTES_LENGTH, PyVarObject, ob_size);
	CONSTANT(NA_PYTHON_BYTES_DATA, PyBytesObject, ob_sval);
}

static void compare_states(const struct na_python *layout)
{
	COMPARE(runtime_interpreters, _PyRuntimeState, interpreters.head);
	compare("NA_PYTHON_INTERPRETERS_MAIN", NA_PYTHON_INTERPRETERS_MAIN + layout->runtime_interpreters,
		offsetof(_PyRuntimeState, interpreters.main));
	COMPARE(interpreter_next, PyInterpreterState, next);
	COMPARE(interpreter_threads, PyInterpreterState, THREADS);
	COMPARE(interpreter_modules, PyInterpreterState, MODULES);
	COMPARE(thread_next, PyThreadState, next);
	COMPARE(thread_id, PyThreadState, thread_id);
	COMPARE(thread_frame, PyThreadState, THREAD_FRAME);
	CONSTANT(NA_PYTHON_THREAD_INTERPRETER, PyThreadState, interp);
	COMPARE(frame_code, FRAME, FRAME_CODE);
	COMPARE(frame_back, FRAME, FRAME_BACK);
	COMPARE(frame_globals, FRAME, f_globals);
	COMPARE(frame_instruction, FRAME, FRAME_INSTRUCTION);
}

static void compare_since_3_11(const struct na_python *layout)
{
#if PY_VERSION_HEX >= 0x030b0000
	COMPARE(frame_owner, FRAME, owner);
	COMPARE(code_qualname, PyCodeObject, co_qualname);
	COMPARE(code_instructions, PyCodeObject, co_code_adaptive);
	COMPARE(keys_log2_size, PyDictKeysObject, dk_log2_size);
	COMPARE(keys_log2_index_bytes, PyDictKeysObject, dk_log2_index_bytes);
	COMPARE(keys_kind, PyDictKeysObject, dk_kind);
	COMPARE(keys_entry_count, PyDictKeysObject, dk_nentries);
	COMPARE(keys_indices, PyDictKeysObject, dk_indices);
	compare("keys_kind of entries with a hash", 0, DICT_KEYS_GENERAL);
#endif
#if PY_VERSION_HEX >= 0x030e0000
	compare("frame_owner_skip", layout->frame_owner_skip, FRAME_OWNED_BY_INTERPRETER);
	compare("pointer_tag", layout->pointer_tag, Py_TAG_BITS);
#elif PY_VERSION_HEX >= 0x030c0000
	compare("frame_owner_skip", layout->frame_owner_skip, FRAME_OWNED_BY_CSTACK);
#elif PY_VERSION_HEX >= 0x030b0000
	COMPARE(frame_is_entry, FRAME, is_entry);
#endif
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030d0000
	COMPARE(cframe_frame, _PyCFrame, current_frame);
#endif
	(void)layout;
}

/* What an interpreter with these headers has at the start of _PyRuntime. */
static void publish(uint64_t words[NA_PYTHON_OFFSETS])
{
	memset(words, 0, NA_PYTHON_OFFSETS * sizeof(words[0]));
#if PY_VERSION_HEX >= 0x030d0000
#define PUBLISH(member, value) words[offsetof(_Py_DebugOffsets, member) / sizeof(words[0])] = (value)
	memcpy(words, NA_PYTHON_COOKIE, sizeof(words[0]));
	PUBLISH(version, PY_VERSION_HEX);
	PUBLISH(runtime_state.interpreters_head, offsetof(_PyRuntimeState, interpreters.head));
	PUBLISH(interpreter_state.next, offsetof(PyInterpreterState, next));
	PUBLISH(interpreter_state.threads_head, offsetof(PyInterpreterState, threads.head));
	PUBLISH(interpreter_state.imports_modules, offsetof(PyInterpreterState, imports.modules));
	PUBLISH(thread_state.next, offsetof(PyThreadState, next));
	PUBLISH(thread_state.interp, offsetof(PyThreadState, interp));
	PUBLISH(thread_state.current_frame, offsetof(PyThreadState, current_frame));
	PUBLISH(thread_state.thread_id, offsetof(PyThreadState, thread_id));
	PUBLISH(interpreter_frame.previous, offsetof(FRAME, previous));
	PUBLISH(interpreter_frame.executable, offsetof(FRAME, f_executable));
	PUBLISH(interpreter_frame.instr_ptr, offsetof(FRAME, instr_ptr));
	PUBLISH(interpreter_frame.owner, offsetof(FRAME, owner));
	PUBLISH(code_object.filename, offsetof(PyCodeObject, co_filename));
	PUBLISH(code_object.name, offsetof(PyCodeObject, co_name));
	PUBLISH(code_object.qualname, offsetof(PyCodeObject, co_qualname));
	PUBLISH(code_object.linetable, offsetof(PyCodeObject, co_linetable));
	PUBLISH(code_object.firstlineno, offsetof(PyCodeObject, co_firstlineno));
	PUBLISH(code_object.co_code_adaptive, offsetof(PyCodeObject, co_code_adaptive));
	PUBLISH(pyobject.ob_type, offsetof(PyObject, ob_type));
	PUBLISH(type_object.tp_name, offsetof(PyTypeObject, tp_name));
	PUBLISH(dict_object.ma_keys, offsetof(PyDictObject, ma_keys));
	PUBLISH(bytes_object.ob_size, offsetof(PyVarObject, ob_size));
	PUBLISH(bytes_object.ob_sval, offsetof(PyBytesObject, ob_sval));
	PUBLISH(unicode_object.state, offsetof(PyASCIIObject, state));
	PUBLISH(unicode_object.length, offsetof(PyASCIIObject, length));
	PUBLISH(unicode_object.asciiobject_size, sizeof(PyASCIIObject));
#endif
}

int main(void)
{
	uint64_t words[NA_PYTHON_OFFSETS];
	struct na_python layout;
	char reason[128];

	publish(words);
	if (na_python_layout(PY_VERSION_HEX >> 16, words, &layout, reason, sizeof(reason)) != 0) {
		printf("    %s\n", reason);
		return 1;
	}
	compare_objects(&layout);
	compare_states(&layout);
	compare_since_3_11(&layout);
	return different ? 1 : 0;
}
