/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * SOCKS 5 (RFC 1928 and 1929), 4 and 4a, one byte of one direction at a time: whom a proxy is asked to reach, and
 * whether it did. What follows is another protocol's, as if the connection began there (dialogue.h). Names of users and
 * passwords are passed over without being looked at.
 */
#ifndef NETAUDIT_BPF_SOCKS_H
#define NETAUDIT_BPF_SOCKS_H

#include "commands.h"
#include "dotted.h"

#define NA_SOCKS_4_GRANTED 90
#define NA_SOCKS_PASSWORD_METHOD 2

enum na_socks_state {
	NA_SOCKS_METHODS = NA_DOTTED_OVER + 1,	/* client: how many */
	NA_SOCKS_NEXT,		/* a password, or the request */
	NA_SOCKS_USER,
	NA_SOCKS_PASSWORD,
	NA_SOCKS_COMMAND,
	NA_SOCKS_RESERVED,
	NA_SOCKS_TYPE,		/* of the address */
	NA_SOCKS_NAME_LENGTH,
	NA_SOCKS_NAME,
	NA_SOCKS_IPV4,
	NA_SOCKS_IPV6,
	NA_SOCKS_PORT,
	NA_SOCKS_4_PORT,
	NA_SOCKS_4_ADDRESS,
	NA_SOCKS_4_USER,
	NA_SOCKS_4_NAME,
	NA_SOCKS_METHOD,	/* server: that was chosen */
	NA_SOCKS_PASSWORD_VERSION,
	NA_SOCKS_PASSWORD_RESULT,
	NA_SOCKS_REPLY,
	NA_SOCKS_CODE,
	NA_SOCKS_BOUND_RESERVED,
	NA_SOCKS_BOUND_TYPE,
	NA_SOCKS_BOUND_LENGTH,
	NA_SOCKS_BOUND,
};

static __always_inline void na_socks_put_digit(struct na_message *message, __u32 number, __u32 unit)
{
	if (number >= unit)
		na_put_host(message, '0' + number / unit % 10);
}

static __always_inline void na_socks_put_byte(struct na_message *message, __u32 number)
{
	na_socks_put_digit(message, number, 100);
	na_socks_put_digit(message, number, 10);
	na_put_host(message, '0' + number % 10);
}

static __always_inline void na_socks_put_hex(struct na_message *message, __u32 digit)
{
	na_put_host(message, digit < 10 ? '0' + digit : 'a' + digit - 10);
}

/* The target is whole: its port goes behind it, as in a target of HTTP's CONNECT. */
static __always_inline __u8 na_socks_request_over(struct na_clear_stream *stream, __u32 port)
{
	struct na_message *message = &stream->message;

	na_put_host(message, ':');
	na_socks_put_digit(message, port, 10000);
	na_socks_put_digit(message, port, 1000);
	na_socks_put_digit(message, port, 100);
	na_socks_put_digit(message, port, 10);
	na_put_host(message, '0' + port % 10);
	message->flags |= NA_MESSAGE_ABSOLUTE;
	if (stream->dialogue.command == NA_COMMAND_CONNECT)
		message->flags |= NA_MESSAGE_TUNNEL;
	stream->dialogue.tell = 1 + NA_MESSAGE_WHOLE;
	return 0;
}

/* CONNECT, BIND, UDP ASSOCIATE. */
static __always_inline bool na_socks_command(struct na_clear_stream *stream, __u8 c)
{
	if (!c || c > 3)
		return false;
	stream->dialogue.command = c == 1 ? NA_COMMAND_CONNECT : c == 2 ? NA_COMMAND_BIND : NA_COMMAND_ASSOCIATE;
	stream->message.command = stream->dialogue.command;
	na_begin_word(stream);
	return true;
}

/* So many bytes of whatever it is are not looked at. */
static __always_inline __u8 na_socks_skip(struct na_clear_stream *stream, __u8 bytes, __u8 state)
{
	stream->remaining = bytes;
	stream->message.body_bytes += bytes;
	return state;
}

/* A piece of so many bytes follows. */
static __always_inline __u8 na_socks_piece(struct na_clear_stream *stream, __u64 bytes, __u8 state)
{
	stream->dialogue.left = bytes;
	return bytes ? state : NA_DIALOGUE_LOST;
}

