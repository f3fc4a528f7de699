/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One record into the rollup. What each kind does is one row of a table. */
#include "journal/rollup.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/network.h"
#include "journal/index_sqlite.h"

#define CHANGED_MOST 4096	/* rows, or flows, kept in memory */
#define CHAIN_MOST 4096		/* a longer chain is cut: its first names say whose it is */

static const char schema[] =
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

/* Of rows that come with a smaller time too: a clock may be set back. Of two at the same time one always wins. */
#define MEET \
	" WHEN NEW.direction != 'inbound' AND NEW.bucket != 'internal' AND NEW.destination != '' BEGIN" \
	" INSERT INTO met VALUES(NEW.destination, NEW.addon, NEW.first_t, NEW.bucket, NEW.component) ON CONFLICT DO UPDATE SET" \
	" (first_t, bucket, component) = (excluded.first_t, excluded.bucket, excluded.component)" \
	" WHERE (excluded.first_t, excluded.bucket, excluded.component) < (first_t, bucket, component); END;"

static const char met_schema[] =
	"CREATE TABLE met(destination TEXT NOT NULL, addon TEXT NOT NULL, first_t INTEGER NOT NULL, bucket TEXT NOT NULL,"
	" component TEXT NOT NULL, PRIMARY KEY(destination, addon)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX met_first ON met(first_t);"
	"CREATE TRIGGER met_new AFTER INSERT ON rollup" MEET
	"CREATE TRIGGER met_earlier AFTER UPDATE OF first_t ON rollup" MEET;

const char *const na_rollup_compare[] = {
	"SELECT * FROM rollup ORDER BY hour, instance, direction, bucket, component, destination, author, addon, chain, disagree",
	"SELECT * FROM life ORDER BY seq",
	"SELECT * FROM beat ORDER BY hour",
	"SELECT * FROM flow_so_far ORDER BY flow",
	"SELECT * FROM met ORDER BY destination, addon",
	"SELECT * FROM opaque ORDER BY hour, bucket, component, destination, author, addon",
	"SELECT * FROM dns_content ORDER BY hour, name, addon",
	NULL,
};

static const char *const statements[NA_ROLLUP_STATEMENTS] = {
	[NA_ROLLUP_ADD] = na_rollup_sums_sql,
	[NA_ROLLUP_LIFE] = "INSERT INTO life VALUES(?1, ?2, ?3)",
	[NA_ROLLUP_BEAT] = ("INSERT INTO beat VALUES(?1, 1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET beats = beats + 1,"
		" detached = max(detached, excluded.detached), first_t = min(first_t, excluded.first_t),"
		" last_t = max(last_t, excluded.last_t)"),
	[NA_ROLLUP_FLOW_READ] = na_rollup_flow_read_sql,
	[NA_ROLLUP_FLOW_SET] = na_rollup_flow_set_sql,
	[NA_ROLLUP_FLOW_DROP] = na_rollup_flow_drop_sql,
	[NA_ROLLUP_FORGET] = "DELETE FROM rollup WHERE hour < ?1",
	[NA_ROLLUP_FORGET_MET] = "DELETE FROM met WHERE (destination, addon) NOT IN (SELECT destination, addon FROM rollup)",
	[NA_ROLLUP_FORGET_LIFE] = "DELETE FROM life WHERE seq < ?1",
};

enum what { NOTHING, CALL, COUNTERS, LAST_COUNTERS, PERIOD, EXCHANGE, NAME, LIFE, BEAT, CANARY };

static const struct {
	const char *kind;
	enum what what;
} kinds[] = {
	{ "open", CALL },	{ "progress", COUNTERS }, { "close", LAST_COUNTERS }, { "datagram", PERIOD },
	{ "exchange", EXCHANGE }, { "heartbeat", BEAT },  { "start", LIFE },	      { "stop", LIFE },
	{ "gap", LIFE },	{ "lost", LIFE },	  { "config", LIFE },	      { "catalogue", LIFE },
	{ "ack", LIFE },	{ "clock", LIFE },	  { "prune", LIFE },	      { "rotate", LIFE },
	{ "addon", LIFE },	{ "carried", LIFE },	  { "canary", CANARY },	      { "dns", NAME },
	{ "resolve", NAME },
};

int na_rollup_create(sqlite3 *db)
{
	const char *const parts[] = { schema, met_schema, na_rollup_hidden_schema };
	int err = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++)
		err = na_index_errno(sqlite3_exec(db, parts[i], NULL, NULL, NULL));
	return err;
}

