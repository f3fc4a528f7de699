/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Protocols in which client and server talk by turns, byte by byte: which one it is, its parser, and what is told.
 * Every parser is one function that is not static and takes one byte, so that the verifier sees it once, whatever
 * loop calls it.
 */
#ifndef NETAUDIT_BPF_DIALOGUE_H
#define NETAUDIT_BPF_DIALOGUE_H

#include "imap.h"
#include "ldap.h"
#include "pop3.h"
#include "postgresql.h"
#include "smtp.h"
#include "socks.h"

#define NA_DIALOGUE_BYTES_A_STEP 32

static __always_inline void na_dialogue_begin(struct na_clear_stream *stream, __u8 protocol, __u8 role)
{
	stream->dialogue.protocol = protocol;
	stream->dialogue.role = role;
	stream->dialogue.turns = stream->dialogue.tunnel;	/* commands are numbered as messages are */
	stream->http2.table_bytes = NA_HPACK_TABLE_BYTES;
}

/*
 * What a connection speaks, by the first byte of a direction. Servers greet first in the protocols of mail; inside TLS
 * that was asked for in the clear (STARTTLS) they do not, and a client of SMTP begins with EHLO. What begins otherwise
 * is HTTP or nothing: that parser sees, and takes a word that is no method for the tag of an IMAP client.
 */
static __always_inline void na_recognise(struct na_clear_work *work, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	const struct na_dialogue *peer = &work->peer;

	if (peer->protocol)
		na_dialogue_begin(stream, peer->protocol, NA_MESSAGE_REQUEST + NA_MESSAGE_RESPONSE - peer->role);
	else if (peer->only_tunnel && !stream->next_number)	/* all of the request came before any answer */
		na_dialogue_begin(stream, NA_PROTOCOL_SOCKS, NA_MESSAGE_RESPONSE);
	else if ((c | 0x20) == 'e')	/* no method of HTTP does */
		na_dialogue_begin(stream, NA_PROTOCOL_SMTP, NA_MESSAGE_REQUEST);
	else if (c == '2')
		na_dialogue_begin(stream, NA_PROTOCOL_SMTP, NA_MESSAGE_RESPONSE);
	else if (c == '*')
		na_dialogue_begin(stream, NA_PROTOCOL_IMAP, NA_MESSAGE_RESPONSE);
	else if (c == '+')
		na_dialogue_begin(stream, NA_PROTOCOL_POP3, NA_MESSAGE_RESPONSE);
	else if (c == 0x30)	/* a sequence of BER */
		na_dialogue_begin(stream, NA_PROTOCOL_LDAP, NA_MESSAGE_REQUEST);
	else if (c == 0)	/* a length that is not large */
		na_dialogue_begin(stream, NA_PROTOCOL_POSTGRESQL, NA_MESSAGE_REQUEST);
	else if (c == 4 || c == 5)
		na_dialogue_begin(stream, NA_PROTOCOL_SOCKS, NA_MESSAGE_REQUEST);
}

/* A connection begins at its first byte, and again behind a proxy that was asked for a tunnel and granted it. */
static __always_inline void na_look_at_start(struct na_clear_work *work, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;
	__u64 number = stream->next_number;

	if (!number || (stream->dialogue.tunnel == number && work->peer.tunnel == number))
		na_recognise(work, c);
	else if (stream->dialogue.only_tunnel)
		stream->state = NA_CLEAR_OPAQUE;
}

static __always_inline int na_dialogue_state(__u8 protocol, __u8 state, __u32 slot, __u8 c)
{
	switch (protocol) {
	case NA_PROTOCOL_SMTP:
		return na_smtp_byte(slot, c);
	case NA_PROTOCOL_IMAP:
		return na_imap_byte(slot, c);
	case NA_PROTOCOL_POP3:
		return na_pop3_byte(slot, c);
	case NA_PROTOCOL_LDAP:
		return na_ldap_byte(slot, c);
	case NA_PROTOCOL_SOCKS:
		return na_socks_byte(slot, c);
	case NA_PROTOCOL_HTTP2:
		return state == NA_HTTP2_BLOCK ? na_http2_block_byte(slot, c) : na_http2_byte(slot, c);
	default:
		return na_postgresql_byte(slot, c);
	}
}

