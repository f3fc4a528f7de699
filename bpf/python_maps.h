/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the walk over Python frames keeps: layouts, thread states, code objects, and scratch memory. */
#ifndef NETAUDIT_BPF_PYTHON_MAPS_H
#define NETAUDIT_BPF_PYTHON_MAPS_H

#include "maps.h"
#include <netaudit/python.h>

#define NA_WALK_SLOTS 2	/* na_enter_walk() tries both */
#define NA_OBJECT_BYTES 256	/* of a frame, a code object or a dict's keys: more than any known version needs */
#define NA_SAMPLE_BYTES 64	/* of a file's and a module's name: what tells it from another at the same address */

/* A ring of its own: a stack is as large as seven opens, and must not crowd them out. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring_stacks SEC(".maps");

/* Tracepoint backend: a packet that began a flow left while this thread was running, perhaps by its doing. */
struct na_sending {
	__u64 sk;
	__u64 flow;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);	/* thread */
	__type(value, struct na_sending);
} sending_threads SEC(".maps");

/* Written by user space; a fork copies its parent's entry. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);	/* process id */
	__type(value, struct na_python);
} pythons SEC(".maps");

struct na_thread_key {
	__u64 start_ns;		/* of the thread */
	__u64 tid;
};

/* Where a thread's state was found last. Checked at each use. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_thread_key);
	__type(value, __u64);
} python_threads SEC(".maps");

struct na_code_key {
	__u64 start_ns;		/* of the process */
	__u64 code;		/* address */
	__u32 pid;
	__u32 exec_id;		/* an exec leaves start and pid as they are */
};

/* Some bytes of a string. */
struct na_sample {
	__u64 at;
	__u64 bytes;		/* 0: there are none */
	__u64 digest;
};

/*
 * A code object that user space has been told about. Memory is used again: the object is the same only while all of
 * this is, down to the text of its file's and its module's name.
 */
struct na_code_entry {
	__u64 id;
	__u64 file, name, globals;
	__u64 keys;		/* of the globals' dict: where `module_at` lies; 0: no module name was found */
	__u64 module_at;	/* where the dict refers to the module's name */
	__u64 module;		/* what it referred to */
	struct na_sample file_sample, module_sample;	/* end of the one, start of the other, terminators included */
	__u32 first_line;
	__u32 generation;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct na_code_key);
	__type(value, struct na_code_entry);
} python_codes SEC(".maps");

/* One number, raised by user space: what was described under a smaller one is described again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} code_generation SEC(".maps");

/* What a thread's interpreter has announced that it is about to do (audit.h), for the walk when it is done. */
struct na_announcement {
	__u64 time_ns;
	__u64 digest;		/* of the frames at that time */
	__u64 socket;		/* inode of the connect(2) that followed; 0: none has. An address may be the next one's */
	__u64 reason;		/* enum na_stack_reason of that walk */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct na_thread_key);
	__type(value, struct na_announcement);
} announced SEC(".maps");

/*
 * What this walk has read already. Frames share files and modules, and nothing of them changes while their thread is in
 * a system call, but by the process's own doing: then it is as it was at one moment of the walk.
 */
#define NA_SEEN_LOG2 6	/* a stack of 40 frames has some 15 modules: few share a place */
#define NA_SEEN (1 << NA_SEEN_LOG2)

struct na_seen_sample {
	__u64 at;
	__u32 bytes;
	__u32 turn;		/* of the walk that read it */
	__u64 digest;
};

struct na_seen_globals {
	__u64 globals, module_at;
	__u64 keys, module;	/* as they are now */
	__u64 turn;
};

/* A string that was found: where its characters are. */
struct na_string {
	__u64 data;
	__u64 bytes;
	__u32 unit;		/* bytes a character */
	__u32 ascii;
};

/* One walk, which would not fit a BPF stack. */
struct na_walk {
	__u32 busy;
	__u32 found;		/* the thread's state */
	__u64 thread_pointer;	/* of the acting thread: what its Python state is known by */
	__u64 interpreter;	/* the next to look through */
	__u64 thread;		/* the thread state being looked at */
	__u64 frameless;	/* a state of the acting thread on which no Python runs */
	__u64 frame;		/* the next to read; 0: none */
	__u64 digest;		/* of the frames that were read */
	__u64 file, name;	/* of the code object in hand */
	__u32 first_line;
	__s32 instruction;	/* of the frame in hand */
	__u32 frame_flags;
	__u32 turn;		/* counts the walks */
	__u64 pair[2];		/* of a dict: where the key is, where the value */
	struct na_string string;
	struct na_python python;
	struct na_thread_key thread_key;
	struct na_code_key key;
	struct na_code_entry entry;
	__u8 object[NA_OBJECT_BYTES + 8];
	__u64 sample[NA_SAMPLE_BYTES / 8];
	struct na_seen_sample seen_samples[NA_SEEN];
	struct na_seen_globals seen_globals[NA_SEEN];
	struct na_code_event code;
	struct na_stack_event stack;
	struct na_name_event name_asked;
};

/* A program may be preempted within a walk by another that walks: then that one takes the next slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NA_WALK_SLOTS);
	__type(key, __u32);
	__type(value, struct na_walk);
} walks SEC(".maps");

/* Never written: the zeroes that every event starts as. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_stack_event);
} blank_stack SEC(".maps");

#endif
