// SPDX-License-Identifier: GPL-2.0-or-later
/* Opaque TLS, names that look like data, and what was reached for the first time, of a period. */
#include "report/gather_hidden.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

static const char *text(struct na_report *report, sqlite3_stmt *row, int column)
{
	return na_report_keep(report, (const char *)sqlite3_column_text(row, column));
}

static const char opaque_sql[] =
	"SELECT component, destination, addon, bucket, sum(calls), sum(bytes_out), sum(bytes_in), min(first_t), max(last_t),"
	" max(last_seq) FROM opaque WHERE hour BETWEEN ?1 AND ?2 GROUP BY component, destination, addon, bucket"
	" ORDER BY sum(bytes_out) DESC, destination, addon";

static int take_opaque(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;
	struct na_report_opaque *grown = reallocarray(report->opaque, report->opaque_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	report->opaque = grown;
	grown += report->opaque_count++;
	*grown = (struct na_report_opaque){
		.component = text(report, row, 0), .destination = text(report, row, 1), .addon = text(report, row, 2),
		.bucket = na_gather_bucket(row, 3),
		.sums = {
			.calls = sqlite3_column_int64(row, 4), .bytes_out = sqlite3_column_int64(row, 5),
			.bytes_in = sqlite3_column_int64(row, 6), .first_t = sqlite3_column_int64(row, 7),
			.last_t = sqlite3_column_int64(row, 8), .last_seq = sqlite3_column_int64(row, 9),
		},
	};
	return grown->component && grown->destination && grown->addon ? 0 : -ENOMEM;
}

static const char firsts_sql[] =
	"SELECT destination, addon, component, bucket, first_t FROM met WHERE first_t BETWEEN ?1 * 3600000000 AND ?2 * 3600000000 + 3599999999"
	" AND (SELECT min(hour) FROM rollup) < ?1 ORDER BY first_t DESC, destination, addon LIMIT 200";

static const char oldest_sql[] = "SELECT coalesce(min(hour), 0) * 3600000000 FROM rollup";

static int take_oldest(void *context, sqlite3_stmt *row)
{
	((struct na_report *)context)->first_record = sqlite3_column_int64(row, 0);
	return 0;
}

static int take_first(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;
	struct na_report_first *grown = reallocarray(report->firsts, report->first_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	report->firsts = grown;
	grown += report->first_count++;
	*grown = (struct na_report_first){
		.destination = text(report, row, 0), .addon = text(report, row, 1), .component = text(report, row, 2),
		.bucket = na_gather_bucket(row, 3), .t = sqlite3_column_int64(row, 4),
	};
	return grown->destination && grown->addon && grown->component ? 0 : -ENOMEM;
}

/* A name counts once, however often and by whomever it was asked for: names of a network's own may be long, and few. */
static const char names_sql[] =
	"SELECT parent, max(addon), count(*), sum(characters), min(first_t), max(last_seq) FROM"
	" (SELECT name, max(parent) AS parent, max(addon) AS addon, max(characters) AS characters, min(first_t) AS first_t,"
	" max(last_seq) AS last_seq FROM dns_content WHERE hour BETWEEN ?1 AND ?2 GROUP BY name)"
	" GROUP BY parent ORDER BY sum(characters) DESC, parent LIMIT 20000";

static int take_names(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;
	struct na_report_names *grown = reallocarray(report->names, report->names_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	report->names = grown;
	grown += report->names_count++;
	*grown = (struct na_report_names){
		.parent = text(report, row, 0), .addon = text(report, row, 1), .names = sqlite3_column_int64(row, 2),
		.characters = sqlite3_column_int64(row, 3), .first_t = sqlite3_column_int64(row, 4),
		.last_seq = sqlite3_column_int64(row, 5),
	};
	return grown->parent && grown->addon ? 0 : -ENOMEM;
}

int na_gather_hidden(struct na_report *report, struct na_query *query, int64_t first, int64_t last)
{
	int err = na_query_rollup(query, opaque_sql, first, last, take_opaque, report);

	if (!err)
		err = na_query_rollup(query, firsts_sql, first, last, take_first, report);
	if (!err)
		err = na_query_rollup(query, oldest_sql, first, last, take_oldest, report);
	return err ? err : na_query_rollup(query, names_sql, first, last, take_names, report);
}
