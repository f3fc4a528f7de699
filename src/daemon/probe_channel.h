/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attach on request: the observer, which reads what audited processes have in their memory and files, asks; the
 * supervisor, which may attach, does it after having looked at nothing but a descriptor's status.
 *
 * A pair of sockets, new for every observer. A request for the file behind a descriptor that comes with it; the answer
 * is the same message with its result. Asking twice for the same is answered with success. What is attached stays so
 * when an observer dies: the next one inherits the list (na_capture_disown_probes()).
 */
#ifndef NETAUDIT_DAEMON_PROBE_CHANNEL_H
#define NETAUDIT_DAEMON_PROBE_CHANNEL_H

#include <stdint.h>

#include <netaudit/control.h>

#include "capture/probes.h"

enum na_probe_request { NA_PROBE_ATTACH, NA_PROBE_RELEASE, NA_PROBE_REQUESTS };

struct na_probe_message {
	uint32_t request;	/* enum na_probe_request */
	int32_t result;		/* of an answer: 0 or negative errno */
	struct na_probe probe;
};

/* [0] is the supervisor's end, [1] the observer's; an earlier pair is closed. 0 or negative errno. */
int na_probe_channel_renew(int ends[2]);

/* The supervisor's side: answers what waits, at most a few requests, so that nothing else does. Never blocks. */
void na_probe_channel_serve(int end, struct na_capture *capture, struct na_shared *shared);

/*
 * The observer's side. `file` is sent along to attach, and stays the caller's. 0, -EAGAIN when there is no room now, or
 * negative errno.
 */
int na_probe_channel_ask(int end, enum na_probe_request request, const struct na_probe *probe, int file);
/* One answer. 0, -EAGAIN when there is none, or negative errno. */
int na_probe_channel_hear(int end, struct na_probe_message *answer);

#endif
