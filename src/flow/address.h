/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of an event as text. */
#ifndef NETAUDIT_FLOW_ADDRESS_H
#define NETAUDIT_FLOW_ADDRESS_H

#include <stdint.h>

#define NA_ADDRESS_TEXT_BYTES 64

/*
 * Writes the address part ("192.0.2.1", "2001:db8::1", "cid:2", "interface:2/02:00:00:00:00:01") and
 * returns the port, or -1 where the family has none. Layouts: include/netaudit/event.h, bpf/other.h.
 */
int64_t na_address_text(char out[NA_ADDRESS_TEXT_BYTES], unsigned int family, const uint8_t address[16], uint16_t port);

#endif
