/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Families and protocols beside TCP and UDP: ping and raw sockets, packet sockets, SCTP one-to-many. */
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_BYTES 1024
#define EXPERIMENT_PROTOCOL 253	/* RFC 3692: for experiments */
#define EXPERIMENT_ETHERTYPE 0x88b5	/* IEEE 802: for local experiments */
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

struct kind {
	const char *name;
	int family;
	int type;
	int protocol;
	void (*run)(const struct kind *kind, uint64_t *state);
};

static int open_socket(const struct kind *kind)
{
	int descriptor = socket(kind->family, kind->type | SOCK_CLOEXEC, kind->protocol);

	if (descriptor < 0)
		na_die("%s: socket", kind->name);
	return descriptor;
}

static void send_one(struct na_datagrams *log, const struct sockaddr_storage *to, const void *data, size_t bytes)
{
	if (sendto(log->descriptor, data, bytes, 0, (const struct sockaddr *)to,
		   to->ss_family == AF_PACKET ? sizeof(struct sockaddr_ll) : na_address_bytes(to)) != (ssize_t)bytes)
		na_die("%s: send", log->kind);
	na_datagram_sent(log, to, bytes);
}

/* `header`: bytes in front of the payload that this kind of socket also hands over. */
static void take_one(struct na_datagrams *log, size_t header, struct sockaddr_storage *from)
{
	char buffer[LARGEST_BYTES + 64];
	socklen_t bytes = sizeof(*from);

	memset(from, 0, sizeof(*from));
	ssize_t done = recvfrom(log->descriptor, buffer, sizeof(buffer), 0, (struct sockaddr *)from, &bytes);

	if (done < (ssize_t)header)
		na_die("%s: receive", log->kind);
	na_datagram_received(log, from, (size_t)done, (size_t)done - header);
}

/* The kernel answers; nobody else is needed. */
static void run_ping(const struct kind *kind, uint64_t *state)
{
	char packet[LARGEST_BYTES] = { 0 };
	size_t bytes = 8 + na_random(state) % 500;
	struct sockaddr_storage to, from;
	struct na_datagrams log;

	packet[0] = (char)(kind->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
	na_net_address(&to, kind->family, false, NA_PLACE_A, NA_TARGET_DEVICE, 0);
	na_datagrams_begin(&log, kind->name, open_socket(kind), kind->family, kind->protocol);
	for (unsigned int i = 0; i < 2; i++) {
		send_one(&log, &to, packet, bytes);
		take_one(&log, 0, &from);
	}
	na_datagrams_close(&log);
}

static void run_raw(const struct kind *kind, uint64_t *state)
{
	static const char zeros[LARGEST_BYTES];
	struct sockaddr_storage to, from;
	struct na_datagrams sender, receiver;
	socklen_t bytes = na_net_address(&to, kind->family, false, NA_PLACE_A, NA_TARGET_LOOPBACK, 0);

	na_datagrams_begin(&receiver, kind->name, open_socket(kind), kind->family, kind->protocol);
	if (bind(receiver.descriptor, (struct sockaddr *)&to, bytes))
		na_die("%s: bind", kind->name);
	/* bound to another address, else the sender would be given its own message too */
	na_net_address(&from, kind->family, false, NA_PLACE_A, NA_TARGET_DEVICE, 0);
	na_datagrams_begin(&sender, kind->name, open_socket(kind), kind->family, kind->protocol);
	if (bind(sender.descriptor, (struct sockaddr *)&from, bytes))
		na_die("%s: bind", kind->name);
	send_one(&sender, &to, zeros, 1 + na_random(state) % 1000);
	take_one(&receiver, kind->family == AF_INET ? sizeof(struct iphdr) : 0, &from);
	na_datagrams_close(&sender);
	na_datagrams_close(&receiver);
}

static void run_packet(const struct kind *kind, uint64_t *state)
{
	static const char zeros[LARGEST_BYTES];
	struct sockaddr_storage to = { 0 }, from;
	struct sockaddr_ll *link = (struct sockaddr_ll *)&to;
	struct na_datagrams sender, receiver;
	int yes = 1;

	link->sll_family = AF_PACKET;
	link->sll_protocol = htons(EXPERIMENT_ETHERTYPE);
	link->sll_ifindex = (int)if_nametoindex("lo");
	link->sll_halen = ETH_ALEN;
	na_datagrams_begin(&receiver, kind->name, open_socket(kind), AF_PACKET, 0);
	setsockopt(receiver.descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes));
	if (bind(receiver.descriptor, (struct sockaddr *)link, sizeof(*link)))
		na_die("%s: bind", kind->name);
	na_datagrams_begin(&sender, kind->name, open_socket(kind), AF_PACKET, 0);
	send_one(&sender, &to, zeros, 46 + na_random(state) % 900);
	take_one(&receiver, 0, &from);
	na_datagrams_close(&sender);
	na_datagrams_close(&receiver);
}

