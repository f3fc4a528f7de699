/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The C stack of the acting thread, for processes that have an add-on's native code mapped: registers, and those words
 * that are addresses of code or of the stack itself. User space follows the chain (src/target/unwind.c).
 *
 * User space says which processes those are, and what is code in them, once it has looked. As long as it has not, or
 * code was mapped or unmapped since, a word is taken for an address of code when a call instruction stands before it,
 * or what stands there cannot be read.
 */
#ifndef NETAUDIT_BPF_NATIVE_H
#define NETAUDIT_BPF_NATIVE_H

#include "python_text.h"
#include <netaudit/native.h>

#define NA_CHUNK_WORDS 32
#define NA_CHUNKS (NA_NATIVE_STACK_BYTES / (8 * NA_CHUNK_WORDS))
#define NA_MAPPED_BYTES (1ULL << 40)	/* libraries are mapped this close to mmap_base, on either side */

/* Written by user space; a fork copies its parent's entry. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC: an entry takes 8 KiB, and most hosts need none */);
	__type(key, __u32);	/* process id */
	__type(value, struct na_native_code);
} natives SEC(".maps");

struct na_native_walk {
	struct na_native_code code;
	__u64 chunk[NA_CHUNK_WORDS];
	__u64 program, program_bytes, mapped;	/* where code may be that is not listed */
	__u32 next;		/* chunk to read */
	__u32 reserved;
	struct na_native_event event;
};

/* Used under the busy mark of the walk in the same slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NA_WALK_SLOTS);
	__type(key, __u32);
	__type(value, struct na_native_walk);
} native_walks SEC(".maps");

/* Never written: the zeroes an event starts as. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_native_event);
} blank_native SEC(".maps");

/* 1: the address is in a range. Verified by itself, because it is asked about every word. */
__noinline int na_is_code(__u32 slot, __u64 word)
{
	struct na_native_walk *walk = bpf_map_lookup_elem(&native_walks, &slot);
	__u64 low = 0;

	if (!walk)
		return 0;
	/* without a branch, which would be two paths at every turn; words beyond all ranges may end anywhere */
	for (int step = NA_NATIVE_RANGES_LOG2 - 1; step >= 0; step--) {
		__u64 middle = low + (1ULL << step);
		__u64 start = walk->code.range[middle & (NA_NATIVE_RANGES - 1)].start;
		__u64 take = ((middle - walk->code.count) & (start - word - 1)) >> 63;

		asm volatile("" : "+r"(take));
		low += take << step;
	}
	low &= NA_NATIVE_RANGES - 1;
	return word >= walk->code.range[low].start && word < walk->code.range[low].end;
}

/*
 * 1: a call instruction ends right before this address. x86-64: e8 and 4 bytes, or ff with 2 in the middle bits of the
 * second byte, and 0 to 5 more for the place where the callee's address is. Also when the page is not there: a clone
 * has its parent's return addresses on its stack before it has run any of that code.
 */
__noinline int na_is_after_call(__u64 word)
{
	const __u64 indirect = 0x10ff, mask = 0x38ff;
	__u64 before = 0;

	if (NA_READ_USER(before, word - sizeof(before)))
		return 1;
	return (before >> 24 & 0xff) == 0xe8 || (before >> 48 & mask) == indirect || (before >> 40 & mask) == indirect ||
	       (before >> 32 & mask) == indirect || (before >> 16 & mask) == indirect || (before >> 8 & mask) == indirect;
}

static __always_inline bool na_may_be_code(const struct na_native_walk *walk, __u32 slot, __u64 word)
{
	if (!walk->event.unlisted)
		return word >= walk->code.range[0].start && na_is_code(slot, word);
	return (word - walk->program < walk->program_bytes || word - walk->mapped < 2 * NA_MAPPED_BYTES) &&
	       na_is_after_call(word);
}

/* One more chunk of the stack. 1: it is over. */
__noinline int na_pick_words(__u32 slot)
{
	struct na_native_walk *walk = bpf_map_lookup_elem(&native_walks, &slot);
	__u32 first;
	__u64 at;

	if (!walk)
		return 1;
	first = walk->next * NA_CHUNK_WORDS;
	/* a stack may end before all was looked at: then there was no more */
	at = walk->event.stack + first * 8;
	if (bpf_probe_read_user(walk->chunk, sizeof(walk->chunk), (const void *)(unsigned long)at))
		return 1;
	walk->next++;
	for (__u32 i = 0; i < NA_CHUNK_WORDS; i++) {
		__u64 word = walk->chunk[i];
		__u64 count = walk->event.count;

		if (word - walk->event.stack >= NA_NATIVE_STACK_BYTES && !na_may_be_code(walk, slot, word))
			continue;
		if (count >= NA_NATIVE_WORDS) {
			walk->event.status = NA_STACK_TRUNCATED;
			return 1;
		}
		asm volatile("" : "+r"(count));	/* so that the bound is stated again, for the verifier */
		count &= NA_NATIVE_WORDS - 1;
		walk->event.slot[count] = first + i;
		walk->event.word[count] = word;
		walk->event.count = count + 1;
	}
	return 0;
}

