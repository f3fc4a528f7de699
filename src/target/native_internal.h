/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of native code share. */
#ifndef NETAUDIT_TARGET_NATIVE_INTERNAL_H
#define NETAUDIT_TARGET_NATIVE_INTERNAL_H

#include "target/native.h"

struct na_native_process {
	struct na_native_mapping *mapping;	/* ascending */
	size_t count, room;
	bool owned;
	char proc_root[64];
	uint32_t pid;
	uint64_t start_ns;
};

/* NULL: no executable mapping of a file is there. */
const struct na_native_mapping *na_native_mapping_at(const struct na_native_process *process, uint64_t address);

/* Where the caller's frame is, once a function's registers are given. */
struct na_native_step {
	int64_t frame_offset;	/* canonical frame address: base register + this */
	bool from_frame_pointer;	/* base is the frame pointer, else the stack pointer */
	int64_t return_at;	/* return address: canonical frame address + this */
	bool frame_pointer_saved;
	int64_t frame_pointer_at;	/* where the caller's frame pointer was put: canonical frame address + this */
	bool evaluates;
	bool outermost;		/* nobody called it: a thread begins here */
};

struct na_elf;

/* Addresses as linked. */
struct na_native_span {
	uint64_t address, bytes;
};

#define NA_EVALUATOR_PARTS 2

/*
 * Where the interpreter's loop is in this file, as far as its symbols and jumps tell: how many parts were written. 0:
 * not in this file. Whether the second one begins like a function of its own is for the caller to see.
 */
size_t na_native_evaluator(struct na_elf *elf, struct na_native_span parts[NA_EVALUATOR_PARTS]);

struct na_native_object;

/* The file behind the mapping, with its call frame information. NULL: cannot be had. The unwinder keeps it. */
struct na_native_object *na_native_object_of(struct na_unwinder *unwinder, const struct na_native_process *process,
					     const struct na_mapping *mapping);

/*
 * What the file's table says for the instruction at `offset` of the file. False: nothing that can be followed.
 */
bool na_native_object_step(struct na_native_object *object, uint64_t offset, struct na_native_step *step);

#endif
