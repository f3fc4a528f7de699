/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which program belongs to which backend, and what each backend sees: one table for loading, doctor and docs. */
#ifndef NETAUDIT_CAPTURE_HOOKS_H
#define NETAUDIT_CAPTURE_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/capture.h"

#define NA_BACKEND_BIT(backend) (1u << (backend))

struct na_hook {
	const char *program;	/* name of the BPF program */
	unsigned int backends;	/* NA_BACKEND_BIT()s */
	const char *needs;	/* function or tracepoint type that must be in the kernel's BTF, or NULL: needed always */
};

/* The program whose work this one does where that one's hook is not there, and is not needed elsewhere. NULL: none. */
const struct na_hook *na_hook_instead_of(const char *program);
bool na_hook_has_substitute(const char *program);

const struct na_hook *na_hook_find(const char *program);

/* The type whose presence in the kernel's BTF calls for second copies of programs (bpf/second_copy.h). */
const char *na_hook_second_copies_need(void);

/* One line of the table that `netaudit doctor` and docs/hooks.md show. */
struct na_hook_row {
	const char *what;
	const char *seen[NA_BACKENDS];	/* by backend; [NA_BACKEND_AUTO] unused */
};

const struct na_hook_row *na_hook_table(size_t *rows);

#endif
