/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Relays: a local process that somebody in scope talks to comes into scope itself, when it takes what was sent to it
 * and before it can pass anything on. Not used with --scope host.
 *
 * What is sent to this host over IP is waited for by its two ends (relay_expected), what goes into a unix socket by
 * the kernel's socket at the other end (relay_sockets). Whoever accepts or receives it is the relay, except process 1,
 * which listens for others (socket activation): there it is the process that is executed with that socket.
 */
#ifndef NETAUDIT_BPF_RELAY_H
#define NETAUDIT_BPF_RELAY_H

#include "flow.h"

#define NA_WAIT_NS (600ULL * 1000000000)	/* for an accept or an exec: the service may be busy or paused */
#define NA_WAIT_LAST_NS (60ULL * 1000000000)	/* once the client is gone, and for the reader of a datagram */
#define NA_HANDED_DESCRIPTORS 16		/* looked at: what is handed over starts at 3, or is 0 */

/* A relay may go unaudited. Only counted: a frame that has a name to tell would not fit the stack down here. */
static __always_inline void na_lost_relay(void)
{
	na_count(NA_EVENT_NONE, NA_LOSS_MAP);
}

static __noinline void na_mark_relay(__u32 pid)
{
	__u32 scope = NA_SCOPE_RELAY, *known = bpf_map_lookup_elem(&scopes, &pid);

	/* one that is undecided may be let go later, unless it is known as a relay by then */
	if (pid <= 1 || (known && *known != NA_SCOPE_UNDECIDED))
		return;
	if (bpf_map_update_elem(&scopes, &pid, &scope, BPF_ANY))
		na_lost_relay();
}

