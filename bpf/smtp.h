/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * SMTP (RFC 5321; pipelining 2920, chunking 3030, STARTTLS 3207, AUTH 4954), one byte of one direction at a time. One
 * exchange for each mail, from MAIL to the reply to its end. Kept are commands, codes of replies, how large the mail
 * is, how many recipients there are and in which domains; never what is before an '@', nor what is in a mail.
 *
 * A session that comes to no mail is an exchange when it ends with QUIT; so is what comes before STARTTLS.
 */
#ifndef NETAUDIT_BPF_SMTP_H
#define NETAUDIT_BPF_SMTP_H

#include "commands.h"
#include "dotted.h"

#define NA_SMTP_GO_ON 334	/* AUTH: the next line is no command */
#define NA_SMTP_SEND 354	/* DATA: what follows is the mail */
#define NA_SMTP_REFUSED 400	/* and above */
#define NA_SMTP_GREETING 220
#define NA_SMTP_SIZE_MOST (1ULL << 40)

enum na_smtp_state {
	NA_SMTP_WORD = NA_DOTTED_OVER + 1,
	NA_SMTP_REST,			/* of a line */
	NA_SMTP_RECIPIENT,		/* up to '<' */
	NA_SMTP_LOCAL,
	NA_SMTP_QUOTED,
	NA_SMTP_QUOTED_PAIR,
	NA_SMTP_DOMAIN,
	NA_SMTP_SIZE,			/* of BDAT */
	NA_SMTP_AFTER_CODE,
	NA_SMTP_MORE,			/* rest of a line of a reply that is not its last */
};

/* The exchange is over with this turn, whose reply is its result. */
static __always_inline void na_smtp_over(struct na_clear_stream *stream, __u8 by)
{
	struct na_dialogue *dialogue = &stream->dialogue;

	dialogue->over_at = dialogue->turns;
	dialogue->over_number = stream->next_number;
	dialogue->over_by = by;
	dialogue->open = 0;
	dialogue->tell = 1 + NA_MESSAGE_WHOLE;
}

static __always_inline bool na_smtp_is_hello(__u8 command)
{
	return command == NA_COMMAND_EHLO || command == NA_COMMAND_HELO;
}

/* What a command does that is not a mail's. Told at the end of its line. */
static __always_inline bool na_smtp_ends_exchange(const struct na_clear_stream *stream)
{
	const struct na_dialogue *dialogue = &stream->dialogue;
	__u8 command = dialogue->command;

	if (command == NA_COMMAND_STARTTLS)
		return true;
	if (dialogue->open)
		return command == NA_COMMAND_RSET || command == NA_COMMAND_QUIT || na_smtp_is_hello(command);
	return command == NA_COMMAND_QUIT && stream->next_number == dialogue->tunnel;	/* a log-in that was only tried, say */
}

static __always_inline __u8 na_smtp_line_over(struct na_clear_stream *stream)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	struct na_message *message = &stream->message;

	if (na_smtp_ends_exchange(stream)) {
		if (!dialogue->open)
			message->command = dialogue->command;
		na_smtp_over(stream, dialogue->command);
	} else if (dialogue->open && (dialogue->command == NA_COMMAND_MAIL || dialogue->command == NA_COMMAND_DATA)) {
		dialogue->tell = 1 + NA_MESSAGE_HEAD;
	}
	return 0;
}

static __always_inline __u8 na_smtp_mail(struct na_clear_stream *stream)
{
	if (!stream->dialogue.open) {
		stream->dialogue.open = 1;
		stream->dialogue.mail_at = stream->dialogue.turns;
		stream->message.command = NA_COMMAND_MAIL;
	}
	return NA_SMTP_REST;
}

static __always_inline __u8 na_smtp_word_over(struct na_clear_stream *stream, __u32 slot)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	__u8 command = na_command_of(slot);

	if (dialogue->turns == dialogue->tunnel && !na_smtp_is_hello(command))
		return NA_DIALOGUE_LOST;	/* FTP greets like SMTP */
	dialogue->turns++;
	dialogue->command = command;
	na_put_step(&stream->message, command);
	switch (command) {
	case NA_COMMAND_MAIL:
		return na_smtp_mail(stream);
	case NA_COMMAND_RCPT:
		stream->message.recipients++;
		return NA_SMTP_RECIPIENT;
	case NA_COMMAND_DATA:
		dialogue->data_at = dialogue->turns;
		return NA_SMTP_REST;
	case NA_COMMAND_BDAT:
		na_begin_word(stream);
		stream->field = 0;
		return NA_SMTP_SIZE;
	default:
		return NA_SMTP_REST;
	}
}

