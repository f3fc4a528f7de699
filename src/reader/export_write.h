/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes an export: the records asked for, every signed head, and what of the tree lies between
 * them, so that each head's root can be computed again without the journal (docs/export-format.md).
 */
#ifndef NETAUDIT_READER_EXPORT_WRITE_H
#define NETAUDIT_READER_EXPORT_WRITE_H

#include "base/error.h"
#include "reader/export_line.h"
#include "reader/query.h"

struct na_export_request {
	const char *directory;		/* that holds journal.db */
	const struct na_filter *filter;	/* its seqs are the span; its conditions choose within it */
	const char *asked;		/* what was asked for, in words, without control characters */
	int level;			/* of zlib, 1 to 9 */
	/* told now and then how far it is; may be NULL. Non-zero ends the export with -ECANCELED. */
	int (*progress)(void *context, uint64_t done, uint64_t all);
	void *context;
};

struct na_export_written {
	bool complete;			/* no condition: every record of the span is in it */
	uint64_t begin;			/* records before this one were pruned; 1: none */
	uint64_t first, last;		/* the span */
	uint64_t records, heads;	/* in the file: key records and gaps beside those asked for */
	uint64_t matched;		/* of those asked for */
	uint64_t head_size;
	uint64_t unsigned_records;	/* after the newest head: nothing proves them yet, so they are left out */
};

/*
 * Writes to `fd`, gzip-compressed, in one pass over the journal with bounded memory. Returns 0, or with one line
 * in `error`: -ENODATA (no signed head yet), -EBADMSG (the journal is not what its heads say), -ECANCELED, or
 * another negative errno. What was written until then is worthless.
 */
int na_export_write(const struct na_export_request *request, int fd, struct na_export_written *written,
		    struct na_error *error);

#endif