static __always_inline __u8 na_socks_type(struct na_clear_stream *stream, __u8 c)
{
	switch (c) {
	case 1:
		return na_socks_piece(stream, 4, NA_SOCKS_IPV4);
	case 3:
		return NA_SOCKS_NAME_LENGTH;
	case 4:
		na_put_host(&stream->message, '[');
		return na_socks_piece(stream, 16, NA_SOCKS_IPV6);
	default:
		return NA_DIALOGUE_LOST;
	}
}

/* One byte of the target; when it was the last, the port follows. */
static __always_inline __u8 na_socks_target_byte(struct na_clear_stream *stream, __u8 state, __u8 c)
{
	struct na_message *message = &stream->message;
	__u64 left = --stream->dialogue.left;

	if (state == NA_SOCKS_NAME) {
		/* of a name, nothing that would look like a port or an address behind it */
		na_put_host(message, c == ':' || c == '[' || c == ']' ? '?' : c);
	} else if (state == NA_SOCKS_IPV4) {
		na_socks_put_byte(message, c);
		if (left)
			na_put_host(message, '.');
	} else {
		na_socks_put_hex(message, c >> 4);
		na_socks_put_hex(message, c & 15);
		if (!(left & 1))
			na_put_host(message, left ? ':' : ']');
	}
	return left ? state : na_socks_piece(stream, 2, NA_SOCKS_PORT);
}

/* Version 4: the port, the address, the user; where the address is 0.0.0.x, a name. */
static __always_inline __u8 na_socks_4_byte(struct na_clear_stream *stream, __u8 state, __u8 c)
{
	struct na_message *message = &stream->message;
	__u32 address = stream->number;

	switch (state) {
	case NA_SOCKS_4_PORT:
		na_word_byte(stream, c);
		return stream->word_bytes == 2 ? na_socks_piece(stream, 4, NA_SOCKS_4_ADDRESS) : NA_SOCKS_4_PORT;
	case NA_SOCKS_4_ADDRESS:
		stream->number = stream->number << 8 | c;
		return --stream->dialogue.left ? NA_SOCKS_4_ADDRESS : NA_SOCKS_4_USER;
	case NA_SOCKS_4_USER:
		if (c)
			return NA_SOCKS_4_USER;
		if (address && !(address >> 8))
			return NA_SOCKS_4_NAME;
		na_socks_put_byte(message, address >> 24);
		na_put_host(message, '.');
		na_socks_put_byte(message, address >> 16 & 255);
		na_put_host(message, '.');
		na_socks_put_byte(message, address >> 8 & 255);
		na_put_host(message, '.');
		na_socks_put_byte(message, address & 255);
		return na_socks_request_over(stream, stream->word[0] & 0xffff);
	default:
		if (!c)
			return na_socks_request_over(stream, stream->word[0] & 0xffff);
		na_put_host(message, c == ':' || c == '[' || c == ']' ? '?' : c);
		return NA_SOCKS_4_NAME;
	}
}

static __always_inline __u8 na_socks_begin(struct na_clear_stream *stream, __u8 c)
{
	if (c != 4 && c != 5)
		return NA_DIALOGUE_LOST;
	stream->message.minor = c;
	stream->dialogue.open = 1;
	return c == 5 ? NA_SOCKS_METHODS : NA_SOCKS_COMMAND;
}

static __always_inline __u8 na_socks_client_byte(struct na_clear_work *work, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	__u8 state = stream->dialogue.state;

	switch (state) {
	case 0:
		return na_socks_begin(stream, c);
	case NA_SOCKS_METHODS:
		return c ? na_socks_skip(stream, c, NA_SOCKS_NEXT) : NA_DIALOGUE_LOST;
	case NA_SOCKS_NEXT:
		if (c == 1 && work->peer.last_status == NA_SOCKS_PASSWORD_METHOD)
			return NA_SOCKS_USER;
		return c == 5 ? NA_SOCKS_COMMAND : NA_DIALOGUE_LOST;
	case NA_SOCKS_USER:
		return na_socks_skip(stream, c, NA_SOCKS_PASSWORD);
	case NA_SOCKS_PASSWORD:
		return na_socks_skip(stream, c, NA_SOCKS_NEXT);
	case NA_SOCKS_COMMAND:
		if (!na_socks_command(stream, c))
			return NA_DIALOGUE_LOST;
		return stream->message.minor == 5 ? NA_SOCKS_RESERVED : NA_SOCKS_4_PORT;
	case NA_SOCKS_RESERVED:
		return NA_SOCKS_TYPE;
	case NA_SOCKS_TYPE:
		return na_socks_type(stream, c);
	case NA_SOCKS_NAME_LENGTH:
		return na_socks_piece(stream, c, NA_SOCKS_NAME);
	case NA_SOCKS_NAME:
	case NA_SOCKS_IPV4:
	case NA_SOCKS_IPV6:
		return na_socks_target_byte(stream, state, c);
	case NA_SOCKS_PORT:
		stream->number = stream->number << 8 | c;
		return --stream->dialogue.left ? NA_SOCKS_PORT : na_socks_request_over(stream, stream->number & 0xffff);
	default:
		return na_socks_4_byte(stream, state, c);
	}
}

