/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * HPACK (RFC 7541), one byte of a header block at a time. Of the table that both sides keep only the last entries of
 * what is recorded are remembered, by the number under which they went in: an index counts back from the newest, so
 * what was evicted in between does not matter, as long as everything that went in was counted. What would not have gone
 * in, being too large, makes the table unknown, and nothing is taken from it any more.
 */
#ifndef NETAUDIT_BPF_HPACK_H
#define NETAUDIT_BPF_HPACK_H

#include "hpack_huffman.h"

#define NA_HPACK_STATIC 61
#define NA_HPACK_TABLE_BYTES 4096
#define NA_HPACK_ENTRY_BYTES 32		/* what an entry counts beside its text */
#define NA_HPACK_NAME_BYTES 32		/* no name of the static table is longer */
#define NA_HPACK_INTEGER_BITS 21	/* a number beyond is none that is used */

enum na_hpack_part {
	NA_HPACK_FIELD,		/* its first byte */
	NA_HPACK_INDEX,
	NA_HPACK_NAME_LENGTH,
	NA_HPACK_NAME_LENGTH_MORE,
	NA_HPACK_NAME,
	NA_HPACK_VALUE_LENGTH,
	NA_HPACK_VALUE_LENGTH_MORE,
	NA_HPACK_VALUE,
};

enum na_hpack_form { NA_HPACK_INDEXED, NA_HPACK_INSERTED, NA_HPACK_LITERAL, NA_HPACK_SIZE };

/* The static table (appendix A) as far as it is kept: what an index is, and its value, the last byte lowest. */
static const struct {
	__u64 word;
	__u8 what, bytes;
} na_hpack_static[16] = {
	[1] = { 0, NA_HPACK_AUTHORITY, 0 },
	[2] = { NA_WORD8(0, 0, 0, 0, 0, 'G', 'E', 'T'), NA_HPACK_METHOD, 3 },
	[3] = { NA_WORD8(0, 0, 0, 0, 'P', 'O', 'S', 'T'), NA_HPACK_METHOD, 4 },
	[4] = { 0, NA_HPACK_PATH, 1 },
	[5] = { 0, NA_HPACK_PATH, 11 },
	[8] = { NA_WORD8(0, 0, 0, 0, 0, '2', '0', '0'), NA_HPACK_STATUS, 3 },
	[9] = { NA_WORD8(0, 0, 0, 0, 0, '2', '0', '4'), NA_HPACK_STATUS, 3 },
	[10] = { NA_WORD8(0, 0, 0, 0, 0, '2', '0', '6'), NA_HPACK_STATUS, 3 },
	[11] = { NA_WORD8(0, 0, 0, 0, 0, '3', '0', '4'), NA_HPACK_STATUS, 3 },
	[12] = { NA_WORD8(0, 0, 0, 0, 0, '4', '0', '0'), NA_HPACK_STATUS, 3 },
	[13] = { NA_WORD8(0, 0, 0, 0, 0, '4', '0', '4'), NA_HPACK_STATUS, 3 },
	[14] = { NA_WORD8(0, 0, 0, 0, 0, '5', '0', '0'), NA_HPACK_STATUS, 3 },
};

/* A value that the static table has. */
static __always_inline void na_hpack_take_static(struct na_clear_stream *stream, __u64 index)
{
	static const char page[] = "/index.html";
	struct na_message *message = &stream->message;
	__u8 bytes = na_hpack_static[index & 15].bytes;

	na_hpack_begin_value(stream);
	if (stream->http2.what == NA_HPACK_PATH) {
		for (int i = 0; i < 11; i++)
			message->text[i] = i < bytes ? page[i] : 0;
		message->path_bytes = stream->text_bytes = bytes;
	} else if (stream->http2.what > NA_HPACK_AUTHORITY) {
		na_hpack_take_word(stream, na_hpack_static[index & 15].word, bytes);
	}
}

