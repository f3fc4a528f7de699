/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census's own two network namespaces and the device pair between them, made over rtnetlink.
 *
 * Both ends get 10.77.0.1 and .2, fd77::1 and ::2. The address ending in 66 has a permanent neighbour entry that
 * nobody owns, so packets to it vanish without an answer: that is how a connect times out.
 */
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef CLONE_NEWNET
#define CLONE_NEWNET 0x40000000
#endif

static struct {
	int descriptor;
	uint64_t inode;
} place_of[NA_PLACES];
static uint64_t inode_here;

struct netlink_request {
	struct nlmsghdr header;
	char body[512];
};

static void request_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body,
			  size_t bytes)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	request->header.nlmsg_len = (uint32_t)NLMSG_SPACE(bytes);
	memcpy(request->body, body, bytes);
}

static struct rtattr *request_add(struct netlink_request *request, uint16_t type, const void *data, size_t bytes)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr *attribute = (struct rtattr *)((char *)request + at);

	if (at + RTA_SPACE(bytes) > sizeof(*request))
		na_die("netlink request too long");
	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(bytes);
	if (bytes)
		memcpy(RTA_DATA(attribute), data, bytes);
	request->header.nlmsg_len = (uint32_t)(at + RTA_SPACE(bytes));
	return attribute;
}

static void request_end_nested(struct netlink_request *request, struct rtattr *nested)
{
	nested->rta_len = (uint16_t)((char *)request + request->header.nlmsg_len - (char *)nested);
}

static void request_send(struct netlink_request *request, const char *what)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[1024];
	} answer;
	int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (descriptor < 0 || send(descriptor, request, request->header.nlmsg_len, 0) < 0 ||
	    recv(descriptor, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.header) + 4)
		na_die("%s", what);
	close(descriptor);
	errno = -answer.error.error;
	if (answer.header.nlmsg_type == NLMSG_ERROR && answer.error.error)
		na_die("%s", what);
}

