/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * HTTP/2 (RFC 9113), byte by byte where headers are, frame by frame elsewhere: each stream is one exchange, with
 * method, authority, path and status as far as hpack.h has them, and the sizes of the bodies.
 */
#ifndef NETAUDIT_BPF_HTTP2_H
#define NETAUDIT_BPF_HTTP2_H

#include "dotted.h"
#include "hpack.h"

#define NA_HTTP2_FRAME_BYTES 9		/* of its header */
#define NA_HTTP2_PREFACE_BYTES 24
#define NA_HTTP2_PADDED 8
#define NA_HTTP2_PRIORITY 0x20
#define NA_HTTP2_PRIORITY_BYTES 5
#define NA_HTTP2_END_HEADERS 4
#define NA_HTTP2_END_STREAM 1

enum na_http2_type {
	NA_HTTP2_DATA = 0,
	NA_HTTP2_HEADERS = 1,
	NA_HTTP2_SETTINGS = 4,
	NA_HTTP2_PUSH_PROMISE = 5,
	NA_HTTP2_CONTINUATION = 9,
};

enum na_http2_state {
	NA_HTTP2_PREFACE = NA_DOTTED_OVER + 1,
	NA_HTTP2_FRAME,		/* its header */
	NA_HTTP2_PAD,		/* the length of a padding, in front of what is padded */
	NA_HTTP2_BLOCK,		/* in a header block */
	NA_HTTP2_STOP,		/* before one, while another is still to be told */
};

static __always_inline void na_http2_begin(struct na_clear_stream *stream, __u8 role)
{
	stream->dialogue.protocol = NA_PROTOCOL_HTTP2;
	stream->dialogue.role = role;
	stream->message.body_bytes = 0;
	stream->http2.table_bytes = NA_HPACK_TABLE_BYTES;
}

/* "PRI " was read as the first word of HTTP/1.1. */
static __always_inline __u8 na_http2_begin_client(struct na_clear_stream *stream)
{
	na_http2_begin(stream, NA_MESSAGE_REQUEST);
	na_word_byte(stream, ' ');
	stream->dialogue.state = NA_HTTP2_PREFACE;
	return NA_CLEAR_DIALOGUE;
}

static __always_inline bool na_http2_is_preface(const struct na_clear_stream *stream)
{
	return stream->word[2] == NA_WORD8('P', 'R', 'I', ' ', '*', ' ', 'H', 'T') &&
	       stream->word[1] == NA_WORD8('T', 'P', '/', '2', '.', '0', '\r', '\n') &&
	       stream->word[0] == NA_WORD8('\r', '\n', 'S', 'M', '\r', '\n', '\r', '\n');
}

/* Where the body of a message on the frame's stream is followed: consecutive ones have places of their own. */
static __always_inline __u64 na_http2_place(const struct na_http2 *http2)
{
	__u64 place = http2->stream / 2;

	asm volatile("" : "+r"(place));	/* so that the bound is stated next to its use, for the verifier */
	return place & (NA_HTTP2_OPEN - 1);
}

/* A header block begins on a stream. */
__attribute__((noinline)) int na_http2_begin_block(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	struct na_http2 *http2;

	if (!work)
		return 0;
	stream = &work->stream;
	http2 = &stream->http2;
	http2->block = 1;
	http2->block_bytes = 0;
	http2->part = NA_HPACK_FIELD;
	http2->seen = 0;
	http2->ends = http2->flags & NA_HTTP2_END_STREAM;
	http2->trailer = http2->stream && http2->open[na_http2_place(http2)].stream == http2->stream;
	if (http2->trailer)
		return 0;
	stream->message.status = 0;
	stream->message.body_bytes = 0;
	__builtin_memset(stream->message.method, 0, sizeof(stream->message.method));
	return 0;
}

