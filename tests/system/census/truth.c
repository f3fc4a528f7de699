/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census's truth log: what was done, by whom, with which counters; one line per operation. */
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int truth_descriptor = -1;

void na_truth_open(const char *path)
{
	/* O_APPEND makes each write one undivided line, whoever writes */
	truth_descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (truth_descriptor < 0)
		na_die("open %s", path);
}

static void line_add(struct na_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line_add(struct na_line *line, const char *format, ...)
{
	va_list list;
	size_t room = sizeof(line->text) - line->used;

	va_start(list, format);
	int written = vsnprintf(line->text + line->used, room, format, list);
	va_end(list);
	if (written < 0 || (size_t)written >= room)
		na_die("truth line too long");
	line->used += (size_t)written;
}

void na_line_begin(struct na_line *line, const char *operation, const char *kind)
{
	line->used = 0;
	line_add(line, "{\"op\":\"%s\",\"kind\":\"%s\"", operation, kind);
}

/* Every text here is this program's own choice: printable ASCII without quotes. */
void na_line_text(struct na_line *line, const char *key, const char *value)
{
	line_add(line, ",\"%s\":\"%s\"", key, value);
}

void na_line_number(struct na_line *line, const char *key, int64_t value)
{
	line_add(line, ",\"%s\":%lld", key, (long long)value);
}

void na_line_flag(struct na_line *line, const char *key, bool value)
{
	line_add(line, ",\"%s\":%s", key, value ? "true" : "false");
}

void na_line_owner(struct na_line *line, const struct na_owner *owner)
{
	na_line_number(line, "pid", owner->pid);
	na_line_number(line, "tid", owner->tid);
	na_line_text(line, "comm", owner->comm);
	na_line_number(line, "uid", owner->uid);
	na_line_number(line, "netns", (int64_t)owner->net_namespace);
}

void na_line_write(struct na_line *line)
{
	na_line_number(line, "ended", (int64_t)na_now_us());
	line_add(line, "}\n");
	if (write(truth_descriptor, line->text, line->used) != (ssize_t)line->used)
		na_die("write truth");
}

void na_owner_here(struct na_owner *owner)
{
	memset(owner, 0, sizeof(*owner));
	owner->pid = getpid();
	owner->tid = (pid_t)syscall(SYS_gettid);
	owner->uid = getuid();
	owner->net_namespace = na_net_inode();
	prctl(PR_GET_NAME, owner->comm);
}

uint64_t na_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool is_mapped(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

	return address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
}

/* "127.0.0.1" and port; a wildcard address or port 0 is left out: the kernel, not we, chose it. */
static void line_address(struct na_line *line, const char *host_key, const char *port_key,
			 const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	char text[INET6_ADDRSTRLEN];

	if (address->ss_family == AF_VSOCK) {
		const struct sockaddr_vm *machine = (const struct sockaddr_vm *)address;

		snprintf(text, sizeof(text), "cid:%u", machine->svm_cid);
		na_line_text(line, host_key, text);
		na_line_number(line, port_key, machine->svm_port);
		return;
	}
	if (address->ss_family != AF_INET && address->ss_family != AF_INET6)
		return;
	if (is_mapped(address))
		inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], text, sizeof(text));
	else
		inet_ntop(address->ss_family, address->ss_family == AF_INET ? (const void *)&four->sin_addr :
			  (const void *)&six->sin6_addr, text, sizeof(text));
	if (strcmp(text, "0.0.0.0") && strcmp(text, "::"))
		na_line_text(line, host_key, text);
	if (na_port(address))
		na_line_number(line, port_key, na_port(address));
}

static const struct {
	int number;
	const char *name;
} families[] = {
	{ AF_INET, "inet" }, { AF_INET6, "inet6" }, { AF_PACKET, "packet" }, { AF_VSOCK, "vsock" },
}, protocols[] = {
	{ IPPROTO_TCP, "tcp" }, { IPPROTO_MPTCP, "tcp" }, { IPPROTO_UDP, "udp" }, { IPPROTO_ICMP, "icmp" },
	{ IPPROTO_ICMPV6, "icmpv6" }, { IPPROTO_SCTP, "sctp" },
};

/* A family is that of the packets: an IPv6 socket that speaks IPv4 is `inet` and v4_mapped. */
static void line_transport(struct na_line *line, int family, int protocol, bool mapped)
{
	if (mapped)
		family = AF_INET;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].number == family)
			na_line_text(line, "family", families[i].name);
	if (family != AF_INET && family != AF_INET6)
		return;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].number == protocol) {
			na_line_text(line, "protocol", protocols[i].name);
			return;
		}
	na_line_number(line, "protocol_number", protocol);
}

/* A connection of a family that is recorded as datagrams: one flow, of which messages and bytes are counted. */
static void write_as_datagrams(const struct na_call *call)
{
	struct na_line line;

	na_line_begin(&line, "datagram", call->kind);
	na_line_owner(&line, &call->owner);
	line_transport(&line, call->family, call->protocol, false);
	na_line_text(&line, "direction", call->inbound ? "inbound" : "outbound");
	if (call->family != AF_VSOCK)
		line_address(&line, "local", "lport", &call->local);
	line_address(&line, "remote", "rport", &call->remote);
	na_line_number(&line, "messages_out", (int64_t)call->messages_out);
	na_line_number(&line, "bytes_out", (int64_t)call->bytes_out);
	na_line_number(&line, "bytes_in", (int64_t)call->bytes_in);
	na_line_write(&line);
}

