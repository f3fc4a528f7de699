/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two clocks of the project and the conversion between them.
 *
 * Boottime (nanoseconds since boot, suspend included) orders events and is never stepped; wall
 * time (microseconds since 1970, UTC) is what people read and may be stepped at any moment.
 */
#ifndef NETAUDIT_BASE_CLOCK_H
#define NETAUDIT_BASE_CLOCK_H

#include <stdint.h>

#define NA_NS_PER_SECOND UINT64_C(1000000000)
#define NA_NS_PER_MS UINT64_C(1000000)
#define NA_NS_PER_US UINT64_C(1000)

/* Both clocks read together: wall_us is what the wall clock said at boottime_ns. */
struct na_clock_pair {
	uint64_t boottime_ns;
	int64_t wall_us;
};

uint64_t na_boottime_ns(void);
int64_t na_wall_us(void);

/* Reads the pair within a few hundred nanoseconds, also when preempted in between. */
struct na_clock_pair na_clock_read(void);

/* The wall time at `boottime_ns`, had the wall clock run undisturbed between it and `pair`. */
int64_t na_clock_wall_us(const struct na_clock_pair *pair, uint64_t boottime_ns);

/*
 * How far the wall clock was stepped between two readings, in microseconds (positive: forward).
 * Slewing shows here too: callers ignore what is small against the time that passed.
 */
int64_t na_clock_step_us(const struct na_clock_pair *earlier, const struct na_clock_pair *later);

#endif
