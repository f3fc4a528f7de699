/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, networks and authorities as text; see network.h. */
#include "base/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int na_address_parse(uint8_t address[16], const char *text)
{
	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, address) == 1 ? 0 : -EINVAL;
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	return inet_pton(AF_INET, text, address + 12) == 1 ? 0 : -EINVAL;
}

/* Returns the bits of the prefix, of 128, or -1. */
static int split(uint8_t address[16], const char *value)
{
	char text[64], *slash, *end = NULL;
	long bits, most;

	if (snprintf(text, sizeof(text), "%s", value) >= (int)sizeof(text))
		return -1;
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (na_address_parse(address, text) != 0)
		return -1;
	most = strchr(text, ':') ? 128 : 32;
	bits = most;
	if (slash)
		bits = strtol(slash + 1, &end, 10);
	if (slash && (!slash[1] || *end || bits < 0 || bits > most))
		return -1;
	return (int)(bits + 128 - most);
}

int na_network_parse(struct na_network *network, const char *text)
{
	uint8_t address[16];
	int bits = split(address, text);

	if (bits < 0)
		return -EINVAL;
	network->bits = (unsigned int)bits;
	for (int i = 0; i < 16; i++) {
		int whole = bits - 8 * i;
		uint8_t mask = (uint8_t)(whole >= 8 ? 0xff : whole <= 0 ? 0 : 0xff << (8 - whole));

		network->low[i] = address[i] & mask;
		network->high[i] = (uint8_t)(address[i] | (uint8_t)~mask);
	}
	return memcmp(network->low, address, sizeof(address)) ? -ERANGE : 0;
}

static int port_of(const char *digits)
{
	size_t length = strlen(digits);

	if (!length || length > 5 || strspn(digits, "0123456789") != length)
		return -1;
	return strtol(digits, NULL, 10) <= UINT16_MAX ? (int)strtol(digits, NULL, 10) : -1;
}

void na_split_authority(char *authority, int *port)
{
	char *bracket = authority[0] == '[' ? strchr(authority, ']') : NULL;
	char *colon = bracket ? bracket + 1 : strchr(authority, ':');

	*port = -1;
	if (colon && *colon == ':' && !strchr(colon + 1, ':')) {
		*port = port_of(colon + 1);
		*colon = '\0';
	}
	if (bracket) {
		*bracket = '\0';
		memmove(authority, authority + 1, strlen(authority));
	}
}
