/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which addresses of a process are code: told to the kernel, so that it can pick return addresses out of a C stack.
 * Exact, because whatever else passed might be what the process keeps on its stack. Of a process that has mapped or
 * unmapped code since, the kernel picks words that point behind a call instruction, or near the libraries to what is
 * not in memory, until it is told again.
 */
#ifndef NETAUDIT_NATIVE_H
#define NETAUDIT_NATIVE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define NA_NATIVE_RANGES_LOG2 9
#define NA_NATIVE_RANGES (1 << NA_NATIVE_RANGES_LOG2)

struct na_native_range {
	__u64 start, end;	/* end exclusive */
};

struct na_native_code {
	__u64 start_ns;		/* of the process it was made for; a fork's copy keeps its parent's */
	__u64 code_pages;	/* of na_stack_event: it is about the process as long as that is the same */
	__u64 count;		/* 0: no add-on's code is there, and C stacks are not wanted */
	struct na_native_range range[NA_NATIVE_RANGES];	/* ascending, apart from each other; the others are zero */
};

#endif
