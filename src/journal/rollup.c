/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One record into the rollup. What each kind does is one row of a table. */
#include "journal/rollup.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "journal/index_sqlite.h"

#define DESTINATION_BYTES 320
#define CHAIN_MOST 4096		/* a longer chain is cut: its first names say whose it is */

const char na_rollup_schema[] =
	"CREATE TABLE rollup(hour INTEGER NOT NULL, instance TEXT NOT NULL, direction TEXT NOT NULL, bucket TEXT NOT NULL,"
	" component TEXT NOT NULL, destination TEXT NOT NULL, author TEXT NOT NULL, addon TEXT NOT NULL, chain TEXT NOT NULL,"
	" disagree INTEGER NOT NULL, calls INTEGER NOT NULL, exchanges INTEGER NOT NULL, bytes_out INTEGER NOT NULL,"
	" bytes_in INTEGER NOT NULL, call_bytes INTEGER NOT NULL, first_t INTEGER NOT NULL, last_t INTEGER NOT NULL,"
	" last_seq INTEGER NOT NULL, PRIMARY KEY(hour, instance, direction, bucket, component, destination, author, addon,"
	" chain, disagree)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE life(seq INTEGER PRIMARY KEY, t INTEGER NOT NULL, kind TEXT NOT NULL) STRICT;"
	"CREATE TABLE beat(hour INTEGER PRIMARY KEY, beats INTEGER NOT NULL, detached INTEGER NOT NULL,"
	" first_t INTEGER NOT NULL, last_t INTEGER NOT NULL) STRICT;"
	"CREATE TABLE flow_so_far(flow INTEGER PRIMARY KEY, destination TEXT NOT NULL, bytes_out INTEGER NOT NULL,"
	" bytes_in INTEGER NOT NULL) STRICT;";

const char *const na_rollup_compare[] = {
	"SELECT * FROM rollup ORDER BY hour, instance, direction, bucket, component, destination, author, addon, chain, disagree",
	"SELECT * FROM life ORDER BY seq",
	"SELECT * FROM beat ORDER BY hour",
	"SELECT * FROM flow_so_far ORDER BY flow",
	NULL,
};

static const char *const statements[NA_ROLLUP_STATEMENTS] = {
	[NA_ROLLUP_ADD] = ("INSERT INTO rollup VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16,"
		" ?17) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, exchanges = exchanges + excluded.exchanges,"
		" bytes_out = bytes_out + excluded.bytes_out, bytes_in = bytes_in + excluded.bytes_in,"
		" call_bytes = max(call_bytes, excluded.call_bytes), first_t = min(first_t, excluded.first_t),"
		" last_t = max(last_t, excluded.last_t), last_seq = excluded.last_seq"),
	[NA_ROLLUP_LIFE] = "INSERT INTO life VALUES(?1, ?2, ?3)",
	[NA_ROLLUP_BEAT] = ("INSERT INTO beat VALUES(?1, 1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET beats = beats + 1,"
		" detached = max(detached, excluded.detached), first_t = min(first_t, excluded.first_t),"
		" last_t = max(last_t, excluded.last_t)"),
	[NA_ROLLUP_FLOW_READ] = "SELECT destination, bytes_out, bytes_in FROM flow_so_far WHERE flow = ?1",
	[NA_ROLLUP_FLOW_SET] = ("INSERT INTO flow_so_far VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
		" bytes_out = excluded.bytes_out, bytes_in = excluded.bytes_in"),
	[NA_ROLLUP_FLOW_DROP] = "DELETE FROM flow_so_far WHERE flow = ?1",
	[NA_ROLLUP_FORGET] = "DELETE FROM rollup WHERE hour < ?1",
	[NA_ROLLUP_FORGET_LIFE] = "DELETE FROM life WHERE seq < ?1",
};

enum what { NOTHING, CALL, COUNTERS, LAST_COUNTERS, PERIOD, EXCHANGE, LIFE, BEAT, CANARY };

static const struct {
	const char *kind;
	enum what what;
} kinds[] = {
	{ "open", CALL },	{ "progress", COUNTERS }, { "close", LAST_COUNTERS }, { "datagram", PERIOD },
	{ "exchange", EXCHANGE }, { "heartbeat", BEAT },  { "start", LIFE },	      { "stop", LIFE },
	{ "gap", LIFE },	{ "lost", LIFE },	  { "config", LIFE },	      { "catalogue", LIFE },
	{ "ack", LIFE },	{ "clock", LIFE },	  { "prune", LIFE },	      { "rotate", LIFE },
	{ "addon", LIFE },	{ "carried", LIFE },	  { "canary", CANARY },
};

