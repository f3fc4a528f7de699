/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * TLS's ClientHello (RFC 8446, 4.1.2), byte by byte, in as many records as it comes: the name of the server that is
 * asked for (RFC 6066, 3) and the protocols that are offered (ALPN, RFC 7301). Everything else is passed over. One that
 * is malformed, or no ClientHello, is opaque; of a ServerHello (4.1.3), which begins alike, the random is read before
 * that. One that asks for another ClientHello (4.1.4) has none of its own: the next one is waited for.
 */
#ifndef NETAUDIT_BPF_HELLO_H
#define NETAUDIT_BPF_HELLO_H

#include "http_target.h"

#define NA_TLS_CHANGE_CIPHER_SPEC 20
#define NA_TLS_HANDSHAKE 22
#define NA_TLS_CLIENT_HELLO 1
#define NA_TLS_SERVER_HELLO 2
#define NA_TLS_RANDOM_ALL 32
#define NA_TLS_RECORD_MOST (16384 + 256)
#define NA_TLS_EXTENSION_NAME 0
#define NA_TLS_EXTENSION_ALPN 16
#define NA_TLS_EXTENSION_ECH 0xfe0d	/* RFC 9849: the name is only that of whoever decrypts the real one */
#define NA_HELLO_ALPN_BYTES 256

/* Parts in the order they come. Of most only the number they are is of interest: a length, a type. */
enum na_hello_part {
	NA_HELLO_TYPE,
	NA_HELLO_LENGTH,
	NA_HELLO_RANDOM,		/* and the version before it */
	NA_HELLO_SESSION_LENGTH,
	NA_HELLO_SESSION,
	NA_HELLO_SUITES_LENGTH,
	NA_HELLO_SUITES,
	NA_HELLO_COMPRESSIONS_LENGTH,
	NA_HELLO_COMPRESSIONS,
	NA_HELLO_EXTENSIONS_LENGTH,
	NA_HELLO_RETRY,			/* the rest of a server's wish for another */
	NA_HELLO_EXTENSION_TYPE,	/* from here on within the extensions */
	NA_HELLO_EXTENSION_LENGTH,
	NA_HELLO_EXTENSION,		/* passed over */
	NA_HELLO_NAMES_LENGTH,
	NA_HELLO_NAME_TYPE,
	NA_HELLO_NAME_LENGTH,
	NA_HELLO_NAME,
	NA_HELLO_PROTOCOLS_LENGTH,
	NA_HELLO_PROTOCOL_LENGTH,
	NA_HELLO_PROTOCOL,
	NA_HELLO_OVER,
	NA_HELLO_BAD,
};

static __always_inline void na_hello_next(struct na_hello *hello, __u32 part, __u32 bytes)
{
	hello->part = part;
	hello->left = bytes;
	hello->number = 0;
}

/* An extension is over: another one, or the end. */
static __always_inline void na_hello_extension_over(struct na_hello *hello)
{
	if (hello->block_left)
		na_hello_next(hello, NA_HELLO_EXTENSION_TYPE, 2);
	else
		na_hello_next(hello, hello->body_left ? NA_HELLO_BAD : NA_HELLO_OVER, 0);
}

/* The rest of the extension is of no interest. */
static __always_inline void na_hello_pass_over(struct na_hello *hello)
{
	if (hello->extension_left)
		na_hello_next(hello, NA_HELLO_EXTENSION, hello->extension_left);
	else
		na_hello_extension_over(hello);
}

/* Within an extension: what comes next must fit into it. */
static __always_inline void na_hello_inside(struct na_hello *hello, __u32 part, __u32 bytes)
{
	na_hello_next(hello, bytes <= hello->extension_left ? part : NA_HELLO_BAD, bytes);
}

static __always_inline void na_hello_extension_begins(struct na_clear_stream *stream, struct na_hello *hello)
{
	hello->extension_left = hello->number;
	if (hello->number > hello->block_left) {
		na_hello_next(hello, NA_HELLO_BAD, 0);
		return;
	}
	if (hello->type == NA_TLS_EXTENSION_ECH)
		stream->message.flags |= NA_MESSAGE_ECH;
	if (hello->type == NA_TLS_EXTENSION_NAME && hello->number && !stream->message.host_bytes)
		na_hello_inside(hello, NA_HELLO_NAMES_LENGTH, 2);
	else if (hello->type == NA_TLS_EXTENSION_ALPN && hello->number && !stream->text_bytes)
		na_hello_inside(hello, NA_HELLO_PROTOCOLS_LENGTH, 2);
	else
		na_hello_pass_over(hello);
}

