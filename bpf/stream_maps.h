/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What is kept of the bytes of TCP connections: how far they were followed, and which ports are listened on. */
#ifndef NETAUDIT_BPF_STREAM_MAPS_H
#define NETAUDIT_BPF_STREAM_MAPS_H

#include "maps.h"

enum na_wire_state {
	NA_WIRE_UNSEEN,		/* nothing yet: its first byte is still to come */
	NA_WIRE_FOLLOWED,	/* from its first byte on, without a hole */
	NA_WIRE_CLOSED,		/* nothing more is looked at: not understood, or a byte was missed */
};

enum na_wire_proxy { NA_WIRE_NOT_ASKED, NA_WIRE_FROM_PROXY, NA_WIRE_FROM_OTHER };	/* the other end is a declared one */

/* One direction. */
struct na_wire_side {
	__u64 begun;		/* messages, the one under way included */
	__u64 begun_ns;		/* when the last of them did, */
	__u64 begun_in;		/* and in which exchange of its flow */
	__u32 next;		/* sequence number */
	__u32 busy;		/* a CPU is at it */
	__u32 state;		/* enum na_wire_state */
	__u32 lost;		/* it was closed because something was missed */
};

struct na_wire {
	__u64 connection;	/* our id; shares its numbers with flows */
	__u64 flow;		/* 0: arrived, and nobody in scope has accepted it yet: nothing is told */
	__u64 proxy;	/* enum na_wire_proxy */
	struct na_wire_side side[2];	/* enum na_tls_direction */
};

/* By socket cookie: the kernel never gives one twice. LRU: what is evicted is at worst not understood any more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct na_wire);
} wires SEC(".maps");

/*
 * By port: 1 when somebody in scope listens or has listened there, in any network namespace. What arrives there is
 * looked at before it is accepted, because a request is often there first.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} listened SEC(".maps");

static __always_inline void na_mark_listened(struct sock *sk)
{
	__u32 port = BPF_CORE_READ(sk, __sk_common.skc_num);
	__u8 *mark = bpf_map_lookup_elem(&listened, &port);

	if (mark)
		*mark = 1;
}

static __always_inline bool na_is_listened(struct sock *sk)
{
	__u32 port = BPF_CORE_READ(sk, __sk_common.skc_num);
	__u8 *mark = bpf_map_lookup_elem(&listened, &port);

	return mark && *mark;
}

#endif
