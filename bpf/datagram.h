/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Datagram flows: UDP, ICMP, raw, SCTP, packet and vsock sockets. A flow is one (socket, peer); its
 * counters stay in the kernel until user space collects them, so a flood of datagrams costs no
 * events: only the first datagram of a flow and the end of the socket are handed over.
 */
#ifndef NETAUDIT_BPF_DATAGRAM_H
#define NETAUDIT_BPF_DATAGRAM_H

#include "packet.h"
#include "python.h"

static __always_inline bool na_is_datagram_socket(struct sock *sk)
{
	__u32 protocol = BPF_CORE_READ(sk, sk_protocol);

	if (NA_READ_BITS(sk, sk_kern_sock))
		return false;
	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE || protocol == IPPROTO_ICMP ||
	       protocol == IPPROTO_ICMPV6 || protocol == IPPROTO_SCTP || BPF_CORE_READ(sk, sk_type) == SOCK_RAW;
}

/* False when the acting process is not audited. */
static __always_inline bool na_describe_owner(struct sock *sk, struct na_task *out, __u32 *flags)
{
	struct task_struct *task = na_acting_task(flags);
	__u32 scope = na_scope_of(BPF_CORE_READ(task, tgid));

	if (scope == NA_SCOPE_NONE)
		return false;
	na_describe_task(out, task, scope);
	out->net_namespace = na_socket_net_namespace(sk);
	return true;
}

static __noinline void na_on_socket_gone(struct sock *sk);

/*
 * The end of a socket may go unnoticed (a program that is shut out; packet and vsock sockets of the tracepoint
 * backend): another inode at the same address is another socket.
 */
static __always_inline struct na_socket *na_known_socket(struct sock *sk)
{
	struct na_socket *known = na_find_socket((__u64)sk);
	__u64 inode;

	if (!known)
		return NULL;
	inode = na_socket_inode(sk);
	if (known->stage >= NA_STAGE_SOCKET) {
		if (!known->inode)
			known->inode = inode;	/* it had no file yet when it was created */
		if (!inode || known->inode == inode)
			return known;
	}
	na_on_socket_gone(sk);
	return NULL;
}

/* The socket's entry, made by whoever first uses it. NULL when it is not audited. */
static __always_inline struct na_socket *na_datagram_socket(struct sock *sk, bool process_context)
{
	struct na_socket *state = na_known_socket(sk);

	if (state || !process_context)
		return state;
	state = na_enter_socket(sk, (__u64)sk, BPF_NOEXIST, NA_EVENT_DATAGRAM, NA_DIRECTION_NONE);
	if (!state)	/* not audited, or another thread was first */
		return na_find_socket((__u64)sk);
	state->inode = na_socket_inode(sk);
	state->stage = NA_STAGE_SOCKET;
	return state;
}

/* Tracepoint backend: known from creation; whoever first uses it makes it his own. */
static __always_inline void na_created_socket(struct sock *sk)
{
	struct na_socket *socket = na_datagram_socket(sk, true);

	if (socket)
		socket->stage = NA_STAGE_CREATED;
}

/*
 * Tracepoint backend: the first thread that sends or receives on a socket. Datagrams that had
 * arrived before were reported with the creator's name: an event without a flow corrects that.
 */
static __noinline void na_claim_socket(struct sock *sk)
{
	struct na_socket *socket = na_find_socket((__u64)sk);
	struct na_flow_event *event;
	struct na_task task = {};
	__u32 flags = 0;

	if (!socket || socket->stage != NA_STAGE_CREATED)
		return;
	socket->stage = NA_STAGE_SOCKET;
	if (socket->task.tid == na_current_tid() || !na_describe_owner(sk, &task, &flags))
		return;
	socket->task = task;
	event = na_reserve(&ring_bulk, NA_EVENT_DATAGRAM, sizeof(*event), bpf_ktime_get_boot_ns());
	if (!event) {
		na_lost(NA_LOSS(NA_EVENT_DATAGRAM, NA_LOSS_RING, 0, 0), &task, NULL);
		return;
	}
	event->task = task;
	event->socket = socket->id;
	na_submit(event, NA_EVENT_DATAGRAM);
}

