/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's status for people. `status` is a parsed RUN_DIR/status.json throughout.
 */
#ifndef NETAUDIT_CLI_STATUS_TEXT_H
#define NETAUDIT_CLI_STATUS_TEXT_H

#include <jansson.h>
#include <stdint.h>

#include "cli/cli.h"

enum na_daemon_state { NA_DAEMON_RUNNING, NA_DAEMON_STALE, NA_DAEMON_STOPPED };

#define NA_STATUS_COMPONENTS 5

extern const char *const na_components[NA_STATUS_COMPONENTS];
extern const struct na_daemon_state_text {
	const char *word;
	enum na_colour colour;
} na_daemon_states[];

/* A number of one process of the daemon; 0 when it is not there. */
int64_t na_status_component(const json_t *status, const char *name, const char *key);

/* Since the daemon wrote it; negative when that was before the machine was started again. */
double na_status_age_s(const json_t *status);

/* `before` is an older sample to compute rates from, or NULL. */
/* status.json. Returns 0 and the parsed file, -EBADMSG when it is not what the daemon writes, or negative errno. */
int na_status_load(const struct na_cli *cli, json_t **status);
/* Whether the daemon that wrote it is still alive. */
enum na_daemon_state na_status_judge(const json_t *status);

void na_status_print(const struct na_cli *cli, const json_t *status, enum na_daemon_state state, const json_t *before);

#endif
