/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * OpenSSL's connections: clear text as it is handed over and taken, the socket it goes through, the name of the server
 * that was asked for. Probed at entry and return, because only the return says how much was really written or read: a
 * write that would block is done again with the same bytes.
 *
 * A connection is bound to a flow by what its own calls do: the socket that is written or read inside of them, in the
 * same thread. One that never touches a socket itself (a memory BIO) is bound by the random of its handshake
 * (tls_random.h). One that touched two sockets is bound to none.
 */
#ifndef NETAUDIT_BPF_TLS_H
#define NETAUDIT_BPF_TLS_H

#include "message.h"
#include "python.h"
#include "tls_random.h"
#include <bpf/bpf_tracing.h>

#define NA_SSL_CTRL_SET_HOSTNAME 55	/* SSL_CTRL_SET_TLSEXT_HOSTNAME, openssl/tls1.h */
#define NA_NAMETYPE_HOST 0		/* TLSEXT_NAMETYPE_host_name */

/* Made when it is first met. NULL: no room. */
static __noinline struct na_tls_connection *na_tls_connection_of(const struct na_tls_key *key)
{
	struct na_tls_connection *known;
	__u32 zero = 0;
	void *blank;

	if (!key)
		return NULL;
	known = bpf_map_lookup_elem(&tls_connections, key);
	if (known)
		return known;
	blank = bpf_map_lookup_elem(&blank_connection, &zero);
	if (!blank)
		return NULL;
	bpf_map_update_elem(&tls_connections, key, blank, BPF_NOEXIST);
	known = bpf_map_lookup_elem(&tls_connections, key);
	if (known && !known->id)
		known->id = na_new_id();
	return known;
}

/* After a call that succeeded, or that touched a socket all the same. */
static __always_inline void na_tls_bind(struct na_tls_connection *connection, const struct na_tls_call *call)
{
	if (!call->flow)
		return;
	if (call->flows_differ || (connection->flow && connection->flow != call->flow))
		connection->flows_differ = 1;
	connection->flow = call->flow;
}

/* What was written or read goes through the parser; both slots in use: then the stream is lost, and counted. */
static __noinline void na_tls_parse(const struct na_tls_call *call, __u64 bytes)
{
	struct na_tls_connection *connection = na_tls_connection_of(&call->key);
	struct na_tls_stream_key key = {};
	struct na_clear_stream *known, *peer;
	struct na_clear_key *secret;
	struct na_clear_work *work;
	__u32 slot = 0, zero = 0;

	if (!connection) {
		na_count(NA_EVENT_MESSAGE, NA_LOSS_MAP);
		return;
	}
	na_tls_bind(connection, call);
	if (bytes)
		na_tls_prove(connection, call);
	key.connection = connection->id;
	key.direction = call->direction;
	known = bpf_map_lookup_elem(&tls_streams, &key);
	secret = bpf_map_lookup_elem(&clear_key, &zero);
	if (!secret || (known && known->state == NA_CLEAR_OPAQUE))
		return;
	work = na_clear_enter(&slot);
	if (!work) {
		na_count(NA_EVENT_MESSAGE, NA_LOSS_MAP);
		if (known)
			known->state = NA_CLEAR_OPAQUE;
		return;
	}
	if (known)
		bpf_probe_read_kernel(&work->stream, sizeof(work->stream), known);
	key.direction = !call->direction;
	peer = bpf_map_lookup_elem(&tls_streams, &key);
	work->peer_no_body = peer ? peer->no_body : 0;
	if (peer)
		bpf_probe_read_kernel(&work->peer, sizeof(work->peer), &peer->dialogue);
	work->peer_begun = connection->begun[~call->direction & 1];
	work->key[0] = secret->half[0];
	work->key[1] = secret->half[1];
	work->at = call->buffer;
	work->left = bytes;
	work->of.connection = connection->id;
	work->of.flow = connection->flows_differ ? 0 : connection->flow;
	work->of.ssl = call->key.ssl;
	work->of.written = call->direction == NA_TLS_WRITTEN;
	na_clear_run(work, slot);
	connection->begun[call->direction & 1] = work->stream.next_number + na_is_within_message(&work->stream);
	key.direction = call->direction;
	if (bpf_map_update_elem(&tls_streams, &key, &work->stream, BPF_ANY))
		na_count(NA_EVENT_MESSAGE, NA_LOSS_MAP);
	na_clear_leave(work);
}

/*
 * Who begins an exchange is in the thread that writes the first bytes of its request, and nowhere afterwards. What is
 * written after something was read of the other side is an answer, and is not looked at.
 */
