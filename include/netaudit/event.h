/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the kernel tells the observer: fixed-size, fully zeroed events without any payload field.
 *
 * Shared by the BPF programs and user space. Every field is in host byte order unless its name
 * says otherwise; addresses are 16 bytes, IPv4 stored as v4-mapped IPv6 (::ffff:a.b.c.d) and told
 * apart by `family`. Times are CLOCK_BOOTTIME nanoseconds. A changed layout needs a changed size,
 * because user space refuses an event whose header size is not its type's size.
 */
#ifndef NETAUDIT_EVENT_H
#define NETAUDIT_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include <netaudit/dns.h>
#include <netaudit/message.h>

#define NA_COMM_BYTES 16	/* TASK_COMM_LEN */
#define NA_UNIX_PATH_BYTES 108	/* UNIX_PATH_MAX */
#define NA_EXE_BYTES 64		/* trailing part of the executed file's name */

enum na_event_type {
	NA_EVENT_NONE,
	NA_EVENT_OPEN,		/* stream flow: connect attempted, accepted, or found open at start */
	NA_EVENT_CLOSE,		/* stream flow ended: result and final counters */
	NA_EVENT_DATAGRAM,	/* first datagram of a (socket, peer) flow; counters live in na_peer_counters.
				 * With flow 0: the socket's real user, for flows that had only been received */
	NA_EVENT_SOCKET_GONE,	/* a datagram socket was destroyed: its peers are final */
	NA_EVENT_UNIX,		/* unix stream or seqpacket connect */
	NA_EVENT_FORK,		/* new process (not thread) */
	NA_EVENT_EXEC,
	NA_EVENT_EXIT,		/* last thread of a process gone */
	NA_EVENT_PROGRESS,	/* counters of a stream flow that is still open (read from an iterator) */
	NA_EVENT_STACK,		/* the Python frames of the acting thread */
	NA_EVENT_CODE,		/* a code object that frames will refer to: sent before the first stack that does */
	NA_EVENT_NATIVE,	/* code addresses on the thread's C stack: sent before the stack they belong to */
	NA_EVENT_NAME,		/* a program asks its resolver for the addresses of a name: sent after its stack */
	NA_EVENT_MESSAGE,	/* an HTTP message, inside TLS or in clear text, or its head */
	NA_EVENT_DNS,		/* a DNS message, in a datagram of a flow */
	NA_EVENT_TYPES
};

/* Scope of a process, inherited in the kernel at fork. */
enum na_scope {
	NA_SCOPE_NONE,		/* not audited */
	NA_SCOPE_UNDECIDED,	/* executed something new; audited until user space decides */
	NA_SCOPE_ODOO,		/* an Odoo process or its descendant */
	NA_SCOPE_RELAY,		/* reached by Odoo over loopback or a unix socket: outbound calls audited */
	NA_SCOPE_HOST,		/* --scope host: everything */
};

enum na_direction { NA_DIRECTION_NONE, NA_OUTBOUND, NA_INBOUND };

/* How the flow was noticed: the strength of what the record can say. */
enum na_seen_by {
	NA_SEEN_NONE,
	NA_SEEN_CONNECT,	/* the connecting thread, at connect */
	NA_SEEN_ACCEPT,		/* the accepting thread, at accept */
	NA_SEEN_FIRST_IO,	/* accepted: the thread that did the first input or output */
	NA_SEEN_CLOSE,		/* accepted: only noticed when it closed */
	NA_SEEN_SEND,		/* first datagram sent */
	NA_SEEN_RECEIVE,	/* first datagram received */
	NA_SEEN_ITERATOR,	/* already open when the auditor started, or found by the periodic walk */
};

enum na_flow_flags {
	NA_FLOW_PRE_EXISTING = 1 << 0,
	NA_FLOW_FAST_OPEN = 1 << 1,	/* data in the SYN was asked for */
	NA_FLOW_MPTCP = 1 << 2,
	NA_FLOW_V4_MAPPED = 1 << 3,	/* an IPv6 socket speaking IPv4 */
	NA_FLOW_KERNEL_WORKER = 1 << 4,	/* done by a kernel thread for the process (io_uring before 5.12) */
	NA_FLOW_NO_SYN = 1 << 5,	/* failed before a SYN was sent */
	NA_FLOW_RESULT_UNKNOWN = 1 << 6,/* failed, but this backend cannot see with which error */
	NA_FLOW_ESTABLISHED = 1 << 7,	/* the handshake completed */
	NA_FLOW_LOCAL = 1 << 8,		/* the other end is on this host (not said of every flow) */
	NA_FLOW_DNS = 1 << 9,		/* of datagrams, set by user space: an NA_EVENT_DNS was of this flow */
	NA_FLOW_TEXT_LOST = 1 << 10,	/* of what was said on it something was missed, and so perhaps an exchange */
	NA_FLOW_TLS = 1 << 11,		/* it began with a ClientHello */
	NA_FLOW_TLS_SEEN = 1 << 12,	/* and is used by an OpenSSL that is looked into */
	NA_FLOW_DATABASE = 1 << 13,	/* it began as a connection to PostgreSQL does */
};