int na_rollup_open(struct na_rollup *rollup, sqlite3 *db)
{
	memset(rollup, 0, sizeof(*rollup));
	for (int i = 0; i < NA_ROLLUP_STATEMENTS; i++) {
		int err = na_index_errno(sqlite3_prepare_v3(db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
							    &rollup->statement[i], NULL));

		if (err)
			return err;
	}
	rollup->flows.read = rollup->statement[NA_ROLLUP_FLOW_READ];
	rollup->flows.set = rollup->statement[NA_ROLLUP_FLOW_SET];
	rollup->flows.drop = rollup->statement[NA_ROLLUP_FLOW_DROP];
	return na_rollup_hidden_open(&rollup->hidden, db);
}

void na_rollup_discard(struct na_rollup *rollup)
{
	na_rollup_sums_drop(&rollup->sums);
	na_rollup_flows_forget(&rollup->flows);
}

int na_rollup_flush(struct na_rollup *rollup)
{
	int err = na_rollup_sums_write(&rollup->sums, rollup->statement[NA_ROLLUP_ADD]);

	return err ? err : na_rollup_flows_write(&rollup->flows);
}

void na_rollup_close(struct na_rollup *rollup)
{
	na_rollup_discard(rollup);
	for (int i = 0; i < NA_ROLLUP_STATEMENTS; i++)
		sqlite3_finalize(rollup->statement[i]);
	na_rollup_hidden_close(&rollup->hidden);
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
	(void)snprintf(out, NA_ROLLUP_DESTINATION_BYTES, "%.*s", (int)value->length, value->bytes);
}

static void put_address(char *out, const struct na_index_value *value)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool four = memcmp(value->bytes, mapped, sizeof(mapped)) == 0;

	if (!inet_ntop(four ? AF_INET : AF_INET6, value->bytes + (four ? 12 : 0), out, NA_ROLLUP_DESTINATION_BYTES))
		out[0] = '\0';
}

/* Of callers only those the catalogue knows are told apart: a shop has as many others as it has visitors. */
static void name_caller(char *out, const struct na_index_row *row)
{
	const struct na_index_value *bucket = &row->value[NA_INDEX_BUCKET], *source = &row->value[NA_INDEX_SRC];

	if (row->value[NA_INDEX_FORWARDED].type == NA_INDEX_ADDRESS)
		source = &row->value[NA_INDEX_FORWARDED];
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
		(void)snprintf(out, NA_ROLLUP_DESTINATION_BYTES, "%.*s", (int)(end - first), first);
}

