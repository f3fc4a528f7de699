/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which addresses of a process are code: told to the kernel, so that it can pick return addresses out of a C stack.
 * A set of granules of the address space, hashed into a bitmap: code is always found, other words seldom.
 */
#ifndef NETAUDIT_NATIVE_H
#define NETAUDIT_NATIVE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define NA_NATIVE_GRANULE_BITS 14	/* 16 KiB */
#define NA_NATIVE_BITS_LOG2 16
#define NA_NATIVE_BITS_WORDS (1 << (NA_NATIVE_BITS_LOG2 - 6))

struct na_native_code {
	__u64 start_ns;		/* of the process it was made for; a fork's copy keeps its parent's */
	__u64 bits[NA_NATIVE_BITS_WORDS];
};

/* Neighbouring granules get neighbouring bits; higher parts of the address are folded in. */
static inline __u32 na_native_bit(__u64 address)
{
	__u64 granule = address >> NA_NATIVE_GRANULE_BITS;

	return (granule ^ granule >> NA_NATIVE_BITS_LOG2 ^ granule >> (2 * NA_NATIVE_BITS_LOG2)) &
	       ((1U << NA_NATIVE_BITS_LOG2) - 1);
}

#endif
