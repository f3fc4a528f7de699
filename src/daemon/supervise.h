/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor: makes what the processes share, loads the capture, starts the three children,
 * starts them again when they end, and stops them in order (observer, journal, signer).
 *
 * It parses nothing from outside. Killing it ends the children; killing a child detaches nothing.
 */
#ifndef NETAUDIT_DAEMON_SUPERVISE_H
#define NETAUDIT_DAEMON_SUPERVISE_H

#include "daemon/config.h"
#include "daemon/reload.h"
#include "daemon/startup.h"

/* Runs until SIGTERM or SIGINT, or until it must give up. Returns enum na_exit_code; what failed was logged. */
int na_supervise(const struct na_config *config, const struct na_startup *startup,
		 const struct na_settings_source *source);

#endif
