/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracefs, which the classic tracepoints of system calls and the return probes need. */
#ifndef NETAUDIT_CAPTURE_TRACEFS_H
#define NETAUDIT_CAPTURE_TRACEFS_H

/*
 * Makes sure that this process sees tracefs. Where the host has it mounted nothing happens; else it is mounted in a
 * mount namespace of this process's own (mounts made on the host later still arrive). Call before there are threads.
 * Returns 0 or negative errno; without it the backends that need none can still be attached.
 */
int na_tracefs_ensure(void);

#endif