static __always_inline void na_hello_protocol_over(struct na_clear_stream *stream, struct na_hello *hello)
{
	na_put_text(stream, '\n', NA_HELLO_ALPN_BYTES, NA_MESSAGE_NAMES_CUT);
	if (hello->extension_left)
		na_hello_next(hello, NA_HELLO_PROTOCOL_LENGTH, 1);
	else
		na_hello_extension_over(hello);
}

/* RFC 8446, 4.1.3: the first bytes of SHA-256 of "HelloRetryRequest", in the place of a random. */
static __always_inline bool na_hello_is_retry(const struct na_hello *hello)
{
	static const __u8 retry[NA_TLS_RANDOM_BYTES] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
							 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91 };

	for (__u32 i = 0; i < NA_TLS_RANDOM_BYTES; i++)
		if (hello->random[i] != retry[i])
			return false;
	return true;
}

static __always_inline void na_hello_server_random_over(struct na_hello *hello)
{
	if (!na_hello_is_retry(hello)) {
		na_hello_next(hello, NA_HELLO_BAD, 0);
		return;
	}
	hello->random_bytes = 0;
	na_hello_next(hello, NA_HELLO_RETRY, hello->body_left);
}

static __always_inline void na_hello_head_part_over(struct na_hello *hello)
{
	__u32 number = hello->number;

	switch (hello->part) {
	case NA_HELLO_TYPE:
		hello->of_server = number == NA_TLS_SERVER_HELLO;
		na_hello_next(hello, number == NA_TLS_CLIENT_HELLO || hello->of_server ? NA_HELLO_LENGTH : NA_HELLO_BAD, 3);
		return;
	case NA_HELLO_LENGTH:
		hello->body_left = number;
		na_hello_next(hello, number <= NA_CLEAR_HEAD_BYTES ? NA_HELLO_RANDOM : NA_HELLO_BAD, 2 + NA_TLS_RANDOM_ALL);
		return;
	case NA_HELLO_RANDOM:
		if (hello->of_server)
			na_hello_server_random_over(hello);
		else
			na_hello_next(hello, NA_HELLO_SESSION_LENGTH, 1);
		return;
	case NA_HELLO_RETRY:
		na_hello_next(hello, NA_HELLO_TYPE, 1);
		return;
	case NA_HELLO_SESSION_LENGTH:
	case NA_HELLO_SUITES_LENGTH:
	case NA_HELLO_COMPRESSIONS_LENGTH:
		na_hello_next(hello, hello->part + 1, number);
		return;
	case NA_HELLO_SESSION:
		na_hello_next(hello, NA_HELLO_SUITES_LENGTH, 2);
		return;
	case NA_HELLO_SUITES:
		na_hello_next(hello, NA_HELLO_COMPRESSIONS_LENGTH, 1);
		return;
	case NA_HELLO_COMPRESSIONS:
		na_hello_next(hello, hello->body_left ? NA_HELLO_EXTENSIONS_LENGTH : NA_HELLO_OVER, 2);
		return;
	default:	/* NA_HELLO_EXTENSIONS_LENGTH */
		hello->block_left = number;
		if (number == hello->body_left)
			na_hello_extension_over(hello);
		else
			na_hello_next(hello, NA_HELLO_BAD, 0);
		return;
	}
}

static __always_inline void na_hello_part_over(struct na_clear_stream *stream, struct na_hello *hello)
{
	switch (hello->part) {
	case NA_HELLO_EXTENSION_TYPE:
		hello->type = hello->number;
		na_hello_next(hello, NA_HELLO_EXTENSION_LENGTH, 2);
		return;
	case NA_HELLO_EXTENSION_LENGTH:
		na_hello_extension_begins(stream, hello);
		return;
	case NA_HELLO_EXTENSION:
		na_hello_extension_over(hello);
		return;
	case NA_HELLO_NAMES_LENGTH:
		na_hello_inside(hello, NA_HELLO_NAME_TYPE, 1);
		return;
	case NA_HELLO_NAME_TYPE:
		if (hello->number)
			na_hello_pass_over(hello);	/* no host's */
		else
			na_hello_inside(hello, NA_HELLO_NAME_LENGTH, 2);
		return;
	case NA_HELLO_NAME_LENGTH:
		na_hello_inside(hello, hello->number ? NA_HELLO_NAME : NA_HELLO_BAD, hello->number);
		return;
	case NA_HELLO_NAME:
		na_hello_pass_over(hello);
		return;
	case NA_HELLO_PROTOCOLS_LENGTH:
		na_hello_inside(hello, NA_HELLO_PROTOCOL_LENGTH, 1);
		return;
	case NA_HELLO_PROTOCOL_LENGTH:
		na_hello_inside(hello, hello->number ? NA_HELLO_PROTOCOL : NA_HELLO_BAD, hello->number);
		return;
	case NA_HELLO_PROTOCOL:
		na_hello_protocol_over(stream, hello);
		return;
	default:
		na_hello_head_part_over(hello);
		return;
	}
}