#if defined(__TARGET_ARCH_x86)
#define NA_KERNEL_STACK_BYTES 16384	/* THREAD_SIZE without KASAN */
#define NA_USER_CODE 0x33		/* __USER_CS, __USER_DS */
#define NA_USER_DATA 0x2b

/* At the top of the kernel stack; with FRED (6.9) 16 bytes below it. What is there must look like user registers. */
static __always_inline bool na_read_registers(struct na_native_event *event, struct task_struct *task)
{
	__u64 top = (__u64)BPF_CORE_READ(task, stack) + NA_KERNEL_STACK_BYTES - bpf_core_type_size(struct pt_regs);

	for (int padding = 0; padding <= 16; padding += 16) {
		struct pt_regs *registers = (struct pt_regs *)(top - padding);

		if (BPF_CORE_READ(registers, cs) == NA_USER_CODE && BPF_CORE_READ(registers, ss) == NA_USER_DATA) {
			event->instruction = BPF_CORE_READ(registers, ip);
			event->stack = BPF_CORE_READ(registers, sp);
			event->frame = BPF_CORE_READ(registers, bp);
			event->argument = BPF_CORE_READ(registers, di);
			return true;
		}
	}
	return false;
}
#else
static __always_inline bool na_read_registers(struct na_native_event *event, struct task_struct *task)
{
	return false;
}
#endif

/*
 * What is code in this process, as far as the kernel was told. False: its C stack is not wanted. One that nobody may
 * want is not sent while the ring is half full: stacks come first.
 */
static __always_inline bool na_list_code(struct na_native_walk *native, const struct na_walk *walk, const void *blank,
					 struct mm_struct *memory)
{
	bool told = walk->stack.code_pages == walk->python.code_pages;
	__u32 pid = walk->stack.task.pid;
	const void *code = NULL;

	if (told && !walk->python.code_listed)
		return false;
	bpf_probe_read_kernel(&native->event, sizeof(native->event), blank);
	if (told)
		code = bpf_map_lookup_elem(&natives, &pid);
	if (code) {
		bpf_probe_read_kernel(&native->code, sizeof(native->code), code);
		return true;
	}
	if (bpf_ringbuf_query(&ring_stacks, BPF_RB_AVAIL_DATA) > bpf_ringbuf_query(&ring_stacks, BPF_RB_RING_SIZE) / 2)
		return false;
	native->event.unlisted = 1;
	native->program = BPF_CORE_READ(memory, start_code);
	native->program_bytes = BPF_CORE_READ(memory, end_code) - native->program;
	native->mapped = BPF_CORE_READ(memory, mmap_base) - NA_MAPPED_BYTES;
	return true;
}

/* Sent before the stack event that is being made in the walk of the same slot. */
static __noinline void na_take_native(__u32 slot, struct task_struct *task)
{
	struct na_native_walk *native = bpf_map_lookup_elem(&native_walks, &slot);
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);
	struct na_native_event *event;
	__u32 zero = 0;
	void *blank = bpf_map_lookup_elem(&blank_native, &zero);

	if (!native || !walk || !blank || !na_list_code(native, walk, blank, BPF_CORE_READ(task, mm)))
		return;
	event = &native->event;
	event->header.type = NA_EVENT_NATIVE;
	event->header.size = sizeof(*event);
	event->task = walk->stack.task;
	event->thread_start_ns = walk->stack.thread_start_ns;
	event->flow = walk->stack.flow;
	event->subject_start_ns = walk->stack.subject_start_ns;
	event->subject = walk->stack.subject;
	event->reason = walk->stack.reason;
	native->next = 0;
	if (!na_read_registers(event, task))
		event->status = NA_STACK_BROKEN;
	else
		for (int i = 0; i < NA_CHUNKS; i++)
			if (na_pick_words(slot))
				break;
	event->header.time_ns = bpf_ktime_get_boot_ns();
	if (bpf_ringbuf_output(&ring_stacks, event, sizeof(*event), 0))
		na_lost(NA_LOSS(NA_EVENT_NATIVE, NA_LOSS_RING, 0, 0), &walk->stack.task, NULL);
	else
		na_count(NA_EVENT_NATIVE, NA_LOSS_NONE);
}

/* A forked child has its parent's mappings. */
static __always_inline void na_inherit_native(__u32 parent_pid, __u32 child_pid)
{
	struct na_native_code *code = bpf_map_lookup_elem(&natives, &parent_pid);

	if (!code)
		bpf_map_delete_elem(&natives, &child_pid);	/* of an earlier process with this number */
	else if (bpf_map_update_elem(&natives, &child_pid, code, BPF_ANY))
		na_count(NA_EVENT_NONE, NA_LOSS_MAP);
}

#endif
