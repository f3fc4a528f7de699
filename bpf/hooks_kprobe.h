/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Backend kprobe: the same functions as fentry. A return probe does not see the arguments, so the
 * three functions whose result matters keep them from entry to return, per thread.
 */
#ifndef NETAUDIT_BPF_HOOKS_KPROBE_H
#define NETAUDIT_BPF_HOOKS_KPROBE_H

#include "exchange.h"
#include "other.h"
#include "tcp.h"
#include "unix.h"
#include <bpf/bpf_tracing.h>

/* tcp_v6_connect calls tcp_v4_connect for mapped addresses: the outer call has a key of its own. */
#define NA_INNER 0
#define NA_OUTER (1ULL << 63)

static __always_inline void na_keep_call(__u64 nesting, struct sock *sk, const void *address, int length)
{
	struct na_call call = { .sk = (__u64)sk, .address = (__u64)address, .length = length };
	__u64 key = bpf_get_current_pid_tgid() | nesting;

	if (na_may_be_audited() && bpf_map_update_elem(&calls, &key, &call, BPF_ANY))
		na_lost_to_map(NA_LOSS(NA_EVENT_OPEN, NA_LOSS_MAP, 0, 0), NULL);
}

static __always_inline bool na_take_call(__u64 nesting, struct na_call *call)
{
	__u64 key = bpf_get_current_pid_tgid() | nesting;
	struct na_call *kept = bpf_map_lookup_elem(&calls, &key);

	if (!kept)
		return false;
	*call = *kept;
	bpf_map_delete_elem(&calls, &key);
	return true;
}

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(na_kprobe_tcp_v4_connect, struct sock *sk, void *address, int length)
{
	na_keep_call(NA_INNER, sk, address, length);
	return 0;
}

SEC("kretprobe/tcp_v4_connect")
int BPF_KRETPROBE(na_kretprobe_tcp_v4_connect, int result)
{
	struct na_call call;

	if (na_take_call(NA_INNER, &call))
		na_on_connect((struct sock *)call.sk, (void *)call.address, result);
	return 0;
}

SEC("kprobe/tcp_v6_connect")
int BPF_KPROBE(na_kprobe_tcp_v6_connect, struct sock *sk, void *address, int length)
{
	na_keep_call(NA_OUTER, sk, address, length);
	return 0;
}

SEC("kretprobe/tcp_v6_connect")
int BPF_KRETPROBE(na_kretprobe_tcp_v6_connect, int result)
{
	struct na_call call;

	if (na_take_call(NA_OUTER, &call))
		na_on_connect_v6((struct sock *)call.sk, (void *)call.address, result);
	return 0;
}

SEC("kprobe/unix_stream_connect")
int BPF_KPROBE(na_kprobe_unix_stream_connect, struct socket *socket, void *address, int length)
{
	na_keep_call(NA_INNER, BPF_CORE_READ(socket, sk), address, length);
	return 0;
}

SEC("kretprobe/unix_stream_connect")
int BPF_KRETPROBE(na_kretprobe_unix_stream_connect, int result)
{
	struct na_call call;

	if (na_take_call(NA_INNER, &call))
		na_on_unix_connect((struct sock *)call.sk, (void *)call.address, call.length, result);
	return 0;
}

SEC("kprobe/security_sock_graft")
int BPF_KPROBE(na_kprobe_sock_graft, struct sock *sk)
{
	na_on_graft(sk);
	return 0;
}

SEC("kprobe/ip_send_skb")
int BPF_KPROBE(na_kprobe_ip_send_skb, struct net *net, struct sk_buff *skb)
{
	na_on_udp_send(skb);
	return 0;
}

SEC("kprobe/ip6_send_skb")
int BPF_KPROBE(na_kprobe_ip6_send_skb, struct sk_buff *skb)
{
	na_on_udp_send(skb);
	return 0;
}

SEC("kprobe/skb_consume_udp")
int BPF_KPROBE(na_kprobe_skb_consume_udp, struct sock *sk, struct sk_buff *skb, int length)
{
	na_on_udp_receive(sk, skb, length);
	return 0;
}

SEC("kprobe/security_socket_sendmsg")
int BPF_KPROBE(na_kprobe_socket_sendmsg, struct socket *socket, struct msghdr *message, int bytes)
{
	na_on_other_send(BPF_CORE_READ(socket, sk), message, bytes);
	return 0;
}

SEC("kprobe/security_socket_connect")
int BPF_KPROBE(na_kprobe_socket_connect, struct socket *socket, void *address)
{
	na_on_other_connect(BPF_CORE_READ(socket, sk), address);
	return 0;
}

SEC("kprobe/skb_free_datagram")
int BPF_KPROBE(na_kprobe_skb_free_datagram, struct sock *sk, struct sk_buff *skb)
{
	na_on_other_receive(sk, skb);
	return 0;
}

SEC("kprobe/security_unix_may_send")
int BPF_KPROBE(na_kprobe_unix_may_send, struct socket *socket, struct socket *other)
{
	na_on_unix_send(BPF_CORE_READ(other, sk));
	return 0;
}

SEC("kprobe/security_sk_free")
int BPF_KPROBE(na_kprobe_sk_free, struct sock *sk)
{
	na_on_free(sk);
	return 0;
}

SEC("kprobe/tcp_sendmsg")
int BPF_KPROBE(na_kprobe_tcp_sendmsg, struct sock *sk)
{
	na_on_tcp_write(sk);
	return 0;
}

#endif
