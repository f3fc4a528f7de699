/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Text that a sender chose, and what in it may name somebody: long digit runs, UUIDs, tokens and e-mail addresses are
 * replaced by '#', character by character, so that the shape stays. A heuristic, as all of this kind are.
 */
#ifndef NETAUDIT_BPF_MASK_H
#define NETAUDIT_BPF_MASK_H

#include "clear_state.h"

#define NA_MASK_DIGITS 5	/* in a row: no year, port or version */
#define NA_MASK_RUN 24		/* letters and digits in a row: no word */
#define NA_MASK_MIXED_RUN 16	/* the same with upper case, lower case and digits */
#define NA_MASK_HEX_DIGITS 6	/* in a piece of NA_MASK_MIXED_RUN that has letters too: UUIDs, hexadecimal */

/* How a piece of text is finished. */
enum na_mask { NA_MASK_NONE, NA_MASK_ALL, NA_MASK_ERASE };

static __always_inline bool na_is_digit(__u8 c)
{
	return (__u8)(c - '0') < 10;
}

static __always_inline bool na_is_letter(__u8 c)
{
	return (__u8)((c | 0x20) - 'a') < 26;
}

/* Of a host as it may be. */
static __always_inline bool na_is_host_byte(__u8 c)
{
	return na_is_digit(c) || na_is_letter(c) || c == '-' || c == '.' || c == ':' || c == '[' || c == ']' || c == '_';
}

static __always_inline void na_count_up(__u8 *count)
{
	if (*count < 255)
		*count += 1;
}

/* Appends one byte below `limit`; `cut` is set when there is no room. */
static __always_inline void na_put_text(struct na_clear_stream *stream, __u8 c, __u32 limit, __u16 cut)
{
	__u64 at = stream->text_bytes;

	asm volatile("" : "+r"(at));	/* so that the bound is stated next to its use, for the verifier */
	if (at >= limit || at >= NA_MESSAGE_TEXT_BYTES) {
		stream->message.flags |= cut;
		return;
	}
	stream->message.text[at] = c;
	stream->text_bytes = at + 1;
}

static __always_inline void na_begin_piece(struct na_clear_stream *stream)
{
	__builtin_memset(&stream->shape, 0, sizeof(stream->shape));
	stream->shape.start = stream->text_bytes;
}

/* The digits so far were too many: those that were stored become '#'. */
static __always_inline void na_mask_digits(struct na_clear_stream *stream)
{
	__u64 end = stream->text_bytes;

	stream->message.flags |= NA_MESSAGE_MASKED;
	for (int i = 1; i < NA_MASK_DIGITS; i++) {
		__u64 at = end - i;

		asm volatile("" : "+r"(at));
		if (at < NA_MESSAGE_TEXT_BYTES && na_is_digit(stream->message.text[at]))
			stream->message.text[at] = '#';
	}
}

static __always_inline void na_look_for_address(struct na_shape *shape, __u8 c)
{
	if (c == '@')
		shape->address = 1;
	if (c == '%')
		shape->percent = 1;
	else if (shape->percent == 1 && c == '4')
		shape->percent = 2;
	else if (shape->percent == 2 && c == '0')
		shape->address = 1;	/* %40 */
	else
		shape->percent = 0;
}

/* The next byte of a piece. Returns what to store for it. */
static __always_inline __u8 na_shape_byte(struct na_clear_stream *stream, __u8 c)
{
	struct na_shape *shape = &stream->shape;

	na_look_for_address(shape, c);
	if (na_is_digit(c)) {
		na_count_up(&shape->digits);
		na_count_up(&shape->digits_row);
		na_count_up(&shape->run);
		if (shape->digits_row == NA_MASK_DIGITS)
			na_mask_digits(stream);
		if (shape->digits_row >= NA_MASK_DIGITS)
			c = '#';
	} else {
		shape->digits_row = 0;
		if (!na_is_letter(c)) {
			shape->run = 0;
			return c > 0x20 && c < 0x7f ? c : '?';
		}
		na_count_up(&shape->run);
		na_count_up(c & 0x20 ? &shape->lower : &shape->upper);
	}
	if (shape->run > shape->longest)
		shape->longest = shape->run;
	return c;
}

static __always_inline bool na_is_identifier(const struct na_shape *shape)
{
	__u32 letters = shape->lower + shape->upper;

	if (shape->address || shape->longest >= NA_MASK_RUN)
		return true;
	if (shape->longest >= NA_MASK_MIXED_RUN && shape->digits > 1 && shape->lower && shape->upper)
		return true;
	return letters && shape->digits >= NA_MASK_HEX_DIGITS && letters + shape->digits >= NA_MASK_MIXED_RUN;
}

#define NA_EACH(byte) (0x0101010101010101ULL * (byte))

/*
 * Of eight bytes, letters and digits become '#'. None is above 0x7f: what is added shows in its top bit what it
 * exceeds.
 */
static __always_inline __u64 na_mask_bytes(__u64 bytes)
{
	__u64 lower = bytes | NA_EACH(0x20), mask;

	mask = (lower + NA_EACH(0x80 - 'a')) & ~(lower + NA_EACH(0x7f - 'z'));
	mask |= (bytes + NA_EACH(0x80 - '0')) & ~(bytes + NA_EACH(0x7f - '9'));
	mask = (mask & NA_EACH(0x80)) >> 7;
	mask *= 0xff;
	return (bytes & ~mask) | (NA_EACH('#') & mask);
}

/* The piece that ends here is masked or erased; behind it are zeroes. Verified by itself: it has a loop. */
__attribute__((noinline)) int na_finish_piece(__u32 slot, __u32 mask)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	__u64 at, bytes, kept = mask == NA_MASK_ERASE ? 0 : ~0ULL;
	char *text;

	if (!work)
		return 0;
	stream = &work->stream;
	text = stream->message.text;
	at = stream->shape.start;
	for (int i = 0; i < NA_MESSAGE_TEXT_BYTES / 8; i++, at += 8) {
		asm volatile("" : "+r"(at));
		if (at >= stream->text_bytes)
			goto over;
		if (at > NA_MESSAGE_TEXT_BYTES - 8)
			break;
		__builtin_memcpy(&bytes, text + at, 8);
		bytes = na_mask_bytes(bytes) & kept;
		__builtin_memcpy(text + at, &bytes, 8);
	}
	for (int i = 0; i < 7; i++, at++) {
		asm volatile("" : "+r"(at));
		if (at >= NA_MESSAGE_TEXT_BYTES || at >= stream->text_bytes)
			break;
		text[at] = na_mask_bytes((__u8)text[at]) & kept;
	}
over:
	if (mask == NA_MASK_ERASE)
		stream->text_bytes = stream->shape.start;
	else
		stream->message.flags |= NA_MESSAGE_MASKED;
	return 0;
}

#endif
