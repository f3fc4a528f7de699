/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record as one line.
 *
 * On a terminal the cells are padded to columns and coloured; in a pipe they are separated by one
 * tab and nothing else is added, so `cut -f` works. Every cell is escaped text.
 */
#ifndef NETAUDIT_CLI_TABLE_H
#define NETAUDIT_CLI_TABLE_H

#include <stdio.h>

#include "cli/cli.h"
#include "reader/query.h"

/* Order, title and width on a terminal; the last column is as wide as it needs to be. */
#define NA_TABLE_COLUMNS(X) \
	X(SEQ,       "SEQ",       8) \
	X(TIME,      "TIME",      23) \
	X(KIND,      "KIND",      9) \
	X(DIRECTION, "",          2) \
	X(CHANNEL,   "CHANNEL",   10) \
	X(PROCESS,   "PROCESS",   20) \
	X(WORKER,    "WORKER",    10) \
	X(AUTHOR,    "ADD-ON",    16) \
	X(WHERE,     "SOURCE > DESTINATION", 44) \
	X(RESULT,    "RESULT",    12) \
	X(BYTES,     "OUT/IN",    13) \
	X(DURATION,  "DURATION",  0)

enum na_table_column {
#define X(symbol, title, width) NA_TABLE_##symbol,
	NA_TABLE_COLUMNS(X)
#undef X
	NA_TABLE_COUNT
};

void na_table_header(const struct na_cli *cli, FILE *out);
void na_table_row(const struct na_cli *cli, FILE *out, const struct na_stored_row *row);

#endif
