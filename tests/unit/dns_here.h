/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's parser of DNS messages, compiled for this process: one slot. */
#ifndef NETAUDIT_TESTS_DNS_HERE_H
#define NETAUDIT_TESTS_DNS_HERE_H

#include <linux/types.h>
#include <stdbool.h>
#include <string.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

struct na_dns_work;
static struct na_dns_work *na_dns_work_of(__u32 slot);
int na_dns_name(__u32 slot);
int na_dns_owner(__u32 slot);
int na_dns_record(__u32 slot);
int na_dns_step(__u32 slot);

#include "../../bpf/dns.h"

static struct na_dns_work dns_work;

static struct na_dns_work *na_dns_work_of(__u32 slot)
{
	return slot ? NULL : &dns_work;
}

/* As the program does it: only so much is copied. Whether it is DNS; then *dns is what it says. */
static inline bool dns_read(struct na_dns *dns, const void *message, size_t bytes)
{
	bool is_dns;

	memset(&dns_work, 0, sizeof(dns_work));
	dns_work.dns.bytes = (__u32)bytes;
	dns_work.filled = bytes < NA_DNS_COPIED_BYTES ? bytes : NA_DNS_COPIED_BYTES;
	memcpy(dns_work.message, message, dns_work.filled);
	is_dns = na_dns_run(&dns_work, 0);
	*dns = dns_work.dns;
	return is_dns;
}

#endif
