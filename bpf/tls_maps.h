/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What is kept of OpenSSL's connections and of the calls that are under way. */
#ifndef NETAUDIT_BPF_TLS_MAPS_H
#define NETAUDIT_BPF_TLS_MAPS_H

#include "clear_state.h"
#include "maps.h"

/* An SSL object. The start tells its process from a later one with the same number. */
struct na_tls_key {
	__u64 start_ns;
	__u64 ssl;
	__u64 pid;
};

struct na_tls_connection {
	__u64 id;		/* never reused within a boot */
	__u64 flow;		/* 0: not known */
	__u64 begun[2];		/* messages, by direction: enum na_tls_direction */
	__u64 random[2];	/* by which `flow` is known, where `proven` */
	__u32 flows_differ;	/* it was seen on two: then it is nobody's */
	__u32 proven;
	__u32 looks;		/* at its random that named no flow */
	__u32 name_bytes;
	char name[NA_SERVER_NAME_BYTES];
};

enum na_tls_direction { NA_TLS_READ, NA_TLS_WRITTEN };

struct na_tls_stream_key {
	__u64 connection;
	__u64 direction;
};

/* A call of the writing or reading function, from its entry to its return. */
struct na_tls_call {
	struct na_tls_key key;
	__u64 buffer;
	__u64 bytes;		/* asked for */
	__u64 done;		/* where it puts how many it did; 0: it returns that */
	__u64 how;		/* the probe's cookie */
	__u64 flow;		/* whose socket was used meanwhile */
	__u32 flows_differ;
	__u32 direction;
};

/* What a side of a handshake has said on a socket of a process, and no other handshake says. */
struct na_tls_random {
	__u64 half[2];
	__u64 start_ns;		/* the process's that opened or accepted the flow */
	__u32 pid;
	__u32 of_server;
};

struct na_tls_said {
	__u64 flow;
	__u64 socket;		/* the kernel's */
	__u64 flows_differ;	/* on two of them: then it names none */
};

/* All are LRU: a process may end without letting go. What is evicted is at worst not understood any more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_tls_key);
	__type(value, struct na_tls_connection);
} tls_connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_tls_stream_key);
	__type(value, struct na_clear_stream);
} tls_streams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);	/* thread */
	__type(value, struct na_tls_call);
} tls_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_tls_random);
	__type(value, struct na_tls_said);
} tls_randoms SEC(".maps");

/* Never written: what a connection starts as. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_tls_connection);
} blank_connection SEC(".maps");

#endif