int na_rollup_open(struct na_rollup *rollup, sqlite3 *db)
{
	memset(rollup, 0, sizeof(*rollup));
	for (int i = 0; i < NA_ROLLUP_STATEMENTS; i++) {
		int err = na_index_errno(sqlite3_prepare_v3(db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
							    &rollup->statement[i], NULL));

		if (err)
			return err;
	}
	return 0;
}

void na_rollup_close(struct na_rollup *rollup)
{
	for (int i = 0; i < NA_ROLLUP_STATEMENTS; i++)
		sqlite3_finalize(rollup->statement[i]);
	memset(rollup, 0, sizeof(*rollup));
}

static int step(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	return na_index_errno(rc);
}

static bool is_text(const struct na_index_value *value, const char *text)
{
	size_t length = strlen(text);

	return value->type == NA_INDEX_TEXT && value->length == length && !memcmp(value->bytes, text, length);
}

static enum what what_of(const struct na_index_row *row)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (is_text(&row->value[NA_INDEX_KIND], kinds[i].kind))
			return kinds[i].what;
	return NOTHING;
}

static int64_t integer(const struct na_index_row *row, enum na_index_column column)
{
	return row->value[column].type == NA_INDEX_INTEGER ? row->value[column].integer : 0;
}

static int64_t hour_of(int64_t t)
{
	return t / NA_ROLLUP_HOUR_US - (t % NA_ROLLUP_HOUR_US < 0);
}

/* ---- the destination ---- */

static void put_text(char *out, const struct na_index_value *value)
{
	(void)snprintf(out, DESTINATION_BYTES, "%.*s", (int)value->length, value->bytes);
}

static void put_address(char *out, const struct na_index_value *value)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool four = memcmp(value->bytes, mapped, sizeof(mapped)) == 0;

	if (!inet_ntop(four ? AF_INET : AF_INET6, value->bytes + (four ? 12 : 0), out, DESTINATION_BYTES))
		out[0] = '\0';
}

/* Of callers only those the catalogue knows are told apart: a shop has as many others as it has visitors. */
static void name_caller(char *out, const struct na_index_row *row)
{
	const struct na_index_value *bucket = &row->value[NA_INDEX_BUCKET], *source = &row->value[NA_INDEX_SRC];

	if (source->type == NA_INDEX_ADDRESS && bucket->type == NA_INDEX_TEXT && !is_text(bucket, "unknown") &&
	    !is_text(bucket, "internal"))
		put_address(out, source);
}

/* The newest name that DNS gave the address: where it is the only one, or what was asked for is none of them. */
static void put_dns_name(char *out, const struct na_index_row *row)
{
	const struct na_index_value *names = &row->value[NA_INDEX_DNS_NAMES];
	const char *first = names->bytes + 2, *end;

	if (names->type != NA_INDEX_RAW || names->length < 4 || names->bytes[1] != '"')
		return;
	end = memchr(first, '"', names->length - 2);
	if (end && !memchr(first, '\\', (size_t)(end - first)) && (end[1] == ']' || integer(row, NA_INDEX_DNS_DISAGREES)))
		(void)snprintf(out, DESTINATION_BYTES, "%.*s", (int)(end - first), first);
}

static void name_destination(char *out, const struct na_index_row *row)
{
	out[0] = '\0';
	if (is_text(&row->value[NA_INDEX_DIRECTION], "inbound")) {
		name_caller(out, row);
		return;
	}
	if (row->value[NA_INDEX_HOST].type == NA_INDEX_TEXT)
		put_text(out, &row->value[NA_INDEX_HOST]);
	else if (row->value[NA_INDEX_RESOLVED].type == NA_INDEX_TEXT && !integer(row, NA_INDEX_DNS_DISAGREES))
		put_text(out, &row->value[NA_INDEX_RESOLVED]);
	if (!out[0])
		put_dns_name(out, row);
	if (!out[0] && row->value[NA_INDEX_DST].type == NA_INDEX_ADDRESS)
		put_address(out, &row->value[NA_INDEX_DST]);
	if (!out[0] && row->value[NA_INDEX_PATH].type == NA_INDEX_TEXT)
		put_text(out, &row->value[NA_INDEX_PATH]);
}

/* ---- one row ---- */

