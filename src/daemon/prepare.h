/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes all that the supervisor holds (struct na_daemon) and then gives up what it no longer needs.
 */
#ifndef NETAUDIT_DAEMON_PREPARE_H
#define NETAUDIT_DAEMON_PREPARE_H

#include "daemon/component.h"

/*
 * Shared memory, queue, descriptors, the capture in the kernel, and last the supervisor's own
 * sandbox. Returns 0, or the exit code to leave with and *error set; call na_prepare_undo() either way.
 */
int na_prepare(struct na_daemon *daemon, const struct na_config *config, const struct na_startup *startup,
	       struct na_error *error);
void na_prepare_undo(struct na_daemon *daemon);

/* What the settings name, read and checked. 0 or negative errno. */
int na_prepare_catalogue(struct na_catalogue **catalogue, const struct na_config *config, struct na_error *error);

/* A new pair of sockets between journal and signer; whoever has the old one sees its end. 0 or negative errno. */
int na_prepare_signer_socket(struct na_daemon *daemon);

#endif
