/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The life of a TCP or MPTCP flow: connect or accept, established, closed. Hooks of every backend
 * end here, with the kernel's socket in hand.
 *
 * Rules that keep "exactly once": an open event goes out where the stage becomes NA_STAGE_OPEN; a
 * close event goes out only from whoever succeeds in deleting the socket's entry.
 */
#ifndef NETAUDIT_BPF_TCP_H
#define NETAUDIT_BPF_TCP_H

#include "datagram.h"
#include "flow.h"
#include "python.h"
#include "relay.h"
#include "stream_maps.h"

static __always_inline void na_report_open(struct sock *sk, struct na_socket *state)
{
	struct na_flow_report report = { .time_ns = bpf_ktime_get_boot_ns(), .type = NA_EVENT_OPEN };

	na_emit_flow(&ring_high, sk, state, &report, NULL);
	if (!scope_host && state->direction == NA_OUTBOUND && na_expect_accept(sk))
		state->flags |= NA_FLOW_LOCAL;
}

static __always_inline void na_report_close(struct sock *sk, const struct na_socket *state, const __u64 *retire,
					    __s32 error, __u32 flags, __u32 last_tcp_state)
{
	struct na_flow_report report = {
		.time_ns = bpf_ktime_get_boot_ns(), .type = NA_EVENT_CLOSE,
		.error = error, .flags = flags, .last_tcp_state = last_tcp_state,
	};

	if (!scope_host && (state->flags & NA_FLOW_LOCAL))
		na_expect_accept_no_longer(sk, state->flags & NA_FLOW_ESTABLISHED);
	na_emit_flow(&ring_bulk, sk, state, &report, retire);
}

/* The MPTCP connection a TCP socket is a subflow of, or NULL. */
static __always_inline struct sock *na_mptcp_parent(struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	struct mptcp_subflow_context *subflow;

	if (!bpf_core_type_exists(struct mptcp_subflow_context) || !BPF_CORE_READ(tcp, is_mptcp))
		return NULL;	/* CONFIG_MPTCP=n has no such types */
	subflow = (struct mptcp_subflow_context *)BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_ulp_data);
	return subflow ? BPF_CORE_READ(subflow, conn) : NULL;
}

static __noinline void na_add_subflow(struct sock *subflow, __u64 parent_key)
{
	struct na_socket *parent = na_find_socket(parent_key), *state, *blank;
	__u64 key = (__u64)subflow;
	__u32 zero = 0;
	int failed;

	blank = bpf_map_lookup_elem(&blank_socket, &zero);
	if (!parent || !blank || !subflow)
		return;
	failed = bpf_map_update_elem(&sockets, &key, blank, BPF_NOEXIST);
	if (failed) {
		if (failed != -EEXIST)
			na_lost_to_map(NA_LOSS(NA_EVENT_CLOSE, NA_LOSS_MAP, 0, 0), NULL);
		return;
	}
	state = bpf_map_lookup_elem(&sockets, &key);
	if (!state)
		return;
	state->parent = parent_key;
	state->stage = NA_STAGE_SUBFLOW;
	__sync_fetch_and_add(&parent->subflows, 1);
}

/* Data was asked to go out with the SYN. */
static __always_inline __u32 na_fast_open_flag(struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	return BPF_CORE_READ(tcp, fastopen_req) || NA_READ_BITS(tcp, fastopen_connect)
		? NA_FLOW_FAST_OPEN : 0;
}

/*
 * A socket begins its life as a connection: what the map has at its address is of another that ended unnoticed. The
 * ends of packet and vsock sockets are not seen on the tracepoint backend, and their memory becomes any socket's.
 */
static __noinline void na_forget_predecessor(struct sock *sk)
{
	struct na_socket *state = na_find_socket((__u64)sk);

	if (state && state->stage >= NA_STAGE_SOCKET)
		na_on_socket_gone(sk);
}

/* An outbound flow by the acting task, not yet visible. An older entry means that its end was missed. */
static __always_inline struct na_socket *na_enter_outbound(struct sock *sk, __u64 key, bool mptcp, const __u8 *remote,
							   __u16 remote_port)
{
	struct na_socket *state;

	na_forget_predecessor(sk);
	state = na_enter_socket(sk, key, BPF_ANY, NA_EVENT_OPEN, NA_OUTBOUND);
	if (!state)
		return NULL;
	state->seen_by = NA_SEEN_CONNECT;
	state->flags |= na_fast_open_flag(sk) | (mptcp ? NA_FLOW_MPTCP : 0);
	state->remote_port = remote_port;
	if (remote)
		__builtin_memcpy(state->remote, remote, 16);
	na_take_stack(NA_STACK_CONNECT, state->id, 0);
	return state;
}

