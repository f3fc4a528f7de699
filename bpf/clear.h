/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Clear text, as a program has written or read it: one direction of a connection, cut anywhere. What comes out is one
 * struct na_message for each message; of its text only names, and of its body sizes and a keyed fingerprint.
 *
 * The same C runs in the kernel and, to be tested and fuzzed, in user space. Whoever includes it has defined
 *   struct na_clear_work *na_clear_work_of(__u32 slot)             the scratch
 *   long na_clear_copy(void *to, __u32 bytes, __u64 from)          bytes of the process; 0 or negative
 *   void na_clear_wipe(void *from, __u32 bytes)                    zeroes them
 *   void na_clear_report(struct na_clear_work *work)               takes work->stream.message
 * The loops call functions that are not static: the verifier sees each body once, by itself (docs/decisions.md).
 */
#ifndef NETAUDIT_BPF_CLEAR_H
#define NETAUDIT_BPF_CLEAR_H

#include "http.h"

/*
 * Of a head, a step takes 8 times 4 bytes: what the verifier follows in one is the body of the loop, once for each
 * byte.
 */
#define NA_CLEAR_FEW 4
#define NA_CLEAR_FEW_A_STEP 8
#define NA_CLEAR_WORDS_A_STEP (NA_CLEAR_CHUNK_BYTES / 8)	/* of a body */
/*
 * Of one write: a head of 16 KiB and a body of 64 KiB take 800. Who frames a body in chunks of a few bytes may need
 * more; such a stream is opaque from there on.
 */
#define NA_CLEAR_STEPS 2048

enum na_clear_step { NA_CLEAR_ON, NA_CLEAR_ALL_DONE };

/* The next piece of what was written. */
static __always_inline int na_clear_fetch(struct na_clear_work *work)
{
	__u64 bytes = work->left;

	if (!bytes || work->piecewise)
		return NA_CLEAR_ALL_DONE;
	if (bytes > NA_CLEAR_CHUNK_BYTES)
		bytes = NA_CLEAR_CHUNK_BYTES;
	asm volatile("" : "+r"(bytes));
	if (bytes > NA_CLEAR_CHUNK_BYTES || na_clear_copy(work->chunk, bytes, work->at)) {
		work->stream.state = NA_CLEAR_OPAQUE;
		return NA_CLEAR_ALL_DONE;
	}
	work->position = 0;
	work->filled = bytes;
	work->at += bytes;
	work->left -= bytes;
	return NA_CLEAR_ON;
}

#include "dialogue.h"

/* Bytes of a head, and of what frames chunks. Returns how many. */
__attribute__((noinline)) int na_clear_few(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	__u64 position, filled, peer_no_body, peer_tunnel;
	bool in_head;
	int i;

	if (!work)
		return 0;
	in_head = work->stream.state < NA_CLEAR_CHUNK_SIZE;
	position = work->position;
	filled = work->filled;
	peer_no_body = work->peer_no_body;
	peer_tunnel = work->peer.tunnel;
	for (i = 0; i < NA_CLEAR_FEW; i++) {
		__u64 at = position;

		asm volatile("" : "+r"(at));
		if (at >= filled || at >= NA_CLEAR_CHUNK_BYTES || work->stream.state >= NA_CLEAR_HEAD_OVER)
			break;
		work->stream.state = na_http_byte(&work->stream, work->chunk[at], slot, peer_no_body, peer_tunnel);
		position++;
	}
	if (in_head)
		work->stream.message.head_bytes += position - work->position;
	work->position = position;
	return i;
}

static __always_inline int na_clear_head(__u32 slot)
{
	for (int i = 0; i < NA_CLEAR_FEW_A_STEP; i++)
		if (na_clear_few(slot) != NA_CLEAR_FEW)
			break;
	return NA_CLEAR_ON;
}

/* How much of the body is in the chunk, and to be hashed. */
static __always_inline __u64 na_clear_hashable(const struct na_clear_work *work)
{
	__u64 bytes = work->filled - work->position, room = NA_MESSAGE_HASHED_BYTES - work->stream.hash.bytes;

	if (bytes > work->stream.remaining)
		bytes = work->stream.remaining;
	return bytes < room ? bytes : room;
}

