/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The bytes of TCP connections, as packets carry them, into the parser of clear text (clear.h): both directions,
 * every backend, flows in scope only. One program for both ways, because the parser is verified with each.
 *
 * A direction is followed from its first byte to the first that is missed. Sequence numbers tell: what was sent again
 * is let go, and so is a direction in which something arrives before its turn; but a hole within a body whose length
 * the head has told changes nothing but its fingerprint. What a parser is given is thus always the stream as it is.
 *
 * A request may arrive before its connection is accepted, and so before it is known whether it is in scope. On ports
 * that somebody in scope listens on it is parsed, and told when it was accepted and something moves on it.
 *
 * The interface to a parser is clear.h's: na_clear_step() is called until work->chunk is used up (work->position is
 * work->filled), and what of a body nobody wants may be left out by work->at and work->left.
 */
#ifndef NETAUDIT_BPF_STREAM_H
#define NETAUDIT_BPF_STREAM_H

#include "hooks_tracepoint.h"
#include "message.h"
#include "segment.h"
#include "stream_maps.h"
#include "tls_random.h"

#define NA_STREAM_CHUNKS 80	/* of a packet; 64 KiB and something. Of a larger one, only a body's rest is left out */
#define NA_STREAM_STEPS 512	/* for each; a body in chunks of one byte takes more, and is not followed */
/* How often it is looked whether another CPU is done; up to 9,300 looks were needed. */
#define NA_STREAM_WAITS 4096
#define NA_STREAM_LOOKS 8	/* for each: a verifier before 6.4 takes a branch at no more than 8,192 places in a row */

/* The parser takes what is in the chunk. Verified by itself: it has a loop. */
__attribute__((noinline)) int na_stream_chunk(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	for (int i = 0; i < NA_STREAM_STEPS; i++)
		if (na_clear_step(slot) == NA_CLEAR_ALL_DONE)
			return 0;
	if (work)
		work->stream.state = NA_CLEAR_OPAQUE;
	return 0;
}

/* The next piece of the packet into the chunk. False: there is none, or it is not to be had. */
static __always_inline bool na_stream_fetch(struct __sk_buff *skb, struct na_clear_work *work)
{
	__u64 bytes = work->left;

	if (!bytes)
		return false;
	if (bytes > NA_CLEAR_CHUNK_BYTES)
		bytes = NA_CLEAR_CHUNK_BYTES;
	/* 6.1 learns nothing from a comparison with 0, and takes no size that may be 0 */
	bytes--;
	asm volatile("" : "+r"(bytes));
	bytes = (bytes & (NA_CLEAR_CHUNK_BYTES - 1)) + 1;
	if (bpf_skb_load_bytes(skb, work->at, work->chunk, bytes)) {
		work->stream.state = NA_CLEAR_OPAQUE;
		return false;
	}
	work->position = 0;
	work->filled = bytes;
	work->at += bytes;
	work->left -= bytes;
	return true;
}

/* A hole: bytes that were not seen, or not yet. */
static __always_inline void na_stream_jump(struct na_clear_stream *stream, __u32 hole)
{
	if (!hole || na_dotted_jump(stream, hole) || na_http2_jump(stream, hole))
		return;
	if (stream->state != NA_CLEAR_BODY || stream->message.flags & NA_MESSAGE_CHUNKED || hole > stream->remaining) {
		stream->state = NA_CLEAR_OPAQUE;
		return;
	}
	if (stream->hash.bytes < NA_MESSAGE_HASHED_BYTES)
		stream->message.flags |= NA_MESSAGE_HOLE;
	stream->remaining -= hole;
	stream->message.body_bytes += hole;
}

/* What was parsed before the flow was known to be in scope. */
static __always_inline void na_stream_tell_held(struct na_clear_work *work)
{
	__u8 state = work->stream.state;

	if ((state >= NA_CLEAR_CHUNK_SIZE && state < NA_CLEAR_HEAD_OVER) || state == NA_CLEAR_BODY) {
		work->stream.message.part = NA_MESSAGE_HEAD;
		na_clear_report(work);
	}
}

/*
 * In which exchange of its flow (exchange.h) the program's last write is. A packet leaves within the write that it is
 * of, so that one may not have been noted yet: then it will be the next.
 */
