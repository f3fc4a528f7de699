/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Building flow events out of a kernel socket and what we keep about it. */
#ifndef NETAUDIT_BPF_FLOW_H
#define NETAUDIT_BPF_FLOW_H

#include "emit.h"
#include <bpf/bpf_endian.h>

static __always_inline void na_map_ipv4(__u8 out[16], __be32 address)
{
	__builtin_memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	__builtin_memcpy(out + 12, &address, 4);
}

static __always_inline bool na_is_v4_mapped(const __u8 address[16])
{
	const __u32 *word = (const __u32 *)address;

	return !word[0] && !word[1] && word[2] == bpf_htonl(0xffff);
}

static __always_inline bool na_is_zero(const __u8 address[16])
{
	const __u64 *half = (const __u64 *)address;

	return !half[0] && !half[1];
}

static __always_inline bool na_is_loopback(const __u8 address[16])
{
	const __u64 *half = (const __u64 *)address;

	return (na_is_v4_mapped(address) && address[12] == 127) ||
	       (!half[0] && half[1] == bpf_cpu_to_be64(1));
}

/* A kernel-copied sockaddr_in or sockaddr_in6. False for any other family. */
static __always_inline bool na_read_sockaddr(const void *address, __u8 out[16], __u16 *port)
{
	struct sockaddr_in_fixed copy;
	__u64 start = na_read_word(address);

	__builtin_memcpy(&copy, &start, sizeof(copy));
	*port = bpf_ntohs(copy.port);
	if (copy.family == AF_INET) {
		na_map_ipv4(out, copy.address);
		return true;
	}
	if (copy.family != AF_INET6)
		return false;
	na_read_16(out, address + 8);
	return true;
}

/* The two ends of a flow; `family` is AF_INET for an IPv6 socket that speaks IPv4. */
struct na_ends {
	__u8 local[16];
	__u8 remote[16];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;
	__u16 flags;	/* NA_FLOW_V4_MAPPED or 0 */
};

