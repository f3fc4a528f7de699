/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A TCP segment as cgroup_skb programs see it: where its payload is in the packet and in the stream. */
#ifndef NETAUDIT_BPF_SEGMENT_H
#define NETAUDIT_BPF_SEGMENT_H

#include "read.h"
#include "tls_maps.h"
#include <bpf/bpf_endian.h>

#define NA_TCP_FLAG_SYN 0x02

enum na_stream_deed {
	NA_STREAM_HOLD,		/* parse, tell nothing */
	NA_STREAM_TELL,		/* parse and tell */
	NA_STREAM_TELL_HELD,	/* nothing new: tell what was held */
};

struct na_segment {
	__u32 sequence;		/* of its first byte of payload */
	__u32 offset;		/* of that in the packet, for bpf_skb_load_bytes() */
	__u32 bytes;		/* of payload */
	__u32 direction;	/* enum na_tls_direction */
	__u32 hole;		/* bytes of the stream before it that were not seen */
	__u32 deed;		/* enum na_stream_deed */
};

/*
 * False: no payload to follow. A packet that comes from an interface has its index; what this host makes has none, also
 * on loopback, where each packet is seen going out of one socket and into another. A SYN's payload (Fast Open) is left
 * out: then the stream does not begin where it should, and is not followed.
 */
static __always_inline bool na_read_segment(struct __sk_buff *context, struct na_segment *segment)
{
	struct sk_buff *skb = NA_KERNEL_OBJECT(sk_buff, context);
	__u16 network = BPF_CORE_READ(skb, network_header), transport = BPF_CORE_READ(skb, transport_header);
	unsigned char *header = BPF_CORE_READ(skb, head) + transport;
	__u64 start = na_read_word(header), rest = na_read_word(header + 8);
	__u32 before = (__u16)(transport - network) + (((__u8 *)&rest)[4] >> 4) * 4;

	if (context->len <= before || ((__u8 *)&rest)[5] & NA_TCP_FLAG_SYN)
		return false;
	segment->sequence = bpf_ntohl((__u32)(start >> 32));
	segment->offset = before;
	segment->bytes = context->len - before;
	segment->direction = context->ingress_ifindex ? NA_TLS_READ : NA_TLS_WRITTEN;
	return true;
}

/*
 * Whether the payload is the stream's first: the socket has counted nothing else. What it sends is counted before the
 * packet is seen; what arrives, afterwards.
 */
static __always_inline bool na_is_first_segment(struct sock *sk, const struct na_segment *segment)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	if (segment->direction == NA_TLS_READ)
		return !BPF_CORE_READ(tcp, bytes_received) && BPF_CORE_READ(tcp, rcv_nxt) == segment->sequence;
	return BPF_CORE_READ(tcp, bytes_sent) == segment->bytes && !BPF_CORE_READ(tcp, bytes_retrans);
}

#endif
