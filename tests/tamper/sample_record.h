/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record of the shape of a `close`, for journals that are made rather than captured: tests and benchmarks. */
#ifndef NETAUDIT_TESTS_SAMPLE_RECORD_H
#define NETAUDIT_TESTS_SAMPLE_RECORD_H

#include <sys/types.h>

#include "base/clock.h"
#include "journal/canonical.h"

/* About 450 bytes of canonical record in `buffer`. Returns their number, or a negative errno. */
static inline ssize_t na_sample_record(uint8_t *buffer, size_t capacity, uint64_t number)
{
	struct na_canonical c;
	struct na_clock_pair now = na_clock_read();

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_integer(&c, "bytes_in", (int64_t)(number * 37 % 100000));
	na_canonical_integer(&c, "bytes_out", (int64_t)(number * 11 % 100000));
	na_canonical_string(&c, "channel", "https");
	na_canonical_string(&c, "comm", "odoo-bin");
	na_canonical_string(&c, "direction", "outbound");
	na_canonical_integer(&c, "dport", 443);
	na_canonical_string(&c, "dst", "203.0.113.17");
	na_canonical_integer(&c, "duration_us", 18250);
	na_canonical_id(&c, "flow", number);
	na_canonical_string(&c, "host", "api.vendor.example.com");
	na_canonical_string(&c, "instance", "odoo-production");
	na_canonical_string(&c, "kind", "close");
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "pid", 4711);
	na_canonical_integer(&c, "retransmits", 0);
	na_canonical_integer(&c, "rtt_us", 812);
	na_canonical_integer(&c, "sport", 40000 + (int64_t)(number % 20000));
	na_canonical_string(&c, "src", "192.0.2.4");
	na_canonical_integer(&c, "t", now.wall_us);
	na_canonical_integer(&c, "tb", (int64_t)(now.boottime_ns / NA_NS_PER_US));
	na_canonical_integer(&c, "uid", 107);
	na_canonical_string(&c, "worker", "http");
	return na_canonical_end(&c);
}

#endif
