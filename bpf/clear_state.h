/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the parser of clear text keeps: of a stream (one direction of a connection) from write to write, and as scratch
 * while it looks at one write. Needs the fixed-width types and __always_inline; nothing of BPF.
 */
#ifndef NETAUDIT_BPF_CLEAR_STATE_H
#define NETAUDIT_BPF_CLEAR_STATE_H

#include "siphash.h"
#include <netaudit/message.h>

#define NA_CLEAR_CHUNK_BYTES 1024	/* copied from the process at a time */
#define NA_DIALOGUE_TAGS 8	/* commands under way at once; a power of two */
#define NA_CLEAR_HEAD_BYTES 16384	/* a longer head is none */

/* Where in a message the next byte of the stream is. */
enum na_clear_state {
	NA_CLEAR_START,		/* before its first byte */
	NA_CLEAR_FIRST_WORD,	/* the method, or HTTP/1.x */
	NA_CLEAR_TARGET,	/* first byte of the request target */
	NA_CLEAR_SCHEME,
	NA_CLEAR_AUTHORITY,
	NA_CLEAR_PATH,
	NA_CLEAR_KEY,
	NA_CLEAR_QUERY_VALUE,
	NA_CLEAR_VERSION,
	NA_CLEAR_STATUS,
	NA_CLEAR_REASON,
	NA_CLEAR_FIELD_START,
	NA_CLEAR_FIELD_NAME,
	NA_CLEAR_FIELD_VALUE,
	NA_CLEAR_HELLO,		/* in a ClientHello; see struct na_hello */
	NA_CLEAR_CHUNK_SIZE,
	NA_CLEAR_CHUNK_EXTENSION,
	NA_CLEAR_CHUNK_END,	/* the line break after a chunk */
	NA_CLEAR_TRAILER_START,
	NA_CLEAR_TRAILER,
	NA_CLEAR_HEAD_OVER,	/* from here on not byte by byte; the head is to be told */
	NA_CLEAR_BODY,		/* `remaining` bytes of it, or of a chunk */
	NA_CLEAR_OVER,		/* the message is to be told, and the next one begins */
	NA_CLEAR_DIALOGUE,	/* within a message of another protocol: see struct na_dialogue */
	NA_CLEAR_OPAQUE,	/* nothing that is understood, or nothing any more */
};

enum na_clear_field { NA_FIELD_OTHER, NA_FIELD_HOST, NA_FIELD_LENGTH, NA_FIELD_ENCODING, NA_FIELD_FORWARDED };

/* What a piece of text (path segment, query key, field name) looks like: is it an identifier of somebody? */
struct na_shape {
	__u16 start;		/* in the text */
	__u8 run;		/* letters and digits in a row */
	__u8 longest;
	__u8 digits_row;
	__u8 digits;
	__u8 lower;
	__u8 upper;
	__u8 percent;		/* 1 after %, 2 after %4 */
	__u8 address;		/* has an @ */
};

/*
 * One direction of a protocol in which client and server talk by turns. The other direction's parser reads it: which
 * command a reply answers, and whether a line is a command at all, is known from both only.
 */
struct na_dialogue {
	__u64 turns;		/* commands of a client; replies of a server, its greeting aside */
	__u64 mail_at;		/* SMTP client: turns of MAIL, */
	__u64 data_at;		/* of DATA, */
	__u64 over_at;		/* and of what ended exchange `over_number` */
	__u64 over_number;
	__u16 last_status;	/* server: of its last reply */
	__u8 protocol;		/* enum na_protocol */
	__u8 role;		/* enum na_message_kind: which messages this side sends; 0: nothing was said yet */
	__u8 state;		/* the protocol's own */
	__u8 command;		/* client: enum na_dialogue_command: the last */
	__u8 tell;		/* 1 + enum na_message_part that is to be told */
	__u8 open;		/* SMTP client: a mail is under way */
	__u8 over_by;		/* SMTP client: enum na_dialogue_command that ended it; DATA: the mail itself */
	__u8 only_tunnel;	/* client of SOCKS: what follows is a tunnel, or is not looked at */
	__u8 reserved[6];
	/*
	 * A proxy: 1 + the number of the last request for a tunnel; of a server, of the answer that granted one. Where both
	 * say the next number, the connection begins anew.
	 */
	__u64 tunnel;
	__u64 piece;		/* where in the text the piece before this one begins */
	__u64 left;		/* LDAP, PostgreSQL: bytes of the message that is being read */
	__u64 long_answers;	/* POP3 client: bit n % 64: the answer to command n ends with a line of one dot */
	__u64 tags[NA_DIALOGUE_TAGS];	/* IMAP, LDAP client: what the answer to command n is known by, at n % 8 */
};

#define NA_TLS_RANDOM_BYTES 16	/* a power of two */

