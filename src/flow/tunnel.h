/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxies: what a request asks one to reach, which is where the bytes are meant to go, while the flow's address is only
 * the proxy's. It is what the client said, and as much as a proxy that granted it can be believed.
 */
#ifndef NETAUDIT_FLOW_TUNNEL_H
#define NETAUDIT_FLOW_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include "journal/canonical.h"

struct na_tunnel {
	const char *by;		/* a constant: "connect", "forward", "socks4", "socks5" */
	char host[NA_MESSAGE_HOST_BYTES + 1];	/* lower case; an address without brackets; "": not known */
	int port;		/* below 0: not said */
	uint16_t family;	/* of the proxy's address; 0: not known */
	uint16_t proxy_port;
	uint8_t proxy[16];	/* as in struct na_flow_event */
};

/* Whether a request is made of a proxy: CONNECT, SOCKS, or an absolute target. */
bool na_is_proxied(const struct na_message *request);
/* Of such a request; the proxy's address is the caller's to fill in. */
void na_tunnel_of(struct na_tunnel *tunnel, const struct na_message *request);
/* Members "proxied_host" to "proxy_port", in this order. NULL: none. */
void na_put_tunnel(struct na_canonical *c, const struct na_tunnel *tunnel);

#endif
