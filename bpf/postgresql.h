/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * PostgreSQL's start-up (protocol 3, "Message Flow" of its manual), one byte of one direction at a time: one
 * exchange for each connection, with the names of user and database, and whether the server took them. A direction
 * is not looked at any more once that is known: passwords and SQL come later.
 */
#ifndef NETAUDIT_BPF_POSTGRESQL_H
#define NETAUDIT_BPF_POSTGRESQL_H

#include "commands.h"
#include "http2.h"
#include "dotted.h"

#define NA_POSTGRESQL_TLS 80877103	/* "may I speak TLS?" */
#define NA_POSTGRESQL_GSS 80877104
#define NA_POSTGRESQL_MOST 10000	/* a longer start-up is refused by servers */
#define NA_POSTGRESQL_STATE_BYTES 5	/* of an SQLSTATE */

enum na_postgresql_state {
	NA_POSTGRESQL_START = NA_DOTTED_OVER + 1,
	NA_POSTGRESQL_KEY,
	NA_POSTGRESQL_VALUE,
	NA_POSTGRESQL_LENGTH,	/* server: of a message, after its type */
	NA_POSTGRESQL_FIELD,	/* of an error */
	NA_POSTGRESQL_FIELD_TEXT,
	NA_POSTGRESQL_SQLSTATE,
};

static __always_inline __u8 na_postgresql_over(struct na_clear_stream *stream)
{
	stream->message.command = NA_COMMAND_STARTUP;
	stream->dialogue.tell = 1 + NA_MESSAGE_WHOLE;
	return NA_DIALOGUE_LOST;
}

/* The first eight bytes: length and version. */
static __always_inline __u8 na_postgresql_start(struct na_clear_stream *stream)
{
	__u64 length = stream->word[0] >> 32, version = stream->word[0] & 0xffffffff;

	if (length == 8 && (version == NA_POSTGRESQL_TLS || version == NA_POSTGRESQL_GSS)) {
		stream->dialogue.turns++;
		return 0;
	}
	if (!version && (length & 255) == NA_HTTP2_SETTINGS) {	/* the first frame of a server of HTTP/2, but its last byte */
		na_http2_begin(stream, NA_MESSAGE_RESPONSE);
		return NA_HTTP2_FRAME;
	}
	if (version >> 16 != 3 || length < 9 || length > NA_POSTGRESQL_MOST)
		return NA_DIALOGUE_LOST;
	stream->dialogue.left = length - 8;
	stream->message.body_bytes = length;
	stream->dialogue.open = 1;
	na_begin_word(stream);
	return NA_POSTGRESQL_KEY;
}

/* What the key's value is to be kept as; 0: not at all. */
static __always_inline __u8 na_postgresql_kept_as(const struct na_clear_stream *stream)
{
	if (NA_SHORT(stream, 4, 0, 0, 0, 0, 'u', 's', 'e', 'r'))
		return 'u';
	return NA_SHORT(stream, 8, 'd', 'a', 't', 'a', 'b', 'a', 's', 'e') ? 'd' : 0;
}

static __always_inline __u8 na_postgresql_key_byte(struct na_clear_stream *stream, __u8 c)
{
	if (c) {
		na_word_byte(stream, c);
		return NA_POSTGRESQL_KEY;
	}
	if (!stream->word_bytes)
		return na_postgresql_over(stream);
	stream->field = na_postgresql_kept_as(stream);
	if (stream->field)
		na_put_text(stream, stream->field, NA_MESSAGE_KEYS_BYTES - 1, NA_MESSAGE_KEYS_CUT);
	na_begin_piece(stream);
	return NA_POSTGRESQL_VALUE;
}

static __always_inline __u8 na_postgresql_value_byte(struct na_clear_stream *stream, __u32 slot, __u8 c)
{
	if (c) {
		if (stream->field)
			na_put_text(stream, na_shape_byte(stream, c), NA_MESSAGE_KEYS_BYTES - 1, NA_MESSAGE_KEYS_CUT);
		return NA_POSTGRESQL_VALUE;
	}
	if (stream->field) {
		if (na_is_identifier(&stream->shape))
			na_finish_piece(slot, NA_MASK_ALL);
		na_put_text(stream, '\n', NA_MESSAGE_KEYS_BYTES, NA_MESSAGE_KEYS_CUT);
		stream->message.keys_bytes = stream->text_bytes;
	}
	na_begin_word(stream);
	return NA_POSTGRESQL_KEY;
}

