/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which names DNS answers gave to which address, in each network namespace. That an address has one name says nothing
 * of others it may have. Bounded: the address that was answered longest ago makes room, and is counted. One thread.
 */
#ifndef NETAUDIT_FLOW_HOSTS_H
#define NETAUDIT_FLOW_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/dns.h>
#include "base/clock.h"

#define NA_HOSTS_MOST 16384	/* addresses */
#define NA_HOST_NAMES 4		/* of each: the newest */
/* A program may use what it was told for longer than it was told to, and a cache gives it without a question. */
#define NA_HOST_LEAST_NS (300 * NA_NS_PER_SECOND)
#define NA_HOST_LONGEST_NS (24 * 3600 * NA_NS_PER_SECOND)

struct na_host_names {
	const char *name[NA_HOST_NAMES];	/* untrusted text, the newest first */
	size_t count;
};

struct na_hosts;

/* 0 or -ENOMEM. */
int na_hosts_create(struct na_hosts **hosts);
void na_hosts_destroy(struct na_hosts *hosts);

/* An answer arrived. Without memory it is as if none had. */
void na_hosts_answer(struct na_hosts *hosts, uint32_t net_namespace, const struct na_dns *dns, uint64_t time_ns);
/* What an address was called at a time; NULL: not known. Valid until the next call of any of these. */
const struct na_host_names *na_hosts_of(struct na_hosts *hosts, uint32_t net_namespace, const uint8_t address[16],
					uint64_t time_ns);
/* Whether one of them is `name`, which may be without the domain that resolvers add to a single word. */
bool na_host_is_named(const struct na_host_names *names, const char *name);
/* Addresses and names that had to make room. */
uint64_t na_hosts_evicted(const struct na_hosts *hosts);

#endif
