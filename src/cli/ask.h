/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has the reader run a command, for people who may not open the journal themselves (docs/readers.md). */
#ifndef NETAUDIT_CLI_ASK_H
#define NETAUDIT_CLI_ASK_H

#include <stdbool.h>

#include "cli/cli.h"

/*
 * Whether the reader is to be asked: the journal is not ours to open, a reader is there, and it serves such a
 * command.
 */
bool na_ask_is_for_reader(const struct na_cli *cli, int argc, char **argv);

/* Runs argv[0], the command, with its arguments there. What it prints is printed here. Returns enum na_cli_exit. */
int na_ask_reader(const struct na_cli *cli, int argc, char **argv);

#endif
