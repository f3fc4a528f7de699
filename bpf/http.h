/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * HTTP/1.1 (RFC 9112), byte by byte: request line or status line, fields, chunk framing. Of the text only method, host,
 * path, query keys and field names are kept. A stream that does not begin like HTTP is opaque from its first byte on.
 */
#ifndef NETAUDIT_BPF_HTTP_H
#define NETAUDIT_BPF_HTTP_H

#include "mask.h"

#define NA_NUMBER_BAD (1ULL << 56)	/* no length is that large */

static __always_inline void na_begin_word(struct na_clear_stream *stream)
{
	stream->word[0] = stream->word[1] = stream->word[2] = 0;
	stream->word_bytes = 0;
	stream->number = 0;
	stream->number_bad = 0;
}

static __always_inline void na_word_byte(struct na_clear_stream *stream, __u8 c)
{
	stream->word[2] = stream->word[2] << 8 | stream->word[1] >> 56;
	stream->word[1] = stream->word[1] << 8 | stream->word[0] >> 56;
	stream->word[0] = stream->word[0] << 8 | c;
	na_count_up(&stream->word_bytes);
}

/* Text of at most 8 bytes as na_word_byte() leaves it. */
#define NA_WORD8(a, b, c, d, e, f, g, h) \
	((__u64)(a) << 56 | (__u64)(b) << 48 | (__u64)(c) << 40 | (__u64)(d) << 32 | (__u64)(e) << 24 | (__u64)(f) << 16 | \
	 (__u64)(g) << 8 | (__u64)(h))

static __always_inline bool na_word_is(const struct na_clear_stream *stream, __u32 bytes, __u64 high, __u64 middle,
				       __u64 low)
{
	return stream->word_bytes == bytes && stream->word[0] == low && stream->word[1] == middle &&
	       stream->word[2] == high;
}

#define NA_SHORT(stream, bytes, ...) na_word_is(stream, bytes, 0, 0, NA_WORD8(__VA_ARGS__))

/* RFC 9110 and 5789, WebDAV (4918, 3253, 5323). A word that is none of these is another protocol's. */
static __always_inline bool na_is_method(const struct na_clear_stream *stream)
{
	return NA_SHORT(stream, 3, 0, 0, 0, 0, 0, 'G', 'E', 'T') || NA_SHORT(stream, 4, 0, 0, 0, 0, 'P', 'O', 'S', 'T') ||
	       NA_SHORT(stream, 3, 0, 0, 0, 0, 0, 'P', 'U', 'T') || NA_SHORT(stream, 4, 0, 0, 0, 0, 'H', 'E', 'A', 'D') ||
	       NA_SHORT(stream, 5, 0, 0, 0, 'P', 'A', 'T', 'C', 'H') ||
	       NA_SHORT(stream, 6, 0, 0, 'D', 'E', 'L', 'E', 'T', 'E') ||
	       NA_SHORT(stream, 7, 0, 'O', 'P', 'T', 'I', 'O', 'N', 'S') ||
	       NA_SHORT(stream, 7, 0, 'C', 'O', 'N', 'N', 'E', 'C', 'T') ||
	       NA_SHORT(stream, 5, 0, 0, 0, 'T', 'R', 'A', 'C', 'E') ||
	       NA_SHORT(stream, 8, 'P', 'R', 'O', 'P', 'F', 'I', 'N', 'D') ||
	       na_word_is(stream, 9, 0, 'P', NA_WORD8('R', 'O', 'P', 'P', 'A', 'T', 'C', 'H')) ||
	       NA_SHORT(stream, 5, 0, 0, 0, 'M', 'K', 'C', 'O', 'L') || NA_SHORT(stream, 4, 0, 0, 0, 0, 'C', 'O', 'P', 'Y') ||
	       NA_SHORT(stream, 4, 0, 0, 0, 0, 'M', 'O', 'V', 'E') || NA_SHORT(stream, 4, 0, 0, 0, 0, 'L', 'O', 'C', 'K') ||
	       NA_SHORT(stream, 6, 0, 0, 'U', 'N', 'L', 'O', 'C', 'K') ||
	       NA_SHORT(stream, 6, 0, 0, 'R', 'E', 'P', 'O', 'R', 'T') ||
	       NA_SHORT(stream, 6, 0, 0, 'S', 'E', 'A', 'R', 'C', 'H');
}

static __always_inline enum na_clear_field na_which_field(const struct na_clear_stream *stream)
{
	if (NA_SHORT(stream, 4, 0, 0, 0, 0, 'h', 'o', 's', 't'))
		return NA_FIELD_HOST;
	if (na_word_is(stream, 14, 0, NA_WORD8(0, 0, 'c', 'o', 'n', 't', 'e', 'n'),
		       NA_WORD8('t', '-', 'l', 'e', 'n', 'g', 't', 'h')))
		return NA_FIELD_LENGTH;
	if (na_word_is(stream, 17, 't', NA_WORD8('r', 'a', 'n', 's', 'f', 'e', 'r', '-'),
		       NA_WORD8('e', 'n', 'c', 'o', 'd', 'i', 'n', 'g')))
		return NA_FIELD_ENCODING;
	return NA_FIELD_OTHER;
}

