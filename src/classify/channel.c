// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables from kernel numbers to the journal's words. */
#include "classify/channel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

struct word {
	unsigned int number;
	const char *name;
};

static const char *find(const struct word *words, unsigned int number)
{
	for (; words->name; words++)
		if (words->number == number)
			return words->name;
	return NULL;
}

static const struct word protocols[] = {
	{ IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" }, { IPPROTO_ICMP, "icmp" }, { IPPROTO_ICMPV6, "icmpv6" },
	{ IPPROTO_SCTP, "sctp" }, { IPPROTO_UDPLITE, "udplite" }, { IPPROTO_RAW, "raw" },
	{ 262 /* IPPROTO_MPTCP */, "tcp" }, { 0, NULL },
};

static const struct word families[] = {
	{ AF_INET, "inet" }, { AF_INET6, "inet6" }, { AF_UNIX, "unix" }, { AF_PACKET, "packet" },
	{ AF_VSOCK, "vsock" }, { 0, NULL },
};

static const struct word inet_channels[] = {
	{ IPPROTO_TCP, "socket" }, { 262, "socket" }, { IPPROTO_UDP, "udp" }, { IPPROTO_UDPLITE, "udp" },
	{ IPPROTO_ICMP, "icmp" }, { IPPROTO_ICMPV6, "icmp" }, { IPPROTO_SCTP, "socket" }, { 0, NULL },
};

static const struct word results[] = {
	{ 0, "connected" }, { ECONNREFUSED, "refused" }, { ETIMEDOUT, "timed-out" }, { ENETUNREACH, "unreachable" },
	{ EHOSTUNREACH, "unreachable" }, { ECONNRESET, "reset" }, { EPIPE, "reset" }, { ENOENT, "refused" }, { 0, NULL },
};

static const char *const seen_by_names[] = {
	[NA_SEEN_CONNECT] = "connect", [NA_SEEN_ACCEPT] = "accept", [NA_SEEN_FIRST_IO] = "first-io",
	[NA_SEEN_CLOSE] = "close", [NA_SEEN_SEND] = "send", [NA_SEEN_RECEIVE] = "receive",
	[NA_SEEN_ITERATOR] = "iterator",
};

static const char *const event_type_names[NA_EVENT_TYPES] = {
	[NA_EVENT_NONE] = "scope" /* a process or relay found no room in the maps of the scope */,
	[NA_EVENT_OPEN] = "open", [NA_EVENT_CLOSE] = "close", [NA_EVENT_DATAGRAM] = "datagram",
	[NA_EVENT_SOCKET_GONE] = "socket-gone", [NA_EVENT_UNIX] = "unix", [NA_EVENT_FORK] = "fork",
	[NA_EVENT_EXEC] = "exec", [NA_EVENT_EXIT] = "exit", [NA_EVENT_PROGRESS] = "progress",
	[NA_EVENT_STACK] = "stack", [NA_EVENT_CODE] = "code", [NA_EVENT_NATIVE] = "native", [NA_EVENT_MESSAGE] = "message",
	[NA_EVENT_NAME] = "name", [NA_EVENT_DNS] = "dns",
};

const char *na_protocol_name(unsigned int family, unsigned int protocol)
{
	return family == AF_INET || family == AF_INET6 ? find(protocols, protocol) : NULL;
}

const char *na_family_name(unsigned int family)
{
	return find(families, family);
}

const char *na_channel_of_flow(const struct na_flow_event *event)
{
	const char *name;

	if (event->family == AF_VSOCK)
		return "vsock";
	if (event->family == AF_PACKET)
		return "raw";
	if (event->flags & NA_FLOW_TLS && !(event->flags & NA_FLOW_TLS_SEEN))
		return "tls-opaque";
	if (event->flags & NA_FLOW_DNS)
		return "dns";
	name = event->socket_type == SOCK_RAW && event->protocol != IPPROTO_ICMP && event->protocol != IPPROTO_ICMPV6
		? NULL : find(inet_channels, event->protocol);
	return name ? name : "raw";
}

const char *na_result_of_connect(int error)
{
	const char *name = find(results, (unsigned int)error);

	return name ? name : "failed";
}

const char *na_result_of_close(const struct na_flow_event *event)
{
	if (event->flags & NA_FLOW_RESULT_UNKNOWN)
		return "failed";
	if (event->error)
		return na_result_of_connect(event->error);
	/* a close that was agreed on passes through one of the FIN states */
	if (!(event->flags & NA_FLOW_ESTABLISHED) || event->last_tcp_state == TCP_ESTABLISHED ||
	    event->last_tcp_state == TCP_CLOSE_WAIT || event->last_tcp_state == TCP_SYN_SENT ||
	    event->last_tcp_state == TCP_SYN_RECV)
		return "aborted";
	return "closed";
}

const char *na_seen_by_name(unsigned int seen_by)
{
	return seen_by < sizeof(seen_by_names) / sizeof(seen_by_names[0]) ? seen_by_names[seen_by] : NULL;
}

const char *na_event_type_name(unsigned int type)
{
	return type < NA_EVENT_TYPES && event_type_names[type] ? event_type_names[type] : "unknown";
}
