/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Families without hooks of their own: raw and ICMP, packet, vsock and SCTP sockets, at the point
 * where every family passes (the security_socket_* functions): sizes are those asked for, the
 * result is not known there.
 */
#ifndef NETAUDIT_BPF_OTHER_H
#define NETAUDIT_BPF_OTHER_H

#include "audit.h"
#include "datagram.h"
#include "tcp.h"
#include "unix.h"

static __always_inline bool na_is_other_socket(struct sock *sk)
{
	__u32 family, protocol = BPF_CORE_READ(sk, sk_protocol);

	if (protocol == IPPROTO_TCP)
		return false;	/* by far the most */
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family == AF_PACKET || family == AF_VSOCK)
		return true;
	return (family == AF_INET || family == AF_INET6) && protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE &&
	       na_is_datagram_socket(sk);
}

/* A kernel-copied address of any of these families; packet: interface and link-layer address. */
static __always_inline void na_read_other_address(struct na_datagram *datagram, const void *address)
{
	struct sockaddr_ll_fixed link = {};
	struct sockaddr_vm_fixed vm = {};

	if (datagram->family == AF_PACKET) {
		bpf_probe_read_kernel(&link, sizeof(link), address);
		__builtin_memcpy(datagram->remote, link.addr, 8);
		*(__u32 *)&datagram->remote[12] = link.ifindex;
		datagram->protocol = bpf_ntohs(link.protocol);
	} else if (datagram->family == AF_VSOCK) {
		bpf_probe_read_kernel(&vm, sizeof(vm), address);
		*(__u32 *)&datagram->remote[0] = vm.cid;
		*(__u32 *)&datagram->remote[4] = vm.port;
	} else {
		na_read_sockaddr(address, datagram->remote, &datagram->remote_port);
		if (datagram->protocol != IPPROTO_SCTP)
			datagram->remote_port = 0;	/* raw sockets: a protocol number or nothing */
	}
}

static __always_inline void na_begin_other(struct na_datagram *datagram, struct sock *sk, __u8 direction)
{
	datagram->direction = direction;
	datagram->seen_by = direction == NA_OUTBOUND ? NA_SEEN_SEND : NA_SEEN_RECEIVE;
	datagram->process_context = true;
	datagram->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	datagram->protocol = BPF_CORE_READ(sk, sk_protocol);
	/* packet sockets have no ports: the field keeps what is sent apart from what is received */
	if (datagram->family == AF_PACKET)
		datagram->remote_port = direction;
}

/*
 * The peer of a connected vsock socket: behind its struct sock come a pointer and the two addresses (since 5.5). The
 * type is in a module that may be loaded after us, so the place is computed; both families at their places confirm it.
 */
static __always_inline void na_read_vsock_peer(struct na_datagram *datagram, struct sock *sk)
{
	struct { struct sockaddr_vm_fixed local; __u32 more; struct sockaddr_vm_fixed remote; } ends = {};

	bpf_probe_read_kernel(&ends, sizeof(ends), (char *)sk + ((bpf_core_type_size(struct sock) + 7) & ~7UL) + 8);
	if (ends.local.family != AF_VSOCK || ends.remote.family != AF_VSOCK)
		return;
	*(__u32 *)&datagram->remote[0] = ends.remote.cid;
	*(__u32 *)&datagram->remote[4] = ends.remote.port;
}

/* The ends a socket has by itself, where the message names none. In a frame of its own: BPF stacks are small. */
static __noinline void na_default_ends(struct na_datagram *datagram, struct sock *sk)
{
	struct na_ends ends = {};

	if (datagram->family == AF_VSOCK)
		na_read_vsock_peer(datagram, sk);
	if (datagram->family != AF_INET && datagram->family != AF_INET6)
		return;
	na_read_ends(&ends, sk);
	__builtin_memcpy(datagram->local, ends.local, 16);
	__builtin_memcpy(datagram->remote, ends.remote, 16);
	if (datagram->protocol == IPPROTO_SCTP) {
		datagram->local_port = ends.local_port;
		datagram->remote_port = ends.remote_port;
	}
}

