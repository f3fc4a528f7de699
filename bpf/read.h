/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How kernel memory is read. Every kernel has a helper that copies with faults caught; 6.2 brought bpf_rdonly_cast
 * (commit a35b9af4ec2c), by which a plain load does the same: it reads 0 through a bad address, as the helper leaves 0.
 * A third object is built that way (NA_DIRECT_READS), because a call for every field was the largest part of what the
 * auditor cost.
 */
#ifndef NETAUDIT_BPF_READ_H
#define NETAUDIT_BPF_READ_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/*
 * The verifier refuses arithmetic on a typed pointer, and to pass one to a function that it verifies by itself. As a
 * plain number it may be anything.
 */
static __always_inline void *na_plain_pointer(void *typed)
{
	void *plain = NULL;

	bpf_probe_read_kernel(&plain, sizeof(plain), &typed);
	return plain;
}

#ifdef NA_DIRECT_READS

extern void *bpf_rdonly_cast(void *pointer, __u32 type) __ksym;

#define NA_TYPED(pointer) \
	((typeof(pointer))bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(typeof(*(pointer)))))
#undef BPF_CORE_READ
#define BPF_CORE_READ(pointer, ...) ___arrow(NA_TYPED(pointer), __VA_ARGS__)
#define NA_READ_BITS(pointer, field) BPF_CORE_READ_BITFIELD(NA_TYPED(pointer), field)
/* One of the verifier's own pointers (of a context, a socket) as a kernel object of this type. */
#define NA_KERNEL_OBJECT(type, pointer) \
	((struct type *)bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(struct type)))

/* Memory without a type in BTF is read as a structure of two plain numbers, which the verifier lets be anything. */
static __always_inline __u64 na_read_word(const void *from)
{
	return NA_TYPED((struct timespec64 *)from)->tv_sec;
}

static __always_inline void na_read_16(void *out, const void *from)
{
	const struct timespec64 *words = NA_TYPED((struct timespec64 *)from);
	__u64 copy[2] = { words->tv_sec, words->tv_nsec };

	__builtin_memcpy(out, copy, 16);
}

/* The kernel pads the name with zeroes (5.17, commit 06c5088aeedd). */
static __always_inline void na_read_comm(char out[16], struct task_struct *task)
{
	na_read_16(out, &task->comm);
	out[15] = 0;
}

#else

#define NA_READ_BITS(pointer, field) BPF_CORE_READ_BITFIELD_PROBED(pointer, field)
#define NA_KERNEL_OBJECT(type, pointer) ((struct type *)na_plain_pointer(pointer))

static __always_inline __u64 na_read_word(const void *from)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), from);
	return word;
}

static __always_inline void na_read_16(void *out, const void *from)
{
	bpf_probe_read_kernel(out, 16, from);
}

static __always_inline void na_read_comm(char out[16], struct task_struct *task)
{
	bpf_probe_read_kernel_str(out, 16, &task->comm);
}

#endif
#endif
