/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Native code of a process: what is mapped executable, and which of it is on a thread's C stack. The stack is
 * unwound by the objects' own call frame information (.eh_frame), from registers and code addresses the kernel sent;
 * a chain that cannot be followed exactly ends there, it is never guessed on.
 *
 * Everything read (maps, ELF files through the process's own root) belongs to the audited process and may lie: a wrong
 * table gives a chain that leads nowhere. x86-64 only; elsewhere every chain is empty.
 */
#ifndef NETAUDIT_TARGET_NATIVE_H
#define NETAUDIT_TARGET_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include <netaudit/native.h>
#include "target/mappings.h"

#define NA_NATIVE_MAPPINGS 1024		/* executable mappings of a process that are looked at */

/* One executable mapping of a file. */
struct na_native_mapping {
	struct na_mapping at;
	void *owner;		/* the caller's, from its `owner_of`; NULL: nobody special */
	char *path;		/* as the process sees it: untrusted text; NULL without an owner */
};

struct na_native_process;

/*
 * Reads the executable mappings of process `pid` that started at `start_ns`; `proc_root` NULL: "/proc". `owner_of` is
 * asked once for each whose it is, by its path as the process sees it (untrusted). 0 or negative errno; -ESRCH: the
 * process is gone; -E2BIG past NA_NATIVE_MAPPINGS.
 */
int na_native_process_read(struct na_native_process **process, const char *proc_root, uint32_t pid, uint64_t start_ns,
			   void *(*owner_of)(void *context, const char *path), void *context);
void na_native_process_free(struct na_native_process *process);

/* Whether any mapping has an owner: only then are C stacks worth looking at. */
bool na_native_process_owned(const struct na_native_process *process);

/* For the kernel: which addresses are code. 0; -E2BIG: more ranges than fit, -ENOENT: none. */
int na_native_process_code(const struct na_native_process *process, struct na_native_code *code);

/* One function on the C stack, innermost first. */
struct na_native_call {
	uint64_t address;	/* where it was, or will go on */
	const struct na_native_mapping *mapping;
	bool evaluates;		/* the interpreter's loop: one activation of Python frames up to the next entry */
};

struct na_unwinder;	/* call frame information of files, kept by device and inode */

/* 0, -ENOMEM, or -ENOTSUP: another libelf than this was built with. */
int na_unwinder_create(struct na_unwinder **unwinder);
void na_unwinder_destroy(struct na_unwinder *unwinder);

/*
 * Follows the chain. Returns how many calls were written to `calls`; *complete tells whether the chain was followed
 * to where the thread begins, else it broke off after the last call.
 */
size_t na_unwind(struct na_unwinder *unwinder, const struct na_native_process *process,
		 const struct na_native_event *event, struct na_native_call *calls, size_t max, bool *complete);

#endif
