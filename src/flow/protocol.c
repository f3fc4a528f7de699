// SPDX-License-Identifier: GPL-2.0-or-later
/* Two tables. */
#include "flow/protocol.h"

static const struct {
	const char *name, *channel, *clear;	/* inside TLS, and without */
} protocols[NA_PROTOCOLS] = {
	[NA_PROTOCOL_HTTP1] = { "http/1.1", "https", "http" },
	[NA_PROTOCOL_SMTP] = { "smtp", "smtps", "smtp" },
};

static const char *const commands[NA_COMMANDS] = {
	[NA_COMMAND_AUTH] = "AUTH", [NA_COMMAND_BDAT] = "BDAT", [NA_COMMAND_DATA] = "DATA",
	[NA_COMMAND_EHLO] = "EHLO", [NA_COMMAND_EXPN] = "EXPN", [NA_COMMAND_HELO] = "HELO",
	[NA_COMMAND_HELP] = "HELP", [NA_COMMAND_MAIL] = "MAIL", [NA_COMMAND_NOOP] = "NOOP",
	[NA_COMMAND_QUIT] = "QUIT", [NA_COMMAND_RCPT] = "RCPT", [NA_COMMAND_RSET] = "RSET",
	[NA_COMMAND_STARTTLS] = "STARTTLS", [NA_COMMAND_VRFY] = "VRFY",
};

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
	return protocols[protocol_of(message)].name;
}

const char *na_dialogue_command_name(unsigned int command)
{
	return command < NA_COMMANDS && commands[command] ? commands[command] : "?";
}
