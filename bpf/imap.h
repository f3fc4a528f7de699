/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * IMAP (RFC 3501 and 9051; IDLE 2177, LITERAL+ 7888), one byte of one direction at a time: one exchange for each
 * command, with its name, how it was answered, and sizes. Arguments are not kept: names of mailboxes and users,
 * passwords, searches. Literals are passed over without being looked at.
 */
#ifndef NETAUDIT_BPF_IMAP_H
#define NETAUDIT_BPF_IMAP_H

#include "commands.h"
#include "dotted.h"

#define NA_IMAP_TAG_BYTES 16
#define NA_IMAP_LITERAL_MOST (1ULL << 40)

enum na_imap_state {
	NA_IMAP_TAG = NA_DOTTED_OVER + 1,
	NA_IMAP_WORD,		/* client: the command */
	NA_IMAP_RESULT,		/* server: OK, NO, BAD */
	NA_IMAP_UNTAGGED,	/* after the star */
	NA_IMAP_LINE,		/* what follows, to its end */
	NA_IMAP_BRACE,		/* {123: a literal's length, where it ends the line */
	NA_IMAP_BRACE_OVER,
	NA_IMAP_LINE_OVER,
};

/* Rest of a line with its literals. */
static __always_inline __u8 na_imap_line_byte(struct na_clear_stream *stream, __u8 c)
{
	__u8 state = stream->dialogue.state;

	if (c == '{') {
		na_begin_word(stream);
		return NA_IMAP_BRACE;
	}
	if (c == '\n' && state == NA_IMAP_BRACE_OVER) {
		stream->remaining = stream->number;
		stream->message.body_bytes += stream->number;
		return NA_IMAP_LINE;
	}
	if (c == '\n')
		return NA_IMAP_LINE_OVER;
	if (state == NA_IMAP_BRACE && na_is_digit(c) && stream->number < NA_IMAP_LITERAL_MOST) {
		stream->number = stream->number * 10 + (c - '0');
		return NA_IMAP_BRACE;
	}
	if (state == NA_IMAP_BRACE && (c == '+' || c == '-'))
		return NA_IMAP_BRACE;
	if ((state == NA_IMAP_BRACE && c == '}') || (state == NA_IMAP_BRACE_OVER && c == '\r'))
		return NA_IMAP_BRACE_OVER;
	return NA_IMAP_LINE;
}

static __always_inline bool na_is_tag_byte(__u8 c)
{
	return na_is_digit(c) || na_is_letter(c) || c == '.' || c == '-' || c == '_';
}

/* Tags are at most 16 bytes; two of commands under way that are one number are told apart by neither side. */
static __always_inline __u64 na_imap_tag(const struct na_clear_stream *stream)
{
	return stream->word[0] ^ (stream->word[1] << 1 | stream->word[1] >> 63);
}

/* A client begins, inside TLS that was asked for in the clear: its tag has been read as the first word of HTTP. */
static __always_inline __u8 na_imap_begin(struct na_clear_stream *stream)
{
	stream->dialogue.protocol = NA_PROTOCOL_IMAP;
	stream->dialogue.role = NA_MESSAGE_REQUEST;
	stream->dialogue.state = NA_IMAP_WORD;
	stream->dialogue.turns = stream->dialogue.tunnel;
	stream->dialogue.tags[stream->dialogue.turns & (NA_DIALOGUE_TAGS - 1)] = na_imap_tag(stream);
	stream->message.body_bytes = stream->word_bytes + 1;
	na_begin_word(stream);
	return NA_CLEAR_DIALOGUE;
}

static __always_inline __u8 na_imap_tag_byte(struct na_clear_stream *stream, __u8 c)
{
	if (!na_is_tag_byte(c) || stream->word_bytes >= NA_IMAP_TAG_BYTES)
		return NA_DIALOGUE_LOST;
	na_word_byte(stream, c);
	return NA_IMAP_TAG;
}

static __always_inline __u8 na_imap_word_over(struct na_clear_stream *stream, __u32 slot, __u8 c)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	__u8 command = na_command_of(slot);

	if (command == NA_COMMAND_UID && c == ' ' && !(stream->message.flags & NA_MESSAGE_UID)) {
		stream->message.flags |= NA_MESSAGE_UID;
		na_begin_word(stream);
		return NA_IMAP_WORD;
	}
	if (command == NA_COMMAND_OTHER && dialogue->turns == dialogue->tunnel)
		return NA_DIALOGUE_LOST;
	dialogue->command = command;
	stream->message.command = command;
	dialogue->turns++;
	dialogue->open = 1;
	return NA_IMAP_LINE;
}

/* Between a line of IDLE or AUTHENTICATE and its answer, what the client says are no commands. */
static __always_inline bool na_imap_is_continuation(const struct na_dialogue *client, const struct na_dialogue *server)
{
	return server->turns < client->turns &&
	       (client->command == NA_COMMAND_IDLE || client->command == NA_COMMAND_AUTHENTICATE);
}