/*
 * A connect has returned (fentry, kprobe). `address` is the kernel's copy of where to; the socket
 * itself forgets its port when the connect fails before a SYN.
 */
static __always_inline void na_on_connect(struct sock *sk, const void *address, int result)
{
	struct sock *parent = na_mptcp_parent(sk);
	__u64 key = parent ? (__u64)parent : (__u64)sk;
	struct na_socket *state;
	__u8 remote[16] = {};
	__u16 remote_port = 0;

	if (result == -EINVAL || result == -EAFNOSUPPORT)
		return;	/* refused as an argument: nothing was attempted */
	if (parent && na_find_socket(key)) {
		if (!result)
			na_add_subflow(sk, key);
		return;
	}
	if (!na_read_sockaddr(address, remote, &remote_port))
		return;
	state = na_enter_outbound(sk, key, parent, remote, remote_port);
	if (!state)
		return;
	state->stage = NA_STAGE_OPEN;
	na_report_open(sk, state);
	if (result < 0)
		na_report_close(sk, state, &key, -result, NA_FLOW_NO_SYN, TCP_CLOSE);
	else if (parent)
		na_add_subflow(sk, key);
}

/* tcp_v6_connect hands mapped addresses to tcp_v4_connect, which has reported; unless it refused first. */
static __always_inline void na_on_connect_v6(struct sock *sk, const void *address, int result)
{
	__u8 remote[16] = {};
	__u16 port;

	if (na_read_sockaddr(address, remote, &port) && na_is_v4_mapped(remote) &&
	    !NA_READ_BITS(sk, __sk_common.skc_ipv6only))
		return;
	na_on_connect(sk, address, result);
}

static __always_inline void na_close_flow(struct sock *sk, __u64 key, __s32 error, __u32 last_tcp_state)
{
	struct na_socket *state = na_find_socket(key);

	if (state)
		na_report_close(sk, state, &key, error, 0, last_tcp_state);
}

/* A subflow ended: its bytes go to the connection, and the last one ends the connection's flow. */
static __always_inline void na_close_subflow(struct sock *sk, __u64 parent_key, __s32 error, __u32 last_tcp_state)
{
	struct na_socket *parent = na_find_socket(parent_key);
	struct na_tcp_counters counters = {};
	__u64 key = (__u64)sk;

	if (bpf_map_delete_elem(&sockets, &key) || !parent)
		return;
	na_read_tcp_counters(&counters, sk);
	__sync_fetch_and_add(&parent->subflow_bytes_out, counters.bytes_out);
	__sync_fetch_and_add(&parent->subflow_bytes_in, counters.bytes_in);
	__sync_fetch_and_add(&parent->subflow_retransmits, counters.retransmits);
	__sync_fetch_and_add(&parent->subflows, -1);
	if (!parent->subflows)
		na_close_flow((struct sock *)parent_key, parent_key, error, last_tcp_state);
}

/*
 * A process took a connection from a listener (all backends). The handshake is over, and the peer
 * may already have ended it: then the state change to CLOSE came before we knew the socket.
 */
static __always_inline void na_on_accept(struct sock *sk, __u8 seen_by)
{
	__u32 protocol = BPF_CORE_READ(sk, sk_protocol);
	struct na_socket *state;
	__u64 key = (__u64)sk;

	if (!scope_host)
		na_meet_relay(sk);
	na_forget_predecessor(sk);
	/* the tracepoint backend may have met it at its first input; elsewhere an older entry is a missed end */
	state = na_enter_socket(sk, key, backend_tracepoint ? BPF_NOEXIST : BPF_ANY, NA_EVENT_OPEN, NA_INBOUND);
	if (!state)
		return;
	na_forget_query();
	na_mark_listened(sk);	/* whoever listens there may be another: a socket can be handed over */
	state->seen_by = seen_by;
	state->established_ns = state->opened_ns;
	state->flags |= NA_FLOW_ESTABLISHED | (protocol == IPPROTO_MPTCP ? NA_FLOW_MPTCP : 0);
	state->stage = NA_STAGE_OPEN;
	if (bpf_core_type_exists(struct mptcp_sock) && protocol == IPPROTO_MPTCP)
		na_add_subflow(BPF_CORE_READ((struct mptcp_sock *)sk, first), key);
	na_report_open(sk, state);
	if (protocol == IPPROTO_TCP && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE)
		na_close_flow(sk, key, BPF_CORE_READ(sk, sk_err), TCP_CLOSE);
}

