/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols and their commands, by the numbers that the kernel's parsers use, as records name them. */
#ifndef NETAUDIT_FLOW_PROTOCOL_H
#define NETAUDIT_FLOW_PROTOCOL_H

#include <stdbool.h>

#include <netaudit/message.h>

/*
 * What `channel` says of this protocol: "https" inside TLS, "http" when it is `clear`. Unknown numbers are taken
 * for HTTP.
 */
const char *na_message_channel(const struct na_message *message, bool clear);
/* "http/1.1", "smtp" */
const char *na_message_protocol(const struct na_message *message);
/* Whether a response's status is a number its protocol knows. Else it may have a result: "OK", "28P01"; or NULL. */
bool na_message_has_status(const struct na_message *message);
const char *na_message_result(const struct na_message *message);
/* "MAIL"; "?": a word that is not in the table */
const char *na_dialogue_command_name(unsigned int command);

#endif
