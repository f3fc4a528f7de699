/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Backend fentry: trampolines at the kernel functions every path of a family goes through. */
#ifndef NETAUDIT_BPF_HOOKS_FENTRY_H
#define NETAUDIT_BPF_HOOKS_FENTRY_H

#include "exchange.h"
#include "other.h"
#include "second_copy.h"
#include "tcp.h"
#include "unix.h"
#include <bpf/bpf_tracing.h>

NA_TWICE("fexit/tcp_v4_connect", na_fexit_tcp_v4_connect, NA_HOOK_TCP_V4_CONNECT, sk,
	 na_on_connect(sk, address, result),
	 struct sock *sk, void *address, int length, int result)

NA_TWICE("fexit/tcp_v6_connect", na_fexit_tcp_v6_connect, NA_HOOK_TCP_V6_CONNECT, sk,
	 na_on_connect_v6(sk, address, result),
	 struct sock *sk, void *address, int length, int result)

NA_TWICE("fentry/security_sock_graft", na_fentry_sock_graft, NA_HOOK_SOCK_GRAFT, sk,
	 na_on_graft(sk),
	 struct sock *sk)

NA_TWICE("fentry/ip_send_skb", na_fentry_ip_send_skb, NA_HOOK_IP_SEND, skb,
	 na_on_udp_send(skb),
	 struct net *net, struct sk_buff *skb)

NA_TWICE("fentry/ip6_send_skb", na_fentry_ip6_send_skb, NA_HOOK_IP6_SEND, skb,
	 na_on_udp_send(skb),
	 struct sk_buff *skb)

NA_TWICE("fentry/skb_consume_udp", na_fentry_skb_consume_udp, NA_HOOK_CONSUME_UDP, skb,
	 na_on_udp_receive(sk, skb, length),
	 struct sock *sk, struct sk_buff *skb, int length)

NA_TWICE("fentry/security_socket_sendmsg", na_fentry_socket_sendmsg, NA_HOOK_SENDMSG, message,
	 na_on_other_send(BPF_CORE_READ(socket, sk), message, bytes),
	 struct socket *socket, struct msghdr *message, int bytes)

NA_TWICE("fentry/security_socket_connect", na_fentry_socket_connect, NA_HOOK_CONNECT, socket,
	 na_on_other_connect(BPF_CORE_READ(socket, sk), address),
	 struct socket *socket, void *address)

NA_TWICE("fentry/skb_free_datagram", na_fentry_skb_free_datagram, NA_HOOK_FREE_DATAGRAM, skb,
	 na_on_other_receive(sk, skb),
	 struct sock *sk, struct sk_buff *skb)

NA_TWICE("fexit/unix_stream_connect", na_fexit_unix_stream_connect, NA_HOOK_UNIX_CONNECT, socket,
	 na_on_unix_connect(BPF_CORE_READ(socket, sk), address, length, result),
	 struct socket *socket, void *address, int length, int flags, int result)

NA_TWICE("fentry/security_unix_may_send", na_fentry_unix_may_send, NA_HOOK_UNIX_SEND, other,
	 na_on_unix_send(BPF_CORE_READ(other, sk)),
	 struct socket *socket, struct socket *other)

NA_TWICE("fentry/security_sk_free", na_fentry_sk_free, NA_HOOK_SK_FREE, sk,
	 na_on_free(sk),
	 struct sock *sk)

/* Before 6.3, which tells of every write: the function that most of them go through. Twice does no harm. */
SEC("fentry/tcp_sendmsg")
int BPF_PROG(na_fentry_tcp_sendmsg, struct sock *sk)
{
	na_on_tcp_write(sk);
	return 0;
}

#endif