/* Who was running, taken in the kernel at the event. */
struct na_task {
	__u64 start_ns;		/* of the process (thread group leader) */
	__u64 cgroup_id;	/* cgroup v2 */
	__u32 pid;		/* thread group, initial pid namespace */
	__u32 tid;
	__u32 parent_pid;
	__u32 uid;
	__u32 pid_namespace;	/* inode number */
	__u32 net_namespace;	/* inode number; of the socket where there is one */
	__u32 scope;		/* enum na_scope */
	__u32 reserved;
	char comm[NA_COMM_BYTES];
};

struct na_event_header {
	__u64 time_ns;
	__u32 type;		/* enum na_event_type */
	__u32 size;		/* of the whole event, bytes */
};

/* NA_EVENT_OPEN, NA_EVENT_CLOSE, NA_EVENT_PROGRESS, NA_EVENT_DATAGRAM, NA_EVENT_SOCKET_GONE */
struct na_flow_event {
	struct na_event_header header;
	struct na_task task;	/* at close: whoever opened the flow */
	__u64 flow;		/* our own id, never reused within a journal's boot */
	__u64 socket;		/* datagram families: id of the socket the flow belongs to */
	__u64 opened_ns;
	__u64 established_ns;	/* 0: never */
	__u64 bytes_out;	/* payload, without retransmissions */
	__u64 bytes_in;
	__u8 local[16];
	__u8 remote[16];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;		/* AF_* */
	__u16 socket_type;	/* SOCK_* */
	__u32 protocol;		/* IPPROTO_*; the ethertype for packet sockets */
	__u32 flags;		/* enum na_flow_flags */
	__s32 error;		/* positive errno; 0: none */
	__u32 retransmits;	/* segments */
	__u32 smoothed_rtt_us;
	__u8 direction;		/* enum na_direction */
	__u8 seen_by;		/* enum na_seen_by */
	__u8 last_tcp_state;	/* at close: the state it closed from */
	__u8 reserved;
	__u32 exchanges;	/* begun on a TCP flow, after the first of one that this host opened */
	__u32 exchanges_unexamined;	/* of these, without an NA_STACK_WRITE: there were too many */
};

/* NA_EVENT_UNIX */
struct na_unix_event {
	struct na_event_header header;
	struct na_task task;
	__u64 flow;
	__u32 peer_pid;		/* who listens (or accepted); 0: unknown */
	__s32 error;		/* positive errno; 0: connected */
	__u16 socket_type;
	__u16 path_bytes;
	__u8 abstract;		/* path starts after a NUL that is not in `path` */
	__u8 reserved[3];
	char path[NA_UNIX_PATH_BYTES];
};

/* NA_EVENT_FORK (task = child), NA_EVENT_EXEC, NA_EVENT_EXIT */
struct na_process_event {
	struct na_event_header header;
	struct na_task task;
	__u64 parent_start_ns;
	__s32 exit_code;	/* wait(2) status, at exit */
	__u16 exe_bytes;
	__u8 off;		/* auditing was switched off: nothing to be recorded, but the process is to be known */
	__u8 reserved;
	char exe[NA_EXE_BYTES];	/* last bytes of the executed file's name */
};

/* Why a stack was taken. */
enum na_stack_reason {
	NA_STACK_NONE,
	NA_STACK_CONNECT,	/* `flow` is being opened: sent before its NA_EVENT_OPEN or NA_EVENT_UNIX */
	NA_STACK_DATAGRAM,	/* `flow` sends its first datagram to this peer: sent around its NA_EVENT_DATAGRAM */
	NA_STACK_WRITE,		/* first write on `flow` after a read: an exchange begins; inbound: an answer does */
	NA_STACK_THREAD,	/* the acting thread starts the thread `subject` */
	NA_STACK_PROCESS,	/* the acting thread starts the process `subject` */
	NA_STACK_NAME,		/* the acting thread asks for a name: `flow` is its NA_EVENT_NAME's `question` */
	NA_STACK_EXCHANGE,	/* the acting thread may begin a request in the TLS connection `flow`: sent before its message */
};