/* So many bytes of a body; or its end, which is told. */
__attribute__((noinline)) int na_http2_body(__u32 slot, __u32 bytes, __u32 ends)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	struct na_http2 *http2;
	__u64 place;

	if (!work)
		return 0;
	stream = &work->stream;
	http2 = &stream->http2;
	place = na_http2_place(http2);
	if (!http2->stream || http2->open[place].stream != http2->stream)
		return 0;
	http2->open[place].bytes += bytes;
	if (!ends)
		return 0;
	stream->message.body_bytes = http2->open[place].bytes;
	if (!stream->dialogue.tell)	/* its head was told; else all of it will be */
		stream->message.head_bytes = 0;
	http2->told = http2->stream;
	http2->open[place].stream = 0;
	stream->dialogue.tell = 1 + NA_MESSAGE_WHOLE;
	return 0;
}

/* What was not in this block is not what was in the last. */
static __always_inline void na_http2_forget(struct na_clear_stream *stream)
{
	struct na_http2 *http2 = &stream->http2;
	__u16 cut = NA_MESSAGE_PATH_CUT | NA_MESSAGE_KEYS_CUT | NA_MESSAGE_MASKED;

	if (!(http2->seen & NA_HPACK_SEEN(NA_HPACK_AUTHORITY))) {
		na_forget_host(&stream->message);
		http2->host_at = 0;
	}
	if (http2->seen & NA_HPACK_SEEN(NA_HPACK_PATH))
		return;
	na_clear_wipe(stream->message.text, sizeof(stream->message.text));
	stream->message.path_bytes = stream->message.keys_bytes = 0;
	stream->message.flags &= ~cut;
	stream->text_bytes = 0;
	http2->path_at = 0;
}

/* A block is over: a message's head is to be told, or its end. An answer that says that another follows is none. */
__attribute__((noinline)) int na_http2_block_over(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	struct na_http2 *http2;

	if (!work)
		return NA_DIALOGUE_LOST;
	stream = &work->stream;
	http2 = &stream->http2;
	http2->block = 0;
	if (http2->part != NA_HPACK_FIELD || http2->bad)
		return NA_DIALOGUE_LOST;
	if (http2->trailer) {
		na_http2_body(slot, 0, http2->ends);
		return 0;
	}
	na_http2_forget(stream);
	if (!(http2->stream & 1) || stream->message.status / 100 == 1)
		return 0;
	stream->message.head_bytes = http2->block_bytes;
	http2->told = http2->stream;
	stream->dialogue.tell = 1 + (http2->ends ? NA_MESSAGE_WHOLE : NA_MESSAGE_HEAD);
	if (!http2->ends) {
		__u64 place = na_http2_place(http2);

		http2->open[place].stream = http2->stream;
		http2->open[place].bytes = 0;
	}
	return 0;
}

/* A frame whose payload is, or goes on with, a header block. */
static __always_inline __u8 na_http2_block_frame(struct na_clear_stream *stream, __u32 slot)
{
	struct na_http2 *http2 = &stream->http2;
	bool first = http2->type == NA_HTTP2_HEADERS;

	if (first == !!http2->block)
		return NA_DIALOGUE_LOST;
	http2->padding = 0;
	http2->before = first && http2->flags & NA_HTTP2_PRIORITY ? NA_HTTP2_PRIORITY_BYTES : 0;
	if (first)
		na_http2_begin_block(slot);
	if (first && http2->flags & NA_HTTP2_PADDED)
		return http2->frame_left ? NA_HTTP2_PAD : NA_DIALOGUE_LOST;
	if (http2->frame_left)
		return NA_HTTP2_BLOCK;
	return http2->flags & NA_HTTP2_END_HEADERS ? na_http2_block_over(slot) : 0;
}

