/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the rollup about calls that may hide what they carry.
 *
 *	opaque		TLS nobody could see into, outbound: like rollup, without instance and chain
 *	dns_content	names asked for that look like data (dns_content.h), by hour, name and add-on
 */
#ifndef NETAUDIT_JOURNAL_ROLLUP_HIDDEN_H
#define NETAUDIT_JOURNAL_ROLLUP_HIDDEN_H

#include <sqlite3.h>
#include <stdint.h>

#include "journal/index_row.h"

extern const char na_rollup_hidden_schema[];

enum na_rollup_hidden_statement {
	NA_HIDDEN_OPAQUE, NA_HIDDEN_DNS, NA_HIDDEN_FORGET_OPAQUE, NA_HIDDEN_FORGET_DNS, NA_HIDDEN_STATEMENTS
};

struct na_rollup_hidden {
	sqlite3_stmt *statement[NA_HIDDEN_STATEMENTS];
};

/* Each returns 0 or negative errno. */
int na_rollup_hidden_open(struct na_rollup_hidden *hidden, sqlite3 *db);
void na_rollup_hidden_close(struct na_rollup_hidden *hidden);
/* The counters of a flow, as rollup adds them; others than opaque outbound ones are left alone. */
int na_rollup_hidden_flow(struct na_rollup_hidden *hidden, int64_t seq, const struct na_index_row *row,
			  const char *destination, int ends, int64_t bytes_out, int64_t bytes_in);
/* A name that was asked for. */
int na_rollup_hidden_name(struct na_rollup_hidden *hidden, int64_t seq, const struct na_index_row *row);
/* Takes away what is older than the hour. */
int na_rollup_hidden_forget(struct na_rollup_hidden *hidden, int64_t hour);

#endif
