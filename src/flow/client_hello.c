// SPDX-License-Identifier: GPL-2.0-or-later
/* From the kernel's message to a record's members. */
#include "flow/client_hello.h"

#include <string.h>
#include <strings.h>

void na_client_hello_of(struct na_client_hello *hello, const struct na_message_event *event)
{
	const struct na_message *message = &event->message;
	size_t name = message->host_bytes, protocols = message->names_bytes;

	*hello = (struct na_client_hello){
		.encrypted = message->flags & NA_MESSAGE_ECH,
		.cut = message->flags & (NA_MESSAGE_HOST_CUT | NA_MESSAGE_NAMES_CUT),
	};
	if (name < sizeof(hello->server_name))
		memcpy(hello->server_name, message->host, name);
	if (protocols > sizeof(hello->protocols))
		protocols = sizeof(hello->protocols);
	memcpy(hello->protocols, message->text, protocols);
	hello->protocols_bytes = protocols;
}

void na_put_client_hello(struct na_canonical *c, const struct na_client_hello *hello)
{
	const char *at, *end, *all_end;

	if (!hello)
		return;
	at = hello->protocols;
	all_end = at + hello->protocols_bytes;
	if (at < all_end) {
		na_canonical_array_begin(c, "tls_alpn");
		for (; at < all_end; at = end + 1) {
			end = memchr(at, '\n', (size_t)(all_end - at));
			if (!end)
				end = all_end;
			na_canonical_text(c, NULL, at, (size_t)(end - at));
		}
		na_canonical_array_end(c);
	}
	if (hello->cut)
		na_canonical_bool(c, "tls_cut", true);
	if (hello->encrypted)
		na_canonical_bool(c, "tls_ech", true);
	if (hello->server_name[0])
		na_canonical_text(c, "tls_sni", hello->server_name, strlen(hello->server_name));
}

bool na_client_hello_differs(const struct na_client_hello *hello, const char *host, size_t bytes)
{
	const char *bracket = memchr(host, ']', bytes), *colon = memchr(host, ':', bytes);

	if (colon && !bracket)
		bytes = (size_t)(colon - host);
	return hello->server_name[0] && bytes &&
	       (strlen(hello->server_name) != bytes || strncasecmp(hello->server_name, host, bytes) != 0);
}
