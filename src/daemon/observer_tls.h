/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which copies of OpenSSL the processes in scope have mapped, or are likely to load: each is probed once, for as long
 * as one of them has it. One thread.
 */
#ifndef NETAUDIT_DAEMON_OBSERVER_TLS_H
#define NETAUDIT_DAEMON_OBSERVER_TLS_H

#include <netaudit/event.h>

#include "daemon/observer_probes.h"

struct na_tls_libraries;

int na_tls_libraries_create(struct na_tls_libraries **libraries, struct na_probes *probes);	/* 0 or -ENOMEM */
void na_tls_libraries_destroy(struct na_tls_libraries *libraries);

/* Looks through what a process has mapped, unless it did so less than a second ago. */
void na_tls_libraries_look(struct na_tls_libraries *libraries, uint32_t pid, uint64_t start_ns);
/* The same again for those that were met lately and may have loaded more; once a second. */
void na_tls_libraries_tick(struct na_tls_libraries *libraries);
/* An exec or exit: what the process had mapped it has no longer. */
void na_tls_libraries_forget(struct na_tls_libraries *libraries, uint32_t pid);

#endif