static void run_sctp(const struct kind *kind, uint64_t *state)
{
	static const char zeros[LARGEST_BYTES];
	struct sockaddr_storage to, from;
	struct na_datagrams sender, receiver;
	socklen_t bytes = na_net_address(&to, kind->family, false, NA_PLACE_A, NA_TARGET_LOOPBACK, 0);

	na_datagrams_begin(&receiver, kind->name, open_socket(kind), kind->family, kind->protocol);
	if (bind(receiver.descriptor, (struct sockaddr *)&to, bytes) || listen(receiver.descriptor, 8) ||
	    getsockname(receiver.descriptor, (struct sockaddr *)&to, &bytes))
		na_die("%s: listen", kind->name);
	na_datagrams_begin(&sender, kind->name, open_socket(kind), kind->family, kind->protocol);
	send_one(&sender, &to, zeros, 1 + na_random(state) % 1000);
	take_one(&receiver, 0, &from);
	send_one(&receiver, &from, zeros, 1 + na_random(state) % 1000);
	take_one(&sender, 0, &from);
	na_datagrams_close(&sender);
	na_datagrams_close(&receiver);
}

static const struct kind kinds[] = {
	{ "ping4", AF_INET, SOCK_DGRAM, IPPROTO_ICMP, run_ping },
	{ "ping6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, run_ping },
	{ "raw4", AF_INET, SOCK_RAW, EXPERIMENT_PROTOCOL, run_raw },
	{ "raw6", AF_INET6, SOCK_RAW, EXPERIMENT_PROTOCOL, run_raw },
	{ "packet", AF_PACKET, SOCK_DGRAM, 0, run_packet },
	{ "sctp-many4", AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP, run_sctp },
	{ "sctp-many6", AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP, run_sctp },
};

struct share {
	const struct kind *kind;
	uint64_t first;
	uint64_t count;
};

static void run_share(void *argument)
{
	const struct share *share = argument;

	na_net_enter(NA_PLACE_A);
	for (uint64_t i = 0; i < share->count; i++) {
		uint64_t state = na_random_seed(share->kind->name, share->first + i);

		share->kind->run(share->kind, &state);
	}
}

/* One after another: two raw sockets of one protocol would hear each other. */
void na_kinds_other(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *kind = &kinds[i];
		const char *missing = na_missing(kind->family, kind->type, kind->protocol);
		struct share share = { kind, 0, na_settings.count / 2 };
		char name[NA_NAME_BYTES];

		if (!na_wanted(kind->name))
			continue;
		if (missing) {
			na_skip(kind->name, missing);
			continue;
		}
		snprintf(name, sizeof(name), "l-%.12s", kind->name);
		na_wait(na_spawn(name, run_share, &share));
		for (share.first = share.count, share.count = 1; share.first < na_settings.count; share.first++)
			na_wait(na_spawn(kind->name, run_share, &share));
	}
}
