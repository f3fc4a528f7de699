/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Settings that the kernel's programs obey, and that may change while they run: what is not to be taken notice of. */
#ifndef NETAUDIT_SWITCHES_H
#define NETAUDIT_SWITCHES_H

#include <netaudit/message.h>

/* Bits of na_switches.disabled: channels of datagrams and unix sockets; what is said in DNS; protocols of messages. */
#define NA_DISABLED_DNS (1U << 0)
#define NA_DISABLED_UDP (1U << 1)
#define NA_DISABLED_ICMP (1U << 2)
#define NA_DISABLED_RAW (1U << 3)
#define NA_DISABLED_UNIX (1U << 4)
#define NA_DISABLED_VSOCK (1U << 5)
#define NA_DISABLED_MESSAGES(protocol) (1U << (8 + (protocol)))	/* enum na_protocol */

/* As sixteen bytes in memory: an address is in it where (address & mask) == low. None is in one that is not used. */
struct na_trusted {
	__u64 low[2];
	__u64 mask[2];
};

#define NA_TRUSTED_MOST 8

struct na_switches {
	__u32 off;		/* nothing begins, and nothing is said */
	__u32 strict;		/* of messages only who talked to whom, when, and how much */
	__u32 disabled;		/* NA_DISABLED_… */
	__u32 reserved;
	struct na_trusted proxies[NA_TRUSTED_MOST];	/* whose X-Forwarded-For is taken */
};

#endif
