// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of programs and the table of what each backend sees. */
#include "capture/hooks.h"

#include <string.h>

#define FENTRY NA_BACKEND_BIT(NA_BACKEND_FENTRY)
#define KPROBE NA_BACKEND_BIT(NA_BACKEND_KPROBE)
#define TRACEPOINT NA_BACKEND_BIT(NA_BACKEND_TRACEPOINT)
#define EVERY (FENTRY | KPROBE | TRACEPOINT)

/* A type that came into the kernel with preemptible tracepoints (6.19, tracepoint.h's srcu_fast_notrace guard). */
#define PREEMPTIBLE_TRACEPOINTS "class_srcu_fast_notrace_t"

#define LINKS_TO_EVENTS "bpf_perf_link"

static const struct na_hook hooks[] = {
	{ "na_tcp_state", EVERY, NULL },
	{ "na_process_fork", EVERY, NULL },
	{ "na_process_stack", EVERY, NULL },
	{ "na_process_exec", EVERY, NULL },
	{ "na_process_exit", EVERY, NULL },
	{ "na_existing_sockets", EVERY, NULL },
	{ "na_existing_relays", EVERY, NULL },
	{ "na_open_flows", EVERY, NULL },
	{ "na_dns_out", EVERY, NULL },	/* control groups must be there: load.c */
	{ "na_dns_in", EVERY, NULL },
	{ "na_python_audit", EVERY, NULL },	/* attached on request (probes.h) */
	/* the same; cookies, which they need, came with links to events (5.15) */
	{ "na_tls_write", EVERY, LINKS_TO_EVENTS },
	{ "na_tls_returned", EVERY, LINKS_TO_EVENTS },
	{ "na_tls_read", EVERY, LINKS_TO_EVENTS },
	{ "na_tls_control", EVERY, LINKS_TO_EVENTS },
	{ "na_tls_free", EVERY, LINKS_TO_EVENTS },
	{ "na_stream", EVERY, LINKS_TO_EVENTS },	/* what it needs is older, but it is of no use without them */

	/* second copies: only where a preempted program shuts others out (bpf/second_copy.h) */
	{ "na_tcp_state_again", EVERY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_process_fork_again", EVERY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_process_exec_again", EVERY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_process_exit_again", EVERY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fexit_tcp_v4_connect_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fexit_tcp_v6_connect_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_sock_graft_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_ip_send_skb_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_ip6_send_skb_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_skb_consume_udp_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_socket_sendmsg_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_socket_connect_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_skb_free_datagram_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fexit_unix_stream_connect_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_sk_free_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_unix_may_send_again", FENTRY, PREEMPTIBLE_TRACEPOINTS },

	{ "na_tcp_write", FENTRY | KPROBE, "btf_trace_sock_send_length" },
	{ "na_tcp_write_again", FENTRY | KPROBE, PREEMPTIBLE_TRACEPOINTS },
	{ "na_fentry_tcp_sendmsg", FENTRY, NULL },
	{ "na_kprobe_tcp_sendmsg", KPROBE, NULL },

	{ "na_fexit_tcp_v4_connect", FENTRY, NULL },
	{ "na_fexit_tcp_v6_connect", FENTRY, "tcp_v6_connect" },
	{ "na_fentry_sock_graft", FENTRY, NULL },
	{ "na_fentry_ip_send_skb", FENTRY, NULL },
	{ "na_fentry_ip6_send_skb", FENTRY, "ip6_send_skb" },
	{ "na_fentry_skb_consume_udp", FENTRY, NULL },
	{ "na_fentry_socket_sendmsg", FENTRY, NULL },
	{ "na_fentry_socket_connect", FENTRY, NULL },
	{ "na_fentry_skb_free_datagram", FENTRY, NULL },
	{ "na_fexit_unix_stream_connect", FENTRY, NULL },
	{ "na_fentry_sk_free", FENTRY, NULL },
	{ "na_fentry_unix_may_send", FENTRY, NULL },

	{ "na_kprobe_tcp_v4_connect", KPROBE, NULL },
	{ "na_kretprobe_tcp_v4_connect", KPROBE, NULL },
	{ "na_kprobe_tcp_v6_connect", KPROBE, "tcp_v6_connect" },
	{ "na_kretprobe_tcp_v6_connect", KPROBE, "tcp_v6_connect" },
	{ "na_kprobe_sock_graft", KPROBE, NULL },
	{ "na_kprobe_ip_send_skb", KPROBE, NULL },
	{ "na_kprobe_ip6_send_skb", KPROBE, "ip6_send_skb" },
	{ "na_kprobe_skb_consume_udp", KPROBE, NULL },
	{ "na_kprobe_socket_sendmsg", KPROBE, NULL },
	{ "na_kprobe_socket_connect", KPROBE, NULL },
	{ "na_kprobe_skb_free_datagram", KPROBE, NULL },
	{ "na_kprobe_unix_stream_connect", KPROBE, NULL },
	{ "na_kretprobe_unix_stream_connect", KPROBE, NULL },
	{ "na_kprobe_sk_free", KPROBE, NULL },
	{ "na_kprobe_unix_may_send", KPROBE, NULL },

	{ "na_connect4", TRACEPOINT, NULL },
	{ "na_connect6", TRACEPOINT, NULL },
	{ "na_packet_out", TRACEPOINT, NULL },
	{ "na_packet_in", TRACEPOINT, NULL },
	{ "na_sock_create", TRACEPOINT, NULL },
	{ "na_sock_release", TRACEPOINT, NULL },
	{ "na_sock_send", TRACEPOINT, "btf_trace_sock_send_length" },
	{ "na_sock_receive", TRACEPOINT, "btf_trace_sock_recv_length" },
	{ "na_exit_accept", TRACEPOINT, NULL },
	{ "na_exit_accept4", TRACEPOINT, NULL },
	{ "na_exit_connect", TRACEPOINT, NULL },
};

