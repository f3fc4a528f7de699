/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Every map and every load-time setting. Sizes given as 1 or 4096 are set by user space before
 * loading.
 */
#ifndef NETAUDIT_BPF_MAPS_H
#define NETAUDIT_BPF_MAPS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <netaudit/event.h>
#include <netaudit/switches.h>


enum na_stage {
	NA_STAGE_NONE,		/* being filled in: not there yet for anybody else */
	NA_STAGE_PENDING,	/* known, but its open event is not out yet */
	NA_STAGE_OPEN,		/* open event is out */
	NA_STAGE_SUBFLOW,	/* MPTCP subflow: its bytes belong to `parent` */
	NA_STAGE_SOCKET,	/* datagram socket: flows live in `peers` */
	NA_STAGE_CREATED,	/* datagram socket known only from its creation */
};

/* What we keep of a socket, keyed by its kernel address, from first sight to destruction. */
struct na_socket {
	__u64 id;		/* flow id of a stream, socket id of a datagram socket */
	__u64 parent;		/* NA_STAGE_SUBFLOW: key of the MPTCP socket */
	__u64 thread;		/* NA_STAGE_PENDING: who is connecting */
	__u64 opened_ns;
	__u64 established_ns;
	union {
		struct {	/* MPTCP */
			__u64 subflow_bytes_out;
			__u64 subflow_bytes_in;
			__u32 subflow_retransmits;
			__u32 subflows;		/* that have not closed yet */
		};
		struct {	/* other TCP: exchange.h */
			__u64 examine_ns;	/* when one may be examined next, had none been saved up */
			__u32 exchanges;	/* begun by a write after a read */
			__u32 exchanges_unexamined;
			__u32 read_until;	/* sequence number the program had read up to when it last wrote */
			__u32 reserved;
		};
	};
	__u32 flags;		/* enum na_flow_flags */
	__u8 stage;
	__u8 direction;
	__u8 seen_by;
	__u8 written;		/* stream: by this host's program */
	__u16 remote_port;	/* stream, outbound: where the connect went, should the socket forget */
	__u16 family;
	__u32 unread;		/* bits 1 << enum na_tls_direction: its bytes are not looked at any more */
	__u64 inode;		/* where reuse of the address must be told apart: of the socket's file */
	__u8 remote[16];
	struct na_task task;
};

/* Arguments kept from a function's entry until its return, where return probes do not see them. */
struct na_call {
	__u64 sk;
	__u64 address;
	__u32 length;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring_high SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring_bulk SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct na_socket);
} sockets SEC(".maps");

/* Never written: what a new entry starts as. It is filled in place, because it would not fit a BPF stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_socket);
} blank_socket SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct na_peer_key);
	__type(value, struct na_peer_counters);
} peers SEC(".maps");

/* Written by user space only: what records already said of a datagram flow. It outlives the observer. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, __u64);	/* flow */
	__type(value, struct na_peer_counters);
} said SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);	/* process id */
	__type(value, __u32);	/* enum na_scope */
} scopes SEC(".maps");

/* Which relays are to be met (relay.h): no LRU, because what is evicted there nobody counts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct na_relay_key);
	__type(value, struct na_relay_wait);
} relay_expected SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);	/* socket */
	__type(value, struct na_relay_wait);
} relay_sockets SEC(".maps");

/* Who has sent a datagram to a relay, so that its answer is not taken for a call. Evicted: one record too many. */
struct na_question {
	__u64 socket;
	__u8 remote[16];
	__u64 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_question);
	__type(value, __u8);
} questions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);	/* thread */
	__type(value, struct na_call);
} calls SEC(".maps");

/*
 * What has been reported of a process: several last threads may each find that they are the last, and on
 * preemptible kernels every program has a second copy.
 */
struct na_once {
	__u64 start_ns;
	__u64 exec_id;
	__u32 pid;
	__u32 type;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_once);
	__type(value, __u8);
} once SEC(".maps");

/* A first copy leaves this for its second copy, which runs next in the same task (second_copy.h). */
struct na_mark {
	__u64 task;
	__u64 object;
	__u64 hook;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct na_mark);
	__type(value, __u8);
} marks SEC(".maps");

/* Destinations that went unseen, drained by user space into `lost` records. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_loss_key);
	__type(value, struct na_loss_value);
} losses SEC(".maps");

/* [event type * NA_LOSS_REASONS + reason]; reason NA_LOSS_NONE counts what was handed over. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NA_EVENT_TYPES * NA_LOSS_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* Settings, fixed before loading. */
const volatile bool scope_host = false;		/* audit every process */
const volatile bool backend_tracepoint = false;	/* opens are noticed by state changes and packets */
const volatile bool second_copies = false;	/* every program is attached twice (second_copy.h) */
const volatile __u64 flow_id_base = 0;		/* makes ids differ between runs of the daemon */
__u64 next_flow_id = 0;

/* Written by user space only, at any time: a section of its own, because the others hold what is counted here. */
volatile struct na_switches switches SEC(".data.switches") = {};
bool relays_expected = false;			/* nobody in scope has talked to this host yet: nothing to look for */
bool announcements = false;			/* an interpreter has announced something (audit.h) */
bool relays_handed_over = false;		/* process 1 has accepted for somebody that it will start */

#endif
