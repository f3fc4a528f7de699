/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Process life, on every backend: membership in the scope is inherited at fork; whoever executes, from outside the
 * scope, what may be an Odoo is undecided, and audited, until user space has looked.
 */
#ifndef NETAUDIT_BPF_PROCESS_H
#define NETAUDIT_BPF_PROCESS_H

#include "candidate.h"
#include "emit.h"
#include "python.h"
#include "relay.h"
#include <bpf/bpf_tracing.h>

/* True for one caller only: per process, and per exec of it. */
static __always_inline bool na_first_to_report(__u32 type, struct task_struct *task)
{
	struct na_once key = { .type = type, .pid = BPF_CORE_READ(task, tgid) };
	__u8 yes = 1;

	key.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	if (type == NA_EVENT_EXEC)
		key.exec_id = BPF_CORE_READ(task, self_exec_id);
	return (int)bpf_map_update_elem(&once, &key, &yes, BPF_NOEXIST) != -EEXIST;
}

static __always_inline void na_report_process(__u32 type, struct task_struct *task, __u32 scope, const char *exe,
					      __s32 exit_code)
{
	struct na_task who = {};
	struct na_process_event *event;
	long length;

	na_describe_task(&who, task, scope);
	who.net_namespace = 0;
	event = na_reserve(&ring_high, type, sizeof(*event), bpf_ktime_get_boot_ns());
	if (!event) {
		na_lost(NA_LOSS(type, NA_LOSS_RING, 0, 0), &who, NULL);
		return;
	}
	event->task = who;
	event->parent_start_ns = BPF_CORE_READ(task, group_leader, real_parent, group_leader, start_boottime);
	event->exit_code = exit_code;
	event->off = switches.off != 0;
	if (exe) {
		length = bpf_probe_read_kernel_str(event->exe, sizeof(event->exe), exe);
		event->exe_bytes = length > 0 ? length - 1 : 0;
	}
	na_submit(event, type);
}

static __always_inline int na_on_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 child_pid = BPF_CORE_READ(child, tgid), parent_pid = BPF_CORE_READ(parent, tgid), scope;

	if (child_pid != BPF_CORE_READ(child, pid))
		return 0;	/* a thread */
	scope = na_scope_of(parent_pid);
	if (scope == NA_SCOPE_NONE) {
		bpf_map_delete_elem(&scopes, &child_pid);	/* of an earlier process with this number, should one be left */
		return 0;
	}
	if (!na_first_to_report(NA_EVENT_FORK, child))
		return 0;
	if (!scope_host && bpf_map_update_elem(&scopes, &child_pid, &scope, BPF_ANY))
		na_count(NA_EVENT_NONE, NA_LOSS_MAP);
	na_inherit_python(parent_pid, child_pid, child);
	na_inherit_native(parent_pid, child_pid);
	na_report_process(NA_EVENT_FORK, child, scope, NULL, 0);
	return 0;
}

static __always_inline int na_on_exec(struct task_struct *task, struct linux_binprm *binprm)
{
	__u32 pid = BPF_CORE_READ(task, tgid), scope = na_scope_of(pid);

	if (scope == NA_SCOPE_NONE && na_meet_handed_over(task))
		scope = NA_SCOPE_RELAY;
	if (scope == NA_SCOPE_NONE && !(na_may_run_odoo(binprm) && na_names_odoo(task)))
		return 0;
	if (!na_first_to_report(NA_EVENT_EXEC, task))
		return 0;
	if (scope == NA_SCOPE_NONE) {
		scope = NA_SCOPE_UNDECIDED;
		if (bpf_map_update_elem(&scopes, &pid, &scope, BPF_ANY))
			na_count(NA_EVENT_NONE, NA_LOSS_MAP);
	}
	bpf_map_delete_elem(&pythons, &pid);
	bpf_map_delete_elem(&natives, &pid);
	na_report_process(NA_EVENT_EXEC, task, scope,
			  (const char *)BPF_CORE_READ(binprm, file, f_path.dentry, d_name.name), 0);
	return 0;
}

static __always_inline int na_on_exit(struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, tgid), scope;
	__s32 code;

	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;	/* other threads live on */
	scope = na_scope_of(pid);
	if (scope == NA_SCOPE_NONE || !na_first_to_report(NA_EVENT_EXIT, task))
		return 0;
	if (!scope_host)
		bpf_map_delete_elem(&scopes, &pid);
	bpf_map_delete_elem(&pythons, &pid);
	bpf_map_delete_elem(&natives, &pid);
	code = BPF_CORE_READ(task, signal, group_exit_code);
	na_report_process(NA_EVENT_EXIT, task, scope, NULL, code ? code : BPF_CORE_READ(task, exit_code));
	return 0;
}

/*
 * A preempted program shuts others out of itself on its CPU until it goes on (the kernel counts that as a recursion
 * miss). Where tracepoints are preemptible (6.19) each therefore has a second copy, which finds nothing left to do
 * unless the first was shut out.
 */
#define NA_PROCESS_PROGRAMS(copy) \
SEC("tp_btf/sched_process_fork") \
int BPF_PROG(na_process_fork##copy, struct task_struct *parent, struct task_struct *child) \
{ \
	return na_on_fork(parent, child); \
} \
SEC("tp_btf/sched_process_exec") \
int BPF_PROG(na_process_exec##copy, struct task_struct *task, int old_pid, struct linux_binprm *binprm) \
{ \
	return na_on_exec(task, binprm); \
} \
SEC("tp_btf/sched_process_exit") \
int BPF_PROG(na_process_exit##copy, struct task_struct *task) \
{ \
	return na_on_exit(task); \
}

NA_PROCESS_PROGRAMS()
NA_PROCESS_PROGRAMS(_again)

/*
 * Who starts a thread or a process, for what it will do. A program of its own: a walk takes longer than the fork's
 * event, and while it is preempted no other fork may be shut out.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(na_process_stack, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = BPF_CORE_READ(parent, tgid), reason = NA_STACK_PROCESS;

	if (BPF_CORE_READ(child, tgid) != BPF_CORE_READ(child, pid)) {
		reason = NA_STACK_THREAD;
		if (!bpf_map_lookup_elem(&pythons, &pid))
			return 0;	/* it is not worth asking for */
	}
	if (na_scope_of(pid) != NA_SCOPE_NONE)
		na_take_stack(reason, 0, (__u64)na_plain_pointer(child));
	return 0;
}

#endif
