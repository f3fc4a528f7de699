/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the ELF files that were met on C stacks, and asks libdw what their call frame information says. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/elf_symbols.h"
#include "target/native_internal.h"
#include "target/procfs.h"

#define OBJECTS 64			/* kept open; the one unused longest makes room */
#define OBJECT_BYTES_MAX (64 << 20)	/* libelf allocates what a file says it needs */

/* x86-64 psABI, figure 3.36: DWARF register numbers */
enum { REGISTER_FRAME_POINTER = 6, REGISTER_STACK_POINTER = 7, REGISTER_RETURN = 16 };

struct segment {
	uint64_t offset, bytes, address;
};

struct na_native_object {
	uint64_t device, inode, used;
	int fd;
	Elf *elf;
	Dwarf_CFI *cfi;			/* NULL: the file has none */
	struct na_native_span evaluator[NA_EVALUATOR_PARTS];	/* the interpreter's loop */
	size_t evaluator_parts;
	struct segment segment[NA_ELF_SEGMENTS];
	size_t segments;
};

struct na_unwinder {
	uint64_t uses;
	struct na_native_object object[OBJECTS];
	size_t count;
};

int na_unwinder_create(struct na_unwinder **unwinder)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOTSUP;
	*unwinder = calloc(1, sizeof(**unwinder));
	return *unwinder ? 0 : -ENOMEM;
}

static void close_object(struct na_native_object *object)
{
	if (object->cfi)
		dwarf_cfi_end(object->cfi);
	if (object->elf)
		(void)elf_end(object->elf);
	if (object->fd >= 0)
		close(object->fd);
	memset(object, 0, sizeof(*object));
	object->fd = -1;
}

void na_unwinder_destroy(struct na_unwinder *unwinder)
{
	if (!unwinder)
		return;
	for (size_t i = 0; i < unwinder->count; i++)
		close_object(&unwinder->object[i]);
	free(unwinder);
}

/* The mapped file itself, also when its name now means another or none. A descriptor or negative errno. */
static int open_mapped(const struct na_native_process *process, const struct na_mapping *mapping)
{
	int pid_fd = na_proc_open_started(process->proc_root, process->pid, process->start_ns);
	struct stat status;
	int path_fd, fd;

	if (pid_fd < 0)
		return pid_fd;
	path_fd = na_mapped_file(pid_fd, mapping, &status);
	close(pid_fd);
	if (path_fd < 0)
		return path_fd;
	fd = status.st_size > OBJECT_BYTES_MAX ? -EFBIG : na_mapped_file_read(path_fd, &status);
	close(path_fd);
	return fd;
}

/* False: no ELF file of this kind of machine. */
static bool read_tables(struct na_native_object *object)
{
	struct na_elf elf;

	if (na_elf_open(&elf, object->fd))
		return false;
	for (size_t i = 0; i < elf.segment_count; i++)
		if (elf.segments[i].p_type == PT_LOAD)
			object->segment[object->segments++] = (struct segment){
				elf.segments[i].p_offset, elf.segments[i].p_filesz, elf.segments[i].p_vaddr
			};
	object->evaluator_parts = na_native_evaluator(&elf, object->evaluator);
	na_elf_close(&elf);
	return true;
}

/* "register + offset", the only form compilers use outside of linkage tables. */
static bool frame_address(const Dwarf_Op *ops, size_t count, struct na_native_step *step)
{
	uint64_t number;
	int64_t offset;

	if (count != 1)
		return false;
	if (ops[0].atom == DW_OP_bregx) {
		number = ops[0].number;
		offset = (int64_t)ops[0].number2;
	} else if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
		number = ops[0].atom - DW_OP_breg0;
		offset = (int64_t)ops[0].number;
	} else {
		return false;
	}
	step->frame_offset = offset;
	step->from_frame_pointer = number == REGISTER_FRAME_POINTER;
	return number == REGISTER_FRAME_POINTER || number == REGISTER_STACK_POINTER;
}

