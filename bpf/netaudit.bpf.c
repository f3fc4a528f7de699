// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * All programs of all backends, as one object: user space loads those of one backend. The hooks are
 * thin and call the same handlers on `struct sock *` (tcp.h, datagram.h, other.h, unix.h).
 */
#include "dns_packet.h"
#include "hooks_fentry.h"
#include "hooks_kprobe.h"
#include "hooks_tracepoint.h"
#include "iterators.h"
#include "process.h"
#include "stream.h"
#include "tls.h"

/* The one hook every backend shares for TCP: state changes. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(na_tcp_state, struct sock *sk, int old_state, int new_state)
{
	na_on_tcp_state(sk, old_state, new_state);
	return 0;
}

/* The second copy for preemptible kernels (process.h): every step of na_on_tcp_state() can be taken twice. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(na_tcp_state_again, struct sock *sk, int old_state, int new_state)
{
	na_on_tcp_state(sk, old_state, new_state);
	return 0;
}

/* Every write, in the writing thread; 6.3 and later. Both copies may run: the second finds nothing new. */
SEC("tp_btf/sock_send_length")
int BPF_PROG(na_tcp_write, struct sock *sk, int result, int flags)
{
	if (result > 0)
		na_on_tcp_write(sk);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(na_tcp_write_again, struct sock *sk, int result, int flags)
{
	if (result > 0)
		na_on_tcp_write(sk);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
