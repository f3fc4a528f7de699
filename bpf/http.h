/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * HTTP/1.1 (RFC 9112), byte by byte: request line or status line, fields, chunk framing. Of the text only method, host,
 * path, query keys and field names are kept. A stream that begins like TLS is read as far as its ClientHello (hello.h);
 * one that begins otherwise is opaque from its first byte on.
 */
#ifndef NETAUDIT_BPF_HTTP_H
#define NETAUDIT_BPF_HTTP_H

#include "hello.h"
#include "http2.h"
#include "imap.h"
#include "http_fields.h"

static __always_inline __u8 na_first_word_over(struct na_clear_stream *stream)
{
	struct na_message *message = &stream->message;

	if (na_is_version(stream)) {
		message->kind = NA_MESSAGE_RESPONSE;
		na_begin_word(stream);
		return NA_CLEAR_STATUS;
	}
	message->minor = 0;
	if (NA_SHORT(stream, 3, 0, 0, 0, 0, 0, 'P', 'R', 'I'))
		return na_http2_begin_client(stream);
	if (!na_is_method(stream))
		return na_imap_begin(stream);
	message->kind = NA_MESSAGE_REQUEST;
	na_keep_method(stream);
	na_begin_piece(stream);
	return NA_CLEAR_TARGET;
}

static __always_inline __u8 na_version_byte(struct na_clear_stream *stream, __u8 c)
{
	if (c == '\r')
		return NA_CLEAR_VERSION;
	if (c == '\n')
		return na_is_version(stream) ? NA_CLEAR_FIELD_START : NA_CLEAR_OPAQUE;
	na_word_byte(stream, c);
	return NA_CLEAR_VERSION;
}

static __always_inline __u8 na_status_byte(struct na_clear_stream *stream, __u8 c)
{
	if (na_is_digit(c)) {
		stream->number = stream->number * 10 + (c - '0');
		na_count_up(&stream->word_bytes);
		return stream->word_bytes > 3 ? NA_CLEAR_OPAQUE : NA_CLEAR_STATUS;
	}
	if (stream->word_bytes != 3 || !na_ends_target(c))
		return NA_CLEAR_OPAQUE;
	stream->message.status = stream->number;
	return c == '\n' ? NA_CLEAR_FIELD_START : NA_CLEAR_REASON;
}

/* Where the message's body ends (RFC 9112, 6.3). */
static __always_inline __u8 na_head_over(struct na_clear_stream *stream, __u64 peer_no_body, __u64 peer_tunnel)
{
	struct na_message *message = &stream->message;
	bool response = message->kind == NA_MESSAGE_RESPONSE;
	bool chunked = message->flags & NA_MESSAGE_CHUNKED;

	message->names_bytes = stream->text_bytes - message->path_bytes - message->keys_bytes;
	if (response && (message->status / 100 == 1 || message->status == 204 || message->status == 304 ||
			 (peer_no_body >> (stream->next_number & 63) & 1) ||
			 (message->status / 100 == 2 && peer_tunnel == stream->next_number + 1)))
		return NA_CLEAR_OVER;
	if (message->flags & NA_MESSAGE_BAD_LENGTH)
		return NA_CLEAR_OVER;
	if (!chunked && response && message->declared_bytes == NA_MESSAGE_NO_LENGTH) {
		message->flags |= NA_MESSAGE_TO_THE_END;
		return NA_CLEAR_OVER;
	}
	if (!chunked && (message->declared_bytes == NA_MESSAGE_NO_LENGTH || !message->declared_bytes))
		return NA_CLEAR_OVER;
	stream->remaining = chunked ? 0 : message->declared_bytes;
	return NA_CLEAR_HEAD_OVER;
}

static __always_inline __u8 na_chunk_size_over(struct na_clear_stream *stream)
{
	if (!stream->word_bytes || stream->number_bad) {
		stream->message.flags |= NA_MESSAGE_BAD_LENGTH;
		return NA_CLEAR_OVER;
	}
	stream->remaining = stream->number;
	return stream->number ? NA_CLEAR_BODY : NA_CLEAR_TRAILER_START;
}

static __always_inline __u8 na_chunk_size_byte(struct na_clear_stream *stream, __u8 c)
{
	__u8 low = c | 0x20;

	if (c == '\n')
		return na_chunk_size_over(stream);
	if (c == ';')
		return NA_CLEAR_CHUNK_EXTENSION;
	if (c == '\r' || c == ' ' || c == '\t')
		return NA_CLEAR_CHUNK_SIZE;
	if ((!na_is_digit(c) && (__u8)(low - 'a') > 5) || stream->number >= NA_NUMBER_BAD / 16)
		stream->number_bad = 1;
	else
		stream->number = stream->number * 16 + (na_is_digit(c) ? c - '0' : low - 'a' + 10);
	na_count_up(&stream->word_bytes);
	return NA_CLEAR_CHUNK_SIZE;
}

