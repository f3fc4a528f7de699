/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, networks and authorities as text. */
#ifndef NETAUDIT_BASE_NETWORK_H
#define NETAUDIT_BASE_NETWORK_H

#include <stdint.h>

/* Sixteen bytes; of IPv4 behind the prefix of mapped addresses. Returns 0 or -EINVAL. */
int na_address_parse(uint8_t address[16], const char *text);

/*
 * "192.0.2.0/24", "2001:db8::/32", or an address. `low` and `high` are its first and last address, `bits` of its prefix
 * are of 128. Returns 0, -EINVAL, or -ERANGE where bits are set behind the prefix.
 */
struct na_network {
	uint8_t low[16], high[16];
	unsigned int bits;
};
int na_network_parse(struct na_network *network, const char *text);

/* "name:port" or "[address]:port" into its two parts: `port` is below 0 when there is none. */
void na_split_authority(char *authority, int *port);

#endif