static __always_inline __u64 na_exchange_of_write(__u64 socket)
{
	struct na_socket *state = na_find_socket(socket);

	if (!state)
		return 0;
	if (!state->written)
		return state->seen_by != NA_SEEN_CONNECT;
	return state->exchanges + (BPF_CORE_READ((struct tcp_sock *)socket, copied_seq) != state->read_until);
}

/* Whether the other end is a proxy whose word is taken. Verified by itself, for its stack. */
__attribute__((noinline)) int na_is_from_proxy(__u64 socket)
{
	struct na_ends ends = {};
	__u64 remote[2], found = 0;

	na_read_ends(&ends, (struct sock *)socket);
	__builtin_memcpy(remote, ends.remote, sizeof(remote));
#pragma unroll
	for (int i = 0; i < NA_TRUSTED_MOST; i++)
		found |= !(((remote[0] & switches.proxies[i].mask[0]) ^ switches.proxies[i].low[0]) |
			   ((remote[1] & switches.proxies[i].mask[1]) ^ switches.proxies[i].low[1]));
	return found;
}

/* Whose it is, and what the other direction has said. */
static __always_inline void na_stream_prepare(struct na_clear_work *work, struct na_wire *wire, __u32 direction,
					      __u64 socket)
{
	struct na_tls_stream_key key = { .connection = wire->connection, .direction = direction };
	struct na_clear_stream *known = bpf_map_lookup_elem(&tls_streams, &key), *peer;
	struct na_clear_key *secret;
	__u32 zero = 0;

	if (known)
		bpf_probe_read_kernel(&work->stream, sizeof(work->stream), known);
	key.direction = !direction;
	peer = bpf_map_lookup_elem(&tls_streams, &key);
	work->peer_no_body = peer ? peer->no_body : 0;
	if (peer)
		bpf_probe_read_kernel(&work->peer, sizeof(work->peer), &peer->dialogue);
	work->peer_begun = wire->side[!direction].begun;
	secret = bpf_map_lookup_elem(&clear_key, &zero);
	if (secret) {
		work->key[0] = secret->half[0];
		work->key[1] = secret->half[1];
	}
	work->piecewise = 1;
	work->of.connection = wire->connection;
	work->of.flow = wire->flow;
	work->of.socket = socket;
	if (!wire->proxy)	/* a number, read back: a pointer would not be taken */
		wire->proxy = na_is_from_proxy(*(volatile __u64 *)&work->of.socket) ? NA_WIRE_FROM_PROXY : NA_WIRE_FROM_OTHER;
	work->of.from_proxy = wire->proxy == NA_WIRE_FROM_PROXY;
	work->of.written = direction == NA_TLS_WRITTEN;
	work->of.begun_ns = bpf_ktime_get_boot_ns();
	work->of.exchange = na_exchange_of_write(socket);
	if (na_is_within_message(&work->stream)) {
		work->of.begun_ns = wire->side[direction].begun_ns;
		work->of.exchange = wire->side[direction].begun_in;
	}
}

/* The parser has done what it could: how far it came is kept. */
static __always_inline void na_stream_keep(struct na_wire *wire, const struct na_clear_work *work, __u32 direction)
{
	struct na_tls_stream_key key = { .connection = wire->connection, .direction = direction };
	__u64 begun = work->stream.next_number + na_is_within_message(&work->stream);
	struct na_wire_side *side = &wire->side[direction];

	if (begun != side->begun)
		side->begun_in = na_exchange_of_write(work->of.socket);
	if (begun != side->begun)
		side->begun_ns = bpf_ktime_get_boot_ns();
	side->begun = begun;
	if (work->stream.state == NA_CLEAR_OPAQUE)
		side->state = NA_WIRE_CLOSED;
	if (bpf_map_update_elem(&tls_streams, &key, &work->stream, BPF_ANY))
		na_count(NA_EVENT_MESSAGE, NA_LOSS_MAP);
}

