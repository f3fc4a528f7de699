/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The thread's Python state and the frames on it. While a thread is in a system call its own frames stand still: other
 * threads run Python meanwhile (the GIL is released), but only lists of threads change under our eyes.
 *
 * The loops call functions that are verified by themselves (not static): so the verifier sees each body once, on every
 * kernel from 5.10, without bpf_loop (5.17) and what 6.1 gets wrong about it (docs/decisions.md).
 */
#ifndef NETAUDIT_BPF_PYTHON_FRAMES_H
#define NETAUDIT_BPF_PYTHON_FRAMES_H

#include "python_code.h"

#define NA_THREAD_HOPS 16
#define NA_THREAD_ROUNDS 256	/* hops * rounds: threads and interpreters looked through, at most */
#define NA_FRAME_STEPS (2 * NA_STACK_FRAMES + 2)	/* with the frames that only lead from C to Python */

/* PyThreadState starts with prev, next, interp, from 3.9 to 3.14; the layout has the place of `next`. */
struct na_thread_links {
	__u64 previous, next, interpreter;
};

static __always_inline __u64 na_thread_pointer(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(task, thread.fsbase);
#else
	return BPF_CORE_READ(task, thread.uw.tp_value);
#endif
}

/*
 * Whether the state that was ours is ours still. A state that was freed may look as before, so it must also be a
 * member of its list: the one before it, or the interpreter, must point to it. And it must be of the interpreter that
 * was made last: a thread that runs code in one has a state with frames in the one it came from, too.
 */
static __always_inline bool na_is_own_thread(const struct na_walk *walk, __u64 thread)
{
	const struct na_python *python = &walk->python;
	struct na_thread_links links = {};
	__u64 id = 0, link = 0, at;

	if (NA_READ_USER(id, thread + python->thread_id) || id != walk->thread_pointer ||
	    NA_READ_USER(links, thread + python->thread_next - 8))
		return false;
	at = links.previous ? links.previous + python->thread_next : links.interpreter + python->interpreter_threads;
	if (NA_READ_USER(link, at) || link != thread)
		return false;
	at = python->runtime + python->runtime_interpreters;
	return !NA_READ_USER(link, at) && link == links.interpreter;
}

static __always_inline bool na_first_frame(struct na_walk *walk)
{
	__u64 at = walk->thread + walk->python.thread_frame;

	if (NA_READ_USER(walk->frame, at))
		return false;
	if (walk->python.cframe_frame == NA_PYTHON_ABSENT || !walk->frame)
		return true;
	at = walk->frame + walk->python.cframe_frame;
	return !NA_READ_USER(walk->frame, at);
}

/* Some more threads of some interpreter. 1: it is over; walk->found says how. */
__noinline int na_search_thread(__u32 slot)
{
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u64 id = 0;

	if (!walk)
		return 1;
	for (int i = 0; i < NA_THREAD_HOPS; i++) {
		if (!walk->thread) {
			__u64 interpreter = walk->interpreter;

			if (!interpreter)
				return 1;
			NA_READ_USER(walk->thread, interpreter + walk->python.interpreter_threads);
			NA_READ_USER(walk->interpreter, interpreter + walk->python.interpreter_next);
			continue;
		}
		if (!NA_READ_USER(id, walk->thread + walk->python.thread_id) && id == walk->thread_pointer) {
			if (!na_first_frame(walk))
				walk->stack.status = NA_STACK_BROKEN;
			else if (walk->frame)
				walk->found = 1;
			if (walk->found || walk->stack.status == NA_STACK_BROKEN)
				return 1;
			walk->frameless = walk->thread;
		}
		NA_READ_USER(walk->thread, walk->thread + walk->python.thread_next);
	}
	return 0;
}

/*
 * walk->thread and walk->frame, from memory or by search. False: the thread has no Python state. Up to 3.11 the state
 * made for a new thread carries the id of the thread that makes it until the new one runs, and stands before that
 * thread's own in the list: one with frames is preferred.
 */
