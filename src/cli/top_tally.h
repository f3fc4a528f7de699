/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls out of the last minute, by destination, add-on and worker: what `netaudit top` shows. Memory is bounded: beyond
 * NA_TOP_NAMES of a kind the others are together as "others".
 */
#ifndef NETAUDIT_CLI_TOP_TALLY_H
#define NETAUDIT_CLI_TOP_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "reader/query.h"

#define NA_TOP_SECONDS 60
#define NA_TOP_NAMES 2000
#define NA_TOP_NAME_BYTES 256

enum na_top_kind { NA_TOP_DESTINATIONS, NA_TOP_ADDONS, NA_TOP_WORKERS, NA_TOP_KINDS };
enum na_top_order { NA_TOP_BY_SENT, NA_TOP_BY_RECEIVED, NA_TOP_BY_CALLS, NA_TOP_BY_NAME, NA_TOP_ORDERS };

struct na_top_sums {
	int64_t calls, bytes_out, bytes_in;
};

/* Texts live until the next na_top_take() or na_top_rows(). */
struct na_top_row {
	const char *name;	/* untrusted */
	const char *bucket;	/* of a destination, else "" */
	struct na_top_sums sums;
};

struct na_top_tally;

/* NULL: out of memory. */
struct na_top_tally *na_top_create(void);
void na_top_destroy(struct na_top_tally *tally);

/* One record, in order. Returns 0 or -ENOMEM. For na_query_run(). */
int na_top_take(void *tally, const struct na_stored_row *row);

/*
 * The first `most` rows of the minute before `now_s` (since 1970), in this order; names nothing happened with are
 * forgotten. Returns how many rows there are in `rows`; *all is how many there would be.
 */
size_t na_top_rows(struct na_top_tally *tally, enum na_top_kind kind, enum na_top_order order, int64_t now_s,
		   struct na_top_row *rows, size_t most, size_t *all);

/* All calls out, and all calls in. */
void na_top_totals(const struct na_top_tally *tally, int64_t now_s, struct na_top_sums *out, struct na_top_sums *in);

#endif
