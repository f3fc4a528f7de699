/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the boottime and the wall clock. */
#include "base/clock.h"

#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	/* Both clocks exist on every kernel the daemon runs on; the call cannot fail otherwise. */
	if (clock_gettime(id, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * NA_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t na_boottime_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

int64_t na_wall_us(void)
{
	return (int64_t)(clock_ns(CLOCK_REALTIME) / NA_NS_PER_US);
}

struct na_clock_pair na_clock_read(void)
{
	struct na_clock_pair best = { 0 };
	uint64_t best_width = UINT64_MAX;

	/* The narrowest of a few brackets: a preemption inside one only makes that one wide. */
	for (int attempt = 0; attempt < 4; attempt++) {
		uint64_t before = na_boottime_ns();
		int64_t wall = na_wall_us();
		uint64_t width = na_boottime_ns() - before;

		if (width < best_width) {
			best_width = width;
			best.boottime_ns = before + width / 2;
			best.wall_us = wall;
		}
	}
	return best;
}

int64_t na_clock_wall_us(const struct na_clock_pair *pair, uint64_t boottime_ns)
{
	if (boottime_ns >= pair->boottime_ns)
		return pair->wall_us + (int64_t)((boottime_ns - pair->boottime_ns) / NA_NS_PER_US);
	return pair->wall_us - (int64_t)((pair->boottime_ns - boottime_ns) / NA_NS_PER_US);
}

int64_t na_clock_step_us(const struct na_clock_pair *earlier, const struct na_clock_pair *later)
{
	return later->wall_us - na_clock_wall_us(earlier, later->boottime_ns);
}