/* Bytes 1 to 4 of a record; byte 0 was looked at where it came. */
static __always_inline __u8 na_hello_record_byte(struct na_hello *hello, __u8 c)
{
	__u8 at = hello->record_at++;

	if (at == 0) {
		hello->passed_over = hello->of_server && c == NA_TLS_CHANGE_CIPHER_SPEC;
		return c == NA_TLS_HANDSHAKE || hello->passed_over ? NA_CLEAR_HELLO : NA_CLEAR_OPAQUE;
	}
	if (at == 1 && c != 3)
		return NA_CLEAR_OPAQUE;		/* the version is 3.x for ever */
	if (at == 3)
		hello->record_left = c << 8;
	if (at == 4) {
		hello->record_left += c;
		if (!hello->record_left || hello->record_left > NA_TLS_RECORD_MOST)
			return NA_CLEAR_OPAQUE;
	}
	return NA_CLEAR_HELLO;
}

/* A byte of the random, or of the version before it: `left` counts both. */
static __always_inline void na_hello_random_byte(struct na_hello *hello, __u8 c)
{
	__u32 at = NA_TLS_RANDOM_ALL - hello->left;

	if (at >= NA_TLS_RANDOM_BYTES)
		return;
	hello->random[at & (NA_TLS_RANDOM_BYTES - 1)] = c;
	hello->random_bytes = at + 1;
}

/* One byte. Returns the next state of the stream. Verified by itself. */
__attribute__((noinline)) int na_hello_byte(__u32 slot, __u32 byte)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	struct na_hello *hello;
	__u8 c = byte;

	if (!work)
		return NA_CLEAR_OPAQUE;
	stream = &work->stream;
	hello = &stream->hello;
	if (hello->record_at < 5)
		return na_hello_record_byte(hello, c);
	if (!--hello->record_left)
		hello->record_at = 0;
	if (hello->passed_over)
		return NA_CLEAR_HELLO;
	if (hello->part > NA_HELLO_LENGTH) {
		if (!hello->body_left)
			return NA_CLEAR_OPAQUE;
		hello->body_left--;
	}
	if (hello->part >= NA_HELLO_EXTENSION_TYPE) {
		if (!hello->block_left)
			return NA_CLEAR_OPAQUE;
		hello->block_left--;
	}
	if (hello->part >= NA_HELLO_EXTENSION)
		hello->extension_left--;	/* never past its end: na_hello_inside() */
	if (hello->part == NA_HELLO_RANDOM)
		na_hello_random_byte(hello, c);
	else if (hello->part == NA_HELLO_NAME)
		na_put_host(&stream->message, c);
	else if (hello->part == NA_HELLO_PROTOCOL)
		na_put_text(stream, c > ' ' && c < 0x7f ? c : '?', NA_HELLO_ALPN_BYTES - 1, NA_MESSAGE_NAMES_CUT);
	else
		hello->number = hello->number << 8 | c;
	hello->left--;
	/* a part of no bytes is over when the one before it is: the session, and the lists that follow it */
	for (int i = 0; i < 4 && !hello->left && hello->part < NA_HELLO_OVER; i++)
		na_hello_part_over(stream, hello);
	if (hello->part == NA_HELLO_BAD)
		return NA_CLEAR_OPAQUE;
	if (hello->part != NA_HELLO_OVER)
		return NA_CLEAR_HELLO;
	stream->message.names_bytes = stream->text_bytes;
	return NA_CLEAR_OVER;
}

/* The stream's first byte was that of a handshake. */
static __always_inline __u8 na_hello_begin(struct na_clear_stream *stream)
{
	struct na_hello fresh = { .record_at = 1 };

	na_hello_next(&fresh, NA_HELLO_TYPE, 1);
	stream->hello = fresh;
	stream->message.kind = NA_MESSAGE_HELLO;
	stream->message.number = stream->next_number;
	stream->message.declared_bytes = NA_MESSAGE_NO_LENGTH;
	return NA_CLEAR_HELLO;
}

#endif
