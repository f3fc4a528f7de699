/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the daemon for a record. */
#ifndef NETAUDIT_CLI_REQUEST_H
#define NETAUDIT_CLI_REQUEST_H

#include <jansson.h>

#include "cli/cli.h"

/*
 * Leaves the request and waits until the daemon has taken it. With no daemon running it stays for the next start, and
 * that is said. Releases `request`. Returns an exit code.
 */
int na_cli_request(const struct na_cli *cli, json_t *request);

#endif
