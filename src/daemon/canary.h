/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canary: a process that makes a real TCP connection and real datagrams every few minutes, where nobody else can
 * be, so that the observer can tell whether the kernel still tells of them (observer_canary.c).
 *
 * It begins once the observer has said that it listens for this process. The counters of a round are in shared memory.
 */
#ifndef NETAUDIT_DAEMON_CANARY_H
#define NETAUDIT_DAEMON_CANARY_H

#include <netaudit/control.h>

#include "daemon/canary_sockets.h"

struct na_canary_context {
	struct na_shared *shared;
	const struct na_canary_sockets *sockets;
	int stop_fd;
	uint32_t period_seconds;
	uint64_t generation;
};

/* What the client of round `round` sends, and what it is answered: different in each of a few rounds. */
static inline uint32_t na_canary_bytes_out(uint64_t round)
{
	return 64 + (uint32_t)(round % 64);
}

static inline uint32_t na_canary_bytes_in(uint64_t round)
{
	return 2 * na_canary_bytes_out(round);
}

/* Until stop_fd is readable. Returns the exit status. */
int na_canary_process(const struct na_canary_context *context);

#endif
