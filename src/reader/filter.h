/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which records a reader asked for: conditions on the columns of journal/index_row.h, all of which
 * must hold. One set of conditions becomes an SQL expression over index.db and a test on a body;
 * the body decides, so a wrong index can hide a row but never invent one.
 */
#ifndef NETAUDIT_READER_FILTER_H
#define NETAUDIT_READER_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/index_row.h"

#define NA_FILTER_CONDITIONS 16
#define NA_FILTER_CHOICES 16

enum na_comparison {
	NA_IS_ANY_OF,		/* text: one of the choices */
	NA_IS_NONE_OF,		/* text: none of the choices; an absent value is none of them */
	NA_IS_HOST,		/* text: the first choice or a name below it, ASCII case ignored; or the name that was resolved is */
	NA_IS_BETWEEN,		/* integer: low <= value <= high */
	NA_IS_IN_NETWORK,	/* address: low <= value <= high, as bytes */
};

struct na_condition {
	enum na_index_column column;
	enum na_comparison comparison;
	int64_t low, high;
	unsigned char low_address[NA_INDEX_ADDRESS_BYTES];
	unsigned char high_address[NA_INDEX_ADDRESS_BYTES];
	uint16_t choice[NA_FILTER_CHOICES];	/* offsets in `text`: a filter may be copied */
	size_t choices;
	char text[NA_INDEX_TEXT_BYTES];
};

/* Start from NA_FILTER_ALL. */
struct na_filter {
	int64_t first_seq, last_seq;	/* both included */
	struct na_condition condition[NA_FILTER_CONDITIONS];
	size_t conditions;
};

#define NA_FILTER_ALL { .first_seq = INT64_MIN, .last_seq = INT64_MAX }

/*
 * Each adds one condition and returns 0, -EINVAL when the text does not say what it should,
 * -EMSGSIZE when it is too long, -E2BIG when there are too many conditions or choices.
 */
/* `choices` is a comma-separated list; a comma cannot be part of a choice. */
int na_filter_text(struct na_filter *filter, enum na_index_column column, enum na_comparison comparison,
		   const char *choices);
int na_filter_between(struct na_filter *filter, enum na_index_column column, int64_t low, int64_t high);
/* 16 hex digits (fewer: leading zeros are understood). */
int na_filter_hex(struct na_filter *filter, enum na_index_column column, const char *hex);
/*
 * ADDRESS, ADDRESS/BITS, HOST, each optionally with :PORT ([ADDRESS]:PORT for IPv6); :PORT alone; or
 * a unix path: /PATH or @ABSTRACT.
 */
int na_filter_destination(struct na_filter *filter, const char *text);

bool na_filter_matches(const struct na_filter *filter, const struct na_index_row *row);

/*
 * Appends " AND (…)" per condition to `sql`, with parameters numbered from `*parameter`, which is
 * moved past the last one used. Returns 0 or -EMSGSIZE.
 */
int na_filter_sql(const struct na_filter *filter, char *sql, size_t sql_bytes, int *parameter);

struct sqlite3_stmt;
/* Binds what na_filter_sql() numbered from `parameter`. The filter must outlive the statement's use. */
void na_filter_bind(const struct na_filter *filter, struct sqlite3_stmt *statement, int parameter);

#endif
