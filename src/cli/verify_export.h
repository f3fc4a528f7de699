/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netaudit verify on an export instead of a journal. */
#ifndef NETAUDIT_CLI_VERIFY_EXPORT_H
#define NETAUDIT_CLI_VERIFY_EXPORT_H

#include "cli/cli.h"
#include "reader/export_check.h"

/* Checks it and prints what came out. Returns enum na_cli_exit. */
int na_verify_export(const struct na_cli *cli, const struct na_export_options *options);

#endif
