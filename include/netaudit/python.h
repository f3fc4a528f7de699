/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How the CPython of one process is laid out in its memory: found by user space (src/target/python.h), followed in the
 * kernel (bpf/python.h). Offsets are bytes; NA_PYTHON_ABSENT where that version has no such field.
 */
#ifndef NETAUDIT_PYTHON_H
#define NETAUDIT_PYTHON_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define NA_PYTHON_ABSENT 0xffffffffU

struct na_python {
	__u64 start_ns;			/* of the process the entry is about; a fork copies the entry with the child's */
	__u64 runtime;			/* address of _PyRuntime */
	__u64 code_type;		/* address of PyCode_Type: what is no code object is not believed; 0: not known */
	__u64 string_type;		/* address of PyUnicode_Type; 0: not known */
	__u64 code_pages;		/* set by na_capture_set_native(): of na_native_code; 0: it was not called */
	__u32 version;			/* 0x030b for 3.11 */

	__u32 runtime_interpreters;	/* _PyRuntimeState: first interpreter */
	__u32 interpreter_next;
	__u32 interpreter_threads;	/* PyInterpreterState: first thread state */
	__u32 thread_next;		/* PyThreadState */
	__u32 thread_id;		/* the pthread_t, which is the thread's fs base */
	__u32 thread_frame;		/* current frame, or the C frame that points to it */
	__u32 cframe_frame;		/* 3.11, 3.12: from the C frame to the current frame; else absent */

	__u32 frame_code;		/* frame object (to 3.10) or internal frame */
	__u32 frame_back;
	__u32 frame_globals;
	__u32 frame_instruction;	/* to 3.10 an index (f_lasti), later a pointer into the bytecode */
	__u32 frame_owner;		/* byte; absent before 3.11 */
	__u32 frame_owner_skip;		/* frames owned by this or more run no Python code (C stack) */
	__u32 frame_is_entry;		/* byte, 3.11 only; later an entry is a skipped frame */
	__u32 pointer_tag;		/* bits to clear from the code pointer */

	__u32 code_file;		/* PyCodeObject */
	__u32 code_name;
	__u32 code_qualname;
	__u32 code_first_line;
	__u32 code_instructions;	/* where the bytecode starts, later than 3.10 */

	__u32 string_length;		/* PyASCIIObject: in characters */
	__u32 string_state;
	__u32 string_ascii_data;	/* text of a compact ASCII string */
	__u32 string_compact_data;	/* text of any other compact string */

	__u32 dict_keys;		/* PyDictObject */
	__u32 keys_log2_size;		/* byte, from 3.11; absent before */
	__u32 keys_log2_index_bytes;	/* byte, from 3.11: size of the index table; absent before */
	__u32 keys_size;		/* 8 bytes, to 3.10: number of index slots */
	__u32 keys_kind;		/* byte, from 3.11: 0 means entries with a hash */
	__u32 keys_entry_count;		/* 8 bytes */
	__u32 keys_indices;		/* where the index table starts; entries follow it */
	__u32 interpreter_modules;	/* PyInterpreterState: sys.modules (user space reads it) */
	__u32 tuple_items;		/* PyTupleObject: the first item */
	__u32 code_lines;		/* PyCodeObject: bytes object that maps instructions to lines (user space reads it) */

	/* Computed by na_capture_set_python(): how much of a frame and of a code object has all of the above. */
	__u32 frame_bytes;
	__u32 code_bytes;

	__u32 code_listed;		/* set by na_capture_set_native(): there is a list of what is code */
};

#endif
