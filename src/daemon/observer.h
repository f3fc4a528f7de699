/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The observer process: drains the kernel, puts events in order, names who did it, and hands
 * canonical records to the journal's queue. One thread.
 */
#ifndef NETAUDIT_DAEMON_OBSERVER_H
#define NETAUDIT_DAEMON_OBSERVER_H

#include <stdint.h>

#include <netaudit/control.h>
#include "base/queue.h"
#include "capture/capture.h"
#include "classify/catalogue.h"
#include "daemon/config.h"

/* All borrowed, and alive for as long as the process is. */
struct na_observer_context {
	const struct na_config *config;
	const struct na_catalogue *catalogue;
	struct na_capture *capture;
	struct na_queue *queue;
	struct na_shared *shared;
	int stop_fd;		/* readable: drain once more, queue the rest, return */
	uint64_t generation;	/* 0: first start */
	const uint8_t *fingerprint_key;	/* NA_FINGERPRINT_KEY_BYTES */
	int probe_channel;	/* probe_channel.h: where probes are asked for */
};

/* Returns the exit status: 0 after a clean stop, 1 after an error that was logged. */
int na_observer_process(const struct na_observer_context *context);

#endif
