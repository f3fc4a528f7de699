/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Values of HTTP/2's header fields (RFC 9113, 8.3) that are kept: method, authority, path, status. */
#ifndef NETAUDIT_BPF_HPACK_TEXT_H
#define NETAUDIT_BPF_HPACK_TEXT_H

#include "http_target.h"

/* What of a field is kept; a field that is none of them is passed over. */
enum na_hpack_kept { NA_HPACK_NOTHING, NA_HPACK_AUTHORITY, NA_HPACK_METHOD, NA_HPACK_PATH, NA_HPACK_STATUS };

#define NA_HPACK_SEEN(what) (1U << (what))

/* Of a path, with what HTTP/1.1 has for its targets. */
static __always_inline void na_hpack_path_byte(struct na_clear_stream *stream, __u32 slot, __u8 c)
{
	__u8 state = stream->http2.target;

	switch (state) {
	case NA_CLEAR_PATH:
		state = na_path_byte(stream, c, slot);
		break;
	case NA_CLEAR_KEY:
		state = na_key_byte(stream, c, slot);
		break;
	case NA_CLEAR_QUERY_VALUE:
		if (c == '&') {
			na_begin_piece(stream);
			state = NA_CLEAR_KEY;
		} else if (na_ends_target(c)) {
			state = na_target_over(stream, c);
		}
		break;
	default:
		break;
	}
	stream->http2.target = state;
}

/* A character of a value. */
static __always_inline void na_hpack_text(struct na_clear_work *work, __u32 slot, __u8 c)
{
	struct na_clear_stream *stream = &work->stream;

	switch (stream->http2.what) {
	case NA_HPACK_AUTHORITY:
		if (c == '@')
			na_forget_host(&stream->message);
		else
			na_put_host(&stream->message, c);
		break;
	case NA_HPACK_PATH:
		na_hpack_path_byte(stream, slot, c > ' ' && c < 0x7f ? c : '?');
		break;
	case NA_HPACK_METHOD:
	case NA_HPACK_STATUS:
		stream->http2.word = stream->http2.word << 8 | c;
		na_count_up(&stream->http2.word_bytes);
		break;
	default:
		break;
	}
}

/* A value begins. One that comes a second time is not looked at. */
static __always_inline void na_hpack_begin_value(struct na_clear_stream *stream)
{
	struct na_http2 *http2 = &stream->http2;
	__u16 cut = NA_MESSAGE_PATH_CUT | NA_MESSAGE_KEYS_CUT | NA_MESSAGE_MASKED;

	if (http2->trailer || http2->seen & NA_HPACK_SEEN(http2->what))
		http2->what = NA_HPACK_NOTHING;
	http2->word = 0;
	http2->word_bytes = 0;
	if (http2->what == NA_HPACK_AUTHORITY) {
		na_forget_host(&stream->message);
		http2->host_at = 0;
	} else if (http2->what == NA_HPACK_PATH) {
		na_clear_wipe(stream->message.text, sizeof(stream->message.text));
		stream->message.path_bytes = stream->message.keys_bytes = 0;
		stream->message.flags &= ~cut;
		stream->text_bytes = 0;
		http2->path_at = 0;
		http2->target = NA_CLEAR_PATH;
		na_begin_piece(stream);
	}
}

/* Digits or capital letters, as they were read; a status is at most 999, a method is more. */
static __always_inline void na_hpack_take_word(struct na_clear_stream *stream, __u64 word, __u32 bytes)
{
	if (stream->http2.what == NA_HPACK_STATUS) {
		stream->message.status = (word >> 16 & 15) * 100 + (word >> 8 & 15) * 10 + (word & 15);
		return;
	}
	stream->word[0] = word;
	stream->word[1] = 0;
	stream->word_bytes = bytes;
	na_keep_method(stream);
}

/*
 * Such an entry of the table that both sides keep may be meant again. The last four; of host and path the text itself
 * is the last one's.
 */
static __always_inline void na_hpack_remember(struct na_clear_stream *stream)
{
	struct na_http2 *http2 = &stream->http2;
	__u64 number = http2->inserted, at;

	if (http2->what == NA_HPACK_AUTHORITY) {
		http2->host_at = number;
	} else if (http2->what == NA_HPACK_PATH) {
		http2->path_at = number;
	} else if (http2->what) {
		at = http2->next_word++ & (NA_HTTP2_WORDS - 1);
		asm volatile("" : "+r"(at));
		at &= NA_HTTP2_WORDS - 1;
		http2->words[at].number = number;
		http2->words[at].word = http2->word;
		http2->words[at].bytes = http2->word_bytes;
		http2->words[at].what = http2->what;
	}
}

#endif