/* Which field an entry of the changing table is, as far as it is remembered; its word is taken when `all`. */
static __always_inline void na_hpack_take_entry(struct na_clear_stream *stream, __u64 number, bool all)
{
	struct na_http2 *http2 = &stream->http2;

	if (http2->unknown)
		return;
	if (number == http2->host_at)
		http2->what = NA_HPACK_AUTHORITY;
	if (number == http2->path_at)
		http2->what = NA_HPACK_PATH;
	for (int i = 0; i < NA_HTTP2_WORDS; i++) {
		if (http2->words[i].number != number)
			continue;
		http2->what = http2->words[i].what;
		if (all && !http2->trailer && !(http2->seen & NA_HPACK_SEEN(http2->what)))
			na_hpack_take_word(stream, http2->words[i].word, http2->words[i].bytes);
	}
}

/* The index of a field, or of its name, is whole. Returns the next part. Verified by itself. */
__attribute__((noinline)) int na_hpack_index_over(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_http2 *http2;
	bool all;
	__u64 index;

	if (!work)
		return NA_HPACK_FIELD;
	http2 = &work->stream.http2;
	index = http2->integer;
	all = http2->form == NA_HPACK_INDEXED;
	http2->what = NA_HPACK_NOTHING;
	http2->name_bytes = NA_HPACK_NAME_BYTES;
	if (http2->form == NA_HPACK_SIZE) {
		http2->table_bytes = index;
		return NA_HPACK_FIELD;
	}
	if (index < 16)
		http2->what = na_hpack_static[index & 15].what;
	if (index > NA_HPACK_STATIC) {
		if (index - NA_HPACK_STATIC > http2->inserted)
			http2->bad = 1;
		else
			na_hpack_take_entry(&work->stream, http2->inserted - (index - NA_HPACK_STATIC) + 1, all);
		http2->name_bytes = http2->longest;
	} else if (all && index < 16 && http2->what) {
		na_hpack_take_static(&work->stream, index);
	}
	if (!all)
		return index ? NA_HPACK_VALUE_LENGTH : NA_HPACK_NAME_LENGTH;
	if (!index)
		http2->bad = 1;
	if (http2->what && index != 1)
		http2->seen |= NA_HPACK_SEEN(http2->what);
	return NA_HPACK_FIELD;
}

/* A literal field is whole. */
__attribute__((noinline)) int na_hpack_value_over(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_http2 *http2;

	if (!work)
		return 0;
	http2 = &work->stream.http2;
	if (http2->form == NA_HPACK_INSERTED) {
		http2->inserted++;
		if (http2->name_bytes > http2->longest)
			http2->longest = http2->name_bytes;
		/* of a code that says five bits or more, bytes are eight fifths at most */
		if ((http2->name_bytes + http2->value_bytes) * 2 + NA_HPACK_ENTRY_BYTES > http2->table_bytes)
			http2->unknown = 1;
	}
	if (http2->what == NA_HPACK_PATH && http2->target != NA_CLEAR_VERSION)
		na_hpack_path_byte(&work->stream, slot, ' ');
	if ((http2->what == NA_HPACK_STATUS && http2->word_bytes != 3) ||
	    (http2->what == NA_HPACK_METHOD && http2->word_bytes > 8))
		http2->what = NA_HPACK_NOTHING;
	if (http2->what == NA_HPACK_METHOD || http2->what == NA_HPACK_STATUS)
		na_hpack_take_word(&work->stream, http2->word, http2->word_bytes);
	if (http2->form == NA_HPACK_INSERTED && !http2->unknown)
		na_hpack_remember(&work->stream);
	if (http2->what)
		http2->seen |= NA_HPACK_SEEN(http2->what);
	return 0;
}

/* A number that is in a prefix of so many bits, or goes on behind it. Returns whether it is whole. */
static __always_inline bool na_hpack_prefix(struct na_http2 *http2, __u32 c, __u32 most)
{
	http2->shift = 0;
	http2->integer = c & most;
	return http2->integer != most;
}