static __always_inline __u8 na_postgresql_client_byte(struct na_clear_stream *stream, __u32 slot, __u8 c)
{
	__u8 state = stream->dialogue.state;

	if (state == NA_POSTGRESQL_KEY || state == NA_POSTGRESQL_VALUE) {
		if (stream->dialogue.left-- == 0)
			return NA_DIALOGUE_LOST;
		if (state == NA_POSTGRESQL_KEY)
			return na_postgresql_key_byte(stream, c);
		return na_postgresql_value_byte(stream, slot, c);
	}
	if (!state)
		na_begin_word(stream);
	if (!state && c)
		return NA_DIALOGUE_LOST;	/* TLS, after it was asked for */
	na_word_byte(stream, c);
	return stream->word_bytes == 8 ? na_postgresql_start(stream) : NA_POSTGRESQL_START;
}

/* A message's type: kept in `field` until its length is known. */
static __always_inline __u8 na_postgresql_type_byte(struct na_clear_stream *stream, const struct na_dialogue *client,
						    __u8 c)
{
	struct na_dialogue *dialogue = &stream->dialogue;

	if (dialogue->turns < client->turns) {
		dialogue->turns++;
		return c == 'N' ? 0 : NA_DIALOGUE_LOST;	/* no TLS; or it begins here */
	}
	if (!na_is_letter(c))
		return NA_DIALOGUE_LOST;
	stream->field = c;
	na_begin_word(stream);
	return NA_POSTGRESQL_LENGTH;
}

static __always_inline __u8 na_postgresql_length_byte(struct na_clear_stream *stream, __u8 c)
{
	__u64 length;

	na_word_byte(stream, c);
	if (stream->word_bytes < 4)
		return NA_POSTGRESQL_LENGTH;
	length = stream->word[0];
	na_begin_word(stream);
	if (length < 4)
		return NA_DIALOGUE_LOST;
	stream->message.body_bytes += length + 1;
	stream->dialogue.left = length - 4;
	if (stream->field == 'Z')
		return na_postgresql_over(stream);	/* ready for a query */
	if (stream->field == 'E')
		return NA_POSTGRESQL_FIELD;
	stream->remaining = length - 4;
	return 0;
}

static __always_inline __u8 na_postgresql_error_byte(struct na_clear_stream *stream, __u8 c)
{
	__u64 at = stream->word_bytes;

	if (stream->dialogue.state == NA_POSTGRESQL_FIELD) {
		stream->word_bytes = 0;
		if (!c)
			return na_postgresql_over(stream);
		return c == 'C' ? NA_POSTGRESQL_SQLSTATE : NA_POSTGRESQL_FIELD_TEXT;
	}
	if (!c)
		return NA_POSTGRESQL_FIELD;
	if (stream->dialogue.state == NA_POSTGRESQL_FIELD_TEXT)
		return NA_POSTGRESQL_FIELD_TEXT;
	asm volatile("" : "+r"(at));	/* so that the bound is stated next to its use, for the verifier */
	if (at >= NA_POSTGRESQL_STATE_BYTES || (!na_is_digit(c) && (c < 'A' || c > 'Z')))
		return NA_DIALOGUE_LOST;
	stream->message.method[at] = c;
	stream->word_bytes = at + 1;
	return NA_POSTGRESQL_SQLSTATE;
}

static __always_inline __u8 na_postgresql_server_byte(struct na_clear_work *work, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	__u8 state = stream->dialogue.state;

	if (state >= NA_POSTGRESQL_FIELD && stream->dialogue.left-- == 0)
		return NA_DIALOGUE_LOST;
	switch (state) {
	case 0:
		return na_postgresql_type_byte(stream, &work->peer, c);
	case NA_POSTGRESQL_LENGTH:
		return na_postgresql_length_byte(stream, c);
	default:
		return na_postgresql_error_byte(stream, c);
	}
}

/* Returns the next state. */
__attribute__((noinline)) int na_postgresql_byte(__u32 slot, __u32 c)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (!work)
		return NA_DIALOGUE_LOST;
	if (work->stream.dialogue.role == NA_MESSAGE_REQUEST)
		return na_postgresql_client_byte(&work->stream, slot, c);
	return na_postgresql_server_byte(work, c);
}

#endif