/* A start-up message, or the question whether TLS may be spoken first. */
static __always_inline void na_stream_mark_database(const struct na_clear_work *work, __u64 socket)
{
	const struct na_dialogue *client = work->stream.dialogue.role == NA_MESSAGE_REQUEST ? &work->stream.dialogue :
											      &work->peer;
	struct na_socket *state = na_find_socket(socket);

	if (state && (client->open || client->turns))
		state->flags |= NA_FLOW_DATABASE;
}

/*
 * Returns false when from here on something is missing. Not a function of its own: the parsers behind it use up the
 * eight frames that a verifier gives.
 */
static __always_inline bool na_stream_parse(struct __sk_buff *skb, struct na_wire *wire,
					    const struct na_segment *segment, __u64 socket)
{
	__u32 direction = segment->direction & 1, slot;
	struct na_clear_work *work = na_clear_enter(&slot);
	bool whole;

	if (!work) {
		na_count(NA_EVENT_MESSAGE, NA_LOSS_MAP);
		return false;
	}
	na_stream_prepare(work, wire, direction, socket);
	work->of.held = segment->deed == NA_STREAM_HOLD;
	if (segment->deed == NA_STREAM_TELL_HELD) {
		na_stream_tell_held(work);
		na_stream_chunk(slot);
	}
	na_stream_jump(&work->stream, segment->hole);
	whole = !segment->hole || work->stream.state != NA_CLEAR_OPAQUE;
	work->at = segment->offset;
	work->left = segment->bytes;
	for (int i = 0; i < NA_STREAM_CHUNKS && na_stream_fetch(skb, work); i++) {
		na_stream_chunk(slot);
		if (work->position < work->filled)
			break;
	}
	/* more than may be looked at, or held back where another message begins */
	if (work->stream.state != NA_CLEAR_OPAQUE && (work->left || work->position < work->filled))
		whole = false;
	na_stream_keep(wire, work, direction);
	if (direction == NA_TLS_WRITTEN && work->stream.hello.random_bytes == NA_TLS_RANDOM_BYTES)
		na_tls_note_random(work);
	if (work->stream.dialogue.protocol == NA_PROTOCOL_POSTGRESQL)
		na_stream_mark_database(work, socket);
	na_clear_leave(work);
	return whole;
}

/* Nothing more is looked at in this direction. */
static __always_inline void na_stream_close(struct na_wire *wire, struct na_socket *state, __u32 direction, bool lost)
{
	if (wire) {
		wire->side[direction & 1].state = NA_WIRE_CLOSED;
		if (lost)
			wire->side[direction & 1].lost = 1;
	}
	if (!state)
		return;
	state->unread |= 1 << direction;
	if (lost)
		state->flags |= NA_FLOW_TEXT_LOST;
}

/* What is kept of the connection, made at its first byte. */
static __always_inline struct na_wire *na_wire_of(struct __sk_buff *skb, struct sock *sk, const struct na_socket *state,
						  const struct na_segment *segment)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct na_wire *wire = bpf_map_lookup_elem(&wires, &cookie), fresh = {};

	if (wire || !na_is_first_segment(sk, segment))
		return wire;
	fresh.connection = na_new_id();
	fresh.flow = state ? state->id : 0;
	bpf_map_update_elem(&wires, &cookie, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&wires, &cookie);
}

static __always_inline bool na_wire_try(struct na_wire_side *side)
{
#ifdef NA_BEFORE_5_12
	/* compiled, as the objects have the same programs, and never loaded (docs/hooks.md) */
	if (side->busy)
		return false;
	side->busy = 1;
	return true;
#else
	return !__sync_val_compare_and_swap(&side->busy, 0, 1);
#endif
}

/*
 * One CPU at a time: packets of one connection may be under way on several, as when a server speaks first while more
 * of a request arrives. The other is waited for, for longer than it takes; 0: it was interrupted, perhaps by this
 * very packet. Verified by itself: it has a loop.
 */
__attribute__((noinline)) int na_wire_enter(struct na_wire_side *side)
{
	volatile __u32 *busy;

	if (!side)
		return 0;
	asm volatile("" : "+r"(side));	/* no arithmetic on it before that */
	busy = &side->busy;
	for (int i = 0; i < NA_STREAM_WAITS; i++) {
		__u32 seen = 1;

#pragma unroll
		for (int look = 0; look < NA_STREAM_LOOKS; look++)
			seen &= *busy;
		if (!seen)
			return na_wire_try(side);
	}
	return 0;
}

