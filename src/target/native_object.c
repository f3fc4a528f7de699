/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the ELF files that were met on C stacks, and asks libdw what their call frame information says. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "target/native_internal.h"

#define OBJECTS 64			/* kept open; the one unused longest makes room */
#define OBJECT_BYTES_MAX (512 << 20)
#define SYMBOLS_MAX 65536
#define SEGMENTS 64
#define EVALUATOR "_PyEval_EvalFrameDefault"

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
	uint64_t evaluator;		/* address of the interpreter's loop in the file; 0: not here */
	struct segment segment[SEGMENTS];
	size_t segments;
};

struct na_unwinder {
	char proc_root[64];
	uint64_t uses;
	struct na_native_object object[OBJECTS];
	size_t count;
};

int na_unwinder_create(struct na_unwinder **unwinder, const char *proc_root)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOTSUP;
	*unwinder = calloc(1, sizeof(**unwinder));
	if (!*unwinder)
		return -ENOMEM;
	(void)snprintf((*unwinder)->proc_root, sizeof((*unwinder)->proc_root), "%s", proc_root ? proc_root : "/proc");
	return 0;
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

/* The mapping's own file, also when its name now means another or none. Returns a descriptor or negative errno. */
static int open_mapped(const struct na_unwinder *unwinder, uint32_t pid, const struct na_native_mapping *mapping)
{
	char path[NA_NATIVE_PATH_BYTES + 128];
	struct stat status;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%" PRIu32 "/map_files/%" PRIx64 "-%" PRIx64, unwinder->proc_root, pid,
		       mapping->start, mapping->end);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		(void)snprintf(path, sizeof(path), "%s/%" PRIu32 "/root%s", unwinder->proc_root, pid, mapping->path);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0)
		return -errno;
	/* not the device: below an overlay, maps and stat name different ones */
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size > OBJECT_BYTES_MAX ||
	    (uint64_t)status.st_ino != mapping->inode) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

static void read_segments(struct na_native_object *object)
{
	size_t count = 0;
	GElf_Phdr header;

	if (elf_getphdrnum(object->elf, &count))
		return;
	for (size_t i = 0; i < count && object->segments < SEGMENTS; i++)
		if (gelf_getphdr(object->elf, (int)i, &header) && header.p_type == PT_LOAD)
			object->segment[object->segments++] = (struct segment){ header.p_offset, header.p_filesz, header.p_vaddr };
}

static void find_evaluator(struct na_native_object *object)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;
	Elf_Data *data;

	while ((section = elf_nextscn(object->elf, section)) && !object->evaluator) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM || !header.sh_entsize)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < header.sh_size / header.sh_entsize && i < SYMBOLS_MAX; i++) {
			const char *name = gelf_getsym(data, (int)i, &symbol) ? elf_strptr(object->elf, header.sh_link, symbol.st_name)
									       : NULL;

			if (name && !strcmp(name, EVALUATOR)) {
				object->evaluator = symbol.st_value;
				break;
			}
		}
	}
}

static int open_object(struct na_unwinder *unwinder, struct na_native_object *object, uint32_t pid,
		       const struct na_native_mapping *mapping)
{
	GElf_Ehdr header;

	memset(object, 0, sizeof(*object));
	object->fd = open_mapped(unwinder, pid, mapping);
	if (object->fd < 0)
		return object->fd;
	object->device = mapping->device;
	object->inode = mapping->inode;
	/* read, never mapped: its owner may cut the file short at any time */
	object->elf = elf_begin(object->fd, ELF_C_READ, NULL);
	if (!object->elf || elf_kind(object->elf) != ELF_K_ELF || !gelf_getehdr(object->elf, &header) ||
	    header.e_machine != EM_X86_64)
		return 0;	/* kept, so that it is not tried again: no step is known in it */
	read_segments(object);
	find_evaluator(object);
	object->cfi = dwarf_getcfi_elf(object->elf);
	return 0;
}

struct na_native_object *na_native_object_of(struct na_unwinder *unwinder, uint32_t pid,
					     const struct na_native_mapping *mapping)
{
	struct na_native_object *oldest = NULL, *object;

	unwinder->uses++;
	for (size_t i = 0; i < unwinder->count; i++) {
		object = &unwinder->object[i];
		if (object->device == mapping->device && object->inode == mapping->inode && object->fd >= 0) {
			object->used = unwinder->uses;
			return object;
		}
		if (!oldest || object->used < oldest->used)
			oldest = object;
	}
	object = unwinder->count < OBJECTS ? &unwinder->object[unwinder->count] : oldest;
	if (object == oldest)
		close_object(object);
	if (open_object(unwinder, object, pid, mapping)) {
		object->fd = -1;
		return NULL;
	}
	if (unwinder->count < OBJECTS)
		unwinder->count++;
	object->used = unwinder->uses;
	return object;
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
	Dwarf_Addr start = 0, end = 0;
	Dwarf_Frame *frame = NULL;
	Dwarf_Op memory[3], *ops;
	uint64_t address;
	size_t count;
	bool known;

	memset(step, 0, sizeof(*step));
	if (!object->cfi || !to_address(object, offset, &address) || dwarf_cfi_addrframe(object->cfi, address, &frame))
		return false;
	step->outermost = !dwarf_frame_register(frame, REGISTER_RETURN, memory, &ops, &count) && !ops;
	known = step->outermost || (!dwarf_frame_cfa(frame, &ops, &count) && frame_address(ops, count, step) &&
				    saved_at(frame, REGISTER_RETURN, &step->return_at));
	if (known) {
		step->frame_pointer_saved = saved_at(frame, REGISTER_FRAME_POINTER, &step->frame_pointer_at);
		(void)dwarf_frame_info(frame, &start, &end, NULL);
		step->evaluates = object->evaluator && start == object->evaluator;
	}
	free(frame);
	return known;
}
