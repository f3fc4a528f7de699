/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Backend for kernels that load neither fentry nor kprobes: tracepoints and cgroup programs. The
 * cgroup programs always allow; they are attached to the root of cgroup v2.
 */
#ifndef NETAUDIT_BPF_HOOKS_TRACEPOINT_H
#define NETAUDIT_BPF_HOOKS_TRACEPOINT_H

#include "audit.h"
#include "exchange.h"
#include "other.h"
#include <bpf/bpf_tracing.h>

#define ALLOW 1

static __always_inline void na_cgroup_connect(struct bpf_sock_addr *context, const __u8 remote[16])
{
	if (context->protocol == IPPROTO_TCP)
		na_on_connect_attempt(NA_KERNEL_OBJECT(sock, context->sk), remote, bpf_ntohs((__u16)context->user_port));
}

SEC("cgroup/connect4")
int na_connect4(struct bpf_sock_addr *context)
{
	__u8 remote[16] = {};

	na_map_ipv4(remote, context->user_ip4);
	na_cgroup_connect(context, remote);
	return ALLOW;
}

SEC("cgroup/connect6")
int na_connect6(struct bpf_sock_addr *context)
{
	__u32 remote[4] = { context->user_ip6[0], context->user_ip6[1], context->user_ip6[2], context->user_ip6[3] };

	na_cgroup_connect(context, (const __u8 *)remote);
	return ALLOW;
}

#ifdef NA_DIRECT_READS
/* These programs run for full sockets only (sk_fullsock() in BPF_CGROUP_RUN_PROG_INET_INGRESS and _EGRESS). */
#define NA_PACKET_SOCKET struct sock
#define NA_PACKET_SOCKET_OF(skb) NA_KERNEL_OBJECT(sock, (skb)->sk)
#define NA_PROTOCOL_OF(socket) BPF_CORE_READ(socket, sk_protocol)
#define NA_STATE_OF(socket) BPF_CORE_READ(socket, __sk_common.skc_state)
#else
#define NA_PACKET_SOCKET struct bpf_sock
#define NA_PACKET_SOCKET_OF(skb) bpf_sk_fullsock((skb)->sk)
#define NA_PROTOCOL_OF(socket) (socket)->protocol
#define NA_STATE_OF(socket) (socket)->state
#endif

/* Most packets are TCP, and of those only the SYN says something: nothing else may cost more than a look. */
SEC("cgroup_skb/egress")
int na_packet_out(struct __sk_buff *skb)
{
	NA_PACKET_SOCKET *socket = skb->sk ? NA_PACKET_SOCKET_OF(skb) : NULL;
	struct sock *sk;

	if (!socket)
		return ALLOW;
	if (NA_PROTOCOL_OF(socket) == IPPROTO_TCP) {
		if (NA_STATE_OF(socket) == TCP_SYN_SENT) {
			sk = NA_KERNEL_OBJECT(sock, socket);
			na_confirm_connect(sk, (__u64)sk);
		}
		return ALLOW;
	}
	na_on_packet(NA_KERNEL_OBJECT(sock, socket), NA_KERNEL_OBJECT(sk_buff, skb), NA_OUTBOUND, true);
	return ALLOW;
}

SEC("cgroup_skb/ingress")
int na_packet_in(struct __sk_buff *skb)
{
	NA_PACKET_SOCKET *socket = skb->sk ? NA_PACKET_SOCKET_OF(skb) : NULL;

	if (socket && NA_PROTOCOL_OF(socket) != IPPROTO_TCP)
		na_on_packet(NA_KERNEL_OBJECT(sock, socket), NA_KERNEL_OBJECT(sk_buff, skb), NA_INBOUND, false);
	return ALLOW;
}

/* A datagram may arrive before the socket's owner has sent any: know the owner from the start. */
SEC("cgroup/sock_create")
int na_sock_create(struct bpf_sock *socket)
{
	struct sock *sk;

	if (socket->type == SOCK_STREAM && socket->protocol != IPPROTO_SCTP)
		return ALLOW;
	sk = NA_KERNEL_OBJECT(sock, socket);
	if (na_is_datagram_socket(sk))
		na_created_socket(sk);
	return ALLOW;
}

/*
 * An accepted connection whose accept we did not see (io_uring): first noticed at its first input or
 * output, else when it is closed. Connections made by this host's own connect are known already. A
 * connection that ends meanwhile is taken out of the kernel's table first, then reported and forgotten
 * here, then its state changes: so its state is looked at after it was not found, and its place in the table too.
 */
static __noinline void na_accepted_unseen(struct sock *sk, __u8 seen_by)
{
	__u32 state;

	if (na_find_socket((__u64)sk))
		return;
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state == TCP_LISTEN || state == TCP_CLOSE || state == TCP_SYN_SENT ||
	    !BPF_CORE_READ(sk, __sk_common.skc_node.pprev))
		return;
	na_on_accept(sk, seen_by);
}

static __noinline void na_did_other_io(struct sock *sk, __u64 bytes, __u8 direction)
{
	struct na_datagram datagram = { .messages = 1, .bytes = bytes };

	na_begin_other(&datagram, sk, direction);
	na_default_ends(&datagram, sk);
	na_on_datagram(sk, &datagram);
}

/* A unix datagram socket: only a connected one shows here where it sends to. */
static __noinline void na_did_unix_io(struct sock *sk, __u8 direction)
{
	if (BPF_CORE_READ(sk, sk_type) != SOCK_DGRAM)
		return;
	if (direction == NA_OUTBOUND)
		na_on_unix_send(BPF_CORE_READ((struct unix_sock *)sk, peer));
	else
		na_on_datagram_taken(sk);
}

