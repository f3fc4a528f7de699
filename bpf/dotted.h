/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Text that ends with a line of one dot, as in mails (RFC 5321, 4.5.2): where it ends, and how many bytes it has
 * without the dots that were doubled. Lines are not looked at otherwise; eight bytes without a dot are passed over.
 */
#ifndef NETAUDIT_BPF_DOTTED_H
#define NETAUDIT_BPF_DOTTED_H

#include "clear_state.h"

#define NA_DIALOGUE_LOST 255	/* a state: not this protocol, or not to be followed any more */
/* What one write may cost is bounded: after so many steps, or in a larger packet, only its last bytes are looked at. */
#define NA_DOTTED_PACKET_BYTES 65536
#define NA_DOTTED_STEPS 768
#define NA_DOTTED_LAST_BYTES 32768

/* States of a dialogue; those of each protocol begin after them. */
enum na_dotted_state {
	NA_DOTTED_LINE = 1,	/* first byte of a line */
	NA_DOTTED_TEXT,
	NA_DOTTED_RETURN,	/* after CR */
	NA_DOTTED_DOT,		/* after the dot that begins a line */
	NA_DOTTED_DOT_RETURN,
	NA_DOTTED_OVER,
};

/* One byte. Returns the next state. */
static __always_inline __u8 na_dotted_byte(struct na_clear_stream *stream, __u8 c)
{
	struct na_message *message = &stream->message;
	__u8 state = stream->dialogue.state;

	if (state == NA_DOTTED_DOT && c == '\r')
		return NA_DOTTED_DOT_RETURN;
	if (state == NA_DOTTED_DOT_RETURN && c == '\n')
		return NA_DOTTED_OVER;
	if (state == NA_DOTTED_DOT_RETURN)
		message->body_bytes++;	/* it was no end, so the CR counts */
	if (state == NA_DOTTED_LINE && c == '.')
		return NA_DOTTED_DOT;
	message->body_bytes++;
	if (c == '\r')
		return NA_DOTTED_RETURN;
	return state == NA_DOTTED_RETURN && c == '\n' ? NA_DOTTED_LINE : NA_DOTTED_TEXT;
}

static __always_inline bool na_has_dot(__u64 word)
{
	word ^= 0x2e2e2e2e2e2e2e2eULL;
	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

/* After a word without a dot, read in host order on a little-endian machine. */
static __always_inline __u8 na_dotted_after(__u64 word)
{
	if (word >> 48 == ('\n' << 8 | '\r'))
		return NA_DOTTED_LINE;
	return word >> 56 == '\r' ? NA_DOTTED_RETURN : NA_DOTTED_TEXT;
}

/* Whole words without a dot. Returns how many: the position is moved already. */
__attribute__((noinline)) int na_dotted_words(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	__u64 at, end, word, last = 0;
	int i;

	if (!work || !work->stream.dialogue.state || work->stream.dialogue.state > NA_DOTTED_RETURN)
		return 0;
	at = work->position;
	end = work->filled;
	for (i = 0; i < NA_CLEAR_CHUNK_BYTES / 8; i++) {
		asm volatile("" : "+r"(at));	/* so that the bound is stated next to its use, for the verifier */
		if (at + 8 > end || at > NA_CLEAR_CHUNK_BYTES)
			break;
		__builtin_memcpy(&word, work->chunk + at, 8);
		if (na_has_dot(word))
			break;
		last = word;
		at += 8;
	}
	if (!i)
		return 0;
	work->stream.dialogue.state = na_dotted_after(last);
	work->stream.message.body_bytes += at - work->position;
	work->position = at;
	return i;
}

/* The middle of a very long write is not looked at: what ends the text is the last that is sent before an answer. */
static __always_inline void na_dotted_pass_over(struct na_clear_work *work)
{
	struct na_dialogue *dialogue = &work->stream.dialogue;
	__u64 bytes = work->left - NA_DOTTED_LAST_BYTES;

	if (work->steps < NA_DOTTED_STEPS && !(work->piecewise && work->left > NA_DOTTED_PACKET_BYTES))
		return;
	if (work->left <= NA_DOTTED_LAST_BYTES || dialogue->state < NA_DOTTED_LINE || dialogue->state > NA_DOTTED_DOT_RETURN)
		return;
	work->at += bytes;
	work->left -= bytes;
	work->stream.message.body_bytes += bytes;
	work->stream.message.flags |= NA_MESSAGE_ABOUT;
	dialogue->state = NA_DOTTED_TEXT;
}

/* A hole within such text: what ends it is the last that is sent, and so is not in it. False: no such text. */
static __always_inline bool na_dotted_jump(struct na_clear_stream *stream, __u32 hole)
{
	if (stream->dialogue.state < NA_DOTTED_LINE || stream->dialogue.state > NA_DOTTED_DOT_RETURN)
		return false;
	stream->message.body_bytes += hole;
	stream->message.flags |= NA_MESSAGE_ABOUT;
	stream->dialogue.state = NA_DOTTED_TEXT;
	return true;
}

#endif