/* Tracepoint backend: the attempt came to nothing. */
static __always_inline void na_fail_connect(struct sock *sk, __u64 key, __s32 error, __u32 flags)
{
	struct na_socket *state = na_find_socket(key);

	if (!state || state->stage != NA_STAGE_PENDING)
		return;
	state->stage = NA_STAGE_OPEN;
	na_report_open(sk, state);
	na_report_close(sk, state, &key, error, flags, TCP_CLOSE);
}

/* Tracepoint backend: a connect is about to be tried; the open event waits for the SYN. */
static __always_inline void na_on_connect_attempt(struct sock *sk, const __u8 *remote, __u16 port)
{
	struct sock *parent = na_mptcp_parent(sk);
	__u64 key = parent ? (__u64)parent : (__u64)sk;
	struct na_socket *state = na_find_socket(key);

	if (state && parent && state->stage == NA_STAGE_OPEN) {
		na_add_subflow(sk, key);
		return;
	}
	if (state && state->stage == NA_STAGE_PENDING) {
		if (!remote)
			return;	/* the state change of the attempt we know */
		na_fail_connect(sk, key, 0, NA_FLOW_NO_SYN | NA_FLOW_RESULT_UNKNOWN);	/* an earlier one came to nothing */
	}
	state = na_enter_outbound(sk, key, parent, remote, port);
	if (!state)
		return;
	state->thread = bpf_get_current_task();
	state->stage = NA_STAGE_PENDING;
	if (parent)
		na_add_subflow(sk, key);
}

/* Tracepoint backend: the attempt became real (a SYN leaves, or connect returned). */
static __always_inline void na_confirm_connect(struct sock *sk, __u64 key)
{
	struct na_socket *state = na_find_socket(key);

	if (state && state->stage == NA_STAGE_SUBFLOW) {
		key = state->parent;
		state = na_find_socket(key);
	}
	if (!state || state->stage != NA_STAGE_PENDING)
		return;
	state->stage = NA_STAGE_OPEN;
	na_report_open(sk, state);
}

static __always_inline void na_on_established(struct sock *sk, __u64 key)
{
	struct na_socket *state = na_find_socket(key);

	if (state && state->stage == NA_STAGE_SUBFLOW)
		state = na_find_socket(state->parent);
	if (state) {
		if (!state->established_ns)
			state->established_ns = bpf_ktime_get_boot_ns();
		state->flags |= NA_FLOW_ESTABLISHED;
		return;
	}
	/* a subflow the peer added to an accepted MPTCP connection */
	struct sock *parent = na_mptcp_parent(sk);

	if (parent)
		na_add_subflow(sk, (__u64)parent);
}

/*
 * Tracepoint backend: the connecting thread gives up before a SYN. The exit of connect(2) will tell the errno; where
 * there is none (io_uring, Fast Open), the end of the socket will tell that the attempt came to nothing.
 */
static __always_inline bool na_result_to_come(const struct na_socket *state)
{
	return backend_tracepoint && state->stage == NA_STAGE_PENDING && state->thread == bpf_get_current_task();
}

static __always_inline void na_on_tcp_closed(struct sock *sk, __u32 old_state)
{
	__u64 key = (__u64)sk;
	struct na_socket *state = na_find_socket(key);
	__s32 error;

	if (!state || na_result_to_come(state))
		return;
	error = BPF_CORE_READ(sk, sk_err);
	if (backend_tracepoint && state->stage != NA_STAGE_OPEN)
		na_confirm_connect(sk, key);
	if (state->stage == NA_STAGE_SUBFLOW)
		na_close_subflow(sk, state->parent, error, old_state);
	else
		na_close_flow(sk, key, error, old_state);
}

/* sock:inet_sock_set_state, all backends. `current` is arbitrary except at CLOSE → SYN_SENT. */
static __always_inline void na_on_tcp_state(struct sock *sk, __u32 old_state, __u32 new_state)
{
	bool attempt = backend_tracepoint && old_state == TCP_CLOSE && new_state == TCP_SYN_SENT;

	if (new_state == TCP_LISTEN && na_scope_of(na_current_pid()) != NA_SCOPE_NONE)
		na_mark_listened(sk);

	/* most changes are between states that mean nothing here: let them go before anything is read */
	if (old_state == TCP_LISTEN || (new_state != TCP_CLOSE && new_state != TCP_ESTABLISHED && !attempt) ||
	    BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return;
	if (new_state == TCP_CLOSE)
		na_on_tcp_closed(sk, old_state);
	else if (new_state == TCP_ESTABLISHED)
		na_on_established(sk, (__u64)sk);
	else
		na_on_connect_attempt(sk, NULL, 0);
}

#endif