static __noinline void na_report_datagram(struct sock *sk, const struct na_socket *socket,
					       struct na_peer_counters *counters, const struct na_datagram *datagram)
{
	struct na_flow_event *event;
	__u32 flags = 0;

	if (!socket || !counters)
		return;
	event = na_reserve(&ring_bulk, NA_EVENT_DATAGRAM, sizeof(*event), counters->first_ns);
	if (!event) {
		counters->event_lost = 1;
		na_lost(NA_LOSS(NA_EVENT_DATAGRAM, NA_LOSS_RING, datagram->remote_port, datagram->family),
			&socket->task, datagram->remote);
		return;
	}
	/* the one who does it now, where the kernel can say so; else the one who made the socket */
	if (!datagram->process_context || !na_describe_owner(sk, &event->task, &flags))
		event->task = socket->task;
	event->flow = counters->flow;
	event->socket = socket->id;
	event->opened_ns = counters->first_ns;
	event->family = datagram->family;
	event->socket_type = BPF_CORE_READ(sk, sk_type);
	event->protocol = datagram->protocol;
	event->direction = datagram->direction;
	event->seen_by = datagram->seen_by;
	event->flags = datagram->flags | flags;
	event->local_port = datagram->local_port;
	event->remote_port = datagram->remote_port;
	__builtin_memcpy(event->local, datagram->local, 16);
	__builtin_memcpy(event->remote, datagram->remote, 16);
	na_submit(event, NA_EVENT_DATAGRAM);
}

/*
 * The first datagram to a peer: who sends it? Where the hook cannot swear that it runs in the sending thread, the end
 * of that thread's send tells (na_sent).
 */
static __always_inline void na_on_first_sent(struct sock *sk, __u64 flow, bool in_stack)
{
	struct na_sending sending = { .sk = (__u64)sk, .flow = flow };
	__u64 thread = bpf_get_current_task();

	if (in_stack)
		bpf_map_update_elem(&sending_threads, &thread, &sending, BPF_ANY);
	else
		na_take_stack(NA_STACK_DATAGRAM, flow, 0);
}

/* sock:sock_send_length (6.3): this thread has sent something on this socket. */
static __noinline void na_sent(struct sock *sk)
{
	__u64 thread = bpf_get_current_task(), flow;
	struct na_sending *sending = bpf_map_lookup_elem(&sending_threads, &thread);

	if (!sending)
		return;
	flow = sending->sk == (__u64)sk ? sending->flow : 0;
	bpf_map_delete_elem(&sending_threads, &thread);
	if (flow)
		na_take_stack(NA_STACK_DATAGRAM, flow, 0);
}

static __always_inline void na_datagram_key(struct na_relay_key *key, struct sock *sk,
					    const struct na_datagram *datagram)
{
	if (datagram->direction == NA_OUTBOUND)
		na_make_relay_key(key, sk, IPPROTO_UDP, datagram->local, datagram->local_port, datagram->remote,
				  datagram->remote_port);
	else
		na_make_relay_key(key, sk, IPPROTO_UDP, datagram->remote, datagram->remote_port, datagram->local,
				  datagram->local_port);
}

/* Somebody in scope asks a service on this host: whoever receives it is a relay. */
static __noinline void na_expect_receiver(struct sock *sk, const struct na_datagram *datagram)
{
	struct na_relay_key key = {};

	na_datagram_key(&key, sk, datagram);
	na_expect_relay(&key, NA_WAIT_LAST_NS);
}

static __noinline void na_keep_question(struct sock *sk, const struct na_datagram *datagram)
{
	struct na_question key = { .socket = (__u64)sk, .port = datagram->remote_port };
	__u8 yes = 1;

	__builtin_memcpy(key.remote, datagram->remote, 16);
	bpf_map_update_elem(&questions, &key, &yes, BPF_ANY);
}