/* Whether the frames are those that the interpreter had when it announced the call (probe python:audit). */
enum na_stack_witness {
	NA_WITNESS_NONE,	/* it announced none, or no probe is there */
	NA_WITNESS_AGREES,
	NA_WITNESS_DISAGREES,
};

/* What the frames can be believed to be. Anything but COMPLETE leaves open what the missing ones would say. */
enum na_stack_status {
	NA_STACK_COMPLETE,
	NA_STACK_TRUNCATED,	/* more than NA_STACK_FRAMES: the innermost are here */
	NA_STACK_BROKEN,	/* a frame or its code object could not be read: the ones before it are here */
	NA_STACK_NO_PYTHON,	/* user space has not said how this process's interpreter is laid out */
	NA_STACK_NO_STATE,	/* the thread has no Python thread state (a native thread), or none was found */
	NA_STACK_BUSY,		/* the scratch space was in use by a program this one interrupted */
	NA_STACK_CODE_LOST,	/* a code object could not be described because the ring was full */
};

#define NA_STACK_FRAMES 96
#define NA_CODE_FILE_BYTES 256
#define NA_CODE_NAME_BYTES 96
#define NA_CODE_MODULE_BYTES 96
#define NA_CRON_TITLE_BYTES 80	/* " 4194304 ", and a name of at most 63 bytes */

enum na_frame_flags {
	NA_FRAME_ENTRY = 1 << 0,	/* called from C: native code lies between this frame and the next outer one */
};

struct na_stack_frame {
	__u64 code;		/* id of an NA_EVENT_CODE */
	__s32 instruction;	/* offset into the code object's bytecode, bytes; -1: not known */
	__u32 flags;		/* enum na_frame_flags */
};

/* NA_EVENT_STACK: innermost frame first. */
struct na_stack_event {
	struct na_event_header header;
	struct na_task task;
	__u64 thread_start_ns;	/* of the acting thread: with task.tid it names the thread */
	__u64 flow;		/* NA_STACK_CONNECT, _DATAGRAM, _WRITE */
	__u64 subject_start_ns;	/* NA_STACK_THREAD: of the thread; _PROCESS: of the process */
	__u64 queried;		/* flow to PostgreSQL that the thread asked last, since it took up a request; 0: none */
	__u64 code_pages;	/* mapped executable, but for the kernel's own for probes: another number means that code was
				 * mapped or unmapped since */
	__u32 subject;		/* NA_STACK_THREAD: thread id; _PROCESS: process id (initial pid namespace); _WRITE: the
				 * exchange's number on its flow, from 1: those between are not examined */
	__u16 count;		/* frames that follow */
	__u8 reason;		/* enum na_stack_reason */
	__u8 status;		/* enum na_stack_status */
	__u32 witness;		/* enum na_stack_witness */
	__u32 reserved;
	/* what follows "odoo: WorkerCron" in the process's title; "": it has another */
	char cron_title[NA_CRON_TITLE_BYTES];
	struct na_stack_frame frames[NA_STACK_FRAMES];
};

#define NA_NATIVE_WORDS 1024	/* a power of two */
#define NA_NATIVE_STACK_BYTES 32768	/* how much of the C stack is looked at */

/*
 * NA_EVENT_NATIVE, for processes that have an add-on's native code mapped, or may have by now: the thread's registers,
 * and of its C stack those words that are addresses of code or of the stack itself. Nothing else leaves the kernel.
 */
struct na_native_event {
	struct na_event_header header;
	struct na_task task;
	__u64 thread_start_ns;
	__u64 flow;		/* as in the stack event that follows */
	__u64 subject_start_ns;
	__u32 subject;
	__u16 count;
	__u8 reason;		/* enum na_stack_reason */
	__u8 status;		/* NA_STACK_COMPLETE, _TRUNCATED (more words than fit), _BROKEN (stack or registers unreadable) */
	__u64 unlisted;		/* 1: user space has not said what is code, or code was mapped since: see na_native_code */
	__u64 instruction;	/* user registers at the entry into the kernel */
	__u64 stack;
	__u64 frame;		/* rbp, x29 */
	__u64 argument;		/* rdi, x0: the system call's first */
	__u16 slot[NA_NATIVE_WORDS];	/* distance from `stack` in words of 8 bytes, ascending */
	__u64 word[NA_NATIVE_WORDS];
};

