/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Backend fentry: trampolines at the kernel functions every path of a family goes through. */
#ifndef NETAUDIT_BPF_HOOKS_FENTRY_H
#define NETAUDIT_BPF_HOOKS_FENTRY_H

#include "other.h"
#include "tcp.h"
#include "unix.h"
#include <bpf/bpf_tracing.h>

SEC("fexit/tcp_v4_connect")
int BPF_PROG(na_fexit_tcp_v4_connect, struct sock *sk, void *address, int length, int result)
{
	na_on_connect(sk, address, result);
	return 0;
}

SEC("fexit/tcp_v6_connect")
int BPF_PROG(na_fexit_tcp_v6_connect, struct sock *sk, void *address, int length, int result)
{
	na_on_connect_v6(sk, address, result);
	return 0;
}

SEC("fentry/security_sock_graft")
int BPF_PROG(na_fentry_sock_graft, struct sock *sk)
{
	na_on_graft(sk);
	return 0;
}

SEC("fentry/ip_send_skb")
int BPF_PROG(na_fentry_ip_send_skb, struct net *net, struct sk_buff *skb)
{
	na_on_udp_send(skb);
	return 0;
}

SEC("fentry/ip6_send_skb")
int BPF_PROG(na_fentry_ip6_send_skb, struct sk_buff *skb)
{
	na_on_udp_send(skb);
	return 0;
}

SEC("fentry/skb_consume_udp")
int BPF_PROG(na_fentry_skb_consume_udp, struct sock *sk, struct sk_buff *skb, int length)
{
	na_on_udp_receive(sk, skb, length);
	return 0;
}

SEC("fentry/security_socket_sendmsg")
int BPF_PROG(na_fentry_socket_sendmsg, struct socket *socket, struct msghdr *message, int bytes)
{
	na_on_other_send(BPF_CORE_READ(socket, sk), message, bytes);
	return 0;
}

SEC("fentry/security_socket_connect")
int BPF_PROG(na_fentry_socket_connect, struct socket *socket, void *address)
{
	na_on_other_connect(BPF_CORE_READ(socket, sk), address);
	return 0;
}

SEC("fentry/skb_free_datagram")
int BPF_PROG(na_fentry_skb_free_datagram, struct sock *sk, struct sk_buff *skb)
{
	na_on_other_receive(sk, skb);
	return 0;
}

SEC("fexit/unix_stream_connect")
int BPF_PROG(na_fexit_unix_stream_connect, struct socket *socket, void *address, int length, int flags, int result)
{
	na_on_unix_connect(BPF_CORE_READ(socket, sk), address, length, result);
	return 0;
}

SEC("fentry/security_sk_free")
int BPF_PROG(na_fentry_sk_free, struct sock *sk)
{
	na_on_socket_gone(sk);
	return 0;
}

#endif
