/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The parser of clear text in the kernel: its scratch, its key, and the one way in and out, which leaves the scratch
 * zeroed. Whoever includes it defines na_clear_report(), in a frame of its own.
 */
#ifndef NETAUDIT_BPF_CLEAR_RUN_H
#define NETAUDIT_BPF_CLEAR_RUN_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "clear_state.h"

/*
 * A program that sees clear text may be preempted by another that does, and both be interrupted by packets that arrive:
 * then that one takes the next slot.
 */
#define NA_CLEAR_SLOTS 4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NA_CLEAR_SLOTS);
	__type(key, __u32);
	__type(value, struct na_clear_work);
} clear_works SEC(".maps");

/* Never written. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_clear_work);
} blank_clear SEC(".maps");

struct na_clear_key {
	__u64 half[2];
};

/* Written by user space before anything is attached. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_clear_key);
} clear_key SEC(".maps");

static __always_inline struct na_clear_work *na_clear_work_of(__u32 slot)
{
	return bpf_map_lookup_elem(&clear_works, &slot);
}

static __always_inline long na_clear_copy(void *to, __u32 bytes, __u64 from)
{
	return bpf_probe_read_user(to, bytes, (const void *)(unsigned long)from);
}

static __always_inline void na_clear_wipe(void *from, __u32 bytes)
{
	__u32 zero = 0;
	void *blank = bpf_map_lookup_elem(&blank_clear, &zero);

	if (blank)
		bpf_probe_read_kernel(from, bytes, blank);
}

static void na_clear_report(struct na_clear_work *work);

#include "clear.h"

static __always_inline struct na_clear_work *na_clear_try_slot(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (!work)
		return NULL;
#ifdef NA_BEFORE_5_12
	/* none of these programs is preemptible there */
	if (work->busy)
		return NULL;
	work->busy = 1;
#else
	if (__sync_val_compare_and_swap(&work->busy, 0, 1))
		return NULL;
#endif
	return work;
}

/* NULL: all slots are in use. Else the caller must call na_clear_leave(). */
static __always_inline struct na_clear_work *na_clear_enter(__u32 *slot)
{
	struct na_clear_work *work = NULL;

	for (__u32 i = 0; i < NA_CLEAR_SLOTS && !work; i++) {
		*slot = i;
		work = na_clear_try_slot(i);
	}
	return work;
}

/* All but `busy` is zeroed, then that. */
static __always_inline void na_clear_leave(struct na_clear_work *work)
{
	na_clear_wipe(&work->stream, sizeof(*work) - sizeof(work->busy));
	work->busy = 0;
}

#endif
