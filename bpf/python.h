/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The Python stack of the acting thread, as NA_EVENT_STACK. Taken only where `current` is surely the thread whose
 * doing this is, of a process in scope. A process without a layout from user space pays two lookups.
 */
#ifndef NETAUDIT_BPF_PYTHON_H
#define NETAUDIT_BPF_PYTHON_H

#include "database.h"
#include "native.h"
#include "python_frames.h"

#define NA_TICK_NS 10000000ULL	/* USER_HZ is 100 wherever this runs */

/* The slot, when nobody is in it. */
static __always_inline struct na_walk *na_try_slot(__u32 slot)
{
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);

	if (!walk)
		return NULL;
#ifdef NA_BEFORE_5_12
	/* none of these programs is preemptible there */
	if (walk->busy)
		return NULL;
	walk->busy = 1;
#else
	if (__sync_val_compare_and_swap(&walk->busy, 0, 1))
		return NULL;
#endif
	return walk;
}

/* Both slots by name: before 6.x the verifier loses count of a loop whose index is in memory. */
static __always_inline struct na_walk *na_enter_walk(__u32 *slot)
{
	struct na_walk *walk = na_try_slot(0);

	*slot = 0;
	if (!walk) {
		walk = na_try_slot(1);
		*slot = 1;
	}
	return walk;
}

/*
 * Why a stack is taken is one argument, because there can be no more than five: enum na_stack_reason, enum
 * na_stack_status where it is known beforehand, and the number of an exchange.
 */
#define NA_STACK_STATUS(status) ((__u64)(status) << 8)
#define NA_STACK_NUMBER(number) ((__u64)(number) << 32)

#define NA_TRAMPOLINES 8	/* each serves all probes within 2 GiB of it */

/*
 * Mapped executable, without what the kernel itself has mapped for probes: one page to run instructions out of line and
 * return through, and on 6.18 the trampolines. These come when a probe is hit, a fork leaves them out, and no code of
 * the process is in them. Of more than fit the rest counts: then a clone's number is another.
 */
static __noinline __u64 na_code_pages(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct mm_struct *memory = BPF_CORE_READ(task, mm);
	__u64 of_probes = 0;

	if (bpf_core_field_exists(memory->uprobes_state.xol_area))
		of_probes += BPF_CORE_READ(memory, uprobes_state.xol_area) != NULL;
	if (bpf_core_field_exists(memory->uprobes_state.head_tramps)) {
		struct hlist_node *node = BPF_CORE_READ(memory, uprobes_state.head_tramps.first);

		for (int i = 0; i < NA_TRAMPOLINES && node; i++) {
			of_probes++;
			node = BPF_CORE_READ(node, next);
		}
	}
	return BPF_CORE_READ(memory, exec_vm) - of_probes;
}

/* All but frames and status; `subject` is the thread or process being started, or NULL. */
static __always_inline void na_head_stack(struct na_stack_event *event, __u64 why, __u64 flow,
					  struct task_struct *subject)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	event->header.type = NA_EVENT_STACK;
	event->header.size = sizeof(*event);
	event->reason = why & 0xff;
	event->subject = why >> 32;
	event->flow = flow;
	event->thread_start_ns = BPF_CORE_READ(task, start_boottime);
	event->code_pages = na_code_pages();
	if (subject) {
		event->subject = BPF_CORE_READ(subject, pid);
		event->subject_start_ns = BPF_CORE_READ(subject, start_boottime);
	}
	na_describe_task(&event->task, task, na_scope_of(na_current_pid()));
	na_read_database(event);
}

/* A stack without frames. */
static __noinline void na_report_unwalked(__u64 why, __u64 flow, struct task_struct *subject)
{
	struct na_stack_event *event = bpf_ringbuf_reserve(&ring_stacks, sizeof(*event), 0);
	__u32 zero = 0;
	void *blank;

	if (!event) {
		na_count(NA_EVENT_STACK, NA_LOSS_RING);	/* whose it was is more than the BPF stack has room for */
		return;
	}
	blank = bpf_map_lookup_elem(&blank_stack, &zero);
	bpf_probe_read_kernel(event, sizeof(*event), blank);
	na_head_stack(event, why, flow, subject);
	event->status = why >> 8 & 0xff;
	event->header.time_ns = bpf_ktime_get_boot_ns();
	na_submit(event, NA_EVENT_STACK);
}

#define NA_FORK_FOLLOWS_NS 1000000000ULL	/* what was announced longer ago was not this */

/*
 * Whether the interpreter saw the same frames when it announced what was walked for just now. An announcement is of the
 * first connect(2) that follows it: on tracepoints its exit ends it, else its entry has left its socket there.
 */
