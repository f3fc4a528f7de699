/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The kernel types the BPF programs touch, and of each only the fields they touch. CO-RE relocates
 * every access to the running kernel's layout, so order and gaps here mean nothing. Written by
 * hand instead of generated: it is the exact list of what we depend on in the kernel.
 */
#ifndef NETAUDIT_BPF_KERNEL_H
#define NETAUDIT_BPF_KERNEL_H

#define __VMLINUX_H__	/* tells libbpf's headers that kernel types, not user types, are in use */

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef _Bool bool;
enum { false, true };
#define NULL ((void *)0)

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum bpf_func_id { BPF_FUNC_get_attach_cookie = 174, BPF_FUNC_task_pt_regs = 175 };	/* asked for, not assumed: 5.15 */
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA, BPF_RB_RING_SIZE };

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define AF_VSOCK 40

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5

#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58
#define IPPROTO_SCTP 132
#define IPPROTO_UDPLITE 136
#define IPPROTO_MPTCP 262

/*
 * Compare a map operation with these as an int: before 6.4 the verifier calls hash map functions that return int
 * directly, and the upper half of the register is then not a sign.
 */
#define ENOENT 2
#define EEXIST 17
#define EINVAL 22
#define EAFNOSUPPORT 97
#define EINPROGRESS 115
#define ERESTARTSYS 512	/* and the codes up to 516: never seen by user space */

#define PF_IO_WORKER 0x00000010	/* 5.12; unused before */
#define PF_KTHREAD 0x00200000
#define S_IFMT 0170000
#define S_IFSOCK 0140000

enum {
	TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_TIME_WAIT,
	TCP_CLOSE, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING, TCP_NEW_SYN_RECV,
};

#define SOCK_DONE_BIT 1	/* enum sock_flags: SOCK_DEAD, SOCK_DONE, … since 2.6 */

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp, pc, pstate;
};
struct pt_regs {
	struct user_pt_regs user_regs;
};
#endif

/* Context types of the cgroup programs are user API, not relocated. */
struct bpf_sock {
	__u32 bound_dev_if, family, type, protocol, mark, priority, src_ip4, src_ip6[4], src_port;
	__be16 dst_port;
	__u16 : 16;
	__u32 dst_ip4, dst_ip6[4], state;
	__s32 rx_queue_mapping;
};

struct bpf_sock_addr {
	__u32 user_family, user_ip4, user_ip6[4], user_port, family, type, protocol, msg_src_ip4, msg_src_ip6[4];
	union {
		struct bpf_sock *sk;
		__u64 : 64;
	} __attribute__((aligned(8)));
};

