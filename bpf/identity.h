/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Who is running and whether they are audited: read from the task itself, at the event. */
#ifndef NETAUDIT_BPF_IDENTITY_H
#define NETAUDIT_BPF_IDENTITY_H

#include "maps.h"
#include "read.h"

/*
 * The task whose doing this is. An io_uring worker before 5.12 is a kernel thread that borrowed the
 * process's memory: its owner is the process.
 */
static __always_inline struct task_struct *na_acting_task(__u32 *flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	/* mm->owner is there with CONFIG_MEMCG only */
	if (bpf_core_field_exists(struct mm_struct, owner) && (BPF_CORE_READ(task, flags) & PF_KTHREAD)) {
		struct task_struct *owner = BPF_CORE_READ(task, mm, owner);

		if (owner) {
			*flags |= NA_FLOW_KERNEL_WORKER;
			return owner;
		}
	}
	return task;
}

/* By the task: cgroup_skb programs have no bpf_get_current_pid_tgid on 6.1 and before. */
static __always_inline __u32 na_current_pid(void)
{
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), tgid);
}

static __always_inline __u32 na_current_tid(void)
{
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), pid);
}

static __always_inline __u32 na_scope_of(__u32 pid)
{
	__u32 *scope;

	if (scope_host)
		return NA_SCOPE_HOST;
	scope = bpf_map_lookup_elem(&scopes, &pid);
	return scope ? *scope : NA_SCOPE_NONE;
}

/* Cheap refusal before state is kept for a call; a kernel thread may act for somebody in scope. */
static __always_inline bool na_may_be_audited(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return na_scope_of(na_current_pid()) != NA_SCOPE_NONE ||
	       (BPF_CORE_READ(task, flags) & PF_KTHREAD);
}

/* Tells a socket from a later one at the same address: the inode of its file, 0 while it has none. */
static __always_inline __u64 na_socket_inode(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

static __always_inline __u32 na_socket_net_namespace(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline __u32 na_pid_namespace(struct pid *pid)
{
	char *numbers = (char *)pid + bpf_core_field_offset(struct pid, numbers) + bpf_core_field_offset(struct upid, ns);
	unsigned int level = BPF_CORE_READ(pid, level);
	struct pid_namespace *namespace = NULL;

	/* numbers[] is as long as the namespace is deep (at most 32); a plain index would not relocate */
	if (!level)
		namespace = (struct pid_namespace *)na_read_word(numbers);
	else
		bpf_probe_read_kernel(&namespace, sizeof(namespace),
				      numbers + (level & 31) * bpf_core_type_size(struct upid));
	return BPF_CORE_READ(namespace, ns.inum);
}

/* Fills everything except net_namespace, which belongs to the socket. */
static __always_inline void na_describe_task(struct na_task *out, struct task_struct *task, __u32 scope)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	out->start_ns = BPF_CORE_READ(leader, start_boottime);
	out->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	out->pid = BPF_CORE_READ(task, tgid);
	out->tid = BPF_CORE_READ(task, pid);
	out->parent_pid = BPF_CORE_READ(leader, real_parent, tgid);
	out->uid = BPF_CORE_READ(task, cred, uid.val);
	out->scope = scope;
	out->reserved = 0;
	out->pid_namespace = na_pid_namespace(BPF_CORE_READ(task, thread_pid));
	na_read_comm(out->comm, task);
}

/* An id no other flow has. 5.12 brought atomics that return a value; before, time and CPU tell. */
static __always_inline __u64 na_new_id(void)
{
#ifdef NA_BEFORE_5_12
	return flow_id_base + bpf_ktime_get_boot_ns() * 64 + (bpf_get_smp_processor_id() & 63);
#else
	return flow_id_base + __sync_fetch_and_add(&next_flow_id, 1) + 1;
#endif
}

#endif
