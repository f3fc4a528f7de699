/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The probe python:audit, where an interpreter announces what it is about to do, with the GIL held: a second look at
 * the frames, before anybody could change them behind a connect, and the names that are asked for.
 *
 * It runs for every event of every process that has the interpreter's file mapped, so it lets go early: by the
 * process, then by the first eight characters of the event's name.
 */
#ifndef NETAUDIT_BPF_AUDIT_H
#define NETAUDIT_BPF_AUDIT_H

#include "python.h"
#include <netaudit/probe.h>

#define NA_ANNOUNCED_BYTES 24

/* What concerns us of what CPython 3.9 to 3.15 announces, and the walk that will follow it. */
static const struct {
	char name[NA_ANNOUNCED_BYTES];
	__u32 reason;
} na_announcements[] = {
	{ "socket.connect", NA_STACK_CONNECT },
	{ "socket.getaddrinfo", NA_STACK_NAME },
	{ "socket.gethostbyname", NA_STACK_NAME },
	{ "subprocess.Popen", NA_STACK_PROCESS },
	{ "os.posix_spawn", NA_STACK_PROCESS },
	{ "os.fork", NA_STACK_PROCESS },
	{ "os.forkpty", NA_STACK_PROCESS },
	{ "os.system", NA_STACK_PROCESS },
};

#define NA_ANNOUNCEMENTS ((int)(sizeof(na_announcements) / sizeof(na_announcements[0])))

/* An argument of the probe; `place` is a half of na_places(). Exactly the 8 bytes are read: 0 when they cannot be. */
static __always_inline __u64 na_probe_argument(struct pt_regs *context, __u32 place)
{
	__u64 value = 0, offset = (place >> NA_PLACE_REGISTER_SHIFT & (NA_PLACE_REGISTERS - 1)) * sizeof(__u64);

	bpf_probe_read_kernel(&value, sizeof(value), (void *)context + offset);
	if (place & NA_PLACE_IN_MEMORY) {
		__u64 at = value + (__s64)(__s16)(place >> NA_PLACE_DISTANCE_SHIFT);

		value = 0;
		NA_READ_USER(value, at);
	}
	return value;
}

/* Every name that concerns us has, with its end, eight bytes: a read of so many fails for none of them. */
static __always_inline __u32 na_read_announcement(__u64 name)
{
	__u64 word[NA_ANNOUNCED_BYTES / 8] = {};
	bool candidate = false;

	if (NA_READ_USER(word[0], name))
		return NA_STACK_NONE;
#pragma unroll
	for (int i = 0; i < NA_ANNOUNCEMENTS; i++)
		candidate |= word[0] == *(const __u64 *)na_announcements[i].name;
	if (!candidate || bpf_probe_read_user_str(&word[1], sizeof(word) - sizeof(word[0]),
						  (const void *)(unsigned long)(name + sizeof(word[0]))) < 0)
		return NA_STACK_NONE;
	if (!(word[0] >> 56))
		word[1] = word[2] = 0;	/* it ended before: what was read is another text */
#pragma unroll
	for (int i = 0; i < NA_ANNOUNCEMENTS; i++) {
		const __u64 *wanted = (const __u64 *)na_announcements[i].name;

		if (word[0] == wanted[0] && word[1] == wanted[1] && word[2] == wanted[2])
			return na_announcements[i].reason;
	}
	return NA_STACK_NONE;
}

/* The acting thread, its process and its interpreter, for a walk that makes no stack event. */
static __always_inline void na_begin_look(struct na_walk *walk, const struct na_python *python)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	bpf_probe_read_kernel(&walk->python, sizeof(walk->python), python);
	walk->thread_pointer = na_thread_pointer(task);
	walk->stack.thread_start_ns = BPF_CORE_READ(task, start_boottime);
	walk->stack.task.tid = na_current_tid();
}

/* Keeps what the frames are now. Where they cannot be read there is no second witness. */
static __noinline void na_announce(__u32 reason, const struct na_python *python)
{
	struct na_announcement said = { .time_ns = bpf_ktime_get_boot_ns(), .reason = reason };
	struct na_walk *walk;
	__u32 slot = 0;

	if (!python)
		return;
	walk = na_enter_walk(&slot);
	if (!walk)
		return;
	na_begin_look(walk, python);
	if (na_digest_frames(walk, slot)) {
		said.digest = walk->digest;
		announcements = true;
		bpf_map_update_elem(&announced, &walk->thread_key, &said, BPF_ANY);
	}
	walk->busy = 0;
}