/* NA_EVENT_MESSAGE: a message, inside TLS or in clear text, is over, or its head is (message.part). */
struct na_message_event {
	struct na_event_header header;
	struct na_task task;	/* who wrote or read its last bytes; on the wire: who opened or accepted the flow */
	__u64 begun_ns;		/* inside TLS: its head was over; on the wire: the packet with its first byte */
	__u64 connection;	/* our id of what it was said on, never reused within a boot; shares its numbers with flows */
	__u64 flow;		/* 0: not known, or it was seen on two */
	__u16 server_name_bytes;
	__u8 written;		/* by this process; else read */
	__u8 on_wire;		/* clear text of the flow itself; else inside TLS */
	__u32 exchange;		/* written on the wire: in which exchange its first byte was, as in NA_STACK_WRITE; 0: the first */
	char server_name[NA_SERVER_NAME_BYTES];	/* asked for by this client (SNI): untrusted bytes; empty: by no name */
	struct na_message message;
};

/* NA_EVENT_DNS: after its flow's NA_EVENT_DATAGRAM. */
struct na_dns_event {
	struct na_event_header header;
	__u64 flow;
	__u64 socket;
	__u8 written;		/* by this host; else it has arrived */
	__u8 reserved[7];
	struct na_dns dns;
};

/* A Python string as the process had it in memory: untrusted bytes, not terminated. */
struct na_code_text {
	__u16 bytes;		/* in the buffer */
	__u8 unit;		/* bytes a character: 1 (ASCII or Latin-1), 2, 4 in host order; 0: unreadable or absent */
	__u8 flags;		/* enum na_text_flags */
};

enum na_text_flags {
	NA_TEXT_ASCII = 1 << 0,
	NA_TEXT_TRUNCATED = 1 << 1,	/* the buffer has the last bytes; of `name` and `module` the first */
};

/* NA_EVENT_CODE */
struct na_code_event {
	struct na_event_header header;
	__u64 start_ns;		/* with pid: the process; a forked child has ids of its own */
	__u64 code;		/* our id, never reused within a boot */
	__u64 address;		/* of the code object, in the process */
	__u64 globals;		/* address of the frame's globals: their dict lives as long as the module */
	__u32 pid;
	__u32 first_line;
	struct na_code_text file, name, module;
	__u32 reserved;
	char file_text[NA_CODE_FILE_BYTES];	/* co_filename: may say anything */
	char name_text[NA_CODE_NAME_BYTES];	/* co_qualname (3.11), else co_name */
	char module_text[NA_CODE_MODULE_BYTES];	/* __name__ of the globals */
};

#define NA_HOST_BYTES 256	/* a name has at most 255 characters */

/* NA_EVENT_NAME */
struct na_name_event {
	struct na_event_header header;
	struct na_task task;
	__u64 thread_start_ns;
	__u64 question;		/* our id of it */
	struct na_code_text host;	/* unit 0: not a string, or it could not be read */
	__u32 reserved;
	char host_text[NA_HOST_BYTES];
};

/* Counters of one datagram flow, kept in the kernel and collected per period. */
struct na_peer_key {
	__u64 socket;
	__u8 remote[16];
	__u16 remote_port;
	__u16 family;
	__u32 protocol;
};

struct na_peer_counters {
	__u64 flow;
	__u64 first_ns;
	__u64 last_ns;
	__u64 messages_out;
	__u64 bytes_out;
	__u64 messages_in;
	__u64 bytes_in;
	__u64 event_lost;	/* 1: the ring had no room for the flow's first event, which was counted as lost */
	__u64 answering;	/* 1: the first datagram was received, so what is sent are answers */
	__u64 quic;		/* version of QUIC, when a packet that says one was seen */
};

/* A connection or datagram that a process in scope sent to this host; whoever takes it becomes a relay. */
struct na_relay_key {
	__u8 client[16];
	__u8 server[16];
	__u16 client_port;
	__u16 server_port;
	__u32 net_namespace;
	__u32 protocol;		/* IPPROTO_* */
};

/* Waiting for a service to take what was sent to it. */
struct na_relay_wait {
	__u64 forget_ns;	/* nobody has come by then: user space removes it */
	__u64 identity;		/* of a socket: tells it from a later one at the same address */
};

/* What could not be handed over, by process and destination. */
struct na_loss_key {
	__u64 start_ns;
	__u32 pid;
	__u32 type;		/* enum na_event_type */
	__u8 remote[16];
	__u16 remote_port;
	__u16 family;
	__u32 reason;		/* enum na_loss_reason */
};

struct na_loss_value {
	__u64 count;
	char comm[NA_COMM_BYTES];
};

enum na_loss_reason {
	NA_LOSS_NONE,
	NA_LOSS_RING,		/* the ring was full */
	NA_LOSS_MAP,		/* a state map was full */
	NA_LOSS_REASONS
};

#endif