/* Addresses as the socket has them; an unset remote keeps what the caller put there. */
static __always_inline void na_read_ends(struct na_ends *ends, struct sock *sk)
{
	__u16 port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));

	ends->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	ends->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	if (port)
		ends->remote_port = port;
	if (ends->family == AF_INET6) {
		na_read_16(ends->local, &sk->__sk_common.skc_v6_rcv_saddr);
		if (port)
			na_read_16(ends->remote, &sk->__sk_common.skc_v6_daddr);
		if (na_is_v4_mapped(ends->remote)) {
			ends->family = AF_INET;
			ends->flags = NA_FLOW_V4_MAPPED;
			if (na_is_zero(ends->local))
				na_map_ipv4(ends->local, 0);
		}
		return;
	}
	na_map_ipv4(ends->local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	if (port)
		na_map_ipv4(ends->remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
}

struct na_tcp_counters {
	__u64 bytes_out;
	__u64 bytes_in;
	__u32 retransmits;
	__u32 smoothed_rtt_us;
};

/*
 * Payload bytes, without retransmissions. The kernel counts a received FIN as one byte
 * (tcp_rcv_nxt_update with end_seq); SOCK_DONE says that one was received.
 */
static __always_inline void na_read_tcp_counters(struct na_tcp_counters *counters, struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	__u64 received = BPF_CORE_READ(tcp, bytes_received);
	bool finished = BPF_CORE_READ(sk, __sk_common.skc_flags) & (1UL << SOCK_DONE_BIT);

	counters->bytes_out = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	counters->bytes_in = received - (finished && received ? 1 : 0);
	counters->retransmits = BPF_CORE_READ(tcp, total_retrans);
	counters->smoothed_rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
}

/*
 * Before 6.5 an MPTCP socket has no counters: the sum of its subflows counts twice what was sent again on another
 * subflow (docs/hooks.md).
 */
static __always_inline void na_read_mptcp_counters(struct na_tcp_counters *counters, struct sock *sk,
						   const struct na_socket *state)
{
	struct mptcp_sock *mptcp = (struct mptcp_sock *)sk;

	counters->bytes_out = state->subflow_bytes_out;
	counters->bytes_in = state->subflow_bytes_in;
	counters->retransmits = state->subflow_retransmits;
	if (bpf_core_field_exists(mptcp->bytes_received)) {
		counters->bytes_out = BPF_CORE_READ(mptcp, bytes_sent);
		counters->bytes_in = BPF_CORE_READ(mptcp, bytes_received);
	}
}

struct na_flow_report {
	__u64 time_ns;
	__u32 type;
	__s32 error;
	__u32 flags;		/* added to the socket's own */
	__u32 last_tcp_state;
};

/* Everything but the header: from the state kept (opener, times) and from the socket. */
static __always_inline void na_fill_flow(struct na_flow_event *event, struct sock *sk, const struct na_ends *ends,
					 const struct na_socket *state, const struct na_flow_report *report)
{
	struct na_tcp_counters counters = {};

	event->task = state->task;
	event->flow = state->id;
	event->opened_ns = state->opened_ns;
	event->established_ns = state->established_ns;
	event->direction = state->direction;
	event->seen_by = state->seen_by;
	event->flags = state->flags | report->flags | ends->flags;
	event->error = report->error;
	event->last_tcp_state = report->last_tcp_state;
	event->socket_type = BPF_CORE_READ(sk, sk_type);
	event->protocol = BPF_CORE_READ(sk, sk_protocol);
	event->family = ends->family;
	event->local_port = ends->local_port;
	event->remote_port = ends->remote_port;
	__builtin_memcpy(event->local, ends->local, 16);
	__builtin_memcpy(event->remote, ends->remote, 16);
	if (report->type == NA_EVENT_OPEN)
		return;
	if (state->flags & NA_FLOW_MPTCP) {
		na_read_mptcp_counters(&counters, sk, state);
	} else if (event->protocol == IPPROTO_TCP) {
		event->exchanges = state->exchanges;
		event->exchanges_unexamined = state->exchanges_unexamined;
		na_read_tcp_counters(&counters, sk);
	}
	event->bytes_out = counters.bytes_out;
	event->bytes_in = counters.bytes_in;
	event->retransmits = counters.retransmits;
	event->smoothed_rtt_us = counters.smoothed_rtt_us;
}

/*
 * Reports a flow. With `retire`, the entry under that key is deleted too, and the report goes out
 * only from whoever really deleted it.
 */
static __always_inline void na_emit_flow(void *ring, struct sock *sk, const struct na_socket *state,
					 const struct na_flow_report *report, const __u64 *retire)
{
	struct na_ends ends = { .remote_port = state->remote_port };
	struct na_flow_event *event;

	__builtin_memcpy(ends.remote, state->remote, 16);
	na_read_ends(&ends, sk);
	event = na_reserve(ring, report->type, sizeof(*event), report->time_ns);
	if (!event) {
		if (!retire || (int)bpf_map_delete_elem(&sockets, retire) != -ENOENT)
			na_lost(NA_LOSS(report->type, NA_LOSS_RING, ends.remote_port, ends.family), &state->task, ends.remote);
		return;
	}
	na_fill_flow(event, sk, &ends, state, report);
	if (retire && (int)bpf_map_delete_elem(&sockets, retire) == -ENOENT)
		bpf_ringbuf_discard(event, 0);
	else
		na_submit(event, report->type);
}

/* The entry of a socket; NULL when there is none, or it is still being filled in by another CPU. */
static __always_inline struct na_socket *na_find_socket(__u64 key)
{
	struct na_socket *state = bpf_map_lookup_elem(&sockets, &key);

	return state && state->stage != NA_STAGE_NONE ? state : NULL;
}

/* An event that found no room in a state map: counted with the acting task's name. */
static __noinline void na_lost_to_map(__u64 loss, const __u8 *remote)
{
	struct na_task who = {};
	__u32 flags = 0;

	na_describe_task(&who, na_acting_task(&flags), NA_SCOPE_NONE);
	na_lost(loss, &who, remote);
}

/*
 * A new entry, filled except for what the caller knows (remote, stage: the stage makes it visible). The acting task
 * is its author. NULL: not audited, or there already (BPF_NOEXIST), or no room, which is counted as `type`.
 */
static __always_inline struct na_socket *na_enter_socket(struct sock *sk, __u64 key, __u64 map_flags, __u32 type,
							 __u8 direction)
{
	__u32 flags = 0, zero = 0, scope;
	struct task_struct *task = na_acting_task(&flags);
	struct na_socket *blank = bpf_map_lookup_elem(&blank_socket, &zero), *state;
	int failed;

	scope = na_scope_of(BPF_CORE_READ(task, tgid));
	if (switches.off || !blank || scope == NA_SCOPE_NONE || (scope == NA_SCOPE_RELAY && direction == NA_INBOUND))
		return NULL;
	failed = bpf_map_update_elem(&sockets, &key, blank, map_flags);
	if (failed) {
		if (failed != -EEXIST)
			na_lost_to_map(NA_LOSS(type, NA_LOSS_MAP, 0, 0), NULL);
		return NULL;
	}
	state = bpf_map_lookup_elem(&sockets, &key);
	if (!state)
		return NULL;
	state->opened_ns = bpf_ktime_get_boot_ns();
	state->id = na_new_id();
	state->flags = flags;
	state->direction = direction;
	na_describe_task(&state->task, task, scope);
	state->task.net_namespace = na_socket_net_namespace(sk);
	return state;
}

#endif
