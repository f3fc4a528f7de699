/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sd_notify(3) protocol: one datagram of "NAME=value" lines to the socket that systemd names.
 */
#ifndef NETAUDIT_DAEMON_NOTIFY_H
#define NETAUDIT_DAEMON_NOTIFY_H

#include <stdint.h>

struct na_notify {
	int fd;			/* -1: nobody wants to know */
	uint64_t watchdog_ns;	/* how often to say WATCHDOG=1 (half of what is asked for); 0: never */
	uint64_t next_watchdog_ns;
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and connects. Without them, everything below does nothing. */
void na_notify_open(struct na_notify *notify);

/* Never blocks and never fails: what systemd did not get it asks for by its own timeouts. */
void na_notify_send(const struct na_notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says WATCHDOG=1 when it is time. */
void na_notify_watchdog(struct na_notify *notify, uint64_t now_ns);

#endif
