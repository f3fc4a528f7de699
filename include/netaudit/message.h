/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What is kept of one message (of HTTP/1.1; a mail; a command or its answer), in the kernel and beyond: names and
 * sizes, never a value or a body. Shared by the parsers (bpf/clear.h), which are also compiled for user space to be
 * tested, and whoever reads their events.
 */
#ifndef NETAUDIT_MESSAGE_H
#define NETAUDIT_MESSAGE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define NA_MESSAGE_METHOD_BYTES 16
#define NA_MESSAGE_FORWARDED_BYTES 48	/* an address takes at most 45 */
#define NA_MESSAGE_HOST_BYTES 256	/* a DNS name has at most 253 */
#define NA_MESSAGE_TEXT_BYTES 1024
#define NA_MESSAGE_PATH_BYTES 256	/* of the text: the path at most this long, */
#define NA_MESSAGE_KEYS_BYTES 512	/* path and query keys together at most this */
#define NA_MESSAGE_HASHED_BYTES 65536	/* of a body, from its start: what one write may cost is bounded by it */
#define NA_MESSAGE_NO_LENGTH (~0ULL)
#define NA_MESSAGE_STEPS 32
#define NA_SERVER_NAME_BYTES 256	/* of a TLS client: what it asks for (SNI) */

/* How a function that writes or reads clear text says how much it did: the lowest byte of its probe's cookie. */
enum na_transfer {
	NA_TRANSFER_NONE,	/* it does neither */
	NA_TRANSFER_RETURNED,	/* its result, when greater than 0 */
	NA_TRANSFER_FOURTH,	/* where its fourth argument points, when the result is greater than 0 */
	NA_TRANSFER_FIFTH,
};

/*
 * The rest of the cookie: where in an SSL object is whether it is a server's (32 bits; at 0: not known, nor anything
 * else), and where the randoms of the handshake are, in it or behind a pointer that is there (at 0: in it).
 */
#define NA_TRANSFER_OF(cookie) ((__u8)(cookie))
#define NA_TRANSFER_IS_SERVER(cookie) ((__u8)((cookie) >> 8))
#define NA_TRANSFER_POINTER(cookie) ((__u16)((cookie) >> 16))
#define NA_TRANSFER_CLIENT_RANDOM(cookie) ((__u16)((cookie) >> 32))
#define NA_TRANSFER_SERVER_RANDOM(cookie) ((cookie) >> 48)
#define NA_TRANSFER_COOKIE(transfer, is_server, pointer, client_random, server_random) \
	((__u64)(transfer) | (__u64)(is_server) << 8 | (__u64)(pointer) << 16 | (__u64)(client_random) << 32 | \
	 (__u64)(server_random) << 48)

/* Decided by the first bytes of a connection. */
enum na_protocol {
	NA_PROTOCOL_HTTP1,
	NA_PROTOCOL_SMTP,
	NA_PROTOCOL_IMAP,
	NA_PROTOCOL_POP3,
	NA_PROTOCOL_LDAP,
	NA_PROTOCOL_POSTGRESQL,
	NA_PROTOCOL_SOCKS,
	NA_PROTOCOL_HTTP2,
	NA_PROTOCOLS
};

/*
 * Commands of protocols in which client and server talk by turns, by the name that records give them: of SMTP, IMAP and
 * POP3 as they are written, the operations of LDAP, and PostgreSQL's start-up packet.
 * SOCKS: what the proxy is asked to do.
 */
#define NA_DIALOGUE_COMMANDS(X) \
	X(ABANDON) X(ADD) X(APOP) X(APPEND) X(ASSOCIATE) X(AUTH) X(AUTHENTICATE) X(BDAT) X(BIND) X(CAPA) \
	X(CAPABILITY) X(CHECK) X(CLOSE) X(COMPARE) X(COMPRESS) X(CONNECT) X(COPY) X(CREATE) X(DATA) X(DELE) \
	X(DELETE) X(EHLO) X(ENABLE) X(EXAMINE) X(EXPN) X(EXPUNGE) X(EXTENDED) X(FETCH) X(GETACL) \
	X(GETQUOTA) X(GETQUOTAROOT) X(HELO) X(HELP) X(ID) X(IDLE) X(LIST) X(LOGIN) X(LOGOUT) X(LSUB) \
	X(MAIL) X(MODIFY) X(MOVE) X(NAMESPACE) X(NOOP) X(PASS) X(QUIT) X(RCPT) X(RENAME) X(RETR) X(RSET) \
	X(SEARCH) X(SELECT) X(SETACL) X(SORT) X(STARTTLS) X(STARTUP) X(STAT) X(STATUS) X(STLS) X(STORE) \
	X(SUBSCRIBE) X(THREAD) X(TOP) X(UID) X(UIDL) X(UNBIND) X(UNSELECT) X(UNSUBSCRIBE) X(USER) \
	X(VRFY)

#define NA_COMMAND_NUMBER(name) NA_COMMAND_##name,
enum na_dialogue_command {
	NA_COMMAND_NONE,
	NA_COMMAND_OTHER,	/* a word that is none of them */
	NA_DIALOGUE_COMMANDS(NA_COMMAND_NUMBER) NA_COMMANDS
};

