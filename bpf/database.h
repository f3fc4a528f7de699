/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which database of Odoo's a thread works for, as far as the kernel can tell at the moment of a call: the connection to
 * PostgreSQL that it asked last since it took up its request, and the database in a cron worker's title. Both change
 * while user space looks away, so they are taken here.
 */
#ifndef NETAUDIT_BPF_DATABASE_H
#define NETAUDIT_BPF_DATABASE_H

#include "flow.h"
#include "python_maps.h"

#define NA_CRON_TITLE_FIRST 0x6f646f6f3a20576fULL	/* "odoo: Wo" */
#define NA_CRON_TITLE_SECOND 0x726b657243726f6eULL	/* "rkerCron" */

/* The flow that a thread asked last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_thread_key);
	__type(value, __u64);
} queries SEC(".maps");

static __always_inline void na_this_thread(struct na_thread_key *key)
{
	key->start_ns = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), start_boottime);
	key->tid = na_current_tid();
}

/* Whether this connection leads to PostgreSQL; of one whose beginning was not seen it may. */
static __always_inline bool na_may_be_database(const struct na_socket *state)
{
	return state->direction == NA_OUTBOUND &&
	       state->flags & (NA_FLOW_DATABASE | NA_FLOW_PRE_EXISTING | NA_FLOW_TEXT_LOST);
}

/* The current thread begins an exchange on this connection. */
static __noinline void na_note_query(__u64 flow)
{
	struct na_thread_key key = {};
	__u64 *known;

	na_this_thread(&key);
	known = bpf_map_lookup_elem(&queries, &key);
	if (known)
		*known = flow;
	else
		bpf_map_update_elem(&queries, &key, &flow, BPF_ANY);
}

/* It takes up a request, or answers one: what it asked before was for another. */
static __noinline void na_forget_query(void)
{
	struct na_thread_key key = {};

	na_this_thread(&key);
	bpf_map_delete_elem(&queries, &key);
}

/* Of the command line nothing is read but where it begins as a cron worker's title does. */
static __noinline void na_read_database(struct na_stack_event *event)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 title = BPF_CORE_READ(task, mm, arg_start);
	struct na_thread_key key = {};
	__u64 *query;
	__u64 start[2] = {};

	na_this_thread(&key);
	query = bpf_map_lookup_elem(&queries, &key);
	if (query)
		event->queried = *query;
	if (!bpf_probe_read_user(start, sizeof(start), (const void *)(unsigned long)title) &&
	    start[0] == bpf_cpu_to_be64(NA_CRON_TITLE_FIRST) && start[1] == bpf_cpu_to_be64(NA_CRON_TITLE_SECOND))
		bpf_probe_read_user_str(event->cron_title, sizeof(event->cron_title),
					(const void *)(unsigned long)(title + sizeof(start)));
}

#endif