static __always_inline void na_finish_other(struct na_datagram *datagram, struct sock *sk)
{
	if (datagram->family == AF_INET6 && na_is_v4_mapped(datagram->remote)) {
		datagram->family = AF_INET;
		datagram->flags = NA_FLOW_V4_MAPPED;
	}
	na_on_datagram(sk, datagram);
}

static __always_inline void na_on_other_send(struct sock *sk, struct msghdr *message, __u64 bytes)
{
	struct na_datagram datagram = { .messages = 1, .bytes = bytes };
	void *address;

	if (!na_is_other_socket(sk))
		return;
	na_begin_other(&datagram, sk, NA_OUTBOUND);
	na_default_ends(&datagram, sk);
	address = BPF_CORE_READ(message, msg_name);
	if (address)
		na_read_other_address(&datagram, address);
	na_finish_other(&datagram, sk);
}

static __always_inline void na_on_other_connect(struct sock *sk, const void *address)
{
	struct na_datagram datagram = {};
	__u32 type = BPF_CORE_READ(sk, sk_type);

	na_meet_connect(sk);
	/* connect on a datagram or raw socket only sets the default destination */
	if ((type != SOCK_STREAM && type != SOCK_SEQPACKET) || !na_is_other_socket(sk))
		return;
	na_begin_other(&datagram, sk, NA_OUTBOUND);
	datagram.seen_by = NA_SEEN_CONNECT;
	na_read_other_address(&datagram, address);
	na_finish_other(&datagram, sk);
}

/* A frame of its own each: together they would not fit a BPF stack. */
static __noinline void na_graft_stream(struct sock *sk)
{
	na_on_accept(sk, NA_SEEN_ACCEPT);
}

static __noinline void na_graft_other(struct sock *sk)
{
	struct na_datagram datagram = {};

	na_begin_other(&datagram, sk, NA_INBOUND);
	datagram.seen_by = NA_SEEN_ACCEPT;
	na_default_ends(&datagram, sk);
	na_finish_other(&datagram, sk);
}

/* security_sock_graft(): an accepted socket of any family gets its file, in the accepting thread. */
static __always_inline void na_on_graft(struct sock *sk)
{
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family), protocol = BPF_CORE_READ(sk, sk_protocol);

	if (family == AF_UNIX)
		na_on_unix_accept(sk);
	else if ((family == AF_INET || family == AF_INET6) && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP))
		na_graft_stream(sk);
	else if (na_is_other_socket(sk))
		na_graft_other(sk);
}

static __noinline void na_end_stale_stream(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct na_socket *state = na_find_socket(key);

	if (state && state->stage == NA_STAGE_OPEN)
		na_report_close(sk, state, &key, 0, NA_FLOW_RESULT_UNKNOWN, TCP_CLOSE);
}

/* security_sk_free(): the last of a socket. A stream that is still known here has had its close missed. */
static __always_inline void na_on_free(struct sock *sk)
{
	struct na_socket *state = na_find_socket((__u64)sk);

	if (!state)
		return;
	if (state->stage == NA_STAGE_OPEN)
		na_end_stale_stream(sk);
	else
		na_on_socket_gone(sk);
}

/* skb_free_datagram(): the end of every raw, ICMP, packet and unix datagram receive. */
static __always_inline void na_on_other_receive(struct sock *sk, struct sk_buff *skb)
{
	struct na_datagram datagram = { .messages = 1 };

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		na_on_datagram_taken(sk);
	if (!na_is_other_socket(sk) || na_is_peeked(skb))
		return;
	na_begin_other(&datagram, sk, NA_INBOUND);
	if (datagram.family == AF_PACKET)
		datagram.bytes = BPF_CORE_READ(skb, len);
	else if (!na_read_packet(skb, &datagram))
		return;
	na_on_datagram(sk, &datagram);
}

#endif