/* First byte of a line of the client, which may be no command. */
static __always_inline __u8 na_smtp_line_byte(struct na_clear_stream *stream, const struct na_dialogue *peer, __u8 c)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	bool answered = peer->turns == dialogue->turns;

	if (answered && dialogue->command == NA_COMMAND_DATA && peer->last_status == NA_SMTP_SEND) {
		dialogue->state = NA_DOTTED_LINE;
		return na_dotted_byte(stream, c);
	}
	if (answered && dialogue->command == NA_COMMAND_AUTH && peer->last_status == NA_SMTP_GO_ON) {
		dialogue->turns++;
		return c == '\n' ? 0 : NA_SMTP_REST;
	}
	na_begin_word(stream);
	return na_command_byte(stream, c) ? NA_SMTP_WORD : NA_DIALOGUE_LOST;
}

/* The last of the domains is said once when the one before is the same. */
__attribute__((noinline)) int na_smtp_domain_over(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	__u64 start, before;
	__u8 same = 0;

	if (!work)
		return 0;
	stream = &work->stream;
	na_put_text(stream, '\n', NA_MESSAGE_KEYS_BYTES, NA_MESSAGE_KEYS_CUT);
	start = stream->shape.start;
	before = stream->dialogue.piece;
	if (before < start && stream->text_bytes - start == start - before)
		same = 1;
	for (int i = 0; i < NA_MESSAGE_HOST_BYTES && same; i++, start++, before++) {
		asm volatile("" : "+r"(start), "+r"(before));
		if (start >= stream->text_bytes || start >= NA_MESSAGE_TEXT_BYTES || before >= NA_MESSAGE_TEXT_BYTES)
			break;
		same = stream->message.text[start] == stream->message.text[before];
	}
	if (same)
		na_finish_piece(slot, NA_MASK_ERASE);
	else
		stream->dialogue.piece = stream->shape.start;
	stream->message.keys_bytes = stream->text_bytes;
	return 0;
}

static __always_inline __u8 na_smtp_domain_byte(struct na_clear_stream *stream, __u32 slot, __u8 c)
{
	bool literal = stream->text_bytes > stream->shape.start && stream->shape.address;	/* [IPv6:…] */

	if (c == '>') {
		na_smtp_domain_over(slot);
		return NA_SMTP_REST;
	}
	if (c == '@' || c == ',' || (c == ':' && !literal) || c <= ' ') {
		na_finish_piece(slot, NA_MASK_ERASE);	/* of a route, or no domain at all */
		if (c == '\n')
			return na_smtp_line_over(stream);
		return c == '@' ? NA_SMTP_DOMAIN : c <= ' ' ? NA_SMTP_REST : NA_SMTP_LOCAL;
	}
	if (c == '[')
		stream->shape.address = 1;
	if (!na_is_host_byte(c))
		c = '?';
	na_put_text(stream, c | (na_is_letter(c) ? 0x20 : 0), NA_MESSAGE_KEYS_BYTES - 1, NA_MESSAGE_KEYS_CUT);
	return NA_SMTP_DOMAIN;
}

static __always_inline __u8 na_smtp_local_byte(struct na_clear_stream *stream, __u8 c)
{
	switch (c) {
	case '"':
		return NA_SMTP_QUOTED;
	case '@':
		na_begin_piece(stream);
		return NA_SMTP_DOMAIN;
	case '>':
		return NA_SMTP_REST;
	case '\n':
		return na_smtp_line_over(stream);
	default:
		return NA_SMTP_LOCAL;
	}
}

/* BDAT 123 LAST: the word of the line that is being read; only the number and whether there is an L matter. */
static __always_inline __u8 na_smtp_size_byte(struct na_clear_stream *stream, __u8 c)
{
	if (na_is_digit(c) && stream->number < NA_SMTP_SIZE_MOST)
		stream->number = stream->number * 10 + (c - '0');
	if ((c | 0x20) == 'l')
		stream->field = 1;
	if (c != '\n')
		return NA_SMTP_SIZE;
	stream->remaining = stream->number;
	stream->message.body_bytes += stream->number;
	stream->dialogue.data_at = stream->dialogue.turns;
	if (stream->dialogue.open && stream->field)
		na_smtp_over(stream, NA_COMMAND_DATA);
	return 0;
}

/* A byte of the mail. The line that ends it is a turn: it has a reply. */
static __always_inline __u8 na_smtp_data_byte(struct na_clear_stream *stream, __u8 c)
{
	__u8 state = na_dotted_byte(stream, c);

	if (state != NA_DOTTED_OVER)
		return state;
	stream->dialogue.turns++;
	if (stream->dialogue.open)
		na_smtp_over(stream, NA_COMMAND_DATA);
	return 0;
}

