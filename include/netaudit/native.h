/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which addresses of a process are code: told to the kernel, so that it can pick return addresses out of a C stack.
 * Exact, because whatever else passed might be what the process keeps on its stack.
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
	__u64 count;		/* from 1 */
	struct na_native_range range[NA_NATIVE_RANGES];	/* ascending, apart from each other; the others are zero */
};

#endif
