// SPDX-License-Identifier: GPL-2.0-or-later
/* From a request's authority to a record's members. */
#include "flow/tunnel.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/network.h"
#include "flow/address.h"

bool na_is_proxied(const struct na_message *request)
{
	return request->kind == NA_MESSAGE_REQUEST && request->flags & NA_MESSAGE_ABSOLUTE;
}

/* SOCKS has addresses of 16 bytes, which were written in full; a record has them in their usual form. */
static void shorten(char *host, size_t size)
{
	struct in6_addr address;

	if (strchr(host, ':') && inet_pton(AF_INET6, host, &address) == 1)
		(void)inet_ntop(AF_INET6, &address, host, (socklen_t)size);
}

void na_tunnel_of(struct na_tunnel *tunnel, const struct na_message *request)
{
	size_t bytes = request->host_bytes < sizeof(tunnel->host) ? request->host_bytes : 0;

	*tunnel = (struct na_tunnel){ .by = request->flags & NA_MESSAGE_TUNNEL ? "connect" : "forward" };
	if (request->protocol == NA_PROTOCOL_SOCKS)
		tunnel->by = request->minor == 4 ? "socks4" : "socks5";
	memcpy(tunnel->host, request->host, bytes);
	na_split_authority(tunnel->host, &tunnel->port);
	shorten(tunnel->host, sizeof(tunnel->host));
}

void na_put_tunnel(struct na_canonical *c, const struct na_tunnel *tunnel)
{
	char text[NA_ADDRESS_TEXT_BYTES];
	int64_t port;

	if (!tunnel)
		return;
	if (tunnel->host[0])
		na_canonical_text(c, "proxied_host", tunnel->host, strlen(tunnel->host));
	if (tunnel->port >= 0)
		na_canonical_integer(c, "proxied_port", tunnel->port);
	na_canonical_string(c, "proxy", tunnel->by);
	if (!tunnel->family)
		return;
	port = na_address_text(text, tunnel->family, tunnel->proxy, tunnel->proxy_port);
	na_canonical_string(c, "proxy_ip", text);
	na_canonical_integer(c, "proxy_port", port);
}
