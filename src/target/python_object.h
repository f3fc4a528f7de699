/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mapped program or library file says about the CPython in it: addresses, version, probes. Remembered by file,
 * because every process of a server maps the same ones.
 */
#ifndef NETAUDIT_TARGET_PYTHON_OBJECT_H
#define NETAUDIT_TARGET_PYTHON_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/elf_symbols.h"
#include "target/mappings.h"
#include "target/usdt.h"

#define NA_PYTHON_CODE_SEGMENTS 4

/* Addresses are as linked; 0: the file does not say. */
struct na_python_object {
	uint64_t runtime;	/* _PyRuntime; 0: no CPython of 3.7 or later in there */
	uint64_t code_type, string_type;
	uint64_t version_number;	/* Py_Version, 3.11 and later */
	uint32_t version;	/* 0x0309, 0x030a, or 0: to be read in the process */
	char version_text[16];	/* with `version`, "" when it was not found */
	bool other;		/* some Python, but none with a _PyRuntime */
	size_t audit_count, audit_left_out;	/* sites of the probe python:audit; without arguments we can read */
	struct na_usdt_site audit[NA_USDT_SITES];
	size_t segment_count;
	struct {
		uint64_t offset, bytes, address;
	} segments[NA_PYTHON_CODE_SEGMENTS];
};

/*
 * The object `mapping` is of, and the status of its file. `*read_bytes` grows by what had to be read of the file. The
 * result is valid until the next call; one thread only. 0 or negative errno; files that are no ELF files are objects
 * without anything in them.
 */
int na_python_object(int pid_fd, const struct na_mapping *mapping, const struct na_python_object **object,
		     struct stat *status, uint64_t *read_bytes);

/* What to add to an address as linked; false: the file has no such segment. */
bool na_python_object_bias(const struct na_python_object *object, const struct na_mapping *mapping, uint64_t *bias);

/* Reads an open ELF file. */
void na_python_object_read(struct na_elf *elf, struct na_python_object *object);

#endif
