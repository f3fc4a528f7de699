/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Unix stream and seqpacket connects, and who answers them; who receives unix datagrams. */
#ifndef NETAUDIT_BPF_UNIX_H
#define NETAUDIT_BPF_UNIX_H

#include "python.h"
#include "relay.h"

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

/* The one that listens is a relay, and so is the one that accepts, which may be another and may come late. */
static __noinline void na_connected_to_relay(struct sock *sk)
{
	struct sock *other = BPF_CORE_READ((struct unix_sock *)sk, peer);
	__u64 key = (__u64)other;

	na_mark_relay(na_peer_pid(sk));
	if (!other || BPF_CORE_READ(other, sk_socket))
		return;	/* accepted: the client was there to be recognised by */
	na_expect_taker(other, NA_WAIT_NS);
	if (BPF_CORE_READ(other, sk_socket))
		bpf_map_delete_elem(&relay_sockets, &key);
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
		na_connected_to_relay(sk);
	if (switches.off || switches.disabled & NA_DISABLED_UNIX)
		return;
	flow = na_new_id();
	na_take_stack(NA_STACK_CONNECT, flow, 0);
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

/* Whoever connected is still there, or has left word. */
static __always_inline void na_on_unix_accept(struct sock *sk)
{
	if (scope_host)
		return;
	if ((relays_expected && na_take_expected(sk)) || na_scope_of(na_peer_pid(sk)) != NA_SCOPE_NONE)
		na_accepted_by_relay(sk);
}

/* Somebody sends a datagram into `other`. What a relay sends may be an answer, and makes nobody a relay. */
static __noinline void na_on_unix_send(struct sock *other)
{
	__u32 scope = scope_host ? NA_SCOPE_HOST : na_scope_of(na_current_pid());

	if (other && (scope == NA_SCOPE_ODOO || scope == NA_SCOPE_UNDECIDED))
		na_expect_taker(other, NA_WAIT_LAST_NS);
}

/* The acting process has received a datagram on this socket. */
static __always_inline void na_on_datagram_taken(struct sock *sk)
{
	if (!scope_host && relays_expected && na_is_expected_taker(sk))
		na_mark_relay(na_current_pid());
}

#endif
