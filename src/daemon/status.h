/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RUN_DIR/status.json: what `netaudit status` shows, written by the supervisor once a second.
 *
 * Numbers are those of struct na_shared under their own names; documented in netaudit-bpf.8.
 */
#ifndef NETAUDIT_DAEMON_STATUS_H
#define NETAUDIT_DAEMON_STATUS_H

#include <stdint.h>

#include <netaudit/control.h>

#include "base/queue.h"
#include "daemon/config.h"

#define NA_STATUS_FILE "status.json"

/* What does not change while the daemon runs. Text belongs to the caller. */
struct na_facts {
	const char *version;
	const char *backend;
	const char *programs;	/* which build of them */
	const char *fallback_reason;
	const char *hooks;
	const char *missing_hooks;
	const char *config_hash, *catalogue_hash;
	const char *binary_hash;
	const char *journal_dir;
	int64_t started_us;
	uint64_t started_boottime_ns;
	int uncounted_misses;
};

/* Replaces the file in the folder `run_fd`; everybody may read it: counters and hashes only. 0 or negative errno. */
int na_status_write(int run_fd, const struct na_facts *facts, const struct na_config *config,
		    const struct na_shared *shared, const struct na_queue *queue, const char *state);

#endif