/* The process that stands behind a unix socket's other end, unless it is gone: its number may be another's by now. */
static __always_inline __u32 na_peer_pid(struct sock *sk)
{
	struct pid *pid = BPF_CORE_READ(sk, sk_peer_pid);

	return pid && BPF_CORE_READ(pid, tasks[PIDTYPE_TGID].first) ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

/*
 * Tells a socket from a later one at the same address: who made its other end, or the inode of its file. A unix
 * socket that nobody has accepted yet has no file.
 */
static __always_inline __u64 na_socket_identity(struct sock *sk)
{
	__u64 peer = (__u64)BPF_CORE_READ(sk, sk_peer_pid);

	return peer ? peer : BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

/* Whoever takes this socket in hand next is a relay. */
static __noinline void na_expect_taker(struct sock *sk, __u64 wait_ns)
{
	struct na_relay_wait wait = { .forget_ns = bpf_ktime_get_boot_ns() + wait_ns, .identity = na_socket_identity(sk) };
	__u64 key = (__u64)sk;

	relays_expected = true;
	if (bpf_map_update_elem(&relay_sockets, &key, &wait, BPF_ANY))
		na_lost_relay();
}

static __noinline bool na_is_expected_taker(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct na_relay_wait *wait = bpf_map_lookup_elem(&relay_sockets, &key);

	return wait && wait->identity == na_socket_identity(sk);
}

static __always_inline bool na_take_expected(struct sock *sk)
{
	__u64 key = (__u64)sk;
	bool expected = na_is_expected_taker(sk);

	bpf_map_delete_elem(&relay_sockets, &key);
	return expected;
}

/* The acting process has accepted what somebody in scope sent. */
static __noinline void na_accepted_by_relay(struct sock *sk)
{
	__u32 pid = na_current_pid();

	if (pid == 1) {
		relays_handed_over = true;
		na_expect_taker(sk, NA_WAIT_NS);
	} else {
		na_mark_relay(pid);
	}
}

static __always_inline bool na_is_local_route(struct dst_entry *route)
{
	return route && (BPF_CORE_READ(route, dev, flags) & IFF_LOOPBACK);
}

/* The other end of a connection is on this host: so says its route, or, should it have none now, its addresses. */
static __always_inline bool na_is_local_talk(struct sock *sk, const struct na_ends *ends)
{
	const __u64 *a = (const __u64 *)ends->local, *b = (const __u64 *)ends->remote;

	return na_is_local_route(BPF_CORE_READ(sk, sk_dst_cache)) || na_is_loopback(ends->remote) ||
	       (a[0] == b[0] && a[1] == b[1]);
}

/* The same at both ends, and for datagrams. */
static __always_inline void na_make_relay_key(struct na_relay_key *key, struct sock *sk, __u32 protocol,
					      const __u8 client[16], __u16 client_port, const __u8 server[16],
					      __u16 server_port)
{
	__builtin_memcpy(key->client, client, 16);
	__builtin_memcpy(key->server, server, 16);
	key->client_port = client_port;
	key->server_port = server_port;
	key->net_namespace = na_socket_net_namespace(sk);
	key->protocol = protocol;
}

static __always_inline void na_connection_key(struct na_relay_key *key, struct na_ends *ends, struct sock *sk,
					      bool client)
{
	na_read_ends(ends, sk);
	if (client)
		na_make_relay_key(key, sk, IPPROTO_TCP, ends->local, ends->local_port, ends->remote, ends->remote_port);
	else
		na_make_relay_key(key, sk, IPPROTO_TCP, ends->remote, ends->remote_port, ends->local, ends->local_port);
}

/* Whoever takes what this names is a relay. A datagram's wait starts again with the next one. */
static __noinline void na_expect_relay(const struct na_relay_key *key, __u64 wait_ns)
{
	struct na_relay_wait wait = { .forget_ns = bpf_ktime_get_boot_ns() + wait_ns }, *known;

	if (!key)
		return;
	relays_expected = true;
	known = bpf_map_lookup_elem(&relay_expected, key);
	if (known)
		known->forget_ns = wait.forget_ns;
	else if (bpf_map_update_elem(&relay_expected, key, &wait, BPF_ANY))
		na_lost_relay();
}

/* Someone in scope connected. Returns whether the other end is on this host: its accept will be waited for. */
static __noinline bool na_expect_accept(struct sock *sk)
{
	struct na_relay_key key = {};
	struct na_ends ends = {};

	na_connection_key(&key, &ends, sk, true);
	if (!ends.remote_port || !na_is_local_talk(sk, &ends))
		return false;
	na_expect_relay(&key, NA_WAIT_NS);
	return true;
}

/* The client's end is closed. What was established may still be accepted. */
static __noinline void na_expect_accept_no_longer(struct sock *sk, bool established)
{
	struct na_relay_key key = {};
	struct na_ends ends = {};
	struct na_relay_wait *wait;

	na_connection_key(&key, &ends, sk, true);
	wait = bpf_map_lookup_elem(&relay_expected, &key);
	if (wait && established)
		wait->forget_ns = bpf_ktime_get_boot_ns() + NA_WAIT_LAST_NS;
	else if (wait)
		bpf_map_delete_elem(&relay_expected, &key);
}

/* The socket is the other end of a connection that somebody in scope made. */
static __noinline bool na_is_expected_accept(struct sock *sk, bool once)
{
	struct na_relay_key key = {};
	struct na_ends ends = {};

	na_connection_key(&key, &ends, sk, false);
	return once ? !bpf_map_delete_elem(&relay_expected, &key) : bpf_map_lookup_elem(&relay_expected, &key) != NULL;
}

static __always_inline void na_meet_relay(struct sock *sk)
{
	if (relays_expected && na_is_expected_accept(sk, true))
		na_accepted_by_relay(sk);
}

/* The one permitted look into a descriptor table: the file that is installed there now. */
static __always_inline struct sock *na_socket_of_descriptor(struct task_struct *task, __u32 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file, **slots = BPF_CORE_READ(table, fd);
	struct socket *socket;

	if (descriptor >= BPF_CORE_READ(table, max_fds))
		return NULL;
	file = (struct file *)na_read_word(&slots[descriptor]);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return socket ? BPF_CORE_READ(socket, sk) : NULL;
}

/* A child of process 1 is executed with a connection that process 1 has accepted for it: it is the relay. */
static __noinline bool na_is_handed_over(struct task_struct *task)
{
	for (__u32 descriptor = 0; descriptor < NA_HANDED_DESCRIPTORS; descriptor++) {
		struct sock *sk = na_socket_of_descriptor(task, descriptor);

		if (sk && na_is_expected_taker(sk))
			return true;
	}
	return false;
}

static __always_inline bool na_meet_handed_over(struct task_struct *task)
{
	if (!relays_handed_over || BPF_CORE_READ(task, real_parent, tgid) != 1 || !na_is_handed_over(task))
		return false;
	na_mark_relay(BPF_CORE_READ(task, tgid));
	return true;
}

#endif