static __noinline void na_tls_look_at_author(const struct na_tls_key *tls_key)
{
	struct na_tls_connection *connection = na_tls_connection_of(tls_key);
	struct na_tls_stream_key key = { .direction = NA_TLS_WRITTEN };
	struct na_clear_stream *written;

	if (!connection || connection->begun[NA_TLS_READ] > connection->begun[NA_TLS_WRITTEN])
		return;
	key.connection = connection->id;
	written = bpf_map_lookup_elem(&tls_streams, &key);
	if (!written || written->state == NA_CLEAR_START)
		na_take_stack(NA_STACK_EXCHANGE, connection->id, 0);
}

static __always_inline int na_tls_enter(struct pt_regs *context, __u32 direction)
{
	struct na_tls_call call = { .direction = direction };
	__u64 thread = bpf_get_current_task(), how, fourth, fifth;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_attach_cookie) ||
	    na_scope_of(na_current_pid()) == NA_SCOPE_NONE)
		return 0;
	how = bpf_get_attach_cookie(context);
	na_tls_key(&call.key, PT_REGS_PARM1(context));
	call.buffer = PT_REGS_PARM2(context);
	call.bytes = PT_REGS_PARM3(context);
	fourth = PT_REGS_PARM4(context);
	fifth = PT_REGS_PARM5(context);
	asm volatile("" : "+r"(fourth), "+r"(fifth));	/* each read where the verifier knows from where */
	call.how = how;
	how = NA_TRANSFER_OF(how);
	if (how == NA_TRANSFER_RETURNED)
		call.bytes = (__u32)call.bytes;	/* an int */
	else
		call.done = how == NA_TRANSFER_FIFTH ? fifth : fourth;
	bpf_map_update_elem(&tls_calls, &thread, &call, BPF_ANY);
	if (direction == NA_TLS_WRITTEN)
		na_tls_look_at_author(&call.key);
	return 0;
}

static __always_inline int na_tls_return(struct pt_regs *context)
{
	struct na_tls_call call, *known;
	__u64 thread = bpf_get_current_task(), bytes = 0;
	int result = PT_REGS_RC(context);

	known = bpf_map_lookup_elem(&tls_calls, &thread);
	if (!known)
		return 0;
	call = *known;
	bpf_map_delete_elem(&tls_calls, &thread);
	if (result > 0) {
		bytes = result;
		if (call.done && bpf_probe_read_user(&bytes, sizeof(bytes), (const void *)(unsigned long)call.done))
			bytes = 0;
		if (bytes > call.bytes)
			bytes = call.bytes;
	}
	na_tls_parse(&call, bytes);
	return 0;
}

SEC("uprobe")
int na_tls_write(struct pt_regs *context)
{
	return na_tls_enter(context, NA_TLS_WRITTEN);
}

SEC("uprobe")
int na_tls_read(struct pt_regs *context)
{
	return na_tls_enter(context, NA_TLS_READ);
}

SEC("uretprobe")
int na_tls_returned(struct pt_regs *context)
{
	return na_tls_return(context);
}

/* SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) */
SEC("uprobe")
int na_tls_control(struct pt_regs *context)
{
	struct na_tls_connection *connection;
	struct na_tls_key key = {};
	long bytes;

	if ((__u32)PT_REGS_PARM2(context) != NA_SSL_CTRL_SET_HOSTNAME || PT_REGS_PARM3(context) != NA_NAMETYPE_HOST ||
	    !PT_REGS_PARM4(context) || na_scope_of(na_current_pid()) == NA_SCOPE_NONE)
		return 0;
	na_tls_key(&key, PT_REGS_PARM1(context));
	connection = na_tls_connection_of(&key);
	if (!connection)
		return 0;
	bytes = bpf_probe_read_user_str(connection->name, sizeof(connection->name), (const void *)PT_REGS_PARM4(context));
	connection->name_bytes = bytes > 0 ? bytes - 1 : 0;
	return 0;
}

/* SSL_free(ssl) may only give up one of several references: what goes on then is a connection that is met mid-life. */
SEC("uprobe")
int na_tls_free(struct pt_regs *context)
{
	struct na_tls_stream_key stream = {};
	struct na_tls_connection *connection;
	struct na_tls_key key = {};

	if (na_scope_of(na_current_pid()) == NA_SCOPE_NONE)
		return 0;
	na_tls_key(&key, PT_REGS_PARM1(context));
	connection = bpf_map_lookup_elem(&tls_connections, &key);
	if (!connection)
		return 0;
	stream.connection = connection->id;
	bpf_map_delete_elem(&tls_streams, &stream);
	stream.direction = NA_TLS_WRITTEN;
	bpf_map_delete_elem(&tls_streams, &stream);
	bpf_map_delete_elem(&tls_connections, &key);
	return 0;
}

#endif