/* A frame's header is whole: length, type, flags, stream. */
static __always_inline __u8 na_http2_frame(struct na_clear_stream *stream, __u32 slot)
{
	struct na_http2 *http2 = &stream->http2;
	__u64 word = stream->word[0];

	http2->frame_left = (stream->word[1] & 255) << 16 | word >> 48;
	http2->type = word >> 40;
	http2->flags = word >> 32;
	http2->stream = word & 0x7fffffff;
	na_begin_word(stream);
	if (http2->type == NA_HTTP2_HEADERS && stream->dialogue.tell)
		return NA_HTTP2_STOP;
	if (http2->type == NA_HTTP2_HEADERS || http2->type == NA_HTTP2_CONTINUATION)
		return na_http2_block_frame(stream, slot);
	if (http2->block)
		return NA_DIALOGUE_LOST;	/* nothing may come between the parts of a block */
	if (http2->type == NA_HTTP2_PUSH_PROMISE)
		http2->unknown = 1;		/* it has a block that is not read */
	if (http2->type == NA_HTTP2_DATA && http2->flags & NA_HTTP2_PADDED)
		return http2->frame_left ? NA_HTTP2_PAD : NA_DIALOGUE_LOST;
	if (http2->type == NA_HTTP2_DATA)
		na_http2_body(slot, http2->frame_left, http2->flags & NA_HTTP2_END_STREAM);
	stream->remaining = http2->frame_left;
	return 0;
}

static __always_inline __u8 na_http2_pad(struct na_clear_stream *stream, __u32 slot, __u8 c)
{
	struct na_http2 *http2 = &stream->http2;

	http2->frame_left--;
	if (c + http2->before > http2->frame_left)
		return NA_DIALOGUE_LOST;
	if (http2->type == NA_HTTP2_DATA) {
		na_http2_body(slot, http2->frame_left - c, http2->flags & NA_HTTP2_END_STREAM);
		stream->remaining = http2->frame_left;
		return 0;
	}
	http2->padding = c;
	if (http2->frame_left)
		return NA_HTTP2_BLOCK;
	return http2->flags & NA_HTTP2_END_HEADERS ? na_http2_block_over(slot) : 0;
}

/* What may not be told yet does not stop the frames behind it, up to the next head. */
static __always_inline bool na_http2_goes_on(const struct na_clear_stream *stream)
{
	return stream->dialogue.protocol == NA_PROTOCOL_HTTP2 && stream->dialogue.state != NA_HTTP2_STOP;
}

/* Bytes that were not seen: within a frame whose length is known, and that is not looked at, they change nothing. */
static __always_inline bool na_http2_jump(struct na_clear_stream *stream, __u32 hole)
{
	if (stream->dialogue.protocol != NA_PROTOCOL_HTTP2 || hole > stream->remaining)
		return false;
	stream->remaining -= hole;
	return true;
}

/* One byte of a frame that has a header block: priorities before it, the block, the padding behind it. */
__attribute__((noinline)) int na_http2_block_byte(__u32 slot, __u32 c)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_http2 *http2;

	if (!work)
		return NA_DIALOGUE_LOST;
	http2 = &work->stream.http2;
	if (http2->before) {
		http2->before--;
	} else if (http2->frame_left > http2->padding) {
		http2->block_bytes++;
		http2->part = na_hpack_byte(work, slot, c);
	}
	if (http2->bad)
		return NA_DIALOGUE_LOST;
	if (--http2->frame_left)
		return NA_HTTP2_BLOCK;
	return http2->flags & NA_HTTP2_END_HEADERS ? na_http2_block_over(slot) : 0;
}

/* One byte of anything else. Returns the next state. */
__attribute__((noinline)) int na_http2_byte(__u32 slot, __u32 byte)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	__u8 state, c = byte;

	if (!work)
		return NA_DIALOGUE_LOST;
	stream = &work->stream;
	state = stream->dialogue.state;
	if (state == NA_HTTP2_STOP)
		return NA_DIALOGUE_LOST;
	if (state == NA_HTTP2_PAD)
		return na_http2_pad(stream, slot, c);
	if (!state) {
		na_begin_word(stream);
		state = stream->dialogue.role == NA_MESSAGE_REQUEST && !stream->http2.started ? NA_HTTP2_PREFACE : NA_HTTP2_FRAME;
	}
	na_word_byte(stream, c);
	if (state == NA_HTTP2_FRAME)
		return stream->word_bytes < NA_HTTP2_FRAME_BYTES ? NA_HTTP2_FRAME : na_http2_frame(stream, slot);
	if (stream->word_bytes < NA_HTTP2_PREFACE_BYTES)
		return NA_HTTP2_PREFACE;
	stream->http2.started = 1;
	return na_http2_is_preface(stream) ? 0 : NA_DIALOGUE_LOST;
}

#endif
