/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When each setting was changed last, by the `config` records. */
#ifndef NETAUDIT_CLI_CONFIG_CHANGES_H
#define NETAUDIT_CLI_CONFIG_CHANGES_H

#include "cli/cli.h"

struct na_setting_change {
	int64_t seq, t;		/* of the record; 0: it never was */
	char before[192];	/* its value until then, escaped */
};

/*
 * `changes` is by number of the setting, zeroed. Returns 0, -ENOENT (no journal), -EACCES, or another negative errno.
 */
int na_config_changes(struct na_cli *cli, struct na_setting_change *changes);

#endif