static __always_inline __u8 na_chunk_end_byte(struct na_clear_stream *stream, __u8 c)
{
	if (c == '\r')
		return NA_CLEAR_CHUNK_END;
	na_begin_word(stream);
	if (c == '\n')
		return NA_CLEAR_CHUNK_SIZE;
	stream->message.flags |= NA_MESSAGE_BAD_LENGTH;
	return NA_CLEAR_OVER;
}

static __always_inline __u8 na_start_byte(struct na_clear_stream *stream, __u8 c)
{
	if (c == '\r' || c == '\n')
		return NA_CLEAR_START;	/* RFC 9112, 2.2: empty lines before a request */
	if (c == NA_TLS_HANDSHAKE)
		return na_hello_begin(stream);
	if (c < 'A' || c > 'Z')
		return NA_CLEAR_OPAQUE;
	stream->message.number = stream->next_number;
	stream->message.declared_bytes = NA_MESSAGE_NO_LENGTH;
	na_begin_word(stream);
	na_word_byte(stream, c);
	return NA_CLEAR_FIRST_WORD;
}

static __always_inline __u8 na_first_word_byte(struct na_clear_stream *stream, __u8 c)
{
	if (c == ' ')
		return na_first_word_over(stream);
	if ((c < 'A' || c > 'Z') && c != '/' && c != '.' && !na_is_digit(c))
		return NA_CLEAR_OPAQUE;
	na_word_byte(stream, c);
	return stream->word_bytes > 9 ? NA_CLEAR_OPAQUE : NA_CLEAR_FIRST_WORD;
}

/* One byte of a head, or between chunks. Returns the next state. */
static __always_inline __u8 na_http_byte(struct na_clear_stream *stream, __u8 c, __u32 slot, __u64 peer_no_body,
					__u64 peer_tunnel)
{
	__u8 state = stream->state;

	if (state == NA_CLEAR_TARGET)
		state = na_target_form(stream, c);
	else if (state == NA_CLEAR_FIELD_START)
		state = na_field_form(stream, c);
	switch (state) {
	case NA_CLEAR_START:
		return na_start_byte(stream, c);
	case NA_CLEAR_FIRST_WORD:
		return na_first_word_byte(stream, c);
	case NA_CLEAR_SCHEME:
		return na_scheme_byte(stream, c);
	case NA_CLEAR_AUTHORITY:
		return na_authority_byte(stream, c);
	case NA_CLEAR_PATH:
		return na_path_byte(stream, c, slot);
	case NA_CLEAR_KEY:
		return na_key_byte(stream, c, slot);
	case NA_CLEAR_QUERY_VALUE:
		if (c == '&') {
			na_begin_piece(stream);
			return NA_CLEAR_KEY;
		}
		return na_ends_target(c) ? na_target_over(stream, c) : NA_CLEAR_QUERY_VALUE;
	case NA_CLEAR_VERSION:
		return na_version_byte(stream, c);
	case NA_CLEAR_STATUS:
		return na_status_byte(stream, c);
	case NA_CLEAR_REASON:
		return c == '\n' ? NA_CLEAR_FIELD_START : NA_CLEAR_REASON;
	case NA_CLEAR_FIELD_START:
		return c == '\n' ? na_head_over(stream, peer_no_body, peer_tunnel) : NA_CLEAR_FIELD_START;
	case NA_CLEAR_FIELD_NAME:
		return na_name_byte(stream, c, slot);
	case NA_CLEAR_FIELD_VALUE:
		return na_value_byte(stream, c);
	case NA_CLEAR_HELLO:
		return na_hello_byte(slot, c);
	case NA_CLEAR_CHUNK_SIZE:
		return na_chunk_size_byte(stream, c);
	case NA_CLEAR_CHUNK_EXTENSION:
		return c == '\n' ? na_chunk_size_over(stream) : NA_CLEAR_CHUNK_EXTENSION;
	case NA_CLEAR_CHUNK_END:
		return na_chunk_end_byte(stream, c);
	case NA_CLEAR_TRAILER_START:
		if (c == '\n')
			return NA_CLEAR_OVER;
		return c == '\r' ? NA_CLEAR_TRAILER_START : NA_CLEAR_TRAILER;
	case NA_CLEAR_TRAILER:
		return c == '\n' ? NA_CLEAR_TRAILER_START : NA_CLEAR_TRAILER;
	default:
		return NA_CLEAR_OPAQUE;
	}
}

#endif