/*
 * Of a ClientHello `host` is the server's name that is asked for, and the text the protocols that are offered
 * (names).
 */
enum na_message_kind { NA_MESSAGE_NONE, NA_MESSAGE_REQUEST, NA_MESSAGE_RESPONSE, NA_MESSAGE_HELLO };

/*
 * A message with a body is told twice: its head when it is over, and all of it at the end. Of HTTP/2 the second says
 * only how long the body was: head_bytes is 0.
 */
enum na_message_part { NA_MESSAGE_HEAD, NA_MESSAGE_WHOLE };

/* `status` of a response of IMAP or POP3. Of PostgreSQL, `method` has the SQLSTATE of an error. */
enum na_dialogue_result { NA_RESULT_NONE, NA_RESULT_OK, NA_RESULT_NO, NA_RESULT_BAD };

enum na_message_flags {
	NA_MESSAGE_PATH_CUT = 1 << 0,		/* longer than its place */
	NA_MESSAGE_KEYS_CUT = 1 << 1,
	NA_MESSAGE_NAMES_CUT = 1 << 2,
	NA_MESSAGE_HOST_CUT = 1 << 3,
	NA_MESSAGE_MASKED = 1 << 4,		/* something in the text was replaced by '#' */
	NA_MESSAGE_CHUNKED = 1 << 5,
	NA_MESSAGE_TO_THE_END = 1 << 6,		/* the body ends with the connection, and was not followed */
	NA_MESSAGE_BAD_LENGTH = 1 << 7,		/* where the body ends is not to be understood: the stream is not followed */
	NA_MESSAGE_ABSOLUTE = 1 << 8,		/* the host is the request target's, not that of a Host field */
	NA_MESSAGE_STEPS_CUT = 1 << 9,
	NA_MESSAGE_ABOUT = 1 << 10,		/* part of the body was not looked at: a few of its bytes may be framing */
	NA_MESSAGE_UID = 1 << 11,		/* IMAP: the command's numbers are UIDs */
	NA_MESSAGE_HOLE = 1 << 12,		/* not all of the body was seen: it has no fingerprint */
	NA_MESSAGE_ECH = 1 << 13,		/* an encrypted ClientHello is in this one: its name may be another's */
	NA_MESSAGE_STRICT = 1 << 14,		/* strict redaction: no text but the host, no method, status or fingerprint */
	NA_MESSAGE_TUNNEL = 1 << 15,		/* asks a proxy for a tunnel (CONNECT, SOCKS); of a response: it was granted */
};

/* What strict redaction leaves of them. */
#define NA_MESSAGE_STRICT_FLAGS \
	(NA_MESSAGE_HOST_CUT | NA_MESSAGE_CHUNKED | NA_MESSAGE_TO_THE_END | NA_MESSAGE_BAD_LENGTH | NA_MESSAGE_ABSOLUTE | \
	 NA_MESSAGE_ABOUT | NA_MESSAGE_HOLE | NA_MESSAGE_ECH | NA_MESSAGE_TUNNEL)

/* All fields not mentioned by the flags are zero; text is untrusted printable ASCII. */
struct na_message {
	__u64 number;			/* of the message in its direction, from 0 */
	__u64 head_bytes;
	__u64 body_bytes;		/* without chunk framing */
	__u64 hashed_bytes;		/* of these, from the start, are in the fingerprint */
	__u64 declared_bytes;		/* Content-Length, or NA_MESSAGE_NO_LENGTH */
	__u64 fingerprint[2];		/* SipHash-2-4-128 of the hashed bytes; 0 for a body of no bytes */
	__u16 flags;			/* enum na_message_flags */
	__u16 status;			/* of a response */
	__u16 path_bytes;		/* text[0 .. path) */
	__u16 keys_bytes;		/* text[path .. path + keys): query keys, each ended by '\n'; "*": one without '=' */
	__u16 names_bytes;		/* text[path + keys ..): field names in lower case, each ended by '\n' */
	__u16 host_bytes;
	__u8 kind;			/* enum na_message_kind */
	__u8 part;			/* enum na_message_part */
	__u8 minor;			/* HTTP/1.minor; of SOCKS the version */
	__u8 protocol;			/* enum na_protocol */
	__u8 command;			/* enum na_dialogue_command: what the exchange is; not of HTTP */
	__u8 step_count;
	__u16 forwarded_bytes;
	__u32 recipients;		/* of a mail; in the answer those that were refused */
	/*
	 * SMTP: commands, or codes of replies, since the last exchange; one that follows itself is there once. The text is
	 * of recipients' domains (keys), each ended by '\n'; of PostgreSQL: 'u' and the user, 'd' and the database.
	 */
	__u16 steps[NA_MESSAGE_STEPS];
	char method[NA_MESSAGE_METHOD_BYTES];	/* of a request, NUL after it */
	char host[NA_MESSAGE_HOST_BYTES];
	char forwarded[NA_MESSAGE_FORWARDED_BYTES];	/* the last address in X-Forwarded-For, of declared proxies only */
	char text[NA_MESSAGE_TEXT_BYTES];
};

#endif