/* "canonical frame address + offset". False: kept elsewhere, or nowhere. */
static bool saved_at(Dwarf_Frame *frame, int number, int64_t *offset)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	if (dwarf_frame_register(frame, number, memory, &ops, &count) || !ops || !count ||
	    ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	if (count == 1) {
		*offset = 0;
		return true;
	}
	if (count != 2 || ops[1].atom != DW_OP_plus_uconst)
		return false;
	*offset = (int64_t)ops[1].number;
	return true;
}

/* What the table says at this address, as linked. */
static bool step_at_address(struct na_native_object *object, uint64_t address, struct na_native_step *step)
{
	Dwarf_Frame *frame = NULL;
	Dwarf_Op memory[3], *ops;
	size_t count;
	bool known;

	memset(step, 0, sizeof(*step));
	if (!object->cfi || dwarf_cfi_addrframe(object->cfi, address, &frame))
		return false;
	/* no operations, in our own memory: the caller's is undefined, there is none */
	step->outermost = !dwarf_frame_register(frame, REGISTER_RETURN, memory, &ops, &count) && !count && ops == memory;
	known = step->outermost || (!dwarf_frame_cfa(frame, &ops, &count) && frame_address(ops, count, step) &&
				    saved_at(frame, REGISTER_RETURN, &step->return_at));
	if (known)
		step->frame_pointer_saved = saved_at(frame, REGISTER_FRAME_POINTER, &step->frame_pointer_at);
	free(frame);
	return known;
}

/* Not a function's beginning, which finds its return address on the stack's top, but a later part of one. */
static bool continues(struct na_native_object *object, uint64_t address)
{
	struct na_native_step step;

	return step_at_address(object, address, &step) && (step.from_frame_pointer || step.frame_offset != 8);
}

/* An object that tells nothing is kept as well, so that it is not tried again. */
static int open_object(struct na_native_object *object, const struct na_native_process *process,
		       const struct na_mapping *mapping)
{
	memset(object, 0, sizeof(*object));
	object->fd = open_mapped(process, mapping);
	if (object->fd < 0)
		return object->fd;
	object->device = mapping->device;
	object->inode = mapping->inode;
	if (!read_tables(object))
		return 0;
	/* read, never mapped: its owner may cut the file short at any time */
	object->elf = elf_begin(object->fd, ELF_C_READ, NULL);
	object->cfi = object->elf ? dwarf_getcfi_elf(object->elf) : NULL;
	if (object->evaluator_parts > 1 && !continues(object, object->evaluator[1].address))
		object->evaluator_parts = 1;
	return 0;
}

struct na_native_object *na_native_object_of(struct na_unwinder *unwinder, const struct na_native_process *process,
					     const struct na_mapping *mapping)
{
	struct na_native_object *oldest = NULL, *object;

	unwinder->uses++;
	for (size_t i = 0; i < unwinder->count; i++) {
		object = &unwinder->object[i];
		if (object->fd >= 0 && object->device == mapping->device && object->inode == mapping->inode) {
			object->used = unwinder->uses;
			return object;
		}
		if (!oldest || object->used < oldest->used)
			oldest = object;
	}
	if (unwinder->count < OBJECTS)
		object = &unwinder->object[unwinder->count++];
	else
		close_object(object = oldest);
	if (open_object(object, process, mapping))
		return NULL;	/* its fd says that the place is free */
	object->used = unwinder->uses;
	return object;
}

static bool to_address(const struct na_native_object *object, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < object->segments; i++) {
		const struct segment *segment = &object->segment[i];

		if (offset >= segment->offset && offset - segment->offset < segment->bytes) {
			*address = segment->address + (offset - segment->offset);
			return true;
		}
	}
	return false;
}

bool na_native_object_step(struct na_native_object *object, uint64_t offset, struct na_native_step *step)
{
	uint64_t address;

	if (!to_address(object, offset, &address) || !step_at_address(object, address, step))
		return false;
	for (size_t i = 0; i < object->evaluator_parts; i++)
		step->evaluates |= address - object->evaluator[i].address < object->evaluator[i].bytes;
	return true;
}
