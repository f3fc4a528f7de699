// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The parser of clear text as the kernel runs it, to be given bytes with BPF_PROG_TEST_RUN. */
#include "clear_run.h"

struct bpf_raw_tracepoint_args { __u64 args[5]; };

#define TOLD_MOST 64

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_clear_stream);
} streams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TOLD_MOST);
	__type(key, __u32);
	__type(value, struct na_message);
} told SEC(".maps");

__u32 told_count = 0;

static __noinline void na_clear_report(struct na_clear_work *work)
{
	__u32 next = told_count;

	if (!work)
		return;
	bpf_map_update_elem(&told, &next, &work->stream.message, BPF_ANY);
	told_count = next + 1;
}

/* Arguments: where the bytes are, how many, requests begun in the other direction, which of these have no body. */
SEC("raw_tp/clear")
int feed(struct bpf_raw_tracepoint_args *context)
{
	__u32 zero = 0, slot;
	struct na_clear_stream *stream = bpf_map_lookup_elem(&streams, &zero);
	struct na_clear_key *key = bpf_map_lookup_elem(&clear_key, &zero);
	struct na_clear_work *work = na_clear_enter(&slot);

	if (!work)
		return 1;
	if (stream && key) {
		bpf_probe_read_kernel(&work->stream, sizeof(work->stream), stream);
		work->at = context->args[0];
		work->left = context->args[1];
		work->peer_begun = context->args[2];
		work->peer_no_body = context->args[3];
		work->key[0] = key->half[0];
		work->key[1] = key->half[1];
		na_clear_run(work, slot);
		bpf_map_update_elem(&streams, &zero, &work->stream, BPF_ANY);
	}
	na_clear_leave(work);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