static void name_destination(char *out, const struct na_index_row *row)
{
	int port;

	out[0] = '\0';
	if (is_text(&row->value[NA_INDEX_DIRECTION], "inbound")) {
		name_caller(out, row);
		return;
	}
	if (row->value[NA_INDEX_HOST].type == NA_INDEX_TEXT) {
		put_text(out, &row->value[NA_INDEX_HOST]);
		na_split_authority(out, &port);		/* whose it is, is the name's: not one destination for each port */
	}
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

static void bind_text(sqlite3_stmt *statement, int position, const struct na_index_value *value)
{
	if (value->type == NA_INDEX_TEXT)
		sqlite3_bind_text(statement, position, value->bytes, (int)value->length, SQLITE_STATIC);
	else
		sqlite3_bind_text(statement, position, "", 0, SQLITE_STATIC);
}

static void put_key(struct na_rollup_key *key, enum na_rollup_text which, const struct na_index_value *value,
		    const char *absent)
{
	bool present = value->type == NA_INDEX_TEXT || value->type == NA_INDEX_RAW;

	key->text[which].bytes = present ? value->bytes : absent;
	key->text[which].length = present ? value->length : (uint32_t)strlen(absent);
	if (key->text[which].length > CHAIN_MOST)
		key->text[which].length = CHAIN_MOST;
}

/* `amounts` without times and number, which are the record's. */
static int add(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row, const char *destination,
	       struct na_rollup_amounts *amounts)
{
	static const struct { enum na_rollup_text text; enum na_index_column column; const char *absent; } texts[] = {
		{ NA_ROLLUP_INSTANCE, NA_INDEX_INSTANCE, "" },	 { NA_ROLLUP_DIRECTION, NA_INDEX_DIRECTION, "outbound" },
		{ NA_ROLLUP_BUCKET, NA_INDEX_BUCKET, "unknown" }, { NA_ROLLUP_COMPONENT, NA_INDEX_COMPONENT, "" },
		{ NA_ROLLUP_AUTHOR, NA_INDEX_AUTHOR, "" },	 { NA_ROLLUP_ADDON, NA_INDEX_ADDON, "" },
		{ NA_ROLLUP_CHAIN, NA_INDEX_ADDONS, "" },
	};
	int64_t t = integer(row, NA_INDEX_TIME);
	struct na_rollup_key key = { .hour = hour_of(t), .disagree = integer(row, NA_INDEX_DISAGREE) };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		put_key(&key, texts[i].text, &row->value[texts[i].column], texts[i].absent);
	key.text[NA_ROLLUP_DESTINATION].bytes = destination;
	key.text[NA_ROLLUP_DESTINATION].length = (uint32_t)strlen(destination);
	amounts->first_t = amounts->last_t = t;
	amounts->last_seq = seq;
	return na_rollup_sums_add(&rollup->sums, &key, amounts);
}

static int64_t flow_of(const struct na_index_row *row)
{
	return integer(row, NA_INDEX_FLOW);
}

/* Where a flow was first seen to lead, but behind a proxy: there a later name is what it reaches. */
static const char *better_name(const struct na_index_row *row, const char *destination,
			       const struct na_rollup_flow_state *before)
{
	return before->destination[0] && row->value[NA_INDEX_HOST].type != NA_INDEX_TEXT ? before->destination : destination;
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
	struct na_rollup_amounts amounts = { .calls = 1 };
	char destination[NA_ROLLUP_DESTINATION_BYTES];
	int err;

	name_destination(destination, row);
	err = add(rollup, seq, row, destination, &amounts);
	if (!err && is_remembered(row, destination))
		err = na_rollup_flow_set(&rollup->flows, flow_of(row), destination, 0, 0);
	return err;
}

/* Counters of a stream are sums since its beginning; those of a datagram flow are of one period. */
static int count(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row, enum what what)
{
	struct na_rollup_amounts amounts = { .bytes_out = integer(row, NA_INDEX_BYTES_OUT),
					     .bytes_in = integer(row, NA_INDEX_BYTES_IN) };
	bool ends = what == LAST_COUNTERS || (what == PERIOD && integer(row, NA_INDEX_FINAL));
	char destination[NA_ROLLUP_DESTINATION_BYTES];
	int64_t total_out = amounts.bytes_out, total_in = amounts.bytes_in;
	struct na_rollup_flow_state before;
	int err = na_rollup_flow_read(&rollup->flows, flow_of(row), &before);
	const char *where;

	if (err)
		return err;
	name_destination(destination, row);
	where = better_name(row, destination, &before);
	if (what == PERIOD) {
		amounts.calls = !before.known;
		total_out += before.bytes_out;
		total_in += before.bytes_in;
	} else {
		amounts.bytes_out -= before.bytes_out < amounts.bytes_out ? before.bytes_out : amounts.bytes_out;
		amounts.bytes_in -= before.bytes_in < amounts.bytes_in ? before.bytes_in : amounts.bytes_in;
	}
	amounts.call_bytes = total_out;
	err = add(rollup, seq, row, where, &amounts);
	if (!err)
		err = na_rollup_hidden_flow(&rollup->hidden, seq, row, where, ends, amounts.bytes_out, amounts.bytes_in);
	if (!err && !ends)
		err = na_rollup_flow_set(&rollup->flows, flow_of(row), where, total_out, total_in);
	return err || !ends || !before.known ? err : na_rollup_flow_drop(&rollup->flows, flow_of(row));
}

static int note_exchange(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row)
{
	struct na_rollup_amounts amounts = { .exchanges = 1 };
	struct na_rollup_flow_state flow = { .known = false };
	char destination[NA_ROLLUP_DESTINATION_BYTES];
	int err = 0;

	name_destination(destination, row);
	if (!destination[0])
		err = na_rollup_flow_read(&rollup->flows, flow_of(row), &flow);
	return err ? err : add(rollup, seq, row, flow.known ? flow.destination : destination, &amounts);
}

static int note_life(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row)
{
	sqlite3_stmt *statement = rollup->statement[NA_ROLLUP_LIFE];

	sqlite3_bind_int64(statement, 1, seq);
	sqlite3_bind_int64(statement, 2, integer(row, NA_INDEX_TIME));
	bind_text(statement, 3, &row->value[NA_INDEX_KIND]);
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

static int note(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row)
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
	case NAME:
		return na_rollup_hidden_name(&rollup->hidden, seq, row);
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

int na_rollup_add(struct na_rollup *rollup, int64_t seq, const struct na_index_row *row)
{
	int err = note(rollup, seq, row);
	bool full = na_rollup_sums_count(rollup->sums) > CHANGED_MOST || na_rollup_flows_count(&rollup->flows) > CHANGED_MOST;

	return err || !full ? err : na_rollup_flush(rollup);
}

int na_rollup_forget(struct na_rollup *rollup, int64_t first, int64_t first_t)
{
	int err;

	sqlite3_bind_int64(rollup->statement[NA_ROLLUP_FORGET], 1, hour_of(first_t));
	err = step(rollup->statement[NA_ROLLUP_FORGET]);
	if (!err)
		err = step(rollup->statement[NA_ROLLUP_FORGET_MET]);
	if (!err)
		err = na_rollup_hidden_forget(&rollup->hidden, hour_of(first_t));
	sqlite3_bind_int64(rollup->statement[NA_ROLLUP_FORGET_LIFE], 1, first);
	return err ? err : step(rollup->statement[NA_ROLLUP_FORGET_LIFE]);
}