static __always_inline bool na_find_thread(struct na_walk *walk, __u32 slot)
{
	__u64 *known;

	walk->thread_key.start_ns = walk->stack.thread_start_ns;
	walk->thread_key.tid = walk->stack.task.tid;
	known = bpf_map_lookup_elem(&python_threads, &walk->thread_key);
	if (known && na_is_own_thread(walk, *known)) {
		walk->thread = *known;
		if (na_first_frame(walk) && walk->frame)
			return true;
	}
	walk->found = 0;
	walk->thread = 0;
	walk->frameless = 0;
	NA_READ_USER(walk->interpreter, walk->python.runtime + walk->python.runtime_interpreters);
	for (int i = 0; i < NA_THREAD_ROUNDS; i++)
		if (na_search_thread(slot))
			break;
	if (!walk->found) {
		walk->frame = 0;
		return walk->frameless || walk->stack.status == NA_STACK_BROKEN;
	}
	bpf_map_update_elem(&python_threads, &walk->thread_key, &walk->thread, BPF_ANY);
	return true;
}

/* Bytes into the bytecode; the layouts differ in what they keep. */
static __always_inline __s32 na_instruction(const struct na_walk *walk, __u64 kept)
{
	const struct na_python *python = &walk->python;
	__u64 offset;

	if (python->version < 0x030b) {
		__s32 last = (__s32)kept;

		/* 3.10 counts instructions of two bytes, 3.9 bytes; -1: not started */
		return python->version == 0x030a && last > 0 ? last * 2 : last;
	}
	offset = kept - (walk->key.code + python->code_instructions);
	return offset >> 31 ? -1 : (__s32)offset;
}

enum na_step { NA_STEP_OVER, NA_STEP_ON, NA_STEP_NEW_CODE };

/* The frame in hand becomes the next of the stack. */
static __always_inline int na_add_frame(struct na_walk *walk)
{
	struct na_stack_frame *frame;
	__u64 n = walk->stack.count;

	asm volatile("" : "+r"(n));
	if (n >= NA_STACK_FRAMES)
		return NA_STEP_OVER;
	frame = &walk->stack.frames[n];
	frame->code = walk->entry.id;
	frame->instruction = walk->instruction;
	frame->flags = walk->frame_flags;
	walk->stack.count = n + 1;
	if (!walk->entry.id)
		walk->stack.status = NA_STACK_CODE_LOST;
	return NA_STEP_ON;
}

__noinline int na_add_new_frame(__u32 slot)
{
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);

	return walk ? na_add_frame(walk) : NA_STEP_OVER;
}

/* A frame that leads from C to Python: the one it leads to was called from C. */
static __always_inline int na_mark_entry(struct na_walk *walk)
{
	__u64 n = walk->stack.count - 1ULL;

	asm volatile("" : "+r"(n));
	if (n < NA_STACK_FRAMES)
		walk->stack.frames[n].flags |= NA_FRAME_ENTRY;
	return NA_STEP_ON;
}

static __always_inline int na_break_off(struct na_walk *walk, __u32 status)
{
	walk->stack.status = status;
	return NA_STEP_OVER;
}

enum na_frame_kind { NA_FRAME_UNREADABLE, NA_FRAME_SKIPPED, NA_FRAME_PYTHON };

/* Reads the frame in hand and moves to the next one out. PYTHON: its code, globals, instruction and flags are known. */
static __always_inline enum na_frame_kind na_read_frame(struct na_walk *walk)
{
	__u64 kept, bytes = walk->python.frame_bytes;

	asm volatile("" : "+r"(bytes));
	if (!bytes || bytes > NA_OBJECT_BYTES ||
	    bpf_probe_read_user(walk->object, bytes, (const void *)(unsigned long)walk->frame))
		return NA_FRAME_UNREADABLE;
	walk->frame = na_word_at(walk, walk->python.frame_back);
	if (walk->python.frame_owner != NA_PYTHON_ABSENT &&
	    na_byte_at(walk, walk->python.frame_owner) >= walk->python.frame_owner_skip)
		return NA_FRAME_SKIPPED;
	walk->frame_flags = walk->python.frame_is_entry != NA_PYTHON_ABSENT &&
		na_byte_at(walk, walk->python.frame_is_entry) ? NA_FRAME_ENTRY : 0;
	kept = na_word_at(walk, walk->python.frame_instruction);
	walk->key.code = na_word_at(walk, walk->python.frame_code) & ~(__u64)walk->python.pointer_tag;
	walk->entry.globals = na_word_at(walk, walk->python.frame_globals);
	walk->instruction = na_instruction(walk, kept);
	return NA_FRAME_PYTHON;
}

