/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * DNS in UDP datagrams and, at port 53, TCP segments of sockets that are audited, on every backend: the only hooks that
 * are given a packet's bytes wherever they lie are those of control groups. They run after the flow of the datagram was
 * made (datagram.h), but for the first that fentry and kprobe see arrive: its flow begins when it is read.
 *
 * Over TCP (RFC 7766) a message has its length in front. A segment is taken to begin with one, as everybody sends it:
 * what is not, or in the segments behind, is not read; a stream is not put together here.
 */
#ifndef NETAUDIT_BPF_DNS_PACKET_H
#define NETAUDIT_BPF_DNS_PACKET_H

#include "datagram.h"
#include "hooks_tracepoint.h"
#include "segment.h"

/* A packet that arrives may interrupt one that is sent. */
#define NA_DNS_SLOTS 2

#define NA_DNS_PORT 53		/* over TCP only: there are other streams in which two bytes are a length */
#define NA_DNS_MESSAGES 4	/* of a segment; a resolver asks for both kinds of addresses at once */

#define NA_QUIC_2 0x6b3343cf
#define NA_QUIC_ID_BYTES 20	/* a connection's id has at most */

struct na_dns_work;
static __always_inline struct na_dns_work *na_dns_work_of(__u32 slot);

#include "dns.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NA_DNS_SLOTS);
	__type(key, __u32);
	__type(value, struct na_dns_work);
} dns_works SEC(".maps");

/* Never written. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct na_dns_work);
} blank_dns SEC(".maps");

static __always_inline struct na_dns_work *na_dns_work_of(__u32 slot)
{
	return bpf_map_lookup_elem(&dns_works, &slot);
}

static __always_inline void na_dns_wipe(void *from, __u32 bytes)
{
	__u32 zero = 0;
	void *blank = bpf_map_lookup_elem(&blank_dns, &zero);

	if (blank)
		bpf_probe_read_kernel(from, bytes, blank);
}

static __always_inline struct na_dns_work *na_dns_try_slot(__u32 slot)
{
	struct na_dns_work *work = na_dns_work_of(slot);

	if (!work)
		return NULL;
#ifdef NA_BEFORE_5_12
	/* whoever interrupts this is done before it goes on */
	if (work->busy)
		return NULL;
	work->busy = 1;
#else
	if (__sync_val_compare_and_swap(&work->busy, 0, 1))
		return NULL;
#endif
	return work;
}

/* The datagram's flow, NULL when it has none: nobody in scope uses it, or a relay answers. */
static __noinline struct na_peer_counters *na_flow_of_datagram(const struct na_socket *socket,
							       const struct na_datagram *datagram)
{
	struct na_peer_key key = {};

	if (!socket || !datagram || socket->stage < NA_STAGE_SOCKET)
		return NULL;
	key.socket = socket->id;
	key.remote_port = datagram->remote_port;
	key.family = datagram->family;
	key.protocol = datagram->protocol;
	__builtin_memcpy(key.remote, datagram->remote, 16);
	return bpf_map_lookup_elem(&peers, &key);
}

static __noinline void na_report_dns(const struct na_dns_work *work, const struct na_socket *socket, __u64 flow,
				     const struct na_datagram *datagram)
{
	struct na_dns_event *event;

	if (!work || !socket || !datagram)
		return;
	event = bpf_ringbuf_reserve(&ring_stacks, sizeof(*event), 0);
	if (!event) {
		na_lost(NA_LOSS(NA_EVENT_DNS, NA_LOSS_RING, datagram->remote_port, datagram->family), &socket->task,
			datagram->remote);
		return;
	}
	na_dns_wipe(event, sizeof(*event));
	event->header.time_ns = bpf_ktime_get_boot_ns();
	event->header.type = NA_EVENT_DNS;
	event->header.size = sizeof(*event);
	event->flow = flow;
	event->socket = socket->id;
	event->written = datagram->direction == NA_OUTBOUND;
	bpf_probe_read_kernel(&event->dns, sizeof(event->dns), &work->dns);
	na_submit(event, NA_EVENT_DNS);
}

/* The two bounds of `bytes` are stated one after the other: as one comparison 5.10 learns only the upper from it. */
static __always_inline bool na_dns_copy(struct __sk_buff *skb, __u32 from, struct na_dns_work *work, __u64 bytes)
{
	if (bytes < NA_DNS_HEADER_BYTES)
		return false;
	asm volatile("" : "+r"(bytes));
	return bytes <= NA_DNS_COPIED_BYTES && !bpf_skb_load_bytes(skb, from, work->message, bytes);
}

/* Copies the message that begins there, as much of it as is in the packet, and what it says is reported. */
static __always_inline void na_parse_dns(struct __sk_buff *skb, const struct na_socket *socket, __u64 flow,
					 const struct na_datagram *datagram, __u32 from)
{
	struct na_dns_work *work = na_dns_try_slot(0);
	__u64 bytes = datagram->bytes;
	__u32 slot = 0;

	if (!work) {
		work = na_dns_try_slot(1);
		slot = 1;
	}
	if (!work) {
		na_lost(NA_LOSS(NA_EVENT_DNS, NA_LOSS_MAP, datagram->remote_port, datagram->family), &socket->task,
			datagram->remote);
		return;
	}
	work->dns.bytes = bytes;
	if (bytes > skb->len - from)
		bytes = skb->len - from;
	if (bytes > NA_DNS_COPIED_BYTES)
		bytes = NA_DNS_COPIED_BYTES;
	if (na_dns_copy(skb, from, work, bytes)) {
		work->filled = bytes;
		if (na_dns_run(work, slot))
			na_report_dns(work, socket, flow, datagram);
	}
	na_dns_wipe(&work->dns, sizeof(*work) - sizeof(work->busy));
	work->busy = 0;
}