/* One byte. Returns whether there is more to do than to take the next. */
static __always_inline bool na_dialogue_byte(struct na_clear_work *work, __u32 slot, __u8 c)
{
	int state = na_dialogue_state(work->stream.dialogue.protocol, work->stream.dialogue.state, slot, c);

	work->stream.dialogue.state = state;
	return state == NA_DIALOGUE_LOST || work->stream.dialogue.tell || work->stream.remaining;
}

__attribute__((noinline)) int na_dialogue_bytes(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	__u64 position;

	if (!work)
		return 0;
	position = work->position;
	for (int i = 0; i < NA_DIALOGUE_BYTES_A_STEP; i++) {
		__u64 at = position;

		asm volatile("" : "+r"(at));
		if (at >= work->filled || at >= NA_CLEAR_CHUNK_BYTES)
			break;
		position++;
		if (na_dialogue_byte(work, slot, work->chunk[at]))
			break;
	}
	work->position = position;
	return 0;
}

/* What is to be told of a message is, and when it was whole the next one may begin. */
__attribute__((noinline)) int na_dialogue_tell(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_clear_stream *stream;
	struct na_message *message;
	bool tunnel;

	if (!work)
		return 0;
	stream = &work->stream;
	message = &stream->message;
	tunnel = message->flags & NA_MESSAGE_TUNNEL;
	message->kind = stream->dialogue.role;
	message->protocol = stream->dialogue.protocol;
	message->part = stream->dialogue.tell - 1;
	message->number = stream->next_number;
	message->declared_bytes = NA_MESSAGE_NO_LENGTH;
	if (message->protocol == NA_PROTOCOL_HTTP2)
		message->number = stream->http2.told / 2;
	else
		message->head_bytes = 0;
	na_clear_report(work);
	stream->dialogue.tell = 0;
	if (message->protocol == NA_PROTOCOL_HTTP2) {
		stream->next_number += !!message->head_bytes;
		return 0;
	}
	if (message->part != NA_MESSAGE_WHOLE)
		return 0;
	stream->next_number++;
	na_clear_wipe(message, sizeof(*message));
	stream->text_bytes = 0;
	if (stream->dialogue.protocol == NA_PROTOCOL_SOCKS)
		na_socks_leave(stream, tunnel);
	return 0;
}

/* Bytes that are not looked at; they were counted when their number was said. */
static __always_inline void na_dialogue_skip(struct na_clear_work *work)
{
	__u64 here = work->filled - work->position, more;

	if (here > work->stream.remaining)
		here = work->stream.remaining;
	work->position += here;
	more = work->stream.remaining - here;
	if (more > work->left)
		more = work->left;
	work->at += more;
	work->left -= more;
	work->stream.remaining -= here + more;
}

/* Whether the stream is between exchanges: then the next thing written may begin one, and its author is looked at. */
static __always_inline void na_dialogue_rest(struct na_clear_stream *stream)
{
	bool between = stream->dialogue.role == NA_MESSAGE_RESPONSE || (!stream->dialogue.open && !stream->dialogue.state);

	/* any write of HTTP/2 may have another request in it */
	between |= stream->dialogue.protocol == NA_PROTOCOL_HTTP2;
	if (stream->state != NA_CLEAR_OPAQUE)
		stream->state = between ? NA_CLEAR_START : NA_CLEAR_DIALOGUE;
}

/* Returns false: nothing is left to be done with what was written. */
__attribute__((noinline)) int na_dialogue_step(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (!work)
		return 0;
	work->steps++;
	if (work->stream.dialogue.tell && !work->of.held) {
		na_dialogue_tell(slot);
		return 1;
	}
	if (work->stream.remaining)
		na_dialogue_skip(work);
	if (work->stream.dialogue.tell && !na_http2_goes_on(&work->stream))
		return 0;	/* what is held back ends here, where another message would begin */
	if (work->stream.dialogue.state == NA_DIALOGUE_LOST)
		work->stream.state = NA_CLEAR_OPAQUE;
	if (work->stream.state == NA_CLEAR_OPAQUE)
		return 0;
	if (work->position < work->filled) {
		na_dotted_words(slot);
		na_dialogue_bytes(slot);	/* so every step takes 32 bytes at least: NA_CLEAR_STEPS are enough */
		return 1;
	}
	na_dialogue_rest(&work->stream);
	na_dotted_pass_over(work);
	return na_clear_fetch(work) == NA_CLEAR_ON;
}

#endif
