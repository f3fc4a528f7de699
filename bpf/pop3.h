/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * POP3 (RFC 1939; CAPA 2449, STLS 2595, AUTH 5034), one byte of one direction at a time: one exchange for each
 * command, with its name, how it was answered, and sizes. Arguments are not kept: names of users, passwords,
 * numbers of mails.
 */
#ifndef NETAUDIT_BPF_POP3_H
#define NETAUDIT_BPF_POP3_H

#include "commands.h"
#include "dotted.h"

enum na_pop3_state {
	NA_POP3_WORD = NA_DOTTED_OVER + 1,
	NA_POP3_REST,		/* of a line */
	NA_POP3_RESULT,		/* +OK, -ERR, + */
};

/* Whose answer has more lines when it is positive. LIST and UIDL: only when they ask for all mails. */
static __always_inline bool na_pop3_has_long_answer(__u8 command, __u8 c)
{
	if (command == NA_COMMAND_RETR || command == NA_COMMAND_TOP || command == NA_COMMAND_CAPA)
		return true;
	return (command == NA_COMMAND_LIST || command == NA_COMMAND_UIDL) && c != ' ';
}

static __always_inline __u8 na_pop3_word_over(struct na_clear_stream *stream, __u32 slot, __u8 c)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	__u64 bit = 1ULL << (stream->next_number & 63);

	dialogue->command = na_command_of(slot);
	if (dialogue->command == NA_COMMAND_OTHER && dialogue->turns == dialogue->tunnel)
		return NA_DIALOGUE_LOST;
	stream->message.command = dialogue->command;
	dialogue->turns++;
	dialogue->open = 1;
	dialogue->long_answers &= ~bit;
	if (na_pop3_has_long_answer(dialogue->command, c))
		dialogue->long_answers |= bit;
	return NA_POP3_REST;
}

static __always_inline __u8 na_pop3_line_over(struct na_clear_stream *stream)
{
	if (stream->dialogue.open)
		stream->dialogue.tell = 1 + NA_MESSAGE_WHOLE;
	stream->dialogue.open = 0;
	return 0;
}

static __always_inline __u8 na_pop3_client_byte(struct na_clear_work *work, __u32 slot, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	__u8 state = stream->dialogue.state;

	stream->message.body_bytes++;
	if (!state) {
		/* the answer to a challenge is no command */
		if (stream->dialogue.command == NA_COMMAND_AUTH && work->peer.turns < stream->dialogue.turns)
			return c == '\n' ? 0 : NA_POP3_REST;
		na_begin_word(stream);
		return na_command_byte(stream, c) ? NA_POP3_WORD : NA_DIALOGUE_LOST;
	}
	if (state == NA_POP3_WORD) {
		if (na_command_byte(stream, c))
			return NA_POP3_WORD;
		state = na_pop3_word_over(stream, slot, c);
	}
	return state == NA_POP3_REST && c == '\n' ? na_pop3_line_over(stream) : state;
}

/* A line that says how a command went; of a challenge nothing is kept. */
static __always_inline __u8 na_pop3_answer(struct na_clear_stream *stream, const struct na_dialogue *client)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	bool more = client->long_answers >> (stream->next_number & 63) & 1;

	if (stream->message.status == NA_RESULT_NONE || dialogue->turns >= client->turns)
		return 0;	/* a challenge; the greeting */
	dialogue->turns++;
	if (more && stream->message.status == NA_RESULT_OK)
		return NA_DOTTED_LINE;
	dialogue->tell = 1 + NA_MESSAGE_WHOLE;
	return 0;
}

static __always_inline __u8 na_pop3_result_over(struct na_clear_stream *stream)
{
	if (stream->word[0] == NA_WORD4(0, '+', 'O', 'K'))
		stream->message.status = NA_RESULT_OK;
	else if (stream->word[0] == NA_WORD4('-', 'E', 'R', 'R'))
		stream->message.status = NA_RESULT_BAD;
	else if (stream->word[0] == '+')
		stream->message.status = NA_RESULT_NONE;
	else
		return NA_DIALOGUE_LOST;
	return NA_POP3_REST;
}

static __always_inline __u8 na_pop3_server_byte(struct na_clear_work *work, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	__u8 state = stream->dialogue.state;

	if (state && state <= NA_DOTTED_OVER) {
		state = na_dotted_byte(stream, c);
		if (state != NA_DOTTED_OVER)
			return state;
		stream->dialogue.tell = 1 + NA_MESSAGE_WHOLE;
		return 0;
	}
	stream->message.body_bytes++;
	if (!state) {
		na_begin_word(stream);
		state = NA_POP3_RESULT;
	}
	if (state == NA_POP3_RESULT) {
		if (c == '+' || c == '-' || na_is_letter(c)) {
			na_word_byte(stream, c);
			return stream->word_bytes > 4 ? NA_DIALOGUE_LOST : NA_POP3_RESULT;
		}
		state = na_pop3_result_over(stream);
	}
	return state == NA_POP3_REST && c == '\n' ? na_pop3_answer(stream, &work->peer) : state;
}

/* Returns the next state. */
__attribute__((noinline)) int na_pop3_byte(__u32 slot, __u32 c)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (!work)
		return NA_DIALOGUE_LOST;
	if (work->stream.dialogue.role == NA_MESSAGE_REQUEST)
		return na_pop3_client_byte(work, slot, c);
	return na_pop3_server_byte(work, c);
}

#endif
