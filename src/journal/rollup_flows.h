/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows that are open: where they lead, and which of their bytes are counted already. The table flow_so_far has them;
 * what changes inside a transaction is kept in memory until its end, so that a flow that begins and ends in it is never
 * written.
 */
#ifndef NETAUDIT_JOURNAL_ROLLUP_FLOWS_H
#define NETAUDIT_JOURNAL_ROLLUP_FLOWS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NA_ROLLUP_DESTINATION_BYTES 320

extern const char na_rollup_flow_read_sql[], na_rollup_flow_set_sql[], na_rollup_flow_drop_sql[];

struct na_rollup_flows {
	struct na_rollup_flow *changed;			/* by number */
	sqlite3_stmt *read, *set, *drop;	/* not owned */
};

struct na_rollup_flow_state {
	bool known;		/* met before, and not ended */
	char destination[NA_ROLLUP_DESTINATION_BYTES];	/* "" none */
	int64_t bytes_out, bytes_in;
};

/* Each returns 0 or negative errno. An unknown flow has no destination and no bytes. */
int na_rollup_flow_read(struct na_rollup_flows *flows, int64_t flow, struct na_rollup_flow_state *state);
/* Keeps its first destination. */
int na_rollup_flow_set(struct na_rollup_flows *flows, int64_t flow, const char *destination, int64_t bytes_out,
		       int64_t bytes_in);
int na_rollup_flow_drop(struct na_rollup_flows *flows, int64_t flow);

size_t na_rollup_flows_count(const struct na_rollup_flows *flows);
int na_rollup_flows_write(struct na_rollup_flows *flows);
void na_rollup_flows_forget(struct na_rollup_flows *flows);

#endif
