/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The fields of a head: their names, and of the values host, length, coding, and for whom a proxy asks. */
#ifndef NETAUDIT_BPF_HTTP_FIELDS_H
#define NETAUDIT_BPF_HTTP_FIELDS_H

#include "http_target.h"

#define NA_NUMBER_BAD (1ULL << 56)	/* no length is that large */

/* Which state takes the first byte of a line among the fields. */
static __always_inline __u8 na_field_form(struct na_clear_stream *stream, __u8 c)
{
	if (c == '\r' || c == '\n')
		return NA_CLEAR_FIELD_START;
	if (c == ' ' || c == '\t')
		return NA_CLEAR_REASON;		/* an obsolete folded line: more of a value */
	na_begin_word(stream);
	na_begin_piece(stream);
	return NA_CLEAR_FIELD_NAME;
}

static __always_inline void na_forget_forwarded(struct na_message *message)
{
	__builtin_memset(message->forwarded, 0, sizeof(message->forwarded));
	message->forwarded_bytes = 0;
}

static __always_inline __u8 na_name_byte(struct na_clear_stream *stream, __u8 c, __u32 slot)
{
	if (c == ':') {
		stream->field = na_which_field(stream);
		na_piece_over(stream, slot);
		na_put_text(stream, '\n', NA_MESSAGE_TEXT_BYTES, NA_MESSAGE_NAMES_CUT);
		if (stream->field == NA_FIELD_HOST && (stream->message.flags & NA_MESSAGE_ABSOLUTE))
			stream->field = NA_FIELD_OTHER;
		if (stream->field == NA_FIELD_HOST)
			na_forget_host(&stream->message);
		if (stream->field == NA_FIELD_FORWARDED)
			na_forget_forwarded(&stream->message);
		na_begin_word(stream);
		return NA_CLEAR_FIELD_VALUE;
	}
	if (c == '\n')
		return NA_CLEAR_OPAQUE;		/* no field: this is no HTTP */
	if (c >= 'A' && c <= 'Z')
		c |= 0x20;
	na_word_byte(stream, c);
	na_put_text(stream, na_shape_byte(stream, c), NA_MESSAGE_TEXT_BYTES - 1, NA_MESSAGE_NAMES_CUT);
	return NA_CLEAR_FIELD_NAME;
}

static __always_inline void na_length_over(struct na_clear_stream *stream)
{
	struct na_message *message = &stream->message;

	if (stream->number_bad || !stream->word_bytes ||
	    (stream->lengths && message->declared_bytes != stream->number))
		message->flags |= NA_MESSAGE_BAD_LENGTH;
	stream->lengths = 1;
	message->declared_bytes = stream->number;
}

static __always_inline void na_number_byte(struct na_clear_stream *stream, __u8 c)
{
	if (!na_is_digit(c) || stream->number >= NA_NUMBER_BAD / 16) {
		stream->number_bad = 1;
		return;
	}
	stream->number = stream->number * 10 + (c - '0');
	na_count_up(&stream->word_bytes);
}

/* Chunked is what the body is framed by when it is the last coding. */
static __always_inline void na_encoding_over(struct na_clear_stream *stream)
{
	__u64 last = stream->word[0] & 0xffffffffffffffULL, before = stream->word[0] >> 56;

	if (last == NA_WORD8(0, 'c', 'h', 'u', 'n', 'k', 'e', 'd') && (!before || before == ','))
		stream->message.flags |= NA_MESSAGE_CHUNKED;
	else
		stream->message.flags &= ~NA_MESSAGE_CHUNKED;
}

/* Addresses separated by commas: the last is what the proxy itself has seen. What is no address fills it up. */
static __always_inline void na_forwarded_byte(struct na_message *message, __u8 c)
{
	__u64 at = message->forwarded_bytes;

	if (c == ',') {
		na_forget_forwarded(message);
		return;
	}
	if (!na_is_digit(c) && c != '.' && c != ':' && ((c | 0x20) < 'a' || (c | 0x20) > 'f'))
		message->forwarded_bytes = at = NA_MESSAGE_FORWARDED_BYTES;
	asm volatile("" : "+r"(at));
	if (at >= NA_MESSAGE_FORWARDED_BYTES)
		return;
	message->forwarded[at] = c;
	message->forwarded_bytes = at + 1;
}

static __always_inline __u8 na_value_byte(struct na_clear_stream *stream, __u8 c)
{
	if (c == '\n') {
		if (stream->field == NA_FIELD_LENGTH)
			na_length_over(stream);
		else if (stream->field == NA_FIELD_ENCODING)
			na_encoding_over(stream);
		return NA_CLEAR_FIELD_START;
	}
	if (stream->field == NA_FIELD_OTHER || c == ' ' || c == '\t' || c == '\r')
		return NA_CLEAR_FIELD_VALUE;
	if (stream->field == NA_FIELD_HOST) {
		if (c == '@')
			na_forget_host(&stream->message);
		else
			na_put_host(&stream->message, c);
	} else if (stream->field == NA_FIELD_LENGTH) {
		na_number_byte(stream, c);
	} else if (stream->field == NA_FIELD_FORWARDED) {
		na_forwarded_byte(&stream->message, c);
	} else {
		na_word_byte(stream, c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	return NA_CLEAR_FIELD_VALUE;
}

#endif
