/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting one of the children: fork, name, user, capabilities, filter, then its entry point.
 */
#ifndef NETAUDIT_DAEMON_COMPONENT_H
#define NETAUDIT_DAEMON_COMPONENT_H

#include <sys/types.h>

#include <netaudit/control.h>

#include "base/queue.h"
#include "capture/capture.h"
#include "classify/catalogue.h"
#include "daemon/canary_sockets.h"
#include "daemon/config.h"
#include "daemon/digest.h"
#include "daemon/fingerprint_key.h"
#include "daemon/notify.h"
#include "daemon/startup.h"
#include "daemon/status.h"

/* Exit status of a child that could not get as far as its entry point; one line was logged. */
#define NA_COMPONENT_EXIT_SETUP 71

/* What the supervisor holds for as long as the daemon runs, and children inherit. */
struct na_daemon {
	const struct na_config *config;
	struct na_config changed_config;	/* `config` points here once it was changed while running */
	struct na_startup startup;
	struct na_facts facts;
	char settings[NA_CONFIG_TEXT_BYTES];	/* na_config_text() */
	char config_hash[NA_DIGEST_HEX_BYTES];	/* of it */
	struct na_fingerprint_keys fingerprint;
	struct na_catalogue *catalogue;
	struct na_capture *capture;
	struct na_queue *queue;
	struct na_shared *shared;
	struct na_canary_sockets canary;	/* all -1: there is none */
	struct na_notify notify;
	int signal_fd;
	int signer_socket[2];		/* the journal's end, the signer's end */
	int probe_channel[2];		/* probe_channel.h: the supervisor's end, the observer's */
	int stop_fd[NA_COMPONENTS];	/* eventfds; the supervisor's own is not used */
};

/* "observer", "journal", "signer". */
const char *na_component_name(enum na_component component);

/* Forks. Returns the child's pid, or negative errno. The child never returns. */
pid_t na_component_start(const struct na_daemon *daemon, enum na_component component, uint64_t generation);

#endif