static __always_inline __u8 na_socks_reply_over(struct na_clear_work *work)
{
	struct na_message *message = &work->stream.message;
	__u16 granted = message->minor == 5 ? 0 : NA_SOCKS_4_GRANTED;

	if (message->status == granted && work->peer.command == NA_COMMAND_CONNECT)
		message->flags |= NA_MESSAGE_TUNNEL;
	work->stream.dialogue.tell = 1 + NA_MESSAGE_WHOLE;
	return 0;
}

static __always_inline __u8 na_socks_method(struct na_clear_stream *stream, __u8 c)
{
	stream->dialogue.last_status = c;
	if (c == NA_SOCKS_PASSWORD_METHOD)
		return NA_SOCKS_PASSWORD_VERSION;
	return c ? NA_DIALOGUE_LOST : NA_SOCKS_REPLY;	/* refused, or a method that may encrypt what follows */
}

static __always_inline __u8 na_socks_server_byte(struct na_clear_work *work, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;

	switch (stream->dialogue.state) {
	case 0:
		stream->message.minor = c ? 5 : 4;
		if (c && c != 5)
			return NA_DIALOGUE_LOST;
		return c ? NA_SOCKS_METHOD : NA_SOCKS_CODE;
	case NA_SOCKS_METHOD:
		return na_socks_method(stream, c);
	case NA_SOCKS_PASSWORD_VERSION:
		return NA_SOCKS_PASSWORD_RESULT;
	case NA_SOCKS_PASSWORD_RESULT:
		return c ? NA_DIALOGUE_LOST : NA_SOCKS_REPLY;
	case NA_SOCKS_REPLY:
		return c == 5 ? NA_SOCKS_CODE : NA_DIALOGUE_LOST;
	case NA_SOCKS_CODE:
		stream->message.status = c;
		return stream->message.minor == 5 ? NA_SOCKS_BOUND_RESERVED : na_socks_piece(stream, 6, NA_SOCKS_BOUND);
	case NA_SOCKS_BOUND_RESERVED:
		return NA_SOCKS_BOUND_TYPE;
	case NA_SOCKS_BOUND_TYPE:
		if (c == 3)
			return NA_SOCKS_BOUND_LENGTH;
		return c == 1 || c == 4 ? na_socks_piece(stream, c * 4 + 2, NA_SOCKS_BOUND) : NA_DIALOGUE_LOST;
	case NA_SOCKS_BOUND_LENGTH:
		return na_socks_piece(stream, c + 2, NA_SOCKS_BOUND);
	default:
		return --stream->dialogue.left ? NA_SOCKS_BOUND : na_socks_reply_over(work);
	}
}

/*
 * What was told is over, and the next byte is another protocol's: of a client only when the server has granted it, of
 * a server that has not, nothing more.
 */
static __always_inline void na_socks_leave(struct na_clear_stream *stream, bool granted)
{
	__u8 command = stream->dialogue.command, client = stream->dialogue.role == NA_MESSAGE_REQUEST;

	na_clear_wipe(&stream->dialogue, sizeof(stream->dialogue));
	stream->dialogue.command = command;
	stream->dialogue.only_tunnel = client;
	if (client || granted)
		stream->dialogue.tunnel = stream->next_number;
	stream->state = client || granted ? NA_CLEAR_START : NA_CLEAR_OPAQUE;
}

/* Returns the next state. */
__attribute__((noinline)) int na_socks_byte(__u32 slot, __u32 c)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (!work)
		return NA_DIALOGUE_LOST;
	work->stream.message.body_bytes++;
	if (work->stream.dialogue.role == NA_MESSAGE_REQUEST)
		return na_socks_client_byte(work, c);
	return na_socks_server_byte(work, c);
}

#endif
