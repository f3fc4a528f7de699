// SPDX-License-Identifier: GPL-2.0-or-later
/* One record into the tables of calls that may hide what they carry. */
#include "journal/rollup_hidden.h"

#include <stdbool.h>
#include <string.h>

#include "journal/dns_content.h"
#include "journal/index_sqlite.h"
#include "journal/rollup.h"

const char na_rollup_hidden_schema[] =
	"CREATE TABLE opaque(hour INTEGER NOT NULL, bucket TEXT NOT NULL, component TEXT NOT NULL, destination TEXT NOT NULL,"
	" author TEXT NOT NULL, addon TEXT NOT NULL, calls INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,"
	" first_t INTEGER NOT NULL, last_t INTEGER NOT NULL, last_seq INTEGER NOT NULL,"
	" PRIMARY KEY(hour, bucket, component, destination, author, addon)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE dns_content(hour INTEGER NOT NULL, name TEXT NOT NULL, addon TEXT NOT NULL, parent TEXT NOT NULL,"
	" characters INTEGER NOT NULL, lookups INTEGER NOT NULL, first_t INTEGER NOT NULL, last_t INTEGER NOT NULL,"
	" last_seq INTEGER NOT NULL, PRIMARY KEY(hour, name, addon)) STRICT, WITHOUT ROWID;";

static const char *const statements[NA_HIDDEN_STATEMENTS] = {
	[NA_HIDDEN_OPAQUE] = ("INSERT INTO opaque VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11) ON CONFLICT DO UPDATE SET"
		" calls = calls + excluded.calls, bytes_out = bytes_out + excluded.bytes_out, bytes_in = bytes_in + excluded.bytes_in,"
		" first_t = min(first_t, excluded.first_t), last_t = max(last_t, excluded.last_t), last_seq = excluded.last_seq"),
	[NA_HIDDEN_DNS] = ("INSERT INTO dns_content VALUES(?1, ?2, ?3, ?4, ?5, 1, ?6, ?6, ?7) ON CONFLICT DO UPDATE SET"
		" lookups = lookups + 1, first_t = min(first_t, excluded.first_t), last_t = max(last_t, excluded.last_t),"
		" last_seq = excluded.last_seq"),
	[NA_HIDDEN_FORGET_OPAQUE] = "DELETE FROM opaque WHERE hour < ?1",
	[NA_HIDDEN_FORGET_DNS] = "DELETE FROM dns_content WHERE hour < ?1",
};

int na_rollup_hidden_open(struct na_rollup_hidden *hidden, sqlite3 *db)
{
	memset(hidden, 0, sizeof(*hidden));
	for (int i = 0; i < NA_HIDDEN_STATEMENTS; i++) {
		int err = na_index_errno(sqlite3_prepare_v3(db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
							    &hidden->statement[i], NULL));

		if (err)
			return err;
	}
	return 0;
}

void na_rollup_hidden_close(struct na_rollup_hidden *hidden)
{
	for (int i = 0; i < NA_HIDDEN_STATEMENTS; i++)
		sqlite3_finalize(hidden->statement[i]);
	memset(hidden, 0, sizeof(*hidden));
}

static int step(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	return na_index_errno(rc);
}

static bool is_text(const struct na_index_value *value, const char *text)
{
	return value->type == NA_INDEX_TEXT && value->length == strlen(text) && !memcmp(value->bytes, text, value->length);
}

static void bind_text(sqlite3_stmt *statement, int position, const struct na_index_value *value, const char *absent)
{
	if (value->type == NA_INDEX_TEXT)
		sqlite3_bind_text(statement, position, value->bytes, (int)value->length, SQLITE_STATIC);
	else
		sqlite3_bind_text(statement, position, absent, -1, SQLITE_STATIC);
}

static int64_t hour_of(const struct na_index_row *row)
{
	int64_t t = row->value[NA_INDEX_TIME].integer;

	return t / NA_ROLLUP_HOUR_US - (t % NA_ROLLUP_HOUR_US < 0);
}

int na_rollup_hidden_flow(struct na_rollup_hidden *hidden, int64_t seq, const struct na_index_row *row,
			  const char *destination, int ends, int64_t bytes_out, int64_t bytes_in)
{
	sqlite3_stmt *statement = hidden->statement[NA_HIDDEN_OPAQUE];

	if (!is_text(&row->value[NA_INDEX_CHANNEL], "tls-opaque") || !is_text(&row->value[NA_INDEX_DIRECTION], "outbound"))
		return 0;
	sqlite3_bind_int64(statement, 1, hour_of(row));
	bind_text(statement, 2, &row->value[NA_INDEX_BUCKET], "unknown");
	bind_text(statement, 3, &row->value[NA_INDEX_COMPONENT], "");
	sqlite3_bind_text(statement, 4, destination, -1, SQLITE_STATIC);
	bind_text(statement, 5, &row->value[NA_INDEX_AUTHOR], "");
	bind_text(statement, 6, &row->value[NA_INDEX_ADDON], "");
	sqlite3_bind_int64(statement, 7, ends != 0);
	sqlite3_bind_int64(statement, 8, bytes_out);
	sqlite3_bind_int64(statement, 9, bytes_in);
	sqlite3_bind_int64(statement, 10, row->value[NA_INDEX_TIME].integer);
	sqlite3_bind_int64(statement, 11, seq);
	return step(statement);
}

int na_rollup_hidden_name(struct na_rollup_hidden *hidden, int64_t seq, const struct na_index_row *row)
{
	const struct na_index_value *name = &row->value[NA_INDEX_HOST];
	sqlite3_stmt *statement = hidden->statement[NA_HIDDEN_DNS];
	struct na_dns_content content;

	if (name->type != NA_INDEX_TEXT || is_text(&row->value[NA_INDEX_DIRECTION], "inbound") ||
	    !na_dns_content(name->bytes, name->length, &content))
		return 0;
	sqlite3_bind_int64(statement, 1, hour_of(row));
	bind_text(statement, 2, name, "");
	bind_text(statement, 3, &row->value[NA_INDEX_ADDON], "");
	sqlite3_bind_text(statement, 4, name->bytes + content.parent, (int)(name->length - content.parent), SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, (int64_t)content.characters);
	sqlite3_bind_int64(statement, 6, row->value[NA_INDEX_TIME].integer);
	sqlite3_bind_int64(statement, 7, seq);
	return step(statement);
}

int na_rollup_hidden_forget(struct na_rollup_hidden *hidden, int64_t hour)
{
	int err;

	sqlite3_bind_int64(hidden->statement[NA_HIDDEN_FORGET_OPAQUE], 1, hour);
	err = step(hidden->statement[NA_HIDDEN_FORGET_OPAQUE]);
	sqlite3_bind_int64(hidden->statement[NA_HIDDEN_FORGET_DNS], 1, hour);
	return err ? err : step(hidden->statement[NA_HIDDEN_FORGET_DNS]);
}
