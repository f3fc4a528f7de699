/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RUN_DIR/settings.json: the settings in force, and who set each, for `netaudit config`. Written at the start and at
 * each SIGHUP; everybody may read it.
 */
#ifndef NETAUDIT_DAEMON_SETTINGS_FILE_H
#define NETAUDIT_DAEMON_SETTINGS_FILE_H

#include <jansson.h>

#include "daemon/config.h"

#define NA_SETTINGS_FILE "settings.json"

/*
 * {"file": PATH, "settings": [{"setting": "capture.scope", "value": "host", "default": "odoo", "live": false,
 * "from": "file", "file": PATH, "line": N}, ...]}; "from" is "default", "file" or "option". NULL: out of memory.
 */
json_t *na_settings_json(const struct na_config *config);

/* Failing is logged: the audit does not depend on it. */
void na_settings_write(int run_fd, const struct na_config *config);

#endif
