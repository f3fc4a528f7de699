/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where a USDT probe has its arguments, as one number: what user space finds in the program's notes (src/target/usdt.h)
 * reaches the BPF program as the attachment's cookie.
 */
#ifndef NETAUDIT_PROBE_H
#define NETAUDIT_PROBE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/*
 * One argument of 8 bytes takes 32 bits: a number that is never 0, where the register lies in struct pt_regs in words
 * of 8 bytes, whether the argument is in memory at that register and a distance, and the distance, signed.
 */
#define NA_PLACE_GIVEN (1U << 0)
#define NA_PLACE_IN_MEMORY (1U << 1)
#define NA_PLACE_REGISTER_SHIFT 8
#define NA_PLACE_REGISTERS 32
#define NA_PLACE_DISTANCE_SHIFT 16

/* Of the first and the second argument. */
static inline __u64 na_places(__u32 first, __u32 second)
{
	return first | (__u64)second << 32;
}

#endif
