/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A request's target (RFC 9112, 3.2), in each of its forms: what of it is host, path and query keys. */
#ifndef NETAUDIT_BPF_HTTP_TARGET_H
#define NETAUDIT_BPF_HTTP_TARGET_H

#include "http_word.h"

static __always_inline void na_put_host(struct na_message *message, __u8 c)
{
	__u64 at = message->host_bytes;

	if (!na_is_host_byte(c))
		c = '?';
	asm volatile("" : "+r"(at));
	if (at >= NA_MESSAGE_HOST_BYTES) {
		message->flags |= NA_MESSAGE_HOST_CUT;
		return;
	}
	message->host[at] = c | (na_is_letter(c) ? 0x20 : 0);
	message->host_bytes = at + 1;
}

/* What came before an '@' was a name and a password. */
static __always_inline void na_forget_host(struct na_message *message)
{
	__builtin_memset(message->host, 0, sizeof(message->host));
	message->host_bytes = 0;
	message->flags &= ~NA_MESSAGE_HOST_CUT;
}

static __always_inline void na_piece_over(struct na_clear_stream *stream, __u32 slot)
{
	if (na_is_identifier(&stream->shape))
		na_finish_piece(slot, NA_MASK_ALL);
}

static __always_inline void na_path_over(struct na_clear_stream *stream)
{
	stream->message.path_bytes = stream->text_bytes;
	na_begin_piece(stream);
}

/* A word of the query that has no '=' may be a value itself: only that there was one is kept. */
static __always_inline void na_bare_key(struct na_clear_stream *stream, __u32 slot)
{
	if (stream->text_bytes == stream->shape.start)
		return;
	na_finish_piece(slot, NA_MASK_ERASE);
	na_put_text(stream, '*', NA_MESSAGE_KEYS_BYTES, NA_MESSAGE_KEYS_CUT);
	na_put_text(stream, '\n', NA_MESSAGE_KEYS_BYTES, NA_MESSAGE_KEYS_CUT);
}

static __always_inline __u8 na_target_over(struct na_clear_stream *stream, __u8 c)
{
	stream->message.keys_bytes = stream->text_bytes - stream->message.path_bytes;
	na_begin_word(stream);
	return c == ' ' ? NA_CLEAR_VERSION : NA_CLEAR_OPAQUE;	/* HTTP/0.9 has no version, and no fields */
}

static __always_inline bool na_ends_target(__u8 c)
{
	return c == ' ' || c == '\r' || c == '\n';
}

/* A segment of the path, or the authority. */
static __always_inline bool na_ends_piece(__u8 c)
{
	return c == '/' || c == '?' || na_ends_target(c);
}

/* Which state follows such a piece: the path goes on, or its query begins, or the target is over. */
static __always_inline __u8 na_after_piece(struct na_clear_stream *stream, __u8 c)
{
	if (c == '/') {
		na_put_text(stream, c, NA_MESSAGE_PATH_BYTES, NA_MESSAGE_PATH_CUT);
		na_begin_piece(stream);
		return NA_CLEAR_PATH;
	}
	na_path_over(stream);
	return c == '?' ? NA_CLEAR_KEY : na_target_over(stream, c);
}

static __always_inline __u8 na_path_byte(struct na_clear_stream *stream, __u8 c, __u32 slot)
{
	if (na_ends_piece(c)) {
		na_piece_over(stream, slot);
		return na_after_piece(stream, c);
	}
	na_put_text(stream, na_shape_byte(stream, c), NA_MESSAGE_PATH_BYTES, NA_MESSAGE_PATH_CUT);
	return NA_CLEAR_PATH;
}

static __always_inline __u8 na_key_byte(struct na_clear_stream *stream, __u8 c, __u32 slot)
{
	if (c == '=') {
		na_piece_over(stream, slot);
		na_put_text(stream, '\n', NA_MESSAGE_KEYS_BYTES, NA_MESSAGE_KEYS_CUT);
		return NA_CLEAR_QUERY_VALUE;
	}
	if (c == '&' || na_ends_target(c)) {
		na_bare_key(stream, slot);
		na_begin_piece(stream);
		return c == '&' ? NA_CLEAR_KEY : na_target_over(stream, c);
	}
	na_put_text(stream, na_shape_byte(stream, c), NA_MESSAGE_KEYS_BYTES - 1, NA_MESSAGE_KEYS_CUT);
	return NA_CLEAR_KEY;
}

/* Authority of the absolute form, or all of CONNECT's target. */
static __always_inline __u8 na_authority_byte(struct na_clear_stream *stream, __u8 c)
{
	struct na_message *message = &stream->message;

	if (c == '@') {
		na_forget_host(message);
		return NA_CLEAR_AUTHORITY;
	}
	if (na_ends_piece(c))
		return na_after_piece(stream, c);
	na_put_host(message, c);
	return NA_CLEAR_AUTHORITY;
}

/* Which state takes the target's first byte. */
static __always_inline __u8 na_target_form(struct na_clear_stream *stream, __u8 c)
{
	if (c == '/' || c == '*')
		return NA_CLEAR_PATH;
	if (!na_is_letter(c) && !na_is_digit(c) && c != '[')
		return NA_CLEAR_OPAQUE;
	stream->message.flags |= NA_MESSAGE_ABSOLUTE;
	na_begin_word(stream);
	if (!na_is_connect(&stream->message))
		return NA_CLEAR_SCHEME;
	stream->message.flags |= NA_MESSAGE_TUNNEL;
	return NA_CLEAR_AUTHORITY;
}

/* Up to "://". */
static __always_inline __u8 na_scheme_byte(struct na_clear_stream *stream, __u8 c)
{
	na_word_byte(stream, c);
	if ((stream->word[0] & 0xffffff) == (':' << 16 | '/' << 8 | '/'))
		return NA_CLEAR_AUTHORITY;
	return na_ends_target(c) || stream->word_bytes > 16 ? NA_CLEAR_OPAQUE : NA_CLEAR_SCHEME;
}

#endif