struct amounts {
	int64_t calls, exchanges, bytes_out, bytes_in, call_bytes;
};

static void bind_text(sqlite3_stmt *statement, int position, const struct na_index_value *value, const char *absent)
{
	bool present = value->type == NA_INDEX_TEXT || value->type == NA_INDEX_RAW;
	int length = present && value->length < CHAIN_MOST ? (int)value->length : CHAIN_MOST;

	if (present)
		sqlite3_bind_text(statement, position, value->bytes, length, SQLITE_STATIC);
	else
		sqlite3_bind_text(statement, position, absent, -1, SQLITE_STATIC);
}

static int add(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row, const char *destination,
	       const struct amounts *amounts)
{
	sqlite3_stmt *statement = rollup->statement[NA_ROLLUP_ADD];
	int64_t t = integer(row, NA_INDEX_TIME);

	sqlite3_bind_int64(statement, 1, hour_of(t));
	bind_text(statement, 2, &row->value[NA_INDEX_INSTANCE], "");
	bind_text(statement, 3, &row->value[NA_INDEX_DIRECTION], "outbound");
	bind_text(statement, 4, &row->value[NA_INDEX_BUCKET], "unknown");
	bind_text(statement, 5, &row->value[NA_INDEX_COMPONENT], "");
	sqlite3_bind_text(statement, 6, destination, -1, SQLITE_STATIC);
	bind_text(statement, 7, &row->value[NA_INDEX_AUTHOR], "");
	bind_text(statement, 8, &row->value[NA_INDEX_ADDON], "");
	bind_text(statement, 9, &row->value[NA_INDEX_ADDONS], "");
	sqlite3_bind_int64(statement, 10, integer(row, NA_INDEX_DISAGREE));
	sqlite3_bind_int64(statement, 11, amounts->calls);
	sqlite3_bind_int64(statement, 12, amounts->exchanges);
	sqlite3_bind_int64(statement, 13, amounts->bytes_out);
	sqlite3_bind_int64(statement, 14, amounts->bytes_in);
	sqlite3_bind_int64(statement, 15, amounts->call_bytes);
	sqlite3_bind_int64(statement, 16, t);
	sqlite3_bind_int64(statement, 17, seq);
	return step(statement);
}

static int set_flow(struct na_rollup *rollup, const struct na_index_row *row, const char *destination, int64_t out,
		    int64_t in)
{
	sqlite3_stmt *statement = rollup->statement[NA_ROLLUP_FLOW_SET];

	sqlite3_bind_int64(statement, 1, integer(row, NA_INDEX_FLOW));
	sqlite3_bind_text(statement, 2, destination, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, out);
	sqlite3_bind_int64(statement, 4, in);
	return step(statement);
}

static int drop_flow(struct na_rollup *rollup, const struct na_index_row *row)
{
	sqlite3_stmt *statement = rollup->statement[NA_ROLLUP_FLOW_DROP];

	sqlite3_bind_int64(statement, 1, integer(row, NA_INDEX_FLOW));
	return step(statement);
}

/* 1 when the flow was met before (its destination replaces the one given), 0, or negative errno. */
static int read_flow(struct na_rollup *rollup, const struct na_index_row *row, char *destination, int64_t *out,
		     int64_t *in)
{
	sqlite3_stmt *statement = rollup->statement[NA_ROLLUP_FLOW_READ];
	int rc;

	sqlite3_bind_int64(statement, 1, integer(row, NA_INDEX_FLOW));
	rc = sqlite3_step(statement);
	*out = *in = 0;
	if (rc == SQLITE_ROW) {
		const char *known = (const char *)sqlite3_column_text(statement, 0);

		/* behind a proxy, what it reaches is known better than at the beginning */
		if (known && known[0] && row->value[NA_INDEX_HOST].type != NA_INDEX_TEXT)
			(void)snprintf(destination, DESTINATION_BYTES, "%s", known);
		*out = sqlite3_column_int64(statement, 1);
		*in = sqlite3_column_int64(statement, 2);
	}
	sqlite3_reset(statement);
	return rc == SQLITE_ROW ? 1 : na_index_errno(rc);
}

static bool has_name(const struct na_index_row *row)
{
	return row->value[NA_INDEX_RESOLVED].type == NA_INDEX_TEXT || row->value[NA_INDEX_DNS_NAMES].type == NA_INDEX_RAW;
}

/*
 * A flow whose name is known from its beginning alone is remembered until its end, and one that leads outside, for its
 * requests: they may not say where they go. Unix sockets have no end.
 */