/* A connection that was accepted meanwhile. False: another CPU is at what had arrived before. */
static __always_inline bool na_stream_claim(struct __sk_buff *skb, struct na_wire *wire, struct na_socket *state,
					    __u64 socket)
{
	struct na_segment nothing = { .direction = NA_TLS_READ, .deed = NA_STREAM_TELL_HELD };
	struct na_wire_side *side = &wire->side[NA_TLS_READ];

	if (wire->flow)
		return true;
	if (!na_wire_enter(side))
		return false;
	if (!wire->flow) {
		wire->flow = state->id;
		if (side->lost)
			state->flags |= NA_FLOW_TEXT_LOST;
		na_stream_parse(skb, wire, &nothing, socket);
	}
	side->busy = 0;
	return true;
}

/* Cuts off what was seen before. False: all of it was, or it cannot be told where it belongs. */
static __always_inline bool na_stream_place(struct na_segment *segment, struct na_wire_side *side, struct sock *sk)
{
	__u32 ahead;

	if (side->state == NA_WIRE_UNSEEN) {
		if (!na_is_first_segment(sk, segment))
			return false;
		side->next = segment->sequence;
		side->state = NA_WIRE_FOLLOWED;
	}
	ahead = segment->sequence - side->next;
	if ((__s32)ahead >= 0) {
		segment->hole = ahead;
	} else if (segment->bytes > -ahead) {
		segment->offset += -ahead;
		segment->bytes -= -ahead;
	} else {
		segment->bytes = 0;
	}
	side->next += segment->hole + segment->bytes;
	return true;
}

static __always_inline void na_stream_follow(struct __sk_buff *skb, struct sock *sk, struct na_socket *state,
					     struct na_wire *wire, struct na_segment *segment)
{
	struct na_wire_side *side = &wire->side[segment->direction & 1];
	bool whole = na_stream_place(segment, side, sk);

	segment->deed = wire->flow ? NA_STREAM_TELL : NA_STREAM_HOLD;
	if (whole && segment->bytes)
		whole = na_stream_parse(skb, wire, segment, (__u64)sk);
	if (!whole || side->state == NA_WIRE_CLOSED)
		na_stream_close(wire, state, segment->direction, !whole);
}

static __always_inline void na_on_segment(struct __sk_buff *skb, struct sock *sk, struct na_segment *segment)
{
	struct na_socket *state = na_find_socket((__u64)sk);
	struct na_wire_side *side;
	struct na_wire *wire;

	if (state ? state->stage != NA_STAGE_OPEN || state->flags & NA_FLOW_MPTCP ||
		    state->unread >> segment->direction & 1 : !na_is_listened(sk))
		return;
	wire = na_wire_of(skb, sk, state, segment);
	if (!wire) {
		na_stream_close(NULL, state, segment->direction, state && !(state->flags & NA_FLOW_PRE_EXISTING));
		return;
	}
	if (state && !na_stream_claim(skb, wire, state, (__u64)sk)) {
		na_stream_close(wire, state, segment->direction, true);
		return;
	}
	side = &wire->side[segment->direction & 1];
	if (side->state == NA_WIRE_CLOSED) {
		na_stream_close(wire, state, segment->direction, false);
		return;
	}
	if (!na_wire_enter(side)) {
		na_stream_close(wire, state, segment->direction, true);
		return;
	}
	na_stream_follow(skb, sk, state, wire, segment);
	side->busy = 0;
}

/* Attached at both ways (src/capture/load.c). */
SEC("cgroup/skb")
int na_stream(struct __sk_buff *skb)
{
	NA_PACKET_SOCKET *socket = skb->sk ? NA_PACKET_SOCKET_OF(skb) : NULL;
	struct na_segment segment = {};

	if (socket && NA_PROTOCOL_OF(socket) == IPPROTO_TCP && NA_STATE_OF(socket) != TCP_LISTEN &&
	    na_read_segment(skb, &segment))
		na_on_segment(skb, NA_KERNEL_OBJECT(sock, socket), &segment);
	return ALLOW;
}

#endif
