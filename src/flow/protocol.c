// SPDX-License-Identifier: GPL-2.0-or-later
/* Two tables. */
#include "flow/protocol.h"

#include <stddef.h>

static const struct {
	const char *name, *channel, *clear;	/* inside TLS, and without */
} protocols[NA_PROTOCOLS] = {
	[NA_PROTOCOL_HTTP1] = { "http/1.1", "https", "http" },
	[NA_PROTOCOL_SMTP] = { "smtp", "smtps", "smtp" },
	[NA_PROTOCOL_IMAP] = { "imap", "imaps", "imap" },
	[NA_PROTOCOL_POP3] = { "pop3", "pop3s", "pop3" },
	[NA_PROTOCOL_LDAP] = { "ldap", "ldaps", "ldap" },
	[NA_PROTOCOL_POSTGRESQL] = { "postgresql", "postgresql", "postgresql" },
	[NA_PROTOCOL_HTTP2] = { "h2", "https", "http" },
	[NA_PROTOCOL_SOCKS] = { "socks5", "socks", "socks" },
};

#define COMMAND_NAME(name) [NA_COMMAND_##name] = #name,
static const char *const commands[NA_COMMANDS] = { NA_DIALOGUE_COMMANDS(COMMAND_NAME) };

static unsigned int protocol_of(const struct na_message *message)
{
	return message->protocol < NA_PROTOCOLS ? message->protocol : NA_PROTOCOL_HTTP1;
}

const char *na_message_channel(const struct na_message *message, bool clear)
{
	return clear ? protocols[protocol_of(message)].clear : protocols[protocol_of(message)].channel;
}

const char *na_message_protocol(const struct na_message *message)
{
	if (protocol_of(message) == NA_PROTOCOL_HTTP1 && !message->minor)
		return "http/1.0";
	if (protocol_of(message) == NA_PROTOCOL_SOCKS && message->minor == 4)
		return "socks4";
	return protocols[protocol_of(message)].name;
}

const char *na_message_result(const struct na_message *message)
{
	static const char *const results[NA_PROTOCOLS][NA_RESULT_BAD + 1] = {
		[NA_PROTOCOL_IMAP] = { NULL, "OK", "NO", "BAD" },
		[NA_PROTOCOL_POP3] = { NULL, "+OK", NULL, "-ERR" },
	};

	if (message->flags & NA_MESSAGE_STRICT)
		return NULL;
	if (message->protocol == NA_PROTOCOL_SOCKS)
		return message->flags & NA_MESSAGE_TUNNEL ? "granted" : "refused";
	if (message->protocol == NA_PROTOCOL_POSTGRESQL)
		return message->method[0] ? message->method : "ok";
	return message->status <= NA_RESULT_BAD ? results[protocol_of(message)][message->status] : NULL;
}

bool na_message_has_status(const struct na_message *message)
{
	static const bool always[NA_PROTOCOLS] = {
		[NA_PROTOCOL_HTTP1] = true,
		[NA_PROTOCOL_SMTP] = true,
		[NA_PROTOCOL_LDAP] = true,
		[NA_PROTOCOL_SOCKS] = true,
	};
	unsigned int protocol = protocol_of(message);

	return !(message->flags & NA_MESSAGE_STRICT) &&
	       (always[protocol] || (protocol == NA_PROTOCOL_HTTP2 && message->status));
}

const char *na_dialogue_command_name(unsigned int command)
{
	return command < NA_COMMANDS && commands[command] ? commands[command] : "?";
}
