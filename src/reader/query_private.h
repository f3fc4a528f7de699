/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the read API: query_open.c opens the databases, query.c reads them, proof.c checks rows.
 */
#ifndef NETAUDIT_READER_QUERY_PRIVATE_H
#define NETAUDIT_READER_QUERY_PRIVATE_H

#include "journal/index.h"
#include "journal/index_sqlite.h"
#include "reader/query.h"

struct na_query {
	sqlite3 *journal;
	sqlite3 *index;			/* NULL: not usable */
	sqlite3_stmt *fetch;		/* one row of the journal */
	sqlite3_stmt *scan[2];		/* ascending, descending */
	int64_t indexed;		/* newest row the index covers */
	struct na_index_row row;
};

/* From here on every row is found by scanning. */
void na_query_forgo_index(struct na_query *query);

#endif
