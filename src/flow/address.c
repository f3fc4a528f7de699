// SPDX-License-Identifier: GPL-2.0-or-later
/* One formatter per address family. */
#include "flow/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int64_t na_address_text(char out[NA_ADDRESS_TEXT_BYTES], unsigned int family, const uint8_t address[16], uint16_t port)
{
	uint32_t words[4];

	memcpy(words, address, sizeof(words));
	switch (family) {
	case AF_INET:
		inet_ntop(AF_INET, address + 12, out, NA_ADDRESS_TEXT_BYTES);
		return port;
	case AF_INET6:
		inet_ntop(AF_INET6, address, out, NA_ADDRESS_TEXT_BYTES);
		return port;
	case AF_VSOCK:
		snprintf(out, NA_ADDRESS_TEXT_BYTES, "cid:%u", words[0]);
		return words[1];
	case AF_PACKET:
		snprintf(out, NA_ADDRESS_TEXT_BYTES, "interface:%u/%02x:%02x:%02x:%02x:%02x:%02x", words[3], address[0],
			 address[1], address[2], address[3], address[4], address[5]);
		return -1;
	default:
		out[0] = 0;
		return -1;
	}
}