/* Calls made by a relay are its outbound ones: nothing that is sent to it, and no answer to that. */
static __noinline bool na_is_call_of_relay(struct sock *sk, const struct na_datagram *datagram)
{
	struct na_question key = { .socket = (__u64)sk, .port = datagram->remote_port };

	if (datagram->direction == NA_INBOUND) {
		na_keep_question(sk, datagram);
		return false;
	}
	__builtin_memcpy(key.remote, datagram->remote, 16);
	return !bpf_map_lookup_elem(&questions, &key);
}

/* A UDP datagram arrives, or is read. Who reads what somebody in scope sent is a relay. */
static __noinline void na_meet_receiver(struct sock *sk, const struct na_datagram *datagram)
{
	struct na_relay_key key = {};

	na_datagram_key(&key, sk, datagram);
	if (datagram->same_host && bpf_map_lookup_elem(&relay_expected, &key)) {
		na_expect_taker(sk, NA_WAIT_LAST_NS);
		if (datagram->process_context)
			na_mark_relay(na_current_pid());
	}
	if (na_is_expected_taker(sk))
		na_keep_question(sk, datagram);
}

/* True for whoever really adds it. In a frame of its own: the BPF stack is to hold a walk over Python frames, too. */
static __noinline bool na_add_peer(const struct na_peer_key *key, __u8 direction)
{
	struct na_peer_counters fresh = { .first_ns = bpf_ktime_get_boot_ns(), .answering = direction == NA_INBOUND };

	fresh.flow = na_new_id();
	return key && !bpf_map_update_elem(&peers, key, &fresh, BPF_NOEXIST);
}

/* SCTP has connections, and is no channel of datagrams. */
static __always_inline bool na_is_switched_off(const struct na_datagram *datagram)
{
	__u32 bit = NA_DISABLED_RAW;

	if (datagram->family == AF_VSOCK)
		bit = NA_DISABLED_VSOCK;
	else if (datagram->protocol == IPPROTO_UDP || datagram->protocol == IPPROTO_UDPLITE)
		bit = NA_DISABLED_UDP;
	else if (datagram->protocol == IPPROTO_ICMP || datagram->protocol == IPPROTO_ICMPV6)
		bit = NA_DISABLED_ICMP;
	else if (datagram->protocol == IPPROTO_SCTP)
		bit = 0;
	return switches.off || switches.disabled & bit;
}

static __always_inline void na_on_datagram(struct sock *sk, const struct na_datagram *datagram)
{
	struct na_socket *socket = na_datagram_socket(sk, datagram->process_context);
	struct na_peer_key key = {};
	struct na_peer_counters *counters;
	bool first;

	if (!socket || na_is_switched_off(datagram) ||
	    (socket->task.scope == NA_SCOPE_RELAY && !na_is_call_of_relay(sk, datagram)))
		return;
	if (socket->task.scope == NA_SCOPE_UNDECIDED && na_scope_of(socket->task.pid) == NA_SCOPE_NONE)
		return;	/* has been let go since */
	key.socket = socket->id;
	key.remote_port = datagram->remote_port;
	key.family = datagram->family;
	key.protocol = datagram->protocol;
	__builtin_memcpy(key.remote, datagram->remote, 16);
	counters = bpf_map_lookup_elem(&peers, &key);
	first = !counters;
	if (first) {
		first = na_add_peer(&key, datagram->direction);
		counters = bpf_map_lookup_elem(&peers, &key);
		if (!counters) {
			na_lost(NA_LOSS(NA_EVENT_DATAGRAM, NA_LOSS_MAP, datagram->remote_port, datagram->family),
				&socket->task, datagram->remote);
			return;
		}
	}
	counters->last_ns = bpf_ktime_get_boot_ns();
	/* a mere connect or accept carries nothing; adding a constant 0 would become an OR, which 5.10 refuses */
	if (datagram->messages && datagram->direction == NA_OUTBOUND) {
		__sync_fetch_and_add(&counters->messages_out, datagram->messages);
		__sync_fetch_and_add(&counters->bytes_out, datagram->bytes);
	} else if (datagram->messages) {
		__sync_fetch_and_add(&counters->messages_in, datagram->messages);
		__sync_fetch_and_add(&counters->bytes_in, datagram->bytes);
	}
	if (!scope_host && datagram->same_host && datagram->direction == NA_OUTBOUND && !counters->answering &&
	    socket->task.scope != NA_SCOPE_RELAY)
		na_expect_receiver(sk, datagram);
	if (!first)
		return;
	if (datagram->direction == NA_OUTBOUND && datagram->process_context)
		na_on_first_sent(sk, counters->flow, datagram->in_stack);
	na_report_datagram(sk, socket, counters, datagram);
}

