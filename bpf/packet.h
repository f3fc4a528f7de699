/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* One datagram, as the handlers of datagram.h are given it, and how it is read from a packet. */
#ifndef NETAUDIT_BPF_PACKET_H
#define NETAUDIT_BPF_PACKET_H

#include "relay.h"

struct na_datagram {
	__u64 bytes;
	__u8 local[16];
	__u8 remote[16];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;
	__u8 direction;
	__u8 seen_by;
	__u32 messages;
	__u32 protocol;
	__u32 flags;
	bool process_context;	/* current is who does it */
	bool in_stack;		/* as far as a hook on the packet's way can tell, which may run for anybody */
	bool same_host;		/* sent to, or arrived from, this host itself */
};

/* Reads ends and length from the IP packet itself: what really leaves or arrived. */
static __always_inline bool na_read_packet(struct sk_buff *skb, struct na_datagram *datagram)
{
	unsigned char *head = BPF_CORE_READ(skb, head), *ip = head + BPF_CORE_READ(skb, network_header);
	unsigned char *transport = head + BPF_CORE_READ(skb, transport_header);
	__u8 *from = datagram->direction == NA_OUTBOUND ? datagram->local : datagram->remote;
	__u8 *to = datagram->direction == NA_OUTBOUND ? datagram->remote : datagram->local;
	__u32 length = BPF_CORE_READ(skb, len);
	__s32 headers = transport - BPF_CORE_READ(skb, data);
	__be16 ports[4];
	__be32 addresses[2];
	__u64 word = na_read_word(ip);
	__u8 version = *(__u8 *)&word >> 4;

	if (version == 4) {
		datagram->family = AF_INET;
		word = na_read_word(ip + 12);
		__builtin_memcpy(addresses, &word, sizeof(addresses));
		na_map_ipv4(from, addresses[0]);
		na_map_ipv4(to, addresses[1]);
	} else if (version == 6) {
		datagram->family = AF_INET6;
		na_read_16(from, ip + 8);
		na_read_16(to, ip + 24);
	} else {
		return false;
	}
	/* data starts at the IP header (sending), the transport header (arriving) or behind it (being read) */
	if (headers <= (__s32)length)
		length -= headers;
	if (datagram->protocol == IPPROTO_UDP || datagram->protocol == IPPROTO_UDPLITE ||
	    datagram->protocol == IPPROTO_SCTP) {
		word = na_read_word(transport);	/* these headers are that long */
		__builtin_memcpy(ports, &word, sizeof(ports));
		if (datagram->direction == NA_OUTBOUND) {
			datagram->local_port = bpf_ntohs(ports[0]);
			datagram->remote_port = bpf_ntohs(ports[1]);
		} else {
			datagram->remote_port = bpf_ntohs(ports[0]);
			datagram->local_port = bpf_ntohs(ports[1]);
		}
		if (datagram->protocol != IPPROTO_SCTP) {	/* of SCTP all is counted, chunk by chunk */
			length = length >= 8 ? length - 8 : 0;
			datagram->same_host = datagram->direction == NA_INBOUND
				? BPF_CORE_READ(skb, skb_iif) == LOOPBACK_IFINDEX
				: na_is_local_route((void *)(BPF_CORE_READ(skb, _skb_refdst) & SKB_DST_PTRMASK));
		}
	}
	datagram->bytes = length;
	return true;
}

#endif