static __always_inline __u8 na_smtp_client_byte(struct na_clear_work *work, __u32 slot, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	__u8 state = stream->dialogue.state;

	switch (state) {
	case 0:
		return na_smtp_line_byte(stream, &work->peer, c);
	case NA_SMTP_WORD:
		if (na_command_byte(stream, c))
			return NA_SMTP_WORD;
		state = na_smtp_word_over(stream, slot);
		return c == '\n' && state != NA_DIALOGUE_LOST ? na_smtp_line_over(stream) : state;
	case NA_SMTP_REST:
		return c == '\n' ? na_smtp_line_over(stream) : NA_SMTP_REST;
	case NA_SMTP_RECIPIENT:
		if (c == '\n')
			return na_smtp_line_over(stream);
		return c == '<' ? NA_SMTP_LOCAL : NA_SMTP_RECIPIENT;
	case NA_SMTP_LOCAL:
		return na_smtp_local_byte(stream, c);
	case NA_SMTP_QUOTED:
		if (c == '\n')
			return na_smtp_line_over(stream);
		return c == '"' ? NA_SMTP_LOCAL : c == '\\' ? NA_SMTP_QUOTED_PAIR : NA_SMTP_QUOTED;
	case NA_SMTP_QUOTED_PAIR:
		return c == '\n' ? na_smtp_line_over(stream) : NA_SMTP_QUOTED;
	case NA_SMTP_DOMAIN:
		return na_smtp_domain_byte(stream, slot, c);
	case NA_SMTP_SIZE:
		return na_smtp_size_byte(stream, c);
	default:
		return na_smtp_data_byte(stream, c);
	}
}

/* The worst reply since the exchange began is its result, unless the mail was sent: then it is the last. */
static __always_inline void na_smtp_judge(struct na_clear_stream *stream, const struct na_dialogue *client, __u64 code)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	struct na_message *message = &stream->message;
	bool over = dialogue->turns == client->over_at;

	if (code >= NA_SMTP_REFUSED && dialogue->turns > client->mail_at && dialogue->turns != client->data_at && !over)
		message->recipients++;
	if (code >= NA_SMTP_REFUSED && code > message->status)
		message->status = code;
	if (!over)
		return;
	if (!message->status || client->over_by == NA_COMMAND_DATA)
		message->status = code;
	stream->next_number = client->over_number;
	dialogue->tell = 1 + NA_MESSAGE_WHOLE;
}

static __always_inline __u8 na_smtp_reply_over(struct na_clear_stream *stream, const struct na_dialogue *client)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	__u64 code = stream->number;

	na_put_step(&stream->message, code);
	dialogue->last_status = code;
	if (!client->turns)
		return 0;	/* the greeting: nothing was said before it */
	dialogue->turns++;
	na_smtp_judge(stream, client, code);
	return 0;
}

static __always_inline __u8 na_smtp_server_byte(struct na_clear_work *work, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	__u8 state = stream->dialogue.state;

	stream->message.body_bytes++;
	switch (state) {
	case NA_SMTP_AFTER_CODE:
		if (na_is_digit(c) && stream->word_bytes < 3) {
			stream->number = stream->number * 10 + (c - '0');
			na_count_up(&stream->word_bytes);
			return NA_SMTP_AFTER_CODE;
		}
		if (stream->word_bytes != 3 || (c != ' ' && c != '-' && c != '\r' && c != '\n'))
			return NA_DIALOGUE_LOST;
		if (c == '\n')
			return na_smtp_reply_over(stream, &work->peer);
		return c == '-' ? NA_SMTP_MORE : NA_SMTP_REST;
	case NA_SMTP_MORE:
		return c == '\n' ? 0 : NA_SMTP_MORE;
	case NA_SMTP_REST:
		return c == '\n' ? na_smtp_reply_over(stream, &work->peer) : NA_SMTP_REST;
	default:
		if (c < '2' || c > '5')
			return NA_DIALOGUE_LOST;
		na_begin_word(stream);
		stream->number = c - '0';
		stream->word_bytes = 1;
		return NA_SMTP_AFTER_CODE;
	}
}

/* Returns the next state. */
__attribute__((noinline)) int na_smtp_byte(__u32 slot, __u32 c)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (!work)
		return NA_DIALOGUE_LOST;
	if (work->stream.dialogue.role == NA_MESSAGE_REQUEST)
		return na_smtp_client_byte(work, slot, c);
	return na_smtp_server_byte(work, c);
}

#endif