struct __sk_buff {
	__u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority,
	      ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end, napi_id, family,
	      remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port, data_meta;
	union {
		void *flow_keys;
		__u64 : 64;
	} __attribute__((aligned(8)));
	__u64 tstamp;
	__u32 wire_len, gso_segs;
	union {
		struct bpf_sock *sk;
		__u64 : 64;
	} __attribute__((aligned(8)));
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct timespec64 { __s64 tv_sec; long tv_nsec; };
struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
struct nsproxy { struct net *net_ns; };
struct pid_namespace { struct ns_common ns; };
typedef struct { struct net *net; } possible_net_t;
struct in6_addr { union { __u8 u6_addr8[16]; } in6_u; };
typedef struct { int counter; } atomic_t;

struct kernfs_node { __u64 id; };
struct cgroup { struct kernfs_node *kn; };
struct css_set { struct cgroup *dfl_cgrp; };
typedef struct { unsigned int val; } kuid_t;
struct cred { kuid_t uid; };
struct upid { int nr; struct pid_namespace *ns; };
struct hlist_node;
struct hlist_head { struct hlist_node *first; };
struct pid { unsigned int level; struct hlist_head tasks[4]; struct upid numbers[1]; };
struct file;
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct signal_struct { atomic_t live; int group_exit_code; unsigned int flags; };
/* What the kernel mapped for probes: `head_tramps` is 6.18's. */
struct xol_area;
struct uprobes_state { struct xol_area *xol_area; struct hlist_head head_tramps; };
struct mm_struct {
	struct task_struct *owner;
	unsigned long arg_start, arg_end, exec_vm, start_code, end_code, mmap_base;
	struct uprobes_state uprobes_state;
};

/* What the C library knows a thread by. */
#if defined(__TARGET_ARCH_x86)
struct thread_struct { unsigned long fsbase; };
#else
struct thread_struct { struct { unsigned long tp_value; } uw; };
#endif

struct task_struct {
	struct thread_struct thread;
	void *stack;
	unsigned int flags;
	int pid, tgid, exit_code;
	__u64 self_exec_id;
	__u64 start_boottime;	/* real_start_time before 5.5 */
	struct task_struct *group_leader, *real_parent;
	const struct cred *cred;
	struct pid *thread_pid;
	struct css_set *cgroups;
	struct files_struct *files;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	char comm[16];
};

struct qstr { const unsigned char *name; };
struct dentry { struct qstr d_name; };
struct path { struct dentry *dentry; };
struct inode { unsigned short i_mode; unsigned long i_ino; };
struct file { struct path f_path; struct inode *f_inode; void *private_data; };
struct linux_binprm { struct file *file; };

struct hlist_node { struct hlist_node *next, **pprev; };

struct sock_common {
	struct hlist_node skc_node;
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	unsigned char skc_ipv6only : 1;
	unsigned long skc_flags;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

#define IFF_LOOPBACK 0x8
#define LOOPBACK_IFINDEX 1	/* in every network namespace */
#define PIDTYPE_TGID 1
#define SKB_DST_PTRMASK ~1UL
struct net_device { unsigned int flags; };
struct dst_entry { struct net_device *dev; };

struct socket;
struct sock {
	struct sock_common __sk_common;
	__u16 sk_type, sk_protocol;
	__u8 sk_kern_sock : 1;
	struct socket *sk_socket;
	struct pid *sk_peer_pid;
	struct dst_entry *sk_dst_cache;
	int sk_err;
};

struct socket { struct file *file; struct sock *sk; };

struct inet_sock { struct sock sk; __be32 inet_saddr; __be16 inet_sport; };
struct inet_connection_sock { struct inet_sock icsk_inet; void *icsk_ulp_data; };

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	bool is_mptcp;
	__u8 syn_fastopen : 1, syn_data : 1, fastopen_connect : 1;
	void *fastopen_req;
	__u32 srtt_us, total_retrans, copied_seq, rcv_nxt;
	__u64 bytes_sent, bytes_retrans, bytes_received;
};

struct mptcp_subflow_context { struct sock *conn; };
struct mptcp_sock { struct sock *first; __u64 bytes_sent, bytes_received; /* 6.5 */ };

struct sockaddr_un { unsigned short sun_family; char sun_path[108]; };
struct unix_address { int len; struct sockaddr_un name[1]; };
struct unix_sock { struct unix_address *addr; struct sock *peer; };
struct vsock_sock;

typedef struct { atomic_t refs; } refcount_t;
struct sk_buff {
	refcount_t users;
	unsigned int len;
	int skb_iif;
	unsigned long _skb_refdst;
	__u16 transport_header, network_header;
	unsigned char *head, *data;
	struct sock *sk;
};

struct msghdr { void *msg_name; int msg_namelen; };

struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; };
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};
struct bpf_map;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
};

struct trace_entry;
struct trace_event_raw_sys_enter { long id; unsigned long args[6]; };
struct trace_event_raw_sys_exit { long id; long ret; };

#pragma clang attribute pop

/* Kernel-copied socket addresses: user API layouts, fixed for ever. */
struct sockaddr_in_fixed { __u16 family; __be16 port; __be32 address; };
struct sockaddr_ll_fixed {
	__u16 family;
	__be16 protocol;
	__s32 ifindex;
	__u16 hatype;
	__u8 pkttype, halen;
	__u8 addr[8];
};
struct sockaddr_vm_fixed { __u16 family, reserved; __u32 port, cid; };

#endif
