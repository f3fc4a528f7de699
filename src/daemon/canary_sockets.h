/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canary's sockets, made once, before anything is confined: in a network namespace of their own that no process is
 * in and nothing leads out of. The canary gets them as they are, and can make none.
 */
#ifndef NETAUDIT_DAEMON_CANARY_SOCKETS_H
#define NETAUDIT_DAEMON_CANARY_SOCKETS_H

#include <stdint.h>

#define NA_CANARY_PORT 7		/* of the listener and of the datagram socket that answers; echo (RFC 862) */

struct na_canary_sockets {
	int listener;		/* TCP, listening on 127.0.0.1 */
	int client;		/* TCP, connected anew for each exchange */
	int asks, answers;	/* UDP; `answers` has the port */
	uint64_t net_namespace;	/* its inode number, as events have it */
};

/* Needs CAP_SYS_ADMIN and CAP_NET_ADMIN. Returns 0 or negative errno; then all descriptors are -1. */
int na_canary_sockets_make(struct na_canary_sockets *sockets);
void na_canary_sockets_close(struct na_canary_sockets *sockets);

#endif
