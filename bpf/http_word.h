/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Words of HTTP's heads as numbers: which method, which field, which version. At most the last 24 bytes of a word are
 * kept, which is enough to tell those that mean something.
 */
#ifndef NETAUDIT_BPF_HTTP_WORD_H
#define NETAUDIT_BPF_HTTP_WORD_H

#include "mask.h"

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
	if (na_word_is(stream, 15, 0, NA_WORD8(0, 'x', '-', 'f', 'o', 'r', 'w', 'a'),
		       NA_WORD8('r', 'd', 'e', 'd', '-', 'f', 'o', 'r')))
		return NA_FIELD_FORWARDED;
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

static __always_inline bool na_is_connect(const struct na_message *message)
{
	return message->method[0] == 'C' && message->method[2] == 'N';	/* and not COPY */
}

#endif
