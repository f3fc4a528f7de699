/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * LDAP (RFC 4511), one byte of one direction at a time: one exchange for each operation, with its name, its result
 * code and sizes. Of a message only its length, its id, which operation it is and a result's code are looked at;
 * names of entries, filters, attributes and passwords are passed over.
 */
#ifndef NETAUDIT_BPF_LDAP_H
#define NETAUDIT_BPF_LDAP_H

#include "commands.h"
#include "dotted.h"

#define NA_LDAP_ENTRY 0x64	/* and other parts of an answer that is not over: reference, intermediate */
#define NA_LDAP_REFERENCE 0x73
#define NA_LDAP_INTERMEDIATE 0x79

/* BER: tag, length, what it is. */
enum na_ldap_state {
	NA_LDAP_LENGTH = NA_DOTTED_OVER + 1,	/* of the message */
	NA_LDAP_LENGTH_MORE,
	NA_LDAP_ID_TAG,
	NA_LDAP_ID_LENGTH,
	NA_LDAP_ID,
	NA_LDAP_OPERATION,
	NA_LDAP_RESULT_LENGTH,	/* of all of the result */
	NA_LDAP_RESULT_LENGTH_MORE,
	NA_LDAP_RESULT_TAG,
	NA_LDAP_RESULT_BYTES,
	NA_LDAP_RESULT,
};

static __always_inline __u8 na_ldap_command(__u8 tag)
{
	switch (tag) {
	case 0x60:
		return NA_COMMAND_BIND;
	case 0x42:
		return NA_COMMAND_UNBIND;
	case 0x63:
		return NA_COMMAND_SEARCH;
	case 0x66:
		return NA_COMMAND_MODIFY;
	case 0x68:
		return NA_COMMAND_ADD;
	case 0x4a:
		return NA_COMMAND_DELETE;
	case 0x6c:
		return NA_COMMAND_RENAME;
	case 0x6e:
		return NA_COMMAND_COMPARE;
	case 0x50:
		return NA_COMMAND_ABANDON;
	case 0x77:
		return NA_COMMAND_EXTENDED;
	default:
		return NA_COMMAND_NONE;
	}
}

/* Answers to bind, search, modify, add, delete, rename, compare, and extended ones. */
static __always_inline bool na_ldap_is_result(__u8 tag)
{
	return tag == 0x61 || tag == 0x65 || tag == 0x67 || tag == 0x69 || tag == 0x6b || tag == 0x6d || tag == 0x6f ||
	       tag == 0x78;
}

/* A length: its first byte, or one of those that follow. `more` and `next`: states. */
static __always_inline __u8 na_ldap_length(struct na_clear_stream *stream, __u8 c, __u8 more, __u8 next)
{
	if (stream->dialogue.state == more) {
		stream->number = stream->number << 8 | c;
		return --stream->word_bytes ? more : next;
	}
	stream->number = c;
	if (c < 0x80)
		return next;
	stream->number = 0;
	stream->word_bytes = c & 0x7f;
	return c > 0x80 && c <= 0x84 ? more : NA_DIALOGUE_LOST;
}

/* The rest of the message is not looked at. */
static __always_inline __u8 na_ldap_pass_over(struct na_clear_stream *stream)
{
	stream->remaining = stream->dialogue.left;
	stream->dialogue.left = 0;
	return 0;
}

static __always_inline __u8 na_ldap_request(struct na_clear_stream *stream, __u8 tag)
{
	struct na_dialogue *dialogue = &stream->dialogue;

	dialogue->command = na_ldap_command(tag);
	if (!dialogue->command)
		return NA_DIALOGUE_LOST;
	stream->message.command = dialogue->command;
	dialogue->tags[dialogue->turns & (NA_DIALOGUE_TAGS - 1)] = stream->number;
	dialogue->turns++;
	dialogue->tell = 1 + NA_MESSAGE_WHOLE;
	return na_ldap_pass_over(stream);
}

