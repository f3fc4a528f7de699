/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Relays: a local process that somebody in scope talks to over loopback or a unix socket comes
 * into scope itself, at the accept, before it can pass anything on. Not used with --scope host.
 */
#ifndef NETAUDIT_BPF_RELAY_H
#define NETAUDIT_BPF_RELAY_H

#include "flow.h"

/* pid 1 listens for everybody (socket activation); its children accept by themselves and are met there. */
static __always_inline void na_mark_relay(__u32 pid)
{
	__u32 scope = NA_SCOPE_RELAY, *known = bpf_map_lookup_elem(&scopes, &pid);

	/* one that is undecided may be let go later, unless it is known as a relay by then */
	if (pid > 1 && (!known || *known == NA_SCOPE_UNDECIDED))
		bpf_map_update_elem(&scopes, &pid, &scope, BPF_ANY);
}

static __always_inline bool na_is_local_talk(const struct na_ends *ends)
{
	const __u64 *a = (const __u64 *)ends->local, *b = (const __u64 *)ends->remote;

	return na_is_loopback(ends->remote) || (a[0] == b[0] && a[1] == b[1]);
}

/* Someone in scope connected to this host: whoever accepts it is a relay. */
static __always_inline void na_expect_relay(struct sock *sk)
{
	struct na_ends ends = {};
	struct na_relay_key key = {};
	__u32 one = 1;

	na_read_ends(&ends, sk);
	if (!na_is_local_talk(&ends))
		return;
	__builtin_memcpy(key.client, ends.local, 16);
	__builtin_memcpy(key.server, ends.remote, 16);
	key.client_port = ends.local_port;
	key.server_port = ends.remote_port;
	key.net_namespace = na_socket_net_namespace(sk);
	relays_expected = true;
	bpf_map_update_elem(&relay_expected, &key, &one, BPF_ANY);
}

/* True, once, when the socket is the other end of a connection that somebody in scope made. */
static __always_inline bool na_is_expected_relay(struct sock *sk)
{
	struct na_ends ends = {};
	struct na_relay_key key = {};

	na_read_ends(&ends, sk);
	__builtin_memcpy(key.client, ends.remote, 16);
	__builtin_memcpy(key.server, ends.local, 16);
	key.client_port = ends.remote_port;
	key.server_port = ends.local_port;
	key.net_namespace = na_socket_net_namespace(sk);
	return !bpf_map_delete_elem(&relay_expected, &key);
}

static __always_inline void na_meet_relay(struct sock *sk)
{
	if (relays_expected && na_is_expected_relay(sk))
		na_mark_relay(bpf_get_current_pid_tgid() >> 32);
}

#endif
