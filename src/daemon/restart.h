/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a component that ended is started again, and when the daemon gives up.
 *
 * A component that had become ready is started again at once (after 0.1 s when it lived less than
 * a second). One that ends before it is ready waits longer each time, up to 5 s; the fifth time in
 * a row ends the daemon, except after a SIGKILL (somebody did that) and, once the journal has
 * worked, after I/O errors: a full disk must not end the capture.
 */
#ifndef NETAUDIT_DAEMON_RESTART_H
#define NETAUDIT_DAEMON_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include <netaudit/control.h>

#define NA_RESTART_ATTEMPTS 5

/* Kept per component, zero at first. */
struct na_restart_state {
	unsigned int unready_ends;	/* in a row */
	unsigned int counted_ends;	/* of these, the ones that count towards giving up */
	bool was_ever_ready;
};

struct na_restart_decision {
	bool give_up;
	int exit_code;		/* of the daemon, when giving up: enum na_exit_code */
	bool explained;		/* the component has logged why by itself */
	uint64_t delay_ns;	/* before the next start */
};

/* `wait_status` as from wait(2); `became_ready` and `lived_ns` are of the life that ended. */
struct na_restart_decision na_restart_decide(struct na_restart_state *state, enum na_component component,
					     int wait_status, bool became_ready, uint64_t lived_ns);

#endif
