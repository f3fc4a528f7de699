/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the CPython inside a process and says how it is laid out, after having checked that it really is what it
 * seems: a layout that does not hold is never handed out, because frames read by it would be somebody else's.
 *
 * Everything read (maps, ELF files through the process's own root, its memory) belongs to the audited process: it may
 * lie, change, be huge, or be gone at any read.
 */
#ifndef NETAUDIT_TARGET_PYTHON_H
#define NETAUDIT_TARGET_PYTHON_H

#include <stdbool.h>
#include <stdint.h>

#include <netaudit/python.h>
#include "target/mappings.h"
#include "target/usdt.h"

struct na_python_info {
	char version[16];	/* "3.13.5" as far as the process says; "" when it does not */
	bool shared;		/* in a libpython, else in the executable */
	struct na_mapping mapping;	/* of the file that it is in, and that file */
	dev_t device;
	ino_t inode;
	size_t audit_count;	/* sites of its probe python:audit; 0: it has none that can be used */
	struct na_usdt_site audit[NA_USDT_SITES];
	char reason[128];	/* why not, on failure; for people */
};

/*
 * Examines process `pid`, whose na_task.start_ns is `start_ns`; `proc_root` NULL: "/proc". From one thread only: what
 * program files say is remembered between calls. Takes 0.2 ms, and is bounded whatever the process has mapped.
 *
 * 0: *python is filled in and was checked in the process's memory.
 * -ENOENT: no Python in there (now: one may be mapped later).
 * -EAGAIN: there is one, but it has not started or could not be checked yet; ask again in a while.
 * -ENOTSUP: a Python whose layout is not known; `reason` says which.
 * -ESRCH: the process is gone, or another has its number. Else negative errno.
 */
int na_python_examine(const char *proc_root, uint32_t pid, uint64_t start_ns, struct na_python *python,
		      struct na_python_info *info);

/*
 * The line of source a bytecode offset stands for, read from the process while the code object lives.
 * `first_line` when the table cannot be read. `address` is of the code object.
 */
uint32_t na_python_line(const char *proc_root, uint32_t pid, const struct na_python *python, uint64_t address,
			int32_t instruction, uint32_t first_line);

#endif
