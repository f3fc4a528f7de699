/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rollup: what the Trust Report is made of, kept in index.db in the same transaction as the rows.
 *
 *	rollup	one row for each hour, instance, direction, bucket, component, destination, author, add-on and chain
 *	life	the journal's own records that a verdict depends on, by number
 *	beat	heartbeats by hour
 *	flow_so_far	flows that are open: where they lead, and which bytes are already counted
 *	met	when a destination that is not internal was first reached by an add-on; what is in no hour any more is not met
 *	opaque, dns_content	rollup_hidden.h
 *
 * Derived and rebuildable like all of index.db; `verify --deep` makes it again from the records and compares.
 *
 * A call is a connection, a connect over a unix socket, or a datagram flow: counted at its first record. Bytes are
 * those of `progress`, `close` and `datagram`. Exchanges are counted beside: their bytes are their connection's.
 * The destination is the name that was resolved or asked for, else the address; of who calls in, only the address of
 * one the catalogue knows.
 */
#ifndef NETAUDIT_JOURNAL_ROLLUP_H
#define NETAUDIT_JOURNAL_ROLLUP_H

#include <sqlite3.h>
#include <stdint.h>

#include "journal/index_row.h"
#include "journal/rollup_flows.h"
#include "journal/rollup_hidden.h"
#include "journal/rollup_sums.h"

#define NA_ROLLUP_HOUR_US INT64_C(3600000000)

/* Statements for all that must be the same when it is made again, in one order; ends with NULL. */
extern const char *const na_rollup_compare[];

enum na_rollup_statement {
	NA_ROLLUP_ADD, NA_ROLLUP_LIFE, NA_ROLLUP_BEAT, NA_ROLLUP_FLOW_READ, NA_ROLLUP_FLOW_SET, NA_ROLLUP_FLOW_DROP,
	NA_ROLLUP_FORGET, NA_ROLLUP_FORGET_MET, NA_ROLLUP_FORGET_LIFE, NA_ROLLUP_STATEMENTS
};

struct na_rollup {
	sqlite3_stmt *statement[NA_ROLLUP_STATEMENTS];
	struct na_rollup_sums *sums;		/* not written yet */
	struct na_rollup_flows flows;
	struct na_rollup_hidden hidden;
};

/* Each returns 0 or negative errno. The database must outlive the statements. The first makes the tables. */
int na_rollup_create(sqlite3 *db);
int na_rollup_open(struct na_rollup *rollup, sqlite3 *db);
void na_rollup_close(struct na_rollup *rollup);
int na_rollup_add(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row);
/* What was added reaches the tables here, inside the caller's transaction; or, when that is rolled back, never. */
int na_rollup_flush(struct na_rollup *rollup);
void na_rollup_discard(struct na_rollup *rollup);
/* Takes away what is older than the oldest record, number `first` and time `first_t`; its own hour stays whole. */
int na_rollup_forget(struct na_rollup *rollup, int64_t first, int64_t first_t);

#endif
