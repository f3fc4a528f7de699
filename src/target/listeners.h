/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which TCP ports a network namespace listens on, read once per namespace from /proc/PID/net/tcp and tcp6. */
#ifndef NETAUDIT_TARGET_LISTENERS_H
#define NETAUDIT_TARGET_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

struct na_listeners;

int na_listeners_create(struct na_listeners **listeners);
void na_listeners_destroy(struct na_listeners *listeners);

/* `pid` is any process in that namespace. False also when its tables cannot be read. */
bool na_listeners_has(struct na_listeners *listeners, uint32_t pid, uint32_t net_namespace, uint16_t port);

#endif
