/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process of the daemon gives up before it works: user, capabilities, system calls.
 *
 * The promise behind it: after start-up no process of ours can open an internet socket, whatever a
 * bug in it lets others do. io_uring and taking another process's descriptors are refused with it,
 * because they lead around socket(2). A refused call fails with EPERM and is logged by the kernel
 * where auditing is on.
 */
#ifndef NETAUDIT_DAEMON_SANDBOX_H
#define NETAUDIT_DAEMON_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

#include <netaudit/control.h>

#include "base/error.h"

/* The user a component runs as. */
struct na_identity {
	uid_t uid;
	gid_t gid;
};

/*
 * Becomes `identity` with exactly the component's capabilities (effective, permitted and bounding),
 * without supplementary groups, for good. Returns 0 or negative errno.
 */
int na_sandbox_privileges(enum na_component component, const struct na_identity *identity, struct na_error *error);

/* Not a component of the daemon: who reads for others (src/cli/reader.c). It may open files for reading only. */
#define NA_SANDBOX_READER NA_COMPONENTS
/* Nor these (src/web/): who speaks HTTP opens no file and makes no socket; who starts readers does nothing else. */
#define NA_SANDBOX_WEB (NA_COMPONENTS + 1)
#define NA_SANDBOX_SPAWNER (NA_COMPONENTS + 2)

/*
 * Installs the component's system call filter and forbids gaining privileges. Filters add up over
 * fork: a child has its parent's and its own. Returns 0 or negative errno.
 */
int na_sandbox_system_calls(enum na_component component, struct na_error *error);

#endif