/* A thread has sent or received on a socket; 6.3 and later (commit 40e0b0908142). */
static __always_inline void na_did_io(struct sock *sk, int result, __u8 direction)
{
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (family == AF_INET || family == AF_INET6) {
		if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP) {
			if (na_may_be_audited())
				na_accepted_unseen(sk, NA_SEEN_FIRST_IO);
			if (direction == NA_OUTBOUND && result > 0)
				na_on_tcp_write(sk);
		} else if (result >= 0 && na_is_datagram_socket(sk)) {
			if (direction == NA_INBOUND)
				na_on_datagram_taken(sk);
			na_claim_socket(sk);
			if (direction == NA_OUTBOUND)
				na_sent(sk);
		}
	} else if (result >= 0 && family == AF_UNIX && !scope_host) {
		na_did_unix_io(sk, direction);
	} else if ((result >= 0 && family == AF_PACKET) || (result > 0 && family == AF_VSOCK)) {
		na_did_other_io(sk, result, direction);
	}
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(na_sock_send, struct sock *sk, int result, int flags)
{
	na_did_io(sk, result, NA_OUTBOUND);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(na_sock_receive, struct sock *sk, int result, int flags)
{
	na_did_io(sk, result, NA_INBOUND);
	return 0;
}

/* In frames of their own, like all that several programs end in: BPF stacks are small. */
static __noinline void na_connect_came_to_nothing(struct sock *sk)
{
	na_fail_connect(sk, (__u64)sk, 0, NA_FLOW_NO_SYN | NA_FLOW_RESULT_UNKNOWN);
}

/* Only the attempt this thread made: what stands at a descriptor can be exchanged meanwhile. */
static __noinline void na_connect_returned(struct sock *sk, int result)
{
	struct na_socket *state = na_find_socket((__u64)sk);

	if (!state || state->stage != NA_STAGE_PENDING || state->thread != bpf_get_current_task())
		return;
	if (result < 0 && result != -EINPROGRESS)
		na_fail_connect(sk, (__u64)sk, -result, NA_FLOW_NO_SYN);
	else
		na_confirm_connect(sk, (__u64)sk);
}

SEC("cgroup/sock_release")
int na_sock_release(struct bpf_sock *socket)
{
	struct sock *sk = NA_KERNEL_OBJECT(sock, socket);
	struct na_socket *known;

	if (socket->protocol == IPPROTO_TCP) {
		known = na_find_socket((__u64)sk);
		if (known && known->stage == NA_STAGE_PENDING)
			na_connect_came_to_nothing(sk);
		else if (known && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE)
			na_end_stale_stream(sk);	/* closed before: that was missed */
		else if (!known && na_may_be_audited())
			na_accepted_unseen(sk, NA_SEEN_CLOSE);
	} else if (na_is_datagram_socket(sk)) {
		na_on_socket_gone(sk);
	}
	return ALLOW;
}

static __always_inline int na_accepted(long descriptor)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct sock *sk = descriptor < 0 ? NULL : na_socket_of_descriptor(task, descriptor);

	if (sk)
		na_on_graft(sk);
	return 0;
}

SEC("tp/syscalls/sys_exit_accept")
int na_exit_accept(struct trace_event_raw_sys_exit *context)
{
	return na_accepted(context->ret);
}

SEC("tp/syscalls/sys_exit_accept4")
int na_exit_accept4(struct trace_event_raw_sys_exit *context)
{
	return na_accepted(context->ret);
}

static __noinline void na_unix_connected(struct sock *sk, int result)
{
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct unix_address *address = peer ? BPF_CORE_READ((struct unix_sock *)peer, addr) : NULL;

	if (BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM) {
		if (!result)
			na_on_unix_send(peer);	/* the first that it sends may be read before the sending is seen */
		return;
	}
	na_on_unix_connect(sk, address ? (void *)address + bpf_core_field_offset(struct unix_address, name) : NULL,
			   address ? BPF_CORE_READ(address, len) : 0, result);
}

static __noinline void na_vsock_connected(struct sock *sk)
{
	struct na_datagram datagram = {};

	if (BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM)
		return;
	na_begin_other(&datagram, sk, NA_OUTBOUND);
	datagram.seen_by = NA_SEEN_CONNECT;
	na_default_ends(&datagram, sk);
	na_on_datagram(sk, &datagram);
}

/*
 * The descriptor connect(2) was called with is still in the caller's registers, so nothing need be remembered from its
 * entry. 5.15 brought a helper that finds them; before, the tracepoint's context begins with a pointer to them.
 */
static __always_inline __u32 na_connected_descriptor(void *context)
{
	struct pt_regs *registers;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	else
		registers = (struct pt_regs *)na_read_word(NA_KERNEL_OBJECT(timespec64, context));
	return PT_REGS_PARM1_CORE_SYSCALL(registers);
}

static __always_inline void na_on_connect_exit(void *context, int result)
{
	struct sock *sk = na_socket_of_descriptor((struct task_struct *)bpf_get_current_task(),
						  na_connected_descriptor(context));
	__u32 family;

	if (!sk)
		return;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family == AF_INET || family == AF_INET6)
		na_connect_returned(sk, result);
	else if (family == AF_UNIX)
		na_unix_connected(sk, result);
	else if (family == AF_VSOCK && !result)
		na_vsock_connected(sk);
}

SEC("tp/syscalls/sys_exit_connect")
int na_exit_connect(struct trace_event_raw_sys_exit *context)
{
	if (!na_may_be_audited())
		return 0;
	na_on_connect_exit(context, context->ret);
	na_end_connect();
	return 0;
}

#endif
