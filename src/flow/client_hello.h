/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a flow's ClientHello said, as it was on the wire: whom the client asks for and which protocols it offers. All of
 * it is the client's choice, and none of it is proven by anything.
 */
#ifndef NETAUDIT_FLOW_CLIENT_HELLO_H
#define NETAUDIT_FLOW_CLIENT_HELLO_H

#include <stdbool.h>
#include <stddef.h>

#include <netaudit/event.h>
#include "journal/canonical.h"

struct na_client_hello {
	char server_name[NA_MESSAGE_HOST_BYTES + 1];	/* lower case; "": none */
	char protocols[NA_MESSAGE_PATH_BYTES];		/* each ended by '\n' */
	size_t protocols_bytes;
	bool encrypted;		/* there is a second one inside it: the name may be another's */
	bool cut;		/* a name did not fit */
};

/* `event` is of kind NA_MESSAGE_HELLO. */
void na_client_hello_of(struct na_client_hello *hello, const struct na_message_event *event);
/* Members "tls_alpn" to "tls_sni", in this order. */
void na_put_client_hello(struct na_canonical *c, const struct na_client_hello *hello);
/* Whether `host`, a Host field with or without a port, or the name a program asked its library for, is another name. */
bool na_client_hello_differs(const struct na_client_hello *hello, const char *host, size_t bytes);

#endif