static __always_inline bool na_hpack_more(struct na_http2 *http2, __u32 c)
{
	if (http2->shift >= NA_HPACK_INTEGER_BITS) {
		http2->bad = 1;
		return false;
	}
	http2->integer += (c & 127) << (http2->shift & 31);
	http2->shift += 7;
	return !(c & 128);
}

static __always_inline __u8 na_hpack_field(struct na_http2 *http2, __u32 slot, __u8 c)
{
	__u32 most;

	if (c & 0x80) {
		http2->form = NA_HPACK_INDEXED;
		most = 127;
	} else if (c & 0x40) {
		http2->form = NA_HPACK_INSERTED;
		most = 63;
	} else if (c & 0x20) {
		http2->form = NA_HPACK_SIZE;
		most = 31;
	} else {
		http2->form = NA_HPACK_LITERAL;
		most = 15;
	}
	return na_hpack_prefix(http2, c, most) ? na_hpack_index_over(slot) : NA_HPACK_INDEX;
}

static __always_inline __u8 na_hpack_name_begins(struct na_http2 *http2)
{
	http2->name_bytes = http2->left = http2->integer;
	return http2->left ? NA_HPACK_NAME : NA_HPACK_VALUE_LENGTH;
}

static __always_inline __u8 na_hpack_value_begins(struct na_clear_stream *stream, __u32 slot)
{
	struct na_http2 *http2 = &stream->http2;

	http2->value_bytes = http2->left = http2->integer;
	http2->code = http2->code_bits = 0;
	na_hpack_begin_value(stream);
	if (http2->left)
		return NA_HPACK_VALUE;
	na_hpack_value_over(slot);
	return NA_HPACK_FIELD;
}

/* A byte of a value that is not coded. */
__attribute__((noinline)) int na_hpack_plain(__u32 slot, __u32 c)
{
	struct na_clear_work *work = na_clear_work_of(slot);

	if (work)
		na_hpack_text(work, slot, c);
	return 0;
}

static __always_inline __u8 na_hpack_value_byte(struct na_http2 *http2, __u32 slot, __u8 c)
{
	if (http2->what && http2->huffman)
		na_hpack_huffman(slot, c);
	else if (http2->what)
		na_hpack_plain(slot, c);
	if (--http2->left)
		return NA_HPACK_VALUE;
	na_hpack_value_over(slot);
	return NA_HPACK_FIELD;
}

/* One byte of a header block. Returns the next part. */
static __always_inline __u8 na_hpack_byte(struct na_clear_work *work, __u32 slot, __u8 c)
{
	struct na_http2 *http2 = &work->stream.http2;

	switch (http2->part) {
	case NA_HPACK_FIELD:
		return na_hpack_field(http2, slot, c);
	case NA_HPACK_INDEX:
		return na_hpack_more(http2, c) ? na_hpack_index_over(slot) : NA_HPACK_INDEX;
	case NA_HPACK_NAME_LENGTH:
		return na_hpack_prefix(http2, c, 127) ? na_hpack_name_begins(http2) : NA_HPACK_NAME_LENGTH_MORE;
	case NA_HPACK_NAME_LENGTH_MORE:
		return na_hpack_more(http2, c) ? na_hpack_name_begins(http2) : NA_HPACK_NAME_LENGTH_MORE;
	case NA_HPACK_NAME:
		return --http2->left ? NA_HPACK_NAME : NA_HPACK_VALUE_LENGTH;
	case NA_HPACK_VALUE_LENGTH:
		http2->huffman = c >> 7;
		return na_hpack_prefix(http2, c, 127) ? na_hpack_value_begins(&work->stream, slot) : NA_HPACK_VALUE_LENGTH_MORE;
	case NA_HPACK_VALUE_LENGTH_MORE:
		return na_hpack_more(http2, c) ? na_hpack_value_begins(&work->stream, slot) : NA_HPACK_VALUE_LENGTH_MORE;
	default:
		return na_hpack_value_byte(http2, slot, c);
	}
}

#endif
