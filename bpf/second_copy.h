/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Second copies, for preemptible kernels. A program that is preempted shuts every other task out of itself on that
 * CPU until it goes on; the kernel counts that (recursion_misses) and the event is gone. With a second copy of the
 * program on the same hook, the event is gone only when both copies are shut out. The first copy leaves a mark; the
 * second takes it away, or does the work where there is none.
 */
#ifndef NETAUDIT_BPF_SECOND_COPY_H
#define NETAUDIT_BPF_SECOND_COPY_H

#include "maps.h"

enum na_marked_hook {
	NA_HOOK_TCP_V4_CONNECT, NA_HOOK_TCP_V6_CONNECT, NA_HOOK_SOCK_GRAFT, NA_HOOK_IP_SEND, NA_HOOK_IP6_SEND,
	NA_HOOK_CONSUME_UDP, NA_HOOK_SENDMSG, NA_HOOK_CONNECT, NA_HOOK_FREE_DATAGRAM, NA_HOOK_UNIX_CONNECT, NA_HOOK_SK_FREE,
	NA_HOOK_UNIX_SEND,
};

static __always_inline void na_mark_done(__u64 hook, const void *object)
{
	struct na_mark mark = { .task = bpf_get_current_task(), .object = (__u64)object, .hook = hook };
	__u8 yes = 1;

	if (second_copies)
		bpf_map_update_elem(&marks, &mark, &yes, BPF_ANY);
}

static __always_inline bool na_was_done(__u64 hook, const void *object)
{
	struct na_mark mark = { .task = bpf_get_current_task(), .object = (__u64)object, .hook = hook };

	return !bpf_map_delete_elem(&marks, &mark);
}

/* Defines program NAME and its second copy NAME_again. The last arguments are the hook's own. */
#define NA_TWICE(section, name, hook, object, work, ...) \
SEC(section) \
int BPF_PROG(name, __VA_ARGS__) \
{ \
	na_mark_done(hook, object); \
	work; \
	return 0; \
} \
SEC(section) \
int BPF_PROG(name##_again, __VA_ARGS__) \
{ \
	if (!na_was_done(hook, object)) \
		work; \
	return 0; \
}

#endif
