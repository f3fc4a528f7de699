/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Exchanges on a TCP connection: a write after a read begins one. A connection in a pool is opened by one add-on and
 * used by others, so who begins an exchange is looked at again; on an accepted connection it is the answer to a request
 * that begins. How often is bounded for each connection, or every query to a database would be: the others are counted.
 */
#ifndef NETAUDIT_BPF_EXCHANGE_H
#define NETAUDIT_BPF_EXCHANGE_H

#include "database.h"
#include "flow.h"
#include "python.h"
#include "tls_flow.h"

#define NA_EXAMINE_EVERY_NS 50000000ULL	/* twenty a second */
#define NA_EXAMINE_SAVED 32	/* at once, after a while without */

/* examine_ns runs ahead of the clock by one interval for each that was used, and never falls behind it. */
static __always_inline bool na_may_examine(struct na_socket *state)
{
	__u64 now = bpf_ktime_get_boot_ns(), next = state->examine_ns;

	if (next < now)
		next = now;
	if (next - now > (NA_EXAMINE_SAVED - 1) * NA_EXAMINE_EVERY_NS)
		return false;
	state->examine_ns = next + NA_EXAMINE_EVERY_NS;
	return true;
}

/*
 * The current thread writes, or has just written, on this connection. What the program has read moves only when it
 * reads, so an answer that is quicker than the end of the write does not hide the next exchange.
 */
static __noinline void na_on_stream_write(struct sock *sk)
{
	struct na_socket *state = na_find_socket((__u64)sk);
	__u32 read_until;
	bool opening;

	if (!state || state->stage != NA_STAGE_OPEN || state->flags & NA_FLOW_MPTCP)
		return;
	if (na_tls_met_flow(state->id))
		state->flags |= NA_FLOW_TLS_SEEN;
	read_until = BPF_CORE_READ((struct tcp_sock *)sk, copied_seq);
	if (state->written && state->read_until == read_until)
		return;
	/* the first belongs to whoever connected; where that was not seen, it is looked at too */
	opening = !state->written && state->seen_by == NA_SEEN_CONNECT;
	state->written = 1;
	state->read_until = read_until;
	if (opening)
		return;
	__sync_fetch_and_add(&state->exchanges, 1);
	if (na_may_be_database(state))
		na_note_query(state->id);
	if (na_may_examine(state))
		na_take_stack(NA_STACK_WRITE | NA_STACK_NUMBER(state->exchanges), state->id, 0);
	else
		__sync_fetch_and_add(&state->exchanges_unexamined, 1);
	if (state->direction == NA_INBOUND)
		na_forget_query();
}

static __always_inline void na_on_tcp_write(struct sock *sk)
{
	if (!switches.off && na_scope_of(na_current_pid()) != NA_SCOPE_NONE &&
	    BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP)
		na_on_stream_write(sk);
}

#endif