/*
 * A packet of QUIC that says its version (RFC 8999, 5.1): 1 or 2 (RFC 9369). Else 0. What is behind that, also the name
 * that is asked for, is encrypted with AES, which no program here can do.
 */
static __always_inline __u32 na_quic_version(const __u8 header[NA_DNS_HEADER_BYTES])
{
	__u32 version = (__u32)header[1] << 24 | (__u32)header[2] << 16 | (__u32)header[3] << 8 | header[4];

	if (header[0] >> 6 != 3 || header[5] > NA_QUIC_ID_BYTES)
		return 0;
	return version == 1 || version == NA_QUIC_2 ? version : 0;
}

static __always_inline void na_on_dns_packet(struct __sk_buff *skb, struct sock *sk, __u8 direction)
{
	struct na_datagram datagram = { .direction = direction, .protocol = IPPROTO_UDP };
	struct na_socket *socket = na_find_socket((__u64)sk);
	__u8 header[NA_DNS_HEADER_BYTES] = {};
	struct na_peer_counters *counters;
	__u32 quic;

	if (switches.off)
		return;
	/* the packet begins with its IP header here, so its last bytes are the datagram's */
	if (!socket || !na_read_packet(NA_KERNEL_OBJECT(sk_buff, skb), &datagram) ||
	    datagram.bytes < NA_DNS_HEADER_BYTES + NA_DNS_QUESTION_BYTES || datagram.bytes > skb->len ||
	    bpf_skb_load_bytes(skb, skb->len - (__u32)datagram.bytes, header, sizeof(header)))
		return;
	quic = na_quic_version(header);
	if (!quic && (switches.disabled & NA_DISABLED_DNS || !na_dns_is_header(header)))
		return;
	counters = na_flow_of_datagram(socket, &datagram);
	if (counters && quic)
		counters->quic = quic;
	else if (counters)
		na_parse_dns(skb, socket, counters->flow, &datagram, skb->len - (__u32)datagram.bytes);
}

static __always_inline bool na_is_dns_stream(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_dport) == bpf_htons(NA_DNS_PORT) ||
	       BPF_CORE_READ(sk, __sk_common.skc_num) == NA_DNS_PORT;
}

/* One message of a segment. Returns the bytes it takes with its length, 0 when there is none. */
static __always_inline __u32 na_on_dns_message(struct __sk_buff *skb, const struct na_socket *socket,
					       struct na_datagram *datagram, __u32 from)
{
	__u8 header[2 + NA_DNS_HEADER_BYTES] = {};

	if (bpf_skb_load_bytes(skb, from, header, sizeof(header)))
		return 0;
	datagram->bytes = (__u32)header[0] << 8 | header[1];
	if (datagram->bytes < NA_DNS_HEADER_BYTES + NA_DNS_QUESTION_BYTES || !na_dns_is_header(header + 2))
		return 0;
	na_parse_dns(skb, socket, socket->id, datagram, from + 2);
	return 2 + datagram->bytes;
}

static __always_inline void na_on_dns_segment(struct __sk_buff *skb, struct sock *sk, __u8 direction)
{
	struct na_datagram datagram = { .direction = direction, .protocol = IPPROTO_TCP };
	struct na_socket *socket;
	struct na_segment segment = {};
	__u32 from;

	if (switches.off || switches.disabled & NA_DISABLED_DNS || !na_is_dns_stream(sk))
		return;
	socket = na_find_socket((__u64)sk);
	if (!socket || socket->stage != NA_STAGE_OPEN || !na_read_segment(skb, &segment))
		return;
	__builtin_memcpy(datagram.remote, socket->remote, sizeof(datagram.remote));
	datagram.remote_port = socket->remote_port;
	datagram.family = socket->family;
	from = segment.offset;
	for (int i = 0; i < NA_DNS_MESSAGES; i++) {
		__u32 taken = na_on_dns_message(skb, socket, &datagram, from);

		if (!taken)
			break;
		from += taken;
	}
}

static __always_inline void na_on_dns(struct __sk_buff *skb, NA_PACKET_SOCKET *socket, __u8 direction)
{
	if (NA_PROTOCOL_OF(socket) == IPPROTO_UDP)
		na_on_dns_packet(skb, NA_KERNEL_OBJECT(sock, socket), direction);
	else if (NA_PROTOCOL_OF(socket) == IPPROTO_TCP)
		na_on_dns_segment(skb, NA_KERNEL_OBJECT(sock, socket), direction);
}

SEC("cgroup_skb/egress")
int na_dns_out(struct __sk_buff *skb)
{
	NA_PACKET_SOCKET *socket = skb->sk ? NA_PACKET_SOCKET_OF(skb) : NULL;

	if (socket)
		na_on_dns(skb, socket, NA_OUTBOUND);
	return ALLOW;
}

SEC("cgroup_skb/ingress")
int na_dns_in(struct __sk_buff *skb)
{
	NA_PACKET_SOCKET *socket = skb->sk ? NA_PACKET_SOCKET_OF(skb) : NULL;

	if (socket)
		na_on_dns(skb, socket, NA_INBOUND);
	return ALLOW;
}

#endif