/* Where in a ClientHello the next byte is. */
struct na_hello {
	__u32 number;		/* being read */
	__u32 body_left;	/* bytes of the message, */
	__u16 block_left;	/* of its extensions, */
	__u16 extension_left;	/* of the extension, */
	__u16 left;		/* of the part, */
	__u16 record_left;	/* and of the record */
	__u16 type;		/* of the extension */
	__u8 part;		/* enum na_hello_part */
	__u8 record_at;		/* in the record's header, up to 5 */
	__u8 random_bytes;	/* of `random` that are there */
	__u8 of_server;		/* a ServerHello: only its random is read */
	__u8 passed_over;	/* the record, which is no handshake's */
	__u8 reserved;
	__u8 random[NA_TLS_RANDOM_BYTES];	/* the first of its 32 bytes, whose connection they name (tls_random.h) */
};

#define NA_HTTP2_WORDS 4	/* statuses and methods of the changing table that are remembered; a power of two */
#define NA_HTTP2_OPEN 16	/* messages whose bodies are followed at once; a power of two */

/* One direction of HTTP/2: where in a frame and in a header block the next byte is, and what is remembered. */
struct na_http2 {
	__u64 inserted;		/* entries that went into the changing table of HPACK */
	__u64 host_at, path_at;	/* which of them the message's host and path are; 0: none */
	struct {
		__u64 number;	/* of the entry */
		__u64 word;
		__u32 bytes;
		__u32 what;	/* enum na_hpack_kept */
	} words[NA_HTTP2_WORDS];
	struct {
		__u64 bytes;	/* of the body, so far */
		__u64 stream;	/* 0: free */
	} open[NA_HTTP2_OPEN];	/* by half the stream, modulo */
	__u64 block_bytes;	/* of the header block */
	__u64 word;		/* the last bytes of a method or status */
	__u32 stream;		/* of the frame */
	__u32 told;		/* the one of what is to be told */
	__u32 frame_left;
	__u32 integer;
	__u32 left;		/* of a name or value */
	__u32 value_bytes, name_bytes, longest;	/* as sent; the longest name that went into the table */
	__u32 table_bytes;	/* what the table may have */
	__u32 code;		/* of Huffman's: what is known of it, */
	__u8 code_bits;		/* and how much that is */
	__u8 started;		/* a client has said its preface */
	__u8 type, flags;	/* of the frame */
	__u8 padding;		/* at the frame's end */
	__u8 before;		/* bytes of the frame before the block */
	__u8 block;		/* a block has begun and not ended */
	__u8 ends;		/* nothing follows the block on its stream */
	__u8 trailer;		/* the block follows a body */
	__u8 part;		/* enum na_hpack_part */
	__u8 form;		/* enum na_hpack_form */
	__u8 shift;
	__u8 huffman;
	__u8 what;		/* enum na_hpack_kept: whose value is read */
	__u8 seen;		/* NA_HPACK_SEEN(): of this block */
	__u8 target;		/* enum na_clear_state: where in a path */
	__u8 unknown;		/* what the table has is not known any more */
	__u8 bad;		/* this is no HPACK */
	__u8 next_word;
	__u8 word_bytes;	/* stays at 255 */
};

/* One direction of one connection. */
struct na_clear_stream {
	struct na_siphash hash;
	struct na_message message;
	struct na_shape shape;
	__u64 remaining;
	__u64 word[3];		/* the last 24 bytes of the word that is being read, newest lowest */
	__u64 number;		/* being read: a length, a status, a chunk's size */
	__u64 no_body;		/* bit n % 64: request n is a HEAD, whose response has no body */
	__u64 next_number;	/* of a message */
	__u16 text_bytes;
	__u8 word_bytes;	/* stays at 255 */
	__u8 state;		/* enum na_clear_state */
	__u8 field;		/* enum na_clear_field */
	__u8 number_bad;
	__u8 lengths;		/* Content-Length fields: one is enough */
	__u8 reserved;
	struct na_dialogue dialogue;
	struct na_hello hello;
	struct na_http2 http2;
};

struct na_clear_work {
	__u64 busy;		/* stays when all that follows is zeroed */
	struct na_clear_stream stream;
	__u64 at;		/* where the rest of what was written is */
	__u64 left;		/* of it */
	__u64 position, filled;	/* in `chunk` */
	__u64 key[2];
	__u64 peer_no_body;	/* of the requests this stream answers; see na_clear_stream */
	__u64 peer_begun;	/* how many of them have begun */
	struct na_dialogue peer;	/* of the other direction */
	__u64 steps;		/* done in this write, of a dialogue */
	struct {		/* not the parser's: for na_clear_report() */
		__u64 connection, flow;
		__u64 ssl;	/* inside TLS: the SSL object */
		__u64 socket;	/* on the wire: the kernel's socket */
		__u64 begun_ns;	/* of the message; 0: now */
		__u64 exchange;	/* of the message's first byte, see na_message_event */
		__u64 from_proxy;	/* what it says of whom it asks for is taken */
		__u32 written;
		__u32 held;	/* nothing may be told yet: the parser stops where a message is over */
	} of;
	__u64 piecewise;	/* whoever runs the parser fills the chunk, from what `at` and `left` say */
	__u8 chunk[NA_CLEAR_CHUNK_BYTES + 8];
};

#endif
