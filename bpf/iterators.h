/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What user space asks for instead of being told: the sockets that were open before the hooks were,
 * and the counters of flows that are still open. Both answer in the shape of an event.
 */
#ifndef NETAUDIT_BPF_ITERATORS_H
#define NETAUDIT_BPF_ITERATORS_H

#include "datagram.h"
#include "tcp.h"
#include "unix.h"
#include <bpf/bpf_tracing.h>

static __always_inline bool na_is_connected_stream(struct sock *sk, __u32 protocol)
{
	__u32 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP) && state != TCP_LISTEN && state != TCP_CLOSE;
}

/* The owner is the task whose descriptor table is being walked, not whoever runs the iterator. */
static __always_inline bool na_adopt(struct na_socket *state, struct task_struct *task, struct sock *sk)
{
	__u32 scope = na_scope_of(BPF_CORE_READ(task, tgid));

	if (scope == NA_SCOPE_NONE)
		return false;
	state->id = na_new_id();
	state->opened_ns = bpf_ktime_get_boot_ns();
	state->seen_by = NA_SEEN_ITERATOR;
	state->flags = NA_FLOW_PRE_EXISTING;
	na_describe_task(&state->task, task, scope);
	state->task.net_namespace = na_socket_net_namespace(sk);
	return true;
}

/* An answer being made: not on the BPF stack, which has to hold a socket's entry. One thread of the observer reads. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_flow_event);
} answers SEC(".maps");

static __always_inline struct na_flow_event *na_begin_answer(__u32 type, __u64 time_ns)
{
	__u32 zero = 0;
	struct na_flow_event *event = bpf_map_lookup_elem(&answers, &zero);

	if (!event)
		return NULL;
	__builtin_memset(event, 0, sizeof(*event));
	event->header.time_ns = time_ns;
	event->header.type = type;
	event->header.size = sizeof(*event);
	return event;
}

static __noinline void na_answer_open(struct seq_file *seq, struct sock *sk, const struct na_socket *state)
{
	struct na_flow_event *event = na_begin_answer(NA_EVENT_OPEN, state->opened_ns);
	struct na_flow_report report = { .type = NA_EVENT_OPEN };
	struct na_ends ends = {};

	if (!event)
		return;
	na_read_ends(&ends, sk);
	if (na_is_local_talk(sk, &ends))
		report.flags = NA_FLOW_LOCAL;
	na_fill_flow(event, sk, &ends, state, &report);
	bpf_seq_write(seq, event, sizeof(*event));
}

SEC("iter/task_file")
int na_existing_sockets(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct socket *socket;
	struct na_socket state = {};
	__u32 protocol;
	struct sock *sk;
	__u64 key;

	if (!task || !file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = socket ? BPF_CORE_READ(socket, sk) : NULL;
	if (!sk)
		return 0;
	key = (__u64)sk;
	protocol = BPF_CORE_READ(sk, sk_protocol);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_INET && BPF_CORE_READ(sk, __sk_common.skc_family) != AF_INET6)
		return 0;
	if (protocol == IPPROTO_TCP && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN &&
	    na_scope_of(BPF_CORE_READ(task, tgid)) != NA_SCOPE_NONE)
		na_mark_listened(sk);
	if (na_is_connected_stream(sk, protocol)) {
		state.stage = NA_STAGE_OPEN;
		if (protocol == IPPROTO_MPTCP)
			state.flags = NA_FLOW_MPTCP;
	} else if (na_is_datagram_socket(sk)) {
		state.stage = NA_STAGE_SOCKET;
	} else {
		return 0;
	}
	if (!na_adopt(&state, task, sk) || bpf_map_update_elem(&sockets, &key, &state, BPF_NOEXIST))
		return 0;
	if (state.stage != NA_STAGE_OPEN)
		return 0;
	if (bpf_core_type_exists(struct mptcp_sock) && protocol == IPPROTO_MPTCP)
		na_add_subflow(BPF_CORE_READ((struct mptcp_sock *)sk, first), key);
	na_answer_open(context->meta->seq, sk, &state);
	return 0;
}

/*
 * Whoever already serves somebody in scope when the auditor starts. User space has put into
 * `relay_expected` the ends of the loopback connections that processes in scope had made.
 */
SEC("iter/task_file")
int na_existing_relays(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct socket *socket;
	struct sock *sk;
	__u32 family;

	if (scope_host || !task || !file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = socket ? BPF_CORE_READ(socket, sk) : NULL;
	if (!sk || na_scope_of(BPF_CORE_READ(task, tgid)) != NA_SCOPE_NONE)
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family == AF_UNIX) {
		/* of an accepted socket: who connected */
		if (BPF_CORE_READ((struct unix_sock *)sk, peer) && na_scope_of(na_peer_pid(sk)) != NA_SCOPE_NONE)
			na_mark_relay(BPF_CORE_READ(task, tgid));
	} else if ((family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP) {
		if (na_is_expected_accept(sk, false))
			na_mark_relay(BPF_CORE_READ(task, tgid));
	}
	return 0;
}

static __noinline void na_answer_progress(struct seq_file *seq, __u64 key, const struct na_socket *state)
{
	struct na_flow_report report = { .type = NA_EVENT_PROGRESS };
	struct na_flow_event *event = na_begin_answer(NA_EVENT_PROGRESS, bpf_ktime_get_boot_ns());
	struct sock *sk = (struct sock *)key;
	struct na_ends ends = {};

	if (!event)
		return;
	if (state->stage == NA_STAGE_OPEN) {
		na_read_ends(&ends, sk);
		na_fill_flow(event, sk, &ends, state, &report);
	} else {
		event->socket = state->id;
		event->task = state->task;
	}
	bpf_seq_write(seq, event, sizeof(*event));
}

/*
 * Datagram sockets answer with their id and owner only (flow 0): an observer that takes over needs them.
 * The entry may be deleted and the socket freed while we read: the reads cannot fault, and an
 * entry that is gone afterwards has had its close event, so its answer is not sent.
 */
SEC("iter/bpf_map_elem")
int na_open_flows(struct bpf_iter__bpf_map_elem *context)
{
	struct na_socket state;
	__u64 key, *socket_key = context->key;
	struct na_socket *value = context->value;

	if (!socket_key || !value)
		return 0;
	bpf_probe_read_kernel(&state, sizeof(state), value);
	bpf_probe_read_kernel(&key, sizeof(key), socket_key);
	value = bpf_map_lookup_elem(&sockets, &key);
	if (!value || value->id != state.id)
		return 0;
	if (state.stage == NA_STAGE_OPEN || state.stage >= NA_STAGE_SOCKET)
		na_answer_progress(context->meta->seq, key, &state);
	return 0;
}

#endif