/* The first of the event's arguments, when it is a string. */
static __always_inline void na_read_host(struct na_walk *walk, const struct na_python *python, __u64 arguments)
{
	struct na_name_event *event = &walk->name_asked;
	__u64 host = 0;

	bpf_probe_read_kernel(&walk->python, sizeof(walk->python), python);
	if (!NA_READ_USER(host, arguments + walk->python.tuple_items))
		na_copy_string(walk, host, event->host_text, sizeof(event->host_text), false, &event->host);
}

static __always_inline void na_report_name(struct na_walk *walk, __u64 question)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct na_name_event *event = &walk->name_asked;

	event->header.type = NA_EVENT_NAME;
	event->header.size = sizeof(*event);
	event->question = question;
	event->thread_start_ns = BPF_CORE_READ(task, start_boottime);
	na_describe_task(&event->task, task, na_scope_of(na_current_pid()));
	event->task.net_namespace = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	event->header.time_ns = bpf_ktime_get_boot_ns();
	if (bpf_ringbuf_output(&ring_stacks, event, sizeof(*event), 0))
		na_lost(NA_LOSS(NA_EVENT_NAME, NA_LOSS_RING, 0, 0), &event->task, NULL);
	else
		na_count(NA_EVENT_NAME, NA_LOSS_NONE);
}

/* `python` NULL: the interpreter is not known yet, so that a name was asked for is all that is said. */
static __noinline void na_take_name(const struct na_python *python, __u64 arguments, __u64 question)
{
	__u32 slot = 0, zero = 0;
	void *blank = bpf_map_lookup_elem(&blank_stack, &zero);
	struct na_walk *walk;

	if (!blank)
		return;
	walk = na_enter_walk(&slot);
	if (!walk) {
		na_count(NA_EVENT_NAME, NA_LOSS_MAP);	/* whose it was is more than the BPF stack has room for */
		return;
	}
	bpf_probe_read_kernel(&walk->name_asked, sizeof(walk->name_asked), blank);
	if (python)
		na_read_host(walk, python, arguments);
	na_report_name(walk, question);
	walk->busy = 0;
}

SEC("uprobe")
int na_python_audit(struct pt_regs *context)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 pid = na_current_pid(), reason;
	struct na_python *python;
	__u64 places, question;

	if (switches.off || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_attach_cookie) ||
	    na_scope_of(pid) == NA_SCOPE_NONE)
		return 0;
	places = bpf_get_attach_cookie(context);
	reason = na_read_announcement(na_probe_argument(context, places));
	if (reason == NA_STACK_NONE)
		return 0;
	python = bpf_map_lookup_elem(&pythons, &pid);
	if (python && !na_is_about(python, BPF_CORE_READ(task, group_leader, start_boottime)))
		python = NULL;
	if (reason != NA_STACK_NAME) {
		na_announce(reason, python);
		return 0;
	}
	question = na_new_id();
	na_take_stack(NA_STACK_NAME, question, 0);
	na_take_name(python, na_probe_argument(context, places >> 32), question);
	return 0;
}

/*
 * connect(2) begins, on fentry and kprobe: from the first after an announcement on it is that one's, until there is
 * another socket. A second try on the same socket announces again. Twice does no harm.
 */
static __always_inline void na_meet_connect(struct sock *sk)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct na_thread_key key = { .tid = na_current_tid() };
	struct na_announcement *said;
	__u64 inode;

	if (!announcements)
		return;
	key.start_ns = BPF_CORE_READ(task, start_boottime);
	said = bpf_map_lookup_elem(&announced, &key);
	if (!said)
		return;
	inode = na_socket_inode(sk);
	if (!said->socket)
		said->socket = inode;
	else if (said->socket != inode)
		bpf_map_delete_elem(&announced, &key);
}

/* connect(2) is over, on tracepoints: what was announced for it is of no other. */
static __always_inline void na_end_connect(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct na_thread_key key = { .tid = na_current_tid() };

	if (!announcements)
		return;
	key.start_ns = BPF_CORE_READ(task, start_boottime);
	bpf_map_delete_elem(&announced, &key);
}

#endif