static __always_inline __u32 na_witness_of(struct na_walk *walk, __u32 reason)
{
	struct na_announcement *said;
	__u32 witness;

	if (!announcements || (reason != NA_STACK_CONNECT && reason != NA_STACK_PROCESS) ||
	    walk->stack.status == NA_STACK_NO_STATE || walk->stack.status == NA_STACK_BROKEN)
		return NA_WITNESS_NONE;
	said = bpf_map_lookup_elem(&announced, &walk->thread_key);
	if (!said || said->reason != reason || (reason == NA_STACK_CONNECT && !backend_tracepoint && !said->socket))
		return NA_WITNESS_NONE;
	witness = said->digest == walk->digest ? NA_WITNESS_AGREES : NA_WITNESS_DISAGREES;
	if (reason == NA_STACK_PROCESS && bpf_ktime_get_boot_ns() - said->time_ns > NA_FORK_FOLLOWS_NS)
		witness = NA_WITNESS_NONE;
	bpf_map_delete_elem(&announced, &walk->thread_key);
	return witness;
}

static __always_inline void na_report_walked(struct na_walk *walk, __u32 slot, const struct na_python *python,
					     __u64 why, __u64 flow, struct task_struct *subject)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 zero = 0, *generation = bpf_map_lookup_elem(&code_generation, &zero);
	void *blank = bpf_map_lookup_elem(&blank_stack, &zero);

	if (!blank || !generation)
		return;
	bpf_probe_read_kernel(&walk->stack, sizeof(walk->stack), blank);
	bpf_probe_read_kernel(&walk->python, sizeof(walk->python), python);
	na_head_stack(&walk->stack, why, flow, subject);
	if (!++walk->turn)
		walk->turn = 1;		/* 0: nothing was read */
	walk->entry.generation = *generation;
	walk->thread_pointer = na_thread_pointer(task);
	walk->key.start_ns = walk->stack.task.start_ns;
	walk->key.pid = walk->stack.task.pid;
	walk->key.exec_id = BPF_CORE_READ(task, self_exec_id);
	na_take_native(slot, task);
	na_walk_frames(walk, slot);
	walk->stack.witness = na_witness_of(walk, why & 0xff);
	walk->stack.header.time_ns = bpf_ktime_get_boot_ns();
	if (bpf_ringbuf_output(&ring_stacks, &walk->stack, sizeof(walk->stack), 0))
		na_lost(NA_LOSS(NA_EVENT_STACK, NA_LOSS_RING, 0, 0), &walk->stack.task, NULL);
	else
		na_count(NA_EVENT_STACK, NA_LOSS_NONE);
}

/* Once per program that a process runs, and again when code was mapped: user space is asked to look at it. */
static __noinline bool na_first_to_ask(__u32 pid, __u64 start_ns)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct na_once key = { .start_ns = start_ns, .pid = pid, .type = NA_EVENT_STACK };
	__u8 yes = 1;

	key.exec_id = BPF_CORE_READ(task, self_exec_id) ^ na_code_pages() << 32;
	return (int)bpf_map_update_elem(&once, &key, &yes, BPF_NOEXIST) != -EEXIST;
}

/* User space may have the start time from /proc, which counts in ticks. */
static __always_inline bool na_is_about(const struct na_python *python, __u64 start_ns)
{
	return start_ns - python->start_ns < NA_TICK_NS;
}

/*
 * Takes the stack of the current thread. A kernel thread has none; an io_uring worker has its creator's thread
 * pointer, whose frames are doing something else by now.
 */
__noinline int na_take_stack(__u64 why, __u64 flow, __u64 started)
{
	struct task_struct *subject = (struct task_struct *)started;
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 pid = na_current_pid(), flags = BPF_CORE_READ(task, flags), slot = 0;
	__u64 start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	struct na_python *python = bpf_map_lookup_elem(&pythons, &pid);
	struct na_walk *walk;

	if (flags & PF_KTHREAD)
		return 0;
	if (!python || !na_is_about(python, start_ns)) {
		if (na_first_to_ask(pid, start_ns))
			na_report_unwalked(why | NA_STACK_STATUS(NA_STACK_NO_PYTHON), flow, subject);
		return 0;
	}
	if (flags & PF_IO_WORKER) {
		na_report_unwalked(why | NA_STACK_STATUS(NA_STACK_NO_STATE), flow, subject);
		return 0;
	}
	walk = na_enter_walk(&slot);
	if (!walk) {
		na_report_unwalked(why | NA_STACK_STATUS(NA_STACK_BUSY), flow, subject);
		return 0;
	}
	na_report_walked(walk, slot, python, why, flow, subject);
	walk->busy = 0;
	return 0;
}

/* A forked child has its parent's memory, and so its interpreter. */
static __always_inline void na_inherit_python(__u32 parent_pid, __u32 child_pid, struct task_struct *child)
{
	struct na_python *python = bpf_map_lookup_elem(&pythons, &parent_pid);

	if (!python) {
		bpf_map_delete_elem(&pythons, &child_pid);	/* of an earlier process with this number */
		return;
	}
	if (bpf_map_update_elem(&pythons, &child_pid, python, BPF_ANY)) {
		na_count(NA_EVENT_NONE, NA_LOSS_MAP);
		return;
	}
	/* until here the start is the parent's, and the entry is not believed */
	python = bpf_map_lookup_elem(&pythons, &child_pid);
	if (python)
		python->start_ns = BPF_CORE_READ(child, start_boottime);
}

#endif
