/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPython as its file shows it; see python_object.h.
 */
#include "target/python_object.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REMEMBERED = 1024, CONSTANTS_BYTES = 64 << 20 };

/* In the order of the names below. The functions tell versions apart that have no Py_Version. */
enum { RUNTIME, CODE_TYPE, STRING_TYPE, VERSION, SINCE_3_9, SINCE_3_10, NAMES };

/* What a file was when it was read: changing it without a trace here takes control of the clock. */
struct identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

static struct {
	struct identity identity;
	struct na_python_object object;
} remembered[REMEMBERED];

static struct identity identity_of(const struct stat *status)
{
	struct identity result;

	memset(&result, 0, sizeof(result));	/* padding too: they are compared as bytes */
	result.device = status->st_dev;
	result.inode = status->st_ino;
	result.size = status->st_size;
	result.modified = status->st_mtim;
	result.changed = status->st_ctim;
	return result;
}

static void note_segments(const struct na_elf *elf, struct na_python_object *object)
{
	for (size_t i = 0; i < elf->segment_count && object->segment_count < NA_PYTHON_CODE_SEGMENTS; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		object->segments[object->segment_count].offset = segment->p_offset;
		object->segments[object->segment_count].bytes = segment->p_filesz;
		object->segments[object->segment_count].address = segment->p_vaddr;
		object->segment_count++;
	}
}

/* PY_VERSION, "3.9.2" or "3.10.0rc1+", stands among the constants; the linker may have made it the end of another. */
static void note_version_text(struct na_elf *elf, struct na_python_object *object)
{
	const Elf64_Shdr *section = na_elf_section(elf, ".rodata");
	size_t bytes = 0, prefix_length;
	char *constants = section ? na_elf_section_bytes(elf, section, CONSTANTS_BYTES, &bytes) : NULL;
	const char *end = constants ? constants + bytes : NULL;
	char prefix[8];

	prefix_length = (size_t)snprintf(prefix, sizeof(prefix), "3.%u.", object->version & 0xff);
	for (const char *at = constants; at && (at = memmem(at, (size_t)(end - at), prefix, prefix_length)); at++) {
		size_t length = strnlen(at, sizeof(object->version_text));

		if ((at > constants && (isdigit((unsigned char)at[-1]) || at[-1] == '.')) ||
		    length >= sizeof(object->version_text) || !isdigit((unsigned char)at[prefix_length]) ||
		    strspn(at + prefix_length, "0123456789abrc+") != length - prefix_length)
			continue;
		memcpy(object->version_text, at, length + 1);
		break;
	}
	free(constants);
}

void na_python_object_read(struct na_elf *elf, struct na_python_object *object)
{
	struct na_elf_wanted wanted[NAMES] = {
		[RUNTIME] = { .name = "_PyRuntime" }, [CODE_TYPE] = { .name = "PyCode_Type" },
		[STRING_TYPE] = { .name = "PyUnicode_Type" }, [VERSION] = { .name = "Py_Version" },
		[SINCE_3_9] = { .name = "PyModule_AddType" }, [SINCE_3_10] = { .name = "PyModule_AddObjectRef" },
	};
	const Elf64_Shdr *runtime = na_elf_section(elf, ".PyRuntime");

	memset(object, 0, sizeof(*object));
	if (na_elf_symbols(elf, SHT_DYNSYM, wanted, NAMES) != 0 ||
	    (!wanted[RUNTIME].address && na_elf_symbols(elf, SHT_SYMTAB, wanted, NAMES) != 0))
		return;
	object->runtime = wanted[RUNTIME].address ? wanted[RUNTIME].address : runtime ? runtime->sh_addr : 0;
	object->code_type = wanted[CODE_TYPE].address;
	object->string_type = wanted[STRING_TYPE].address;
	object->version_number = wanted[VERSION].address;
	object->other = !object->runtime && object->code_type;
	if (!object->runtime)
		return;
	note_segments(elf, object);
	object->audit_count = na_usdt_sites(elf, "python", "audit", object->audit, NA_USDT_SITES, &object->audit_left_out);
	if (!object->version_number && wanted[SINCE_3_9].address) {
		object->version = wanted[SINCE_3_10].address ? 0x030a : 0x0309;
		note_version_text(elf, object);
	}
}

static int read_file(int path_fd, const struct stat *status, struct na_python_object *object, uint64_t *read_bytes)
{
	int fd = na_mapped_file_read(path_fd, status), error;
	struct na_elf elf;

	memset(object, 0, sizeof(*object));
	if (fd == -ENOEXEC)
		return 0;
	if (fd < 0)
		return fd;
	error = na_elf_open(&elf, fd);
	if (!error) {
		na_python_object_read(&elf, object);
		*read_bytes += elf.read_bytes;
		na_elf_close(&elf);
	}
	close(fd);
	return error == -ENOEXEC ? 0 : error;
}

int na_python_object(int pid_fd, const struct na_mapping *mapping, const struct na_python_object **object,
		     struct stat *status, uint64_t *read_bytes)
{
	struct identity identity;
	int fd = na_mapped_file(pid_fd, mapping, status), error = 0;
	size_t slot;

	if (fd < 0)
		return fd;
	identity = identity_of(status);
	slot = (status->st_ino ^ status->st_dev * 31) % REMEMBERED;
	if (memcmp(&remembered[slot].identity, &identity, sizeof(identity)) != 0) {
		error = read_file(fd, status, &remembered[slot].object, read_bytes);
		if (error)
			memset(&identity, 0, sizeof(identity));
		remembered[slot].identity = identity;
	}
	close(fd);
	*object = &remembered[slot].object;
	return error;
}

bool na_python_object_bias(const struct na_python_object *object, const struct na_mapping *mapping, uint64_t *bias)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < object->segment_count; i++) {
		uint64_t offset = object->segments[i].offset, first = offset & ~(page - 1);

		if (mapping->offset < first || mapping->offset - first >= object->segments[i].bytes + (offset - first))
			continue;
		*bias = mapping->start - mapping->offset + offset - object->segments[i].address;
		return true;
	}
	return false;
}