/* Whole words of a body into its fingerprint. Returns how many. */
__attribute__((noinline)) int na_clear_words(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_siphash hash;
	__u64 at, end, word;
	int i;

	if (!work)
		return 0;
	hash = work->stream.hash;
	at = work->position;
	end = at + na_clear_hashable(work);
	for (i = 0; i < NA_CLEAR_WORDS_A_STEP; i++) {
		asm volatile("" : "+r"(at));	/* so that the bound is stated next to its use, for the verifier */
		if (at + 8 > end || at > NA_CLEAR_CHUNK_BYTES)
			break;
		__builtin_memcpy(&word, work->chunk + at, 8);
		na_sip_word(&hash, word);
		at += 8;
	}
	work->stream.hash = hash;
	return i;
}

/* What is left of a body when it is less than a word. Returns how many bytes. */
__attribute__((noinline)) int na_clear_rest(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	__u64 at, bytes, word;

	if (!work)
		return 0;
	at = work->position;
	bytes = na_clear_hashable(work);
	asm volatile("" : "+r"(at));
	if (bytes > 7 || at > NA_CLEAR_CHUNK_BYTES)
		return 0;
	__builtin_memcpy(&word, work->chunk + at, 8);	/* behind the chunk are 8 more that mean nothing */
	na_sip_part(&work->stream.hash, word & ((1ULL << bytes * 8) - 1), bytes);
	return bytes;
}

/* Bytes of a body that are in the chunk. */
static __always_inline int na_clear_body(struct na_clear_work *work, __u32 slot)
{
	__u64 bytes = na_clear_words(slot) * 8ULL;

	if (!bytes)
		bytes = na_clear_rest(slot);
	work->position += bytes;
	work->stream.remaining -= bytes;
	work->stream.message.body_bytes += bytes;
	return bytes ? NA_CLEAR_ON : NA_CLEAR_ALL_DONE;
}

/* Bytes of a body beyond the fingerprint's extent need not be looked at, nor copied. */
static __always_inline void na_clear_skip(struct na_clear_work *work)
{
	__u64 here = work->filled - work->position, more;

	if (here > work->stream.remaining)
		here = work->stream.remaining;
	work->position += here;
	more = work->stream.remaining - here;
	if (more > work->left)
		more = work->left;
	work->at += more;
	work->left -= more;
	work->stream.remaining -= here + more;
	work->stream.message.body_bytes += here + more;
}

static __always_inline void na_clear_body_over(struct na_clear_stream *stream)
{
	if (stream->message.flags & NA_MESSAGE_CHUNKED)
		stream->state = NA_CLEAR_CHUNK_END;
	else
		stream->state = NA_CLEAR_OVER;
}

/* The fingerprint is taken from a copy: the stream may go on. */
static __always_inline void na_clear_fingerprint(struct na_clear_work *work)
{
	struct na_siphash hash = work->stream.hash;

	if (work->stream.message.flags & NA_MESSAGE_HOLE)
		return;
	work->stream.message.hashed_bytes = hash.bytes;
	if (hash.bytes)
		na_sip_end(&hash, work->stream.message.fingerprint);
}

/* An answer to a request that was not seen, or one that only says that another follows. */
static __always_inline bool na_clear_is_no_answer(const struct na_clear_work *work)
{
	const struct na_message *message = &work->stream.message;

	return message->kind == NA_MESSAGE_RESPONSE &&
	       (message->status / 100 == 1 || work->stream.next_number >= work->peer_begun);
}

/* A request for a tunnel, or the answer that grants it: what follows begins anew (na_look_at_start()). */
static __always_inline void na_clear_note_tunnel(struct na_clear_work *work)
{
	struct na_clear_stream *stream = &work->stream;
	struct na_message *message = &stream->message;
	__u64 number = stream->next_number + 1;

	if (message->kind == NA_MESSAGE_RESPONSE && message->status / 100 == 2 && work->peer.tunnel == number)
		message->flags |= NA_MESSAGE_TUNNEL;
	if (message->flags & NA_MESSAGE_TUNNEL)
		stream->dialogue.tunnel = number;
}

/* A request whose response will have no body, whatever its fields say: the parser of the other direction asks. */
static __always_inline void na_clear_note_request(struct na_clear_stream *stream)
{
	const struct na_message *message = &stream->message;
	__u64 bit = 1ULL << (stream->next_number & 63);

	if (message->kind != NA_MESSAGE_REQUEST)
		return;
	stream->no_body &= ~bit;
	if (message->method[0] == 'H' && message->method[1] == 'E')
		stream->no_body |= bit;
}