static __always_inline __u8 na_imap_client_byte(struct na_clear_work *work, __u32 slot, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	struct na_dialogue *dialogue = &stream->dialogue;
	__u8 state = dialogue->state;

	stream->message.body_bytes++;
	if (!state && !na_imap_is_continuation(dialogue, &work->peer)) {
		na_begin_word(stream);
		return na_imap_tag_byte(stream, c);
	}
	if (state == NA_IMAP_TAG) {
		if (c != ' ')
			return na_imap_tag_byte(stream, c);
		dialogue->tags[dialogue->turns & (NA_DIALOGUE_TAGS - 1)] = na_imap_tag(stream);
		na_begin_word(stream);
		return NA_IMAP_WORD;
	}
	if (state == NA_IMAP_WORD) {
		if (na_command_byte(stream, c))
			return NA_IMAP_WORD;
		state = na_imap_word_over(stream, slot, c);
		if (state != NA_IMAP_LINE)
			return state;
	}
	state = na_imap_line_byte(stream, c);
	if (state != NA_IMAP_LINE_OVER)
		return state;
	if (dialogue->open)
		dialogue->tell = 1 + NA_MESSAGE_WHOLE;
	dialogue->open = 0;
	return 0;
}

/* Which command the line answers that begins with this tag: over_number, when `open`. */
static __always_inline void na_imap_find_command(struct na_clear_stream *stream, const struct na_dialogue *client)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	__u64 tag = na_imap_tag(stream), number = client->turns;

	for (int i = 0; i < NA_DIALOGUE_TAGS; i++) {
		number--;
		if (number < client->turns && !dialogue->open && client->tags[number & (NA_DIALOGUE_TAGS - 1)] == tag) {
			dialogue->open = 1;
			dialogue->over_number = number;
		}
	}
}

static __always_inline __u8 na_imap_result_over(struct na_clear_stream *stream)
{
	if (stream->word[0] == NA_WORD4(0, 0, 'O', 'K'))
		stream->message.status = NA_RESULT_OK;
	else if (stream->word[0] == NA_WORD4(0, 0, 'N', 'O'))
		stream->message.status = NA_RESULT_NO;
	else if (stream->word[0] == NA_WORD4(0, 'B', 'A', 'D'))
		stream->message.status = NA_RESULT_BAD;
	else
		return NA_DIALOGUE_LOST;
	return NA_IMAP_LINE;
}

static __always_inline __u8 na_imap_answer(struct na_clear_stream *stream)
{
	struct na_dialogue *dialogue = &stream->dialogue;

	if (!dialogue->open)
		return 0;
	dialogue->open = 0;
	stream->next_number = dialogue->over_number;
	if (dialogue->turns <= dialogue->over_number)
		dialogue->turns = dialogue->over_number + 1;
	dialogue->tell = 1 + NA_MESSAGE_WHOLE;
	return 0;
}

/* First byte of a line of the server. */
static __always_inline __u8 na_imap_server_line(struct na_clear_stream *stream, __u8 c)
{
	if (c == '*')
		return NA_IMAP_UNTAGGED;
	if (c == '+')
		return NA_IMAP_LINE;
	na_begin_word(stream);
	return na_imap_tag_byte(stream, c);
}

static __always_inline __u8 na_imap_server_byte(struct na_clear_work *work, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	__u8 state = stream->dialogue.state;

	stream->message.body_bytes++;
	switch (state) {
	case 0:
		return na_imap_server_line(stream, c);
	case NA_IMAP_UNTAGGED:
		return c == ' ' ? NA_IMAP_LINE : NA_DIALOGUE_LOST;
	case NA_IMAP_TAG:
		if (c != ' ')
			return na_imap_tag_byte(stream, c);
		na_imap_find_command(stream, &work->peer);
		na_begin_word(stream);
		return NA_IMAP_RESULT;
	case NA_IMAP_RESULT:
		if (na_command_byte(stream, c))
			return stream->word_bytes > 3 ? NA_DIALOGUE_LOST : NA_IMAP_RESULT;
		state = na_imap_result_over(stream);
		if (state == NA_DIALOGUE_LOST)
			return state;
		break;
	default:
		break;
	}
	state = na_imap_line_byte(stream, c);
	return state == NA_IMAP_LINE_OVER ? na_imap_answer(stream) : state;
}

/* Returns the next state. */
__attribute__((noinline)) int na_imap_byte(__u32 slot, __u32 c)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (!work)
		return NA_DIALOGUE_LOST;
	if (work->stream.dialogue.role == NA_MESSAGE_REQUEST)
		return na_imap_client_byte(work, slot, c);
	return na_imap_server_byte(work, c);
}

#endif