void na_call_write(const struct na_call *call)
{
	struct na_line line;

	if (call->protocol == IPPROTO_SCTP || call->family == AF_VSOCK) {
		write_as_datagrams(call);
		return;
	}
	na_line_begin(&line, "stream", call->kind);
	if (call->of)
		na_line_text(&line, "of", call->of);
	na_line_owner(&line, &call->owner);
	line_transport(&line, call->family, call->protocol, is_mapped(&call->remote));
	na_line_text(&line, "direction", call->inbound ? "inbound" : "outbound");
	line_address(&line, "local", "lport", &call->local);
	line_address(&line, "remote", "rport", &call->remote);
	na_line_number(&line, "bytes_out", (int64_t)call->bytes_out);
	na_line_number(&line, "bytes_in", (int64_t)call->bytes_in);
	na_line_text(&line, "result", call->result);
	if (call->error >= 0)
		na_line_number(&line, "errno", call->error);
	if (call->fast_open >= 0)
		na_line_flag(&line, "fast_open", call->fast_open);
	if (call->family == AF_INET || call->family == AF_INET6) {
		na_line_flag(&line, "mptcp", call->mptcp);
		na_line_flag(&line, "v4_mapped", is_mapped(&call->remote));
	}
	na_line_number(&line, "begun", (int64_t)call->begun_us);
	na_line_number(&line, "opened", (int64_t)call->opened_us);
	if (call->closed_us)
		na_line_number(&line, "closed", (int64_t)call->closed_us);
	na_line_write(&line);
}

void na_datagrams_begin(struct na_datagrams *socket, const char *kind, int descriptor, int family, int protocol)
{
	memset(socket, 0, sizeof(*socket));
	socket->kind = kind;
	socket->descriptor = descriptor;
	socket->family = family;
	socket->protocol = protocol;
	na_owner_here(&socket->owner);
	socket->maker = socket->owner;
}

static struct na_peer *find_peer(struct na_datagrams *socket, const void *address, bool inbound)
{
	struct sockaddr_storage clean = { 0 };

	memcpy(&clean, address, na_address_bytes(address));
	if (clean.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&clean)->sin6_scope_id = 0;
	if (clean.ss_family == AF_INET)	/* some kernels leave the padding as it was */
		memset(((struct sockaddr_in *)&clean)->sin_zero, 0, 8);
	for (unsigned int i = 0; i < socket->peers; i++)
		if (!memcmp(&socket->peer[i].address, &clean, sizeof(clean)))
			return &socket->peer[i];
	if (socket->peers == NA_PEERS_MAX)
		na_die("%s: more than %d peers", socket->kind, NA_PEERS_MAX);
	struct na_peer *peer = &socket->peer[socket->peers++];

	peer->address = clean;
	peer->inbound = inbound;
	return peer;
}

void na_datagram_sent(struct na_datagrams *socket, const void *peer, size_t bytes)
{
	struct na_peer *found = find_peer(socket, peer, false);

	found->messages_out++;
	found->bytes_out += bytes;
}

/* `also_right`: another honest size of the same message (with a header, or cut to the buffer). */
void na_datagram_received(struct na_datagrams *socket, const void *peer, size_t bytes, size_t also_right)
{
	struct na_peer *found = find_peer(socket, peer, true);

	found->messages_in++;
	found->bytes_in += bytes;
	found->bytes_in_other += also_right;
}

void na_datagrams_close(struct na_datagrams *socket)
{
	struct sockaddr_storage local = { 0 };
	socklen_t bytes = sizeof(local);

	getsockname(socket->descriptor, (struct sockaddr *)&local, &bytes);
	if (socket->protocol != IPPROTO_UDP && socket->protocol != IPPROTO_SCTP)
		na_set_port(&local, 0);	/* an echo identifier or a protocol number: not a port */
	for (unsigned int i = 0; i < socket->peers; i++) {
		const struct na_peer *peer = &socket->peer[i];
		struct na_line line;

		na_line_begin(&line, "datagram", socket->kind);
		na_line_owner(&line, &socket->owner);
		na_line_number(&line, "maker_pid", socket->maker.pid);
		na_line_number(&line, "maker_tid", socket->maker.tid);
		na_line_text(&line, "maker_comm", socket->maker.comm);
		na_line_number(&line, "maker_uid", socket->maker.uid);
		line_transport(&line, socket->family, socket->protocol, is_mapped(&peer->address));
		na_line_text(&line, "direction", peer->inbound ? "inbound" : "outbound");
		line_address(&line, "local", "lport", &local);
		line_address(&line, "remote", "rport", &peer->address);
		na_line_number(&line, "messages_out", (int64_t)peer->messages_out);
		na_line_number(&line, "bytes_out", (int64_t)peer->bytes_out);
		na_line_number(&line, "messages_in", (int64_t)peer->messages_in);
		na_line_number(&line, "bytes_in", (int64_t)peer->bytes_in);
		na_line_number(&line, "bytes_in_other", (int64_t)peer->bytes_in_other);
		if (socket->family == AF_INET || socket->family == AF_INET6)
			na_line_flag(&line, "v4_mapped", is_mapped(&peer->address));
		na_line_write(&line);
	}
	close(socket->descriptor);
}