/*
 * What two walks of one call have in common: which code with which globals, and where in it. The innermost frame may
 * have gone on since: subprocess announces in one line of a function and forks in another.
 */
static __always_inline void na_mix_frame(struct na_walk *walk)
{
	__u64 mixed = (walk->digest ^ walk->key.code) * NA_MIX;

	mixed = (mixed ^ mixed >> 29 ^ walk->entry.globals) * NA_MIX;
	if (walk->stack.count)
		mixed = (mixed ^ (__u32)walk->instruction) * NA_MIX;
	walk->digest = mixed ^ mixed >> 32;
}

/* One frame further out. OVER: stack.status says how; NEW_CODE: its code object is to be described first. */
__noinline int na_walk_frame(__u32 slot)
{
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);
	enum na_identified identified;
	enum na_frame_kind kind;

	if (!walk || !walk->frame)
		return NA_STEP_OVER;
	kind = na_read_frame(walk);
	if (kind == NA_FRAME_UNREADABLE)
		return na_break_off(walk, NA_STACK_BROKEN);
	if (kind == NA_FRAME_SKIPPED)
		return na_mark_entry(walk);
	if (walk->stack.count >= NA_STACK_FRAMES)
		return na_break_off(walk, NA_STACK_TRUNCATED);
	na_mix_frame(walk);
	identified = na_identify_code(walk);
	if (identified == NA_CODE_NONE)
		return na_break_off(walk, NA_STACK_BROKEN);
	return identified == NA_CODE_KNOWN ? na_add_frame(walk) : NA_STEP_NEW_CODE;
}

/* The same for walk->digest alone: no code object is looked at. */
__noinline int na_digest_frame(__u32 slot)
{
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);
	enum na_frame_kind kind;

	if (!walk || !walk->frame)
		return NA_STEP_OVER;
	kind = na_read_frame(walk);
	if (kind == NA_FRAME_UNREADABLE)
		return na_break_off(walk, NA_STACK_BROKEN);
	if (kind == NA_FRAME_SKIPPED)
		return NA_STEP_ON;
	if (walk->stack.count >= NA_STACK_FRAMES)
		return NA_STEP_OVER;
	na_mix_frame(walk);
	walk->stack.count++;
	return NA_STEP_ON;
}

/* walk->digest of the acting thread's frames, which walk->stack names. False: they could not be read. */
static __always_inline bool na_digest_frames(struct na_walk *walk, __u32 slot)
{
	walk->digest = 0;
	walk->stack.count = 0;
	walk->stack.status = NA_STACK_COMPLETE;
	if (!na_find_thread(walk, slot))
		return false;
	for (int i = 0; i < NA_FRAME_STEPS; i++)
		if (na_digest_frame(slot) == NA_STEP_OVER)
			return walk->stack.status == NA_STACK_COMPLETE;
	return false;
}

/* Fills walk->stack's frames and status. The callee's frames are side by side, not nested: BPF stacks are small. */
static __always_inline void na_walk_frames(struct na_walk *walk, __u32 slot)
{
	int step = NA_STEP_ON;

	walk->digest = 0;
	if (!na_find_thread(walk, slot)) {
		walk->stack.status = NA_STACK_NO_STATE;
		return;
	}
	for (int i = 0; i < NA_FRAME_STEPS; i++) {
		step = na_walk_frame(slot);
		if (step == NA_STEP_NEW_CODE) {
			na_begin_code(slot);
			na_find_module(slot);
			na_finish_code(slot);
			step = na_add_new_frame(slot);
		}
		if (step == NA_STEP_OVER)
			return;
	}
	walk->stack.status = NA_STACK_BROKEN;	/* frames that only lead to one another */
}

#endif
