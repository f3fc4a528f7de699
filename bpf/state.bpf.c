// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The one hook every backend shares for TCP: state changes. */
#include "tcp.h"
#include <bpf/bpf_tracing.h>

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(na_tcp_state, struct sock *sk, int old_state, int new_state)
{
	na_on_tcp_state(sk, old_state, new_state);
	return 0;
}
