/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Hands over a message that the parser of clear text has made: with whose it is, and on which connection. */
#ifndef NETAUDIT_BPF_MESSAGE_H
#define NETAUDIT_BPF_MESSAGE_H

#include "clear_run.h"
#include "emit.h"
#include "flow.h"
#include "tls_maps.h"

static __always_inline void na_tls_key(struct na_tls_key *key, __u64 ssl)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	key->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	key->ssl = ssl;
	key->pid = BPF_CORE_READ(task, tgid);
}

/* Inside TLS: the current task is who writes or reads. */
static __always_inline void na_fill_from_tls(struct na_message_event *event, __u64 ssl)
{
	struct na_tls_connection *connection;
	struct na_tls_key key = {};

	na_describe_task(&event->task, (struct task_struct *)bpf_get_current_task(), na_scope_of(na_current_pid()));
	na_tls_key(&key, ssl);
	connection = bpf_map_lookup_elem(&tls_connections, &key);
	if (connection && connection->name_bytes) {
		event->server_name_bytes = connection->name_bytes;
		bpf_probe_read_kernel(event->server_name, sizeof(event->server_name), connection->name);
	}
}

/* On the wire: a packet moves in anybody's time, so it is whoever opened or accepted the flow. False: it is gone. */
static __always_inline bool na_fill_from_flow(struct na_message_event *event, __u64 socket)
{
	struct na_socket *state = na_find_socket(socket);

	if (!state)
		return false;
	event->task = state->task;
	event->on_wire = 1;
	if (event->message.kind == NA_MESSAGE_HELLO)
		state->flags |= NA_FLOW_TLS;
	return true;
}

/*
 * Into an event that is zeroed. Strict: nothing else is copied, so that it is nowhere but in the parser's own memory;
 * what stays is in which protocol, how much, and with which host.
 */
static __always_inline void na_copy_message(struct na_message *to, const struct na_message *from)
{
	if (!switches.strict) {
		bpf_probe_read_kernel(to, sizeof(*to), from);
		return;
	}
	to->number = from->number;
	to->head_bytes = from->head_bytes;
	to->body_bytes = from->body_bytes;
	to->declared_bytes = from->declared_bytes;
	to->flags = (from->flags & NA_MESSAGE_STRICT_FLAGS) | NA_MESSAGE_STRICT;
	to->host_bytes = from->host_bytes;
	to->kind = from->kind;
	to->part = from->part;
	to->minor = from->minor;
	to->protocol = from->protocol;
	to->recipients = from->recipients;
	bpf_probe_read_kernel(to->host, sizeof(to->host), from->host);
}

/* A ClientHello is of no protocol yet. */
static __always_inline bool na_is_message_off(const struct na_message *message)
{
	return switches.off || (message->kind != NA_MESSAGE_HELLO &&
				switches.disabled & NA_DISABLED_MESSAGES(message->protocol & 7));
}

/* The one value of a field, beside the host, that leaves the kernel: an address as a declared proxy saw it. */
static __always_inline void na_keep_forwarded(struct na_message *message, const struct na_clear_work *work)
{
	if (work->of.from_proxy && !work->of.written && message->forwarded_bytes < NA_MESSAGE_FORWARDED_BYTES)
		return;
	na_clear_wipe(message->forwarded, sizeof(message->forwarded));
	message->forwarded_bytes = 0;
}

/* One message, or its head. In a frame of its own: BPF stacks are small. */
static __noinline void na_clear_report(struct na_clear_work *work)
{
	struct na_message_event *event;
	bool known = true;

	if (!work || na_is_message_off(&work->stream.message))
		return;
	event = bpf_ringbuf_reserve(&ring_stacks, sizeof(*event), 0);
	if (!event) {
		na_count(NA_EVENT_MESSAGE, NA_LOSS_RING);	/* whose it was is more than the BPF stack has room for */
		return;
	}
	na_clear_wipe(event, sizeof(*event));
	event->header.time_ns = bpf_ktime_get_boot_ns();
	event->header.type = NA_EVENT_MESSAGE;
	event->header.size = sizeof(*event);
	event->connection = work->of.connection;
	event->flow = work->of.flow;
	event->written = work->of.written;
	event->exchange = work->of.exchange;
	event->begun_ns = work->of.begun_ns ? work->of.begun_ns : event->header.time_ns;
	na_copy_message(&event->message, &work->stream.message);
	na_keep_forwarded(&event->message, work);
	if (work->of.socket)
		known = na_fill_from_flow(event, work->of.socket);
	else
		na_fill_from_tls(event, work->of.ssl);
	if (work->of.begun_ns)
		work->of.begun_ns = event->header.time_ns;	/* of what comes behind it in the same packet */
	if (known)
		na_submit(event, NA_EVENT_MESSAGE);
	else
		bpf_ringbuf_discard(event, 0);
}

#endif
