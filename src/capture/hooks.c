// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of programs and the table of what each backend sees. */
#include "capture/hooks.h"

#include <string.h>

#define FENTRY NA_BACKEND_BIT(NA_BACKEND_FENTRY)
#define KPROBE NA_BACKEND_BIT(NA_BACKEND_KPROBE)
#define TRACEPOINT NA_BACKEND_BIT(NA_BACKEND_TRACEPOINT)
#define EVERY (FENTRY | KPROBE | TRACEPOINT)

static const struct na_hook hooks[] = {
	{ "na_tcp_state", EVERY, NULL },
	{ "na_process_fork", EVERY, NULL },
	{ "na_process_exec", EVERY, NULL },
	{ "na_process_exit", EVERY, NULL },
	{ "na_existing_sockets", EVERY, NULL },
	{ "na_open_flows", EVERY, NULL },

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
	{ "na_enter_connect", TRACEPOINT, NULL },
	{ "na_exit_connect", TRACEPOINT, NULL },
};

const struct na_hook *na_hook_find(const char *program)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (!strcmp(hooks[i].program, program))
			return &hooks[i];
	return NULL;
}
