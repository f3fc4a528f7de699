/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What is kept of one DNS message, in the kernel and beyond. Shared by the parser (bpf/dns.h), which is also compiled
 * for user space to be tested, and whoever reads its events.
 */
#ifndef NETAUDIT_DNS_H
#define NETAUDIT_DNS_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define NA_DNS_NAME_BYTES 256	/* a name has at most 253 characters, and here its end */
#define NA_DNS_ADDRESSES 16	/* of an answer: the first */

/* Of RFC 1035 and 3596; the others are only numbers here. */
enum na_dns_type {
	NA_DNS_A = 1,
	NA_DNS_AAAA = 28,
};

#define NA_DNS_INTERNET 1	/* the class */

enum na_dns_flags {
	NA_DNS_RESPONSE = 1 << 0,
	NA_DNS_TRUNCATED = 1 << 1,	/* says of itself that it is: it will be asked again over TCP */
	NA_DNS_CUT = 1 << 2,		/* not all of its records were looked at, or understood */
};

/* One question with, in a response, what was answered. Text is untrusted printable ASCII in lower case. */
struct na_dns {
	__u32 bytes;			/* of the message */
	__u32 ttl_s;			/* the smallest of the addresses' */
	__u16 id;
	__u16 type, class;		/* asked for */
	__u16 name_bytes;
	__u8 code;			/* of a response */
	__u8 flags;			/* enum na_dns_flags */
	__u8 address_count;
	__u8 reserved;
	__u8 addresses[NA_DNS_ADDRESSES][16];	/* of all A and AAAA records of the answer, IPv4 as v4-mapped */
	char name[NA_DNS_NAME_BYTES];	/* asked for; labels joined by '.', "." is the root, NUL after it */
};

#endif