static void link_up(const char *name)
{
	struct netlink_request request;
	struct ifinfomsg link = { .ifi_index = (int)if_nametoindex(name), .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	request_begin(&request, RTM_NEWLINK, 0, &link, sizeof(link));
	request_send(&request, "set link up");
}

static void pair_create(const char *name, const char *peer_name, int peer_namespace)
{
	struct netlink_request request;
	struct ifinfomsg link = { 0 };

	request_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
	request_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	struct rtattr *information = request_add(&request, IFLA_LINKINFO, NULL, 0);

	request_add(&request, IFLA_INFO_KIND, "veth", 4);
	struct rtattr *data = request_add(&request, IFLA_INFO_DATA, NULL, 0);
	struct rtattr *peer = request_add(&request, VETH_INFO_PEER, &link, sizeof(link));

	request_add(&request, IFLA_IFNAME, peer_name, strlen(peer_name) + 1);
	request_add(&request, IFLA_NET_NS_FD, &peer_namespace, sizeof(peer_namespace));
	request_end_nested(&request, peer);
	request_end_nested(&request, data);
	request_end_nested(&request, information);
	request_send(&request, "create device pair");
}

static const void *raw_address(const struct sockaddr_storage *address, size_t *bytes)
{
	*bytes = address->ss_family == AF_INET ? 4 : 16;
	return address->ss_family == AF_INET ? (const void *)&((const struct sockaddr_in *)address)->sin_addr :
	       (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
}

static void address_add(const char *device, const struct sockaddr_storage *address)
{
	struct netlink_request request;
	struct ifaddrmsg head = {
		.ifa_family = (uint8_t)address->ss_family, .ifa_prefixlen = address->ss_family == AF_INET ? 24 : 64,
		.ifa_flags = IFA_F_NODAD, .ifa_index = if_nametoindex(device),
	};
	size_t bytes;
	const void *raw = raw_address(address, &bytes);

	request_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	request_add(&request, IFA_LOCAL, raw, bytes);
	request_add(&request, IFA_ADDRESS, raw, bytes);
	request_send(&request, "add address");
}

static void neighbour_add(const char *device, const struct sockaddr_storage *address)
{
	static const uint8_t nobody[6] = { 0x02, 0, 0, 0, 0, 0x66 };
	struct netlink_request request;
	struct ndmsg head = {
		.ndm_family = (uint8_t)address->ss_family, .ndm_ifindex = (int)if_nametoindex(device),
		.ndm_state = NUD_PERMANENT,
	};
	size_t bytes;
	const void *raw = raw_address(address, &bytes);

	request_begin(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
	request_add(&request, NDA_DST, raw, bytes);
	request_add(&request, NDA_LLADDR, nobody, sizeof(nobody));
	request_send(&request, "add neighbour");
}

/* A setting this kernel does not have is not needed on it: what depends on it is tried, and skipped. */
static void set_kernel(const char *path, const char *value)
{
	char full[128];

	snprintf(full, sizeof(full), "/proc/sys/net/%s", path);
	int descriptor = open(full, O_WRONLY | O_CLOEXEC);

	if (descriptor < 0)
		return;
	if (write(descriptor, value, strlen(value)) < 0)
		fprintf(stderr, "na-workload: %s stays as it is: %m\n", full);
	close(descriptor);
}

static void place_create(enum na_place place)
{
	struct stat status;

	if (unshare(CLONE_NEWNET))
		na_die("unshare network namespace");
	place_of[place].descriptor = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (place_of[place].descriptor < 0 || fstat(place_of[place].descriptor, &status))
		na_die("open network namespace");
	place_of[place].inode = status.st_ino;
	set_kernel("ipv6/conf/all/disable_ipv6", "0");
	set_kernel("ipv6/conf/default/disable_ipv6", "0");
	set_kernel("ipv6/conf/default/accept_dad", "0");
	set_kernel("ipv4/ping_group_range", "0 2147483647");
	set_kernel("ipv4/tcp_fastopen", "3");
	set_kernel("ipv4/icmp_ratelimit", "0");	/* each refused datagram is to be told so */
	set_kernel("ipv4/tcp_max_syn_backlog", "4096");
	set_kernel("mptcp/enabled", "1");
	set_kernel("core/somaxconn", "4096");
	link_up("lo");
}

static void place_connect(enum na_place place, const char *device)
{
	static const int both[] = { AF_INET, AF_INET6 };
	struct sockaddr_storage address;

	na_net_enter(place);
	for (size_t i = 0; i < 2; i++) {
		na_net_address(&address, both[i], false, place, NA_TARGET_DEVICE, 0);
		address_add(device, &address);
	}
	link_up(device);
	for (size_t i = 0; i < 2; i++) {
		na_net_address(&address, both[i], false, place, NA_TARGET_SILENT, 0);
		neighbour_add(device, &address);
	}
}

void na_net_create(void)
{
	place_create(NA_PLACE_A);
	place_create(NA_PLACE_B);
	na_net_enter(NA_PLACE_A);
	pair_create("na0", "na1", place_of[NA_PLACE_B].descriptor);
	place_connect(NA_PLACE_A, "na0");
	place_connect(NA_PLACE_B, "na1");
	na_net_enter(NA_PLACE_A);
}

void na_net_enter(enum na_place place)
{
	if (setns(place_of[place].descriptor, CLONE_NEWNET))
		na_die("enter network namespace");
	inode_here = place_of[place].inode;
}

uint64_t na_net_inode(void)
{
	return inode_here;
}

socklen_t na_address_bytes(const struct sockaddr_storage *address)
{
	switch (address->ss_family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 16;	/* sockaddr_vm, and the part of sockaddr_ll that says something */
	}
}

uint16_t na_port(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port :
		     ((const struct sockaddr_in6 *)address)->sin6_port);
}

void na_set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET)
		((struct sockaddr_in *)address)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

socklen_t na_net_address(struct sockaddr_storage *address, int family, bool mapped, enum na_place place,
			 enum na_target target, uint16_t port)
{
	static const char *const four[][NA_PLACES] = {
		{ "127.0.0.1", "127.0.0.1" }, { "10.77.0.1", "10.77.0.2" }, { "10.77.0.66", "10.77.0.66" },
		{ "10.77.0.99", "10.77.0.99" }, { "203.0.113.7", "203.0.113.7" },
	};
	static const char *const six[][NA_PLACES] = {
		{ "::1", "::1" }, { "fd77::1", "fd77::2" }, { "fd77::66", "fd77::66" }, { "fd77::99", "fd77::99" },
		{ "2001:db8::7", "2001:db8::7" },
	};
	const char *text = (family == AF_INET || mapped ? four : six)[target][place];
	char mapped_text[INET6_ADDRSTRLEN];

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)family;
	snprintf(mapped_text, sizeof(mapped_text), "::ffff:%s", text);
	if (family == AF_INET)
		inet_pton(AF_INET, text, &((struct sockaddr_in *)address)->sin_addr);
	else
		inet_pton(AF_INET6, mapped ? mapped_text : text, &((struct sockaddr_in6 *)address)->sin6_addr);
	na_set_port(address, port);
	return na_address_bytes(address);
}