/* Programs that do another's work where it has no hook. */
static const struct { const char *program, *instead_of; } substitutes[] = {
	{ "na_fentry_tcp_sendmsg", "na_tcp_write" },
	{ "na_kprobe_tcp_sendmsg", "na_tcp_write" },
};

const struct na_hook *na_hook_instead_of(const char *program)
{
	for (size_t i = 0; i < sizeof(substitutes) / sizeof(substitutes[0]); i++)
		if (!strcmp(substitutes[i].program, program))
			return na_hook_find(substitutes[i].instead_of);
	return NULL;
}

bool na_hook_has_substitute(const char *program)
{
	for (size_t i = 0; i < sizeof(substitutes) / sizeof(substitutes[0]); i++)
		if (!strcmp(substitutes[i].instead_of, program))
			return true;
	return false;
}

const char *na_hook_second_copies_need(void)
{
	return PREEMPTIBLE_TRACEPOINTS;
}

const struct na_hook *na_hook_find(const char *program)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (!strcmp(hooks[i].program, program))
			return &hooks[i];
	return NULL;
}

/* What is seen, by backend; "not seen" and weaker fields in words. Each cell was found by experiment (tests/vm). */
static const struct na_hook_row rows[] = {
	{ "TCP connect", { [NA_BACKEND_FENTRY] = "fexit tcp_v4_connect, tcp_v6_connect",
		[NA_BACKEND_KPROBE] = "kprobe+kretprobe tcp_v4_connect, tcp_v6_connect",
		[NA_BACKEND_TRACEPOINT] = "cgroup connect4/6, sock:inet_sock_set_state, cgroup_skb (the SYN)" } },
	{ "failure before SYN", { [NA_BACKEND_FENTRY] = "the same, with errno", [NA_BACKEND_KPROBE] = "the same, with errno",
		[NA_BACKEND_TRACEPOINT] = "connect4/6 + exit of connect(2); errno not seen for io_uring" } },
	{ "accept", { [NA_BACKEND_FENTRY] = "security_sock_graft", [NA_BACKEND_KPROBE] = "security_sock_graft",
		[NA_BACKEND_TRACEPOINT] = "exit of accept(2), accept4(2); io_uring: first input or output (6.3+), else close, "
			"unless reset by then" } },
	{ "TCP close, counters", { [NA_BACKEND_FENTRY] = "sock:inet_sock_set_state",
		[NA_BACKEND_KPROBE] = "sock:inet_sock_set_state", [NA_BACKEND_TRACEPOINT] = "sock:inet_sock_set_state" } },
	{ "UDP sent", { [NA_BACKEND_FENTRY] = "ip_send_skb, ip6_send_skb", [NA_BACKEND_KPROBE] = "ip_send_skb, ip6_send_skb",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb egress" } },
	{ "UDP received", { [NA_BACKEND_FENTRY] = "skb_consume_udp, in the reading thread",
		[NA_BACKEND_KPROBE] = "skb_consume_udp, in the reading thread",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb ingress: counted on arrival, read or not; before 6.3 the name is of who "
			"made the socket" } },
	{ "UDP send that fails in routing", { [NA_BACKEND_FENTRY] = "not seen", [NA_BACKEND_KPROBE] = "not seen",
		[NA_BACKEND_TRACEPOINT] = "not seen" } },
	{ "unix connect", { [NA_BACKEND_FENTRY] = "fexit unix_stream_connect",
		[NA_BACKEND_KPROBE] = "kprobe+kretprobe unix_stream_connect",
		[NA_BACKEND_TRACEPOINT] = "exit of connect(2); path not seen when it fails; io_uring not seen" } },
	{ "relay by accept", { [NA_BACKEND_FENTRY] = "as accept, unix connect",
		[NA_BACKEND_KPROBE] = "as accept, unix connect",
		[NA_BACKEND_TRACEPOINT] = "as accept, unix connect; io_uring not seen" } },
	{ "relay by UDP", { [NA_BACKEND_FENTRY] = "ip_send_skb, ip6_send_skb, skb_consume_udp",
		[NA_BACKEND_KPROBE] = "ip_send_skb, ip6_send_skb, skb_consume_udp",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb, sock:sock_recv_length (6.3+); before not seen" } },
	{ "relay by unix datagram", { [NA_BACKEND_FENTRY] = "security_unix_may_send, skb_free_datagram",
		[NA_BACKEND_KPROBE] = "security_unix_may_send, skb_free_datagram",
		[NA_BACKEND_TRACEPOINT] = "exit of connect(2), sock:sock_send_length, sock_recv_length (6.3+), of connected "
			"sockets; before not seen" } },
	{ "DNS in UDP", { [NA_BACKEND_FENTRY] = "cgroup_skb; the first message that arrives on a flow is not seen",
		[NA_BACKEND_KPROBE] = "cgroup_skb; the first message that arrives on a flow is not seen",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb" } },
	{ "DNS in TCP", { [NA_BACKEND_FENTRY] = "cgroup_skb, at port 53", [NA_BACKEND_KPROBE] = "cgroup_skb, at port 53",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb, at port 53" } },
	{ "DNS in TLS or HTTPS", { [NA_BACKEND_FENTRY] = "not seen", [NA_BACKEND_KPROBE] = "not seen",
		[NA_BACKEND_TRACEPOINT] = "not seen" } },
	{ "raw, ICMP", { [NA_BACKEND_FENTRY] = "security_socket_sendmsg, skb_free_datagram",
		[NA_BACKEND_KPROBE] = "security_socket_sendmsg, skb_free_datagram",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb: received packets are counted on arrival, read or not" } },
	{ "packet sockets", { [NA_BACKEND_FENTRY] = "security_socket_sendmsg, skb_free_datagram",
		[NA_BACKEND_KPROBE] = "security_socket_sendmsg, skb_free_datagram",
		[NA_BACKEND_TRACEPOINT] = "sock:sock_send_length, sock_recv_length (6.3+; address not seen); before 6.3 not seen" } },
	{ "SCTP", { [NA_BACKEND_FENTRY] = "security_socket_connect, _sendmsg, security_sock_graft; received bytes, result and "
			"the connecting socket's own address not seen",
		[NA_BACKEND_KPROBE] = "security_socket_connect, _sendmsg, security_sock_graft; received bytes, result and "
			"the connecting socket's own address not seen",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb, exit of accept(2): packets with their chunks, not messages, from accept "
			"until close" } },
	{ "vsock", { [NA_BACKEND_FENTRY] = "security_socket_connect, _sendmsg, security_sock_graft; received bytes and result "
			"not seen",
		[NA_BACKEND_KPROBE] = "security_socket_connect, _sendmsg, security_sock_graft; received bytes and result "
			"not seen",
		[NA_BACKEND_TRACEPOINT] = "exit of connect(2), accept(2), accept4(2); bytes: sock:sock_send_length, "
			"sock_recv_length (6.3+), before not seen" } },
	{ "HTTP/1.1 and HTTP/2 inside OpenSSL", { [NA_BACKEND_FENTRY] = "uprobes (5.15+)", [NA_BACKEND_KPROBE] = "uprobes (5.15+)",
		[NA_BACKEND_TRACEPOINT] = "uprobes (5.15+); its flow: sock:sock_send_length (6.3+), before not known" } },
	{ "HTTP/1.1 and HTTP/2 in clear text", { [NA_BACKEND_FENTRY] = "cgroup_skb, both ways (5.15+, cgroup v2 mounted)",
		[NA_BACKEND_KPROBE] = "cgroup_skb, both ways (5.15+, cgroup v2 mounted)",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb, both ways (5.15+)" } },
	{ "ClientHello of any TLS", { [NA_BACKEND_FENTRY] = "cgroup_skb, both ways (5.15+, cgroup v2 mounted)",
		[NA_BACKEND_KPROBE] = "cgroup_skb, both ways (5.15+, cgroup v2 mounted)",
		[NA_BACKEND_TRACEPOINT] = "cgroup_skb, both ways (5.15+); whether it was seen into: 6.3+" } },
	{ "Python frames: connects, thread and process starts", { [NA_BACKEND_FENTRY] = "in the acting thread",
		[NA_BACKEND_KPROBE] = "in the acting thread", [NA_BACKEND_TRACEPOINT] = "in the acting thread" } },
	{ "Python frames: first datagram", { [NA_BACKEND_FENTRY] = "in the sending thread",
		[NA_BACKEND_KPROBE] = "in the sending thread",
		[NA_BACKEND_TRACEPOINT] = "sock:sock_send_length, of the thread that a packet left (6.3+); before not seen" } },
	{ "Python frames: later exchanges", { [NA_BACKEND_FENTRY] = "sock:sock_send_length (6.3+), before tcp_sendmsg",
		[NA_BACKEND_KPROBE] = "sock:sock_send_length (6.3+), before tcp_sendmsg",
		[NA_BACKEND_TRACEPOINT] = "sock:sock_send_length (6.3+); before not seen" } },
	{ "process fork, exec, exit", { [NA_BACKEND_FENTRY] = "sched:sched_process_*",
		[NA_BACKEND_KPROBE] = "sched:sched_process_*", [NA_BACKEND_TRACEPOINT] = "sched:sched_process_*" } },
};

const struct na_hook_row *na_hook_table(size_t *count)
{
	*count = sizeof(rows) / sizeof(rows[0]);
	return rows;
}
