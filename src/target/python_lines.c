/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes line tables (formats: Objects/lnotab_notes.txt and InternalDocs/code_objects.md of CPython), and reads one
 * from a process.
 */
#include "target/python_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "target/memory.h"
#include "target/procfs.h"
#include "target/python.h"
#include "target/python_layout.h"

enum {
	TABLE_BYTES = 1 << 20,
	UNIT_BYTES = 2,		/* of an instruction */
	NO_LINE_3_10 = -128,
	ENTRY_MARK = 0x80,	/* on the first byte of an entry, 3.11 and later, and on no other */
	ONE_LINE_FIRST = 10, NO_COLUMN = 13, LONG = 14, NO_LINE = 15,	/* kinds of entries */
};

/* Pairs: so many bytes further, so many lines further. */
static int64_t line_by_lnotab(const uint8_t *table, size_t bytes, int64_t wanted, int64_t line)
{
	int64_t at = 0;

	for (size_t i = 0; i + 1 < bytes; i += 2) {
		at += table[i];
		if (at > wanted)
			break;
		line += (int8_t)table[i + 1];
	}
	return line;
}

/* Pairs: lines further, which are those of so many bytes. */
static int64_t line_by_ranges(const uint8_t *table, size_t bytes, int64_t wanted, int64_t line)
{
	int64_t end = 0;

	for (size_t i = 0; i + 1 < bytes; i += 2) {
		int8_t further = (int8_t)table[i + 1];

		end += table[i];
		if (further != NO_LINE_3_10)
			line += further;
		if (wanted < end)
			return further == NO_LINE_3_10 ? -1 : line;
	}
	return -1;
}

/* Six bits a byte, least significant first, 0x40: more follow; the lowest bit of the whole is the sign. */
static int64_t signed_number(const uint8_t *table, size_t bytes, size_t at)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; at < bytes && shift < 36; shift += 6, at++) {
		value |= (uint64_t)(table[at] & 0x3f) << shift;
		if (!(table[at] & 0x40))
			break;
	}
	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

static int64_t line_by_locations(const uint8_t *table, size_t bytes, int64_t wanted, int64_t line)
{
	int64_t end = 0;

	for (size_t i = 0; i < bytes;) {
		unsigned int kind = table[i] >> 3 & 15;

		if (!(table[i] & ENTRY_MARK))
			return -1;
		end += ((table[i] & 7) + 1) * UNIT_BYTES;
		if (kind == NO_COLUMN || kind == LONG)
			line += signed_number(table, bytes, i + 1);
		else if (kind > ONE_LINE_FIRST && kind < NO_COLUMN)
			line += kind - ONE_LINE_FIRST;
		if (wanted < end)
			return kind == NO_LINE ? -1 : line;
		do
			i++;
		while (i < bytes && !(table[i] & ENTRY_MARK));
	}
	return -1;
}

uint32_t na_python_line_of(uint32_t version, const uint8_t *table, size_t bytes, int32_t instruction,
			   uint32_t first_line)
{
	int64_t line;

	if (instruction < 0)
		return first_line;
	if (version < 0x030a)
		line = line_by_lnotab(table, bytes, instruction, first_line);
	else if (version == 0x030a)
		line = line_by_ranges(table, bytes, instruction, first_line);
	else
		line = line_by_locations(table, bytes, instruction, first_line);
	return line > 0 && line <= INT32_MAX ? (uint32_t)line : first_line;
}

/* The caller frees it. NULL: what is at `address` is no code object with that first line, or no longer. */
static uint8_t *read_table(int fd, const struct na_python *python, uint64_t address, uint32_t first_line,
			   size_t *bytes)
{
	uint64_t type = 0, object = 0, length = 0;
	uint32_t line = 0;
	uint8_t *table;

	if (na_memory_pointer(fd, address + NA_PYTHON_OBJECT_TYPE, &type) != 0 || type != python->code_type ||
	    na_memory_read(fd, address + python->code_first_line, &line, sizeof(line)) != 0 || line != first_line ||
	    na_memory_pointer(fd, address + python->code_lines, &object) != 0 ||
	    na_memory_pointer(fd, object + NA_PYTHON_BYTES_LENGTH, &length) != 0 || length == 0 || length > TABLE_BYTES)
		return NULL;
	table = malloc(length);
	if (table && na_memory_read(fd, object + NA_PYTHON_BYTES_DATA, table, length) != 0) {
		free(table);
		table = NULL;
	}
	*bytes = length;
	return table;
}

uint32_t na_python_line(const char *proc_root, uint32_t pid, const struct na_python *python, uint64_t address,
			int32_t instruction, uint32_t first_line)
{
	int pid_fd = na_proc_open_started(proc_root, pid, python->start_ns), fd;
	uint32_t line = first_line;
	uint8_t *table = NULL;
	size_t bytes = 0;

	if (pid_fd < 0)
		return first_line;
	fd = na_memory_open(pid_fd);
	if (fd >= 0) {
		table = read_table(fd, python, address, first_line, &bytes);
		close(fd);
	}
	if (table)
		line = na_python_line_of(python->version, table, bytes, instruction, first_line);
	free(table);
	close(pid_fd);
	return line;
}