static __always_inline void na_on_packet(struct sock *sk, struct sk_buff *skb, __u8 direction, bool process_context)
{
	struct na_datagram datagram = { .messages = 1 };

	if (!sk || !na_is_datagram_socket(sk))
		return;
	datagram.direction = direction;
	datagram.seen_by = direction == NA_OUTBOUND ? NA_SEEN_SEND : NA_SEEN_RECEIVE;
	datagram.process_context = process_context;
	datagram.protocol = BPF_CORE_READ(sk, sk_protocol);
	if (datagram.protocol == IPPROTO_SCTP) {
		/* what a listener's associations say before accept is theirs; acknowledgements leave in any context */
		if (BPF_CORE_READ(sk, sk_type) == SOCK_STREAM && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
			return;
		datagram.process_context = false;
	}
	datagram.in_stack = backend_tracepoint;
	if (!na_read_packet(skb, &datagram))
		return;
	if (datagram.family == AF_INET && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6)
		datagram.flags = NA_FLOW_V4_MAPPED;
	if (!scope_host && relays_expected && direction == NA_INBOUND)
		na_meet_receiver(sk, &datagram);
	na_on_datagram(sk, &datagram);
}

/* ip_send_skb(), ip6_send_skb(): one finished datagram leaves the socket, in the sending thread. */
static __always_inline void na_on_udp_send(struct sk_buff *skb)
{
	struct sock *sk = BPF_CORE_READ(skb, sk);
	__u32 protocol = sk ? BPF_CORE_READ(sk, sk_protocol) : 0;

	if (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE)
		na_on_packet(sk, skb, NA_OUTBOUND, true);
}

/* The queue still holds it: this was only a look. */
static __always_inline bool na_is_peeked(struct sk_buff *skb)
{
	return BPF_CORE_READ(skb, users.refs.counter) > 1;
}

/* skb_consume_udp(): the receiving thread is done with a datagram; a peek hands a negative length, or 0. */
static __always_inline void na_on_udp_receive(struct sock *sk, struct sk_buff *skb, int length)
{
	if (length >= 0 && !na_is_peeked(skb))
		na_on_packet(sk, skb, NA_INBOUND, true);
}

/* A socket's memory is freed, or its last file is closed. */
static __noinline void na_on_socket_gone(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct na_socket *state = na_find_socket(key);
	struct na_flow_event *event;
	__u64 id;

	if (!state)
		return;
	id = state->stage >= NA_STAGE_SOCKET ? state->id : 0;
	event = id ? na_reserve(&ring_bulk, NA_EVENT_SOCKET_GONE, sizeof(*event), bpf_ktime_get_boot_ns()) : NULL;
	if (event) {
		event->socket = id;
		event->task = state->task;
		na_submit(event, NA_EVENT_SOCKET_GONE);
	} else if (id) {
		na_lost(NA_LOSS(NA_EVENT_SOCKET_GONE, NA_LOSS_RING, 0, 0), &state->task, NULL);
	}
	bpf_map_delete_elem(&sockets, &key);
}

#endif
