/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGHUP: settings are read again, and those that may change while the daemon runs do. The kernel obeys first, then
 * the journal records what changed. Others stay as they are, and a line says so. The catalogue is read again by the
 * observer, who uses it and records what changed; the supervisor follows, for the status and for later processes.
 */
#ifndef NETAUDIT_DAEMON_RELOAD_H
#define NETAUDIT_DAEMON_RELOAD_H

#include "daemon/component.h"

/* Reads all settings as at the start. 0, or what it could not was logged. */
struct na_settings_source {
	int (*read)(const void *context, struct na_config *config);
	const void *context;
};

/* Everything that comes of it is logged. */
void na_reload(struct na_daemon *daemon, const struct na_settings_source *source);

/* The observer has put another catalogue in force. What cannot be read is logged, and what was stays. */
void na_reload_catalogue(struct na_daemon *daemon);

#endif