static __always_inline void na_clear_head_over(struct na_clear_work *work)
{
	struct na_clear_stream *stream = &work->stream;

	na_clear_note_request(stream);
	stream->message.part = NA_MESSAGE_HEAD;
	if (!na_clear_is_no_answer(work) && !work->of.held)
		na_clear_report(work);
	na_begin_word(stream);
	na_sip_begin(&stream->hash, work->key);
	stream->state = stream->message.flags & NA_MESSAGE_CHUNKED ? NA_CLEAR_CHUNK_SIZE : NA_CLEAR_BODY;
}

__attribute__((noinline)) int na_clear_over(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	struct na_message *message;
	bool last;

	if (!work)
		return NA_CLEAR_ALL_DONE;
	stream = &work->stream;
	message = &stream->message;
	last = message->flags & (NA_MESSAGE_TO_THE_END | NA_MESSAGE_BAD_LENGTH) || message->status == 101 ||
	       message->kind == NA_MESSAGE_HELLO;
	na_clear_note_request(stream);
	na_clear_note_tunnel(work);
	message->part = NA_MESSAGE_WHOLE;
	na_clear_fingerprint(work);
	if (!na_clear_is_no_answer(work)) {
		na_clear_report(work);
		stream->next_number++;
	}
	na_clear_wipe(message, sizeof(*message));
	na_clear_wipe(&stream->hash, sizeof(stream->hash));
	stream->text_bytes = 0;
	stream->lengths = 0;
	stream->remaining = 0;
	stream->state = last ? NA_CLEAR_OPAQUE : NA_CLEAR_START;
	return NA_CLEAR_ON;
}

static __always_inline int na_clear_step_in_body(struct na_clear_work *work, __u32 slot)
{
	if (!work->stream.remaining) {
		na_clear_body_over(&work->stream);
		return NA_CLEAR_ON;
	}
	if (work->stream.hash.bytes >= NA_MESSAGE_HASHED_BYTES || work->stream.message.flags & NA_MESSAGE_HOLE) {
		na_clear_skip(work);
		return work->stream.remaining ? NA_CLEAR_ALL_DONE : NA_CLEAR_ON;
	}
	return work->position < work->filled ? na_clear_body(work, slot) : na_clear_fetch(work);
}

__attribute__((noinline)) int na_clear_step(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (!work)
		return NA_CLEAR_ALL_DONE;
	if (work->stream.dialogue.protocol)
		return na_dialogue_step(slot) ? NA_CLEAR_ON : NA_CLEAR_ALL_DONE;
	switch (work->stream.state) {
	case NA_CLEAR_OPAQUE:
		return NA_CLEAR_ALL_DONE;
	case NA_CLEAR_HEAD_OVER:
		na_clear_head_over(work);
		return NA_CLEAR_ON;
	case NA_CLEAR_OVER:
		return work->of.held ? NA_CLEAR_ALL_DONE : na_clear_over(slot);
	case NA_CLEAR_BODY:
		return na_clear_step_in_body(work, slot);
	default:
		if (work->stream.message.head_bytes > NA_CLEAR_HEAD_BYTES)
			work->stream.state = NA_CLEAR_OPAQUE;
		if (work->position >= work->filled)
			return na_clear_fetch(work);
		if (work->stream.state == NA_CLEAR_START && !work->stream.message.head_bytes)
			na_look_at_start(work, work->chunk[work->position & (NA_CLEAR_CHUNK_BYTES - 1)]);
		return work->stream.dialogue.protocol ? NA_CLEAR_ON : na_clear_head(slot);
	}
}

static __always_inline bool na_is_within_message(const struct na_clear_stream *stream)
{
	return stream->state != NA_CLEAR_START && stream->state != NA_CLEAR_OPAQUE &&
	       stream->dialogue.protocol != NA_PROTOCOL_HTTP2;
}

/* All of one write or read: work->at, left, key, peer, peer_no_body, peer_begun and the stream so far are set. */
static __always_inline void na_clear_run(struct na_clear_work *work, __u32 slot)
{
	for (int i = 0; i < NA_CLEAR_STEPS; i++)
		if (na_clear_step(slot) == NA_CLEAR_ALL_DONE)
			return;
	work->stream.state = NA_CLEAR_OPAQUE;
}

#endif