static __always_inline __u8 na_ldap_response(struct na_clear_stream *stream, const struct na_dialogue *client, __u8 tag)
{
	struct na_dialogue *dialogue = &stream->dialogue;
	__u64 number = client->turns;

	dialogue->open = 0;
	if (tag == NA_LDAP_ENTRY || tag == NA_LDAP_REFERENCE || tag == NA_LDAP_INTERMEDIATE)
		return na_ldap_pass_over(stream);
	if (!na_ldap_is_result(tag))
		return NA_DIALOGUE_LOST;
	for (int i = 0; i < NA_DIALOGUE_TAGS; i++) {
		number--;
		if (number < client->turns && !dialogue->open &&
		    client->tags[number & (NA_DIALOGUE_TAGS - 1)] == stream->number) {
			dialogue->open = 1;
			dialogue->over_number = number;
		}
	}
	return NA_LDAP_RESULT_LENGTH;
}

static __always_inline __u8 na_ldap_result(struct na_clear_stream *stream, __u8 c)
{
	if (stream->dialogue.open) {
		stream->message.status = c;
		stream->next_number = stream->dialogue.over_number;
		stream->dialogue.tell = 1 + NA_MESSAGE_WHOLE;
	}
	stream->dialogue.open = 0;
	return na_ldap_pass_over(stream);
}

static __always_inline __u8 na_ldap_message_length(struct na_clear_stream *stream, __u8 c)
{
	__u8 state = na_ldap_length(stream, c, NA_LDAP_LENGTH_MORE, NA_LDAP_ID_TAG);

	stream->dialogue.left = stream->number;
	stream->message.body_bytes += state == NA_LDAP_ID_TAG ? stream->number : 0;
	return state;
}

static __always_inline __u8 na_ldap_id_length(struct na_clear_stream *stream, __u8 c)
{
	stream->number = 0;
	stream->word_bytes = c;
	return c && c <= 4 ? NA_LDAP_ID : NA_DIALOGUE_LOST;
}

static __always_inline __u8 na_ldap_id(struct na_clear_stream *stream, __u8 c)
{
	stream->number = stream->number << 8 | c;
	return --stream->word_bytes ? NA_LDAP_ID : NA_LDAP_OPERATION;
}

/* Returns the next state. */
__attribute__((noinline)) int na_ldap_byte(__u32 slot, __u32 c)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	__u8 state;

	if (!work)
		return NA_DIALOGUE_LOST;
	stream = &work->stream;
	state = stream->dialogue.state;
	if (state <= NA_LDAP_LENGTH_MORE)
		stream->message.body_bytes++;
	else if (stream->dialogue.left-- == 0)
		return NA_DIALOGUE_LOST;	/* a message that is longer than it says */
	switch (state) {
	case 0:
		return c == 0x30 ? NA_LDAP_LENGTH : NA_DIALOGUE_LOST;
	case NA_LDAP_LENGTH:
	case NA_LDAP_LENGTH_MORE:
		return na_ldap_message_length(stream, c);
	case NA_LDAP_ID_TAG:
		return c == 0x02 ? NA_LDAP_ID_LENGTH : NA_DIALOGUE_LOST;
	case NA_LDAP_ID_LENGTH:
		return na_ldap_id_length(stream, c);
	case NA_LDAP_ID:
		return na_ldap_id(stream, c);
	case NA_LDAP_OPERATION:
		if (stream->dialogue.role == NA_MESSAGE_REQUEST)
			return na_ldap_request(stream, c);
		return na_ldap_response(stream, &work->peer, c);
	case NA_LDAP_RESULT_LENGTH:
	case NA_LDAP_RESULT_LENGTH_MORE:
		return na_ldap_length(stream, c, NA_LDAP_RESULT_LENGTH_MORE, NA_LDAP_RESULT_TAG);
	case NA_LDAP_RESULT_TAG:
		return c == 0x0a ? NA_LDAP_RESULT_BYTES : NA_DIALOGUE_LOST;
	case NA_LDAP_RESULT_BYTES:
		return c == 1 ? NA_LDAP_RESULT : NA_DIALOGUE_LOST;
	default:
		return na_ldap_result(stream, c);
	}
}

#endif