/* "http/1.0", "http/1.1": as na_word_byte() leaves them. */
static __always_inline bool na_is_version(struct na_clear_stream *stream)
{
	__u64 minor = stream->word[0] - NA_WORD8('H', 'T', 'T', 'P', '/', '1', '.', '0');

	stream->message.minor = minor;
	return stream->word_bytes == 8 && minor < 10;
}

static __always_inline void na_keep_method(struct na_clear_stream *stream)
{
	__u64 low = stream->word[0], high = stream->word[1];
	__u32 bytes = stream->word_bytes;

	/* at most 9 bytes, first byte first: PROPPATCH alone has a byte in the upper word */
	if (bytes > 8) {
		stream->message.method[0] = high;
		for (int i = 0; i < 8; i++)
			stream->message.method[1 + i] = low >> (56 - 8 * i);
		return;
	}
	low <<= (8 - bytes) * 8 & 63;
	for (int i = 0; i < 8; i++)
		stream->message.method[i] = low >> (56 - 8 * i);
}

static __always_inline __u8 na_first_word_over(struct na_clear_stream *stream)
{
	struct na_message *message = &stream->message;

	if (na_is_version(stream)) {
		message->kind = NA_MESSAGE_RESPONSE;
		na_begin_word(stream);
		return NA_CLEAR_STATUS;
	}
	message->minor = 0;
	if (!na_is_method(stream))
		return NA_CLEAR_OPAQUE;
	message->kind = NA_MESSAGE_REQUEST;
	na_keep_method(stream);
	na_begin_piece(stream);
	return NA_CLEAR_TARGET;
}

static __always_inline bool na_is_connect(const struct na_message *message)
{
	return message->method[0] == 'C' && message->method[2] == 'N';	/* and not COPY */
}

/* A host as it may be: letters, digits, - . : [ ] _ */
static __always_inline void na_put_host(struct na_message *message, __u8 c)
{
	__u64 at = message->host_bytes;

	if (!na_is_digit(c) && !na_is_letter(c) && c != '-' && c != '.' && c != ':' && c != '[' && c != ']' && c != '_')
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

static __always_inline __u8 na_path_byte(struct na_clear_stream *stream, __u8 c, __u32 slot)
{
	if (c == '/' || c == '?' || na_ends_target(c)) {
		na_piece_over(stream, slot);
		if (c == '/')
			na_put_text(stream, c, NA_MESSAGE_PATH_BYTES, NA_MESSAGE_PATH_CUT);
		if (c != '/')
			na_path_over(stream);
		else
			na_begin_piece(stream);
		return c == '/' ? NA_CLEAR_PATH : c == '?' ? NA_CLEAR_KEY : na_target_over(stream, c);
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
	if (c == '/' || c == '?' || na_ends_target(c)) {
		if (c == '/')
			na_put_text(stream, c, NA_MESSAGE_PATH_BYTES, NA_MESSAGE_PATH_CUT);
		if (c != '/')
			na_path_over(stream);
		else
			na_begin_piece(stream);
		return c == '/' ? NA_CLEAR_PATH : c == '?' ? NA_CLEAR_KEY : na_target_over(stream, c);
	}
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
	return na_is_connect(&stream->message) ? NA_CLEAR_AUTHORITY : NA_CLEAR_SCHEME;
}

/* Up to "://". */
static __always_inline __u8 na_scheme_byte(struct na_clear_stream *stream, __u8 c)
{
	na_word_byte(stream, c);
	if ((stream->word[0] & 0xffffff) == (':' << 16 | '/' << 8 | '/'))
		return NA_CLEAR_AUTHORITY;
	return na_ends_target(c) || stream->word_bytes > 16 ? NA_CLEAR_OPAQUE : NA_CLEAR_SCHEME;
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
static __always_inline __u8 na_head_over(struct na_clear_stream *stream, __u64 peer_no_body)
{
	struct na_message *message = &stream->message;
	bool response = message->kind == NA_MESSAGE_RESPONSE;
	bool chunked = message->flags & NA_MESSAGE_CHUNKED;

	message->names_bytes = stream->text_bytes - message->path_bytes - message->keys_bytes;
	if (response && (message->status / 100 == 1 || message->status == 204 || message->status == 304 ||
			 (peer_no_body >> (stream->next_number & 63) & 1)))
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
	} else {
		na_word_byte(stream, c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	return NA_CLEAR_FIELD_VALUE;
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
static __always_inline __u8 na_http_byte(struct na_clear_stream *stream, __u8 c, __u32 slot, __u64 peer_no_body)
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
		return c == '\n' ? na_head_over(stream, peer_no_body) : NA_CLEAR_FIELD_START;
	case NA_CLEAR_FIELD_NAME:
		return na_name_byte(stream, c, slot);
	case NA_CLEAR_FIELD_VALUE:
		return na_value_byte(stream, c);
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
