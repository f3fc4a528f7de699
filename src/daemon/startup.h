/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold before anything is loaded or forked, checked in one order, each with one line and
 * one exit code (exit_codes.h).
 */
#ifndef NETAUDIT_DAEMON_STARTUP_H
#define NETAUDIT_DAEMON_STARTUP_H

#include "base/error.h"
#include "daemon/config.h"
#include "daemon/sandbox.h"

#define NA_STARTUP_PATH_BYTES (NA_CONFIG_PATH_BYTES + 32)

/* What the checks found out; the lock is held until the last process that inherited it is gone. */
struct na_startup {
	struct na_identity journal;
	struct na_identity signer;
	char journal_dir[NA_STARTUP_PATH_BYTES];	/* state_dir/journal, 0700, the journal's user */
	char signer_dir[NA_STARTUP_PATH_BYTES];		/* state_dir/signer, 0700, the signer's user */
	int run_fd;					/* run_dir, for status.json */
	int lock_fd;
};

/* Returns 0, or the exit code to leave with and *error set. */
int na_startup_check(struct na_startup *startup, const struct na_config *config, struct na_error *error);

#endif
