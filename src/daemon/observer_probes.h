/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The observer's list of probes in program files: who uses them, whether the supervisor has attached them, and when
 * they are let go. One thread.
 */
#ifndef NETAUDIT_DAEMON_OBSERVER_PROBES_H
#define NETAUDIT_DAEMON_OBSERVER_PROBES_H

#include <stdint.h>

#include <netaudit/control.h>

#include "capture/probes.h"

struct na_probes;

/*
 * `end` is the observer's end of the channel. What is attached already is taken over, unused. Of what `allowed` (enum
 * na_config_probes) lacks nothing is asked for. 0 or -ENOMEM.
 */
int na_probes_create(struct na_probes **probes, int end, uint32_t allowed, struct na_capture *capture,
		     struct na_shared *shared);
void na_probes_destroy(struct na_probes *probes);

/* Opens the file that the probes are in: a descriptor, closed by the callee, or negative errno. */
typedef int na_probe_open_fn(void *context);

/* One more process has the file with this probe mapped; it is asked for when it is not attached yet. */
void na_probes_use(struct na_probes *probes, const struct na_probe *probe, na_probe_open_fn *open, void *context);
/* One process more, or less, uses all probes of a slot in this file that are there. */
void na_probes_share(struct na_probes *probes, uint64_t slot, uint64_t device, uint64_t inode);
void na_probes_leave(struct na_probes *probes, uint64_t slot, uint64_t device, uint64_t inode);

/* The channel is readable. */
void na_probes_hear(struct na_probes *probes);
/* Once a second: lets go what nobody has used for a while. */
void na_probes_tick(struct na_probes *probes, uint64_t now_ns);

#endif
