/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Whether a program that was just executed may be an Odoo. Most are certainly not, and nothing of those is recorded;
 * about the others user space decides (src/target/recognise.c).
 */
#ifndef NETAUDIT_BPF_CANDIDATE_H
#define NETAUDIT_BPF_CANDIDATE_H

#include "read.h"

#define NA_ARGUMENTS_PIECE 32
#define NA_ARGUMENTS_BYTES 4096	/* looked at; what is longer may be anything */
#define NA_ODOO 0x6f646f6fULL	/* "odoo" */
#define NA_OPENERP 0x6f70656e657270ULL	/* "openerp" */

static __always_inline bool na_starts_with(__u32 name, char a, char b, char c, char d)
{
	return name == ((__u32)a << 24 | (__u32)b << 16 | (__u32)c << 8 | (__u32)d);
}

/* The programs that can be an Odoo start with one of these. */
static __always_inline bool na_may_run_odoo(struct linux_binprm *binprm)
{
	unsigned char n[8] = {};
	__u32 name;

	bpf_probe_read_kernel_str(n, sizeof(n), BPF_CORE_READ(binprm, file, f_path.dentry, d_name.name));
	name = (__u32)n[0] << 24 | (__u32)n[1] << 16 | (__u32)n[2] << 8 | n[3];
	return na_starts_with(name, 'p', 'y', 't', 'h') || na_starts_with(name, 'p', 'y', 'p', 'y') ||
	       na_starts_with(name, 'u', 'w', 's', 'g') || na_starts_with(name, 'o', 'd', 'o', 'o') ||
	       na_starts_with(name, 'o', 'p', 'e', 'n');
}

/* Whether "odoo" or "openerp" is in the arguments. They are looked at and forgotten; unreadable: may be anything. */
static __noinline bool na_names_odoo(struct task_struct *task)
{
	__u64 at = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end), last = 0, hits = 0;
	char piece[NA_ARGUMENTS_PIECE];

	for (int i = 0; i < NA_ARGUMENTS_BYTES / NA_ARGUMENTS_PIECE; i++) {
		if (at >= end)
			return false;
		/* always the same size: a size that depends on `end` would double the verifier's paths at every turn */
		if (bpf_probe_read_user(piece, sizeof(piece), (const void *)at))
			return true;
#pragma unroll
		for (int j = 0; j < NA_ARGUMENTS_PIECE; j++) {
			/* what follows the arguments is the environment: it counts as zeroes */
			last = last << 8 | ((__u8)piece[j] & -((at + j - end) >> 63));
			/* zero less one sets the top bit; a branch at every byte is more than the verifier follows */
			hits |= ((last & 0xffffffff) ^ NA_ODOO) - 1;
			hits |= ((last & 0xffffffffffffff) ^ NA_OPENERP) - 1;
			asm volatile("" : "+r"(hits));
		}
		if (hits >> 63)
			return true;
		at += sizeof(piece);
	}
	return true;
}

#endif