static bool is_remembered(const struct na_index_row *row, const char *destination)
{
	return destination[0] && row->value[NA_INDEX_DST].type == NA_INDEX_ADDRESS &&
	       (has_name(row) || !is_text(&row->value[NA_INDEX_BUCKET], "internal"));
}

static int begin(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row)
{
	const struct amounts amounts = { .calls = 1 };
	char destination[DESTINATION_BYTES];
	int err;

	name_destination(destination, row);
	err = add(rollup, seq, row, destination, &amounts);
	if (!err && is_remembered(row, destination))
		err = set_flow(rollup, row, destination, 0, 0);
	return err;
}

/* Counters of a stream are sums since its beginning; those of a datagram flow are of one period. */
static int count(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row, enum what what)
{
	struct amounts amounts = { .bytes_out = integer(row, NA_INDEX_BYTES_OUT),
				   .bytes_in = integer(row, NA_INDEX_BYTES_IN) };
	bool ends = what == LAST_COUNTERS || (what == PERIOD && integer(row, NA_INDEX_FINAL));
	char destination[DESTINATION_BYTES];
	int64_t out, in, total_out = amounts.bytes_out, total_in = amounts.bytes_in;
	int known, err;

	name_destination(destination, row);
	known = read_flow(rollup, row, destination, &out, &in);
	if (known < 0)
		return known;
	if (what == PERIOD) {
		amounts.calls = !known;
		total_out += out;
		total_in += in;
	} else {
		amounts.bytes_out -= out < amounts.bytes_out ? out : amounts.bytes_out;
		amounts.bytes_in -= in < amounts.bytes_in ? in : amounts.bytes_in;
	}
	amounts.call_bytes = total_out;
	err = add(rollup, seq, row, destination, &amounts);
	if (!err && !ends)
		err = set_flow(rollup, row, destination, total_out, total_in);
	return err || !ends || !known ? err : drop_flow(rollup, row);
}

static int note_exchange(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row)
{
	const struct amounts amounts = { .exchanges = 1 };
	char destination[DESTINATION_BYTES];
	int64_t out, in;
	int known = 0;

	name_destination(destination, row);
	if (!destination[0])
		known = read_flow(rollup, row, destination, &out, &in);
	return known < 0 ? known : add(rollup, seq, row, destination, &amounts);
}

static int note_life(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row)
{
	sqlite3_stmt *statement = rollup->statement[NA_ROLLUP_LIFE];

	sqlite3_bind_int64(statement, 1, seq);
	sqlite3_bind_int64(statement, 2, integer(row, NA_INDEX_TIME));
	bind_text(statement, 3, &row->value[NA_INDEX_KIND], "");
	return step(statement);
}

static int note_beat(struct na_rollup *rollup, const struct na_index_row *row)
{
	sqlite3_stmt *statement = rollup->statement[NA_ROLLUP_BEAT];
	int64_t t = integer(row, NA_INDEX_TIME);

	sqlite3_bind_int64(statement, 1, hour_of(t));
	sqlite3_bind_int64(statement, 2, integer(row, NA_INDEX_DETACHED));
	sqlite3_bind_int64(statement, 3, t);
	return step(statement);
}

int na_rollup_add(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row)
{
	enum what what = what_of(row);

	switch (what) {
	case CALL:
		return begin(rollup, seq, row);
	case COUNTERS:
	case LAST_COUNTERS:
	case PERIOD:
		return count(rollup, seq, row, what);
	case EXCHANGE:
		return note_exchange(rollup, seq, row);
	case LIFE:
		return note_life(rollup, seq, row);
	case CANARY:	/* only a round of which something was not seen: there are many */
		return row->value[NA_INDEX_MISSING].length > sizeof("[]") - 1 ? note_life(rollup, seq, row) : 0;
	case BEAT:
		return note_beat(rollup, row);
	default:
		return 0;
	}
}

int na_rollup_forget(struct na_rollup *rollup, int64_t first, int64_t first_t)
{
	int err;

	sqlite3_bind_int64(rollup->statement[NA_ROLLUP_FORGET], 1, hour_of(first_t));
	err = step(rollup->statement[NA_ROLLUP_FORGET]);
	sqlite3_bind_int64(rollup->statement[NA_ROLLUP_FORGET_LIFE], 1, first);
	return err ? err : step(rollup->statement[NA_ROLLUP_FORGET_LIFE]);
}
