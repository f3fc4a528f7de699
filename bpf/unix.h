/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Unix stream and seqpacket connects, and who answers them. */
#ifndef NETAUDIT_BPF_UNIX_H
#define NETAUDIT_BPF_UNIX_H

#include "python.h"
#include "relay.h"

static __always_inline __u32 na_peer_pid(struct sock *sk)
{
	struct pid *pid = BPF_CORE_READ(sk, sk_peer_pid);

	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

/* `address` is the kernel's copy of a sockaddr_un, `length` its size. */
static __always_inline void na_read_unix_path(struct na_unix_event *event, const void *address, __u32 length)
{
	__u32 bytes;

	if (length <= 2 || length > 2 + NA_UNIX_PATH_BYTES)
		return;
	bytes = length - 2;
	asm volatile("" : "+r"(bytes));
	if (bytes > NA_UNIX_PATH_BYTES)
		return;
	bpf_probe_read_kernel(event->path, bytes, address + 2);
	event->path_bytes = bytes;
	event->abstract = !event->path[0];
}

static __always_inline void na_on_unix_connect(struct sock *sk, const void *address, __u32 length, int result)
{
	struct na_task who = {};
	struct na_unix_event *event;
	__u64 flow;
	__u32 flags = 0;
	struct task_struct *task = na_acting_task(&flags);

	who.scope = na_scope_of(BPF_CORE_READ(task, tgid));
	if (who.scope == NA_SCOPE_NONE || result == -EINVAL || result <= -ERESTARTSYS)
		return;	/* refused as an argument, or about to be tried again */
	na_describe_task(&who, task, who.scope);
	who.net_namespace = na_socket_net_namespace(sk);
	if (!scope_host && !result)
		na_mark_relay(na_peer_pid(sk));
	flow = na_new_id();
	na_take_stack(NA_STACK_CONNECT, flow, NULL);
	event = na_reserve(&ring_high, NA_EVENT_UNIX, sizeof(*event), bpf_ktime_get_boot_ns());
	if (!event) {
		na_lost(NA_LOSS(NA_EVENT_UNIX, NA_LOSS_RING, 0, AF_UNIX), &who, NULL);
		return;
	}
	event->task = who;
	event->flow = flow;
	event->error = result < 0 ? -result : 0;
	event->socket_type = BPF_CORE_READ(sk, sk_type);
	event->peer_pid = result ? 0 : na_peer_pid(sk);
	na_read_unix_path(event, address, length);
	na_submit(event, NA_EVENT_UNIX);
}

/* Socket activation: the listener is another process than the one that accepts. */
static __always_inline void na_on_unix_accept(struct sock *sk)
{
	__u32 scope;

	if (scope_host)
		return;
	scope = na_scope_of(na_peer_pid(sk));
	if (scope != NA_SCOPE_NONE)
		na_mark_relay(bpf_get_current_pid_tgid() >> 32);
}

#endif
