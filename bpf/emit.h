/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Handing events over, and counting every one that could not be. */
#ifndef NETAUDIT_BPF_EMIT_H
#define NETAUDIT_BPF_EMIT_H

#include "identity.h"

static __always_inline void na_count(__u32 type, __u32 reason)
{
	__u32 key = type * NA_LOSS_REASONS + reason;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);

	/* atomic although per CPU: a program may be interrupted by another on the same CPU */
	if (count)
		__sync_fetch_and_add(count, 1);
}

/* What was lost, in one register: a frame of its own for the rest, because BPF stacks are small. */
#define NA_LOSS(type, reason, port, family) \
	((__u64)(type) | (__u64)(reason) << 8 | (__u64)(port) << 16 | (__u64)(family) << 32)

/* The total is exact; the per-destination table is as good as its size allows. `remote` may be NULL. */
static __noinline void na_lost(__u64 loss, const struct na_task *task, const __u8 *remote)
{
	struct na_loss_key key = {
		.type = loss & 0xff, .reason = loss >> 8 & 0xff, .remote_port = loss >> 16, .family = loss >> 32,
	};
	struct na_loss_value *known, fresh = {};

	if (!task)
		return;
	na_count(key.type, key.reason);
	key.start_ns = task->start_ns;
	key.pid = task->pid;
	if (remote)
		__builtin_memcpy(key.remote, remote, 16);
	known = bpf_map_lookup_elem(&losses, &key);
	if (!known) {
		__builtin_memcpy(fresh.comm, task->comm, NA_COMM_BYTES);
		bpf_map_update_elem(&losses, &key, &fresh, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&losses, &key);
	}
	if (known)
		__sync_fetch_and_add(&known->count, 1);
}

/* Ring records are reused memory: a reserved event is zeroed in full before anything else. */
static __always_inline void *na_reserve(void *ring, __u32 type, __u32 size, __u64 time_ns)
{
	struct na_event_header *header = NULL;

	if (size == sizeof(struct na_flow_event))
		header = bpf_ringbuf_reserve(ring, sizeof(struct na_flow_event), 0);
	else if (size == sizeof(struct na_process_event))
		header = bpf_ringbuf_reserve(ring, sizeof(struct na_process_event), 0);
	else
		header = bpf_ringbuf_reserve(ring, sizeof(struct na_unix_event), 0);
	if (!header)
		return NULL;
	__builtin_memset(header, 0, size);
	header->time_ns = time_ns;
	header->type = type;
	header->size = size;
	return header;
}

static __always_inline void na_submit(void *event, __u32 type)
{
	bpf_ringbuf_submit(event, 0);
	na_count(type, NA_LOSS_NONE);
}

#endif
