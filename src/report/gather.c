/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the rollup to struct na_report: one query for each part, over whole hours. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "journal/rollup.h"
#include "report/gather_hidden.h"
#include "report/report.h"

#define SECOND_US INT64_C(1000000)

struct text {
	struct text *next;
	char bytes[];
};

const char *na_report_keep(struct na_report *report, const char *text)
{
	size_t length = text ? strlen(text) + 1 : 1;
	struct text *kept = malloc(sizeof(*kept) + length);

	if (!kept)
		return NULL;
	memcpy(kept->bytes, text ? text : "", length);
	kept->next = report->texts;
	report->texts = kept;
	return kept->bytes;
}

void na_report_clear(struct na_report *report)
{
	for (size_t i = 0; i < report->life_count; i++)
		json_decref(report->life[i].body);
	while (report->texts) {
		struct text *text = report->texts;

		report->texts = text->next;
		free(text);
	}
	free(report->calls);
	free(report->destinations);
	free(report->hours);
	free(report->days);
	free(report->opaque);
	free(report->names);
	free(report->firsts);
	free(report->life);
	free(report->findings);
	memset(report, 0, sizeof(*report));
}

static void *grow(void *array, size_t *count, size_t bytes)
{
	char *grown = reallocarray(array, *count + 1, bytes);

	if (grown)
		memset(grown + (*count)++ * bytes, 0, bytes);
	return grown;
}

static const char *text(struct na_report *report, sqlite3_stmt *row, int column)
{
	return na_report_keep(report, (const char *)sqlite3_column_text(row, column));
}

enum na_bucket na_gather_bucket(struct sqlite3_stmt *row, int column)
{
	const char *name = (const char *)sqlite3_column_text(row, column);
	enum na_bucket found = name ? na_bucket_find(name) : NA_BUCKET_UNKNOWN;

	return found == NA_BUCKET_COUNT ? NA_BUCKET_UNKNOWN : found;
}

static struct na_sums sums(sqlite3_stmt *row, int column)
{
	return (struct na_sums){
		.calls = sqlite3_column_int64(row, column), .exchanges = sqlite3_column_int64(row, column + 1),
		.bytes_out = sqlite3_column_int64(row, column + 2), .bytes_in = sqlite3_column_int64(row, column + 3),
		.first_t = sqlite3_column_int64(row, column + 4), .last_t = sqlite3_column_int64(row, column + 5),
		.last_seq = sqlite3_column_int64(row, column + 6),
	};
}

static void add_sums(struct na_sums *to, const struct na_sums *more)
{
	if (!to->first_t || more->first_t < to->first_t)
		to->first_t = more->first_t;
	if (more->last_t > to->last_t)
		to->last_t = more->last_t;
	if (more->last_seq > to->last_seq)
		to->last_seq = more->last_seq;
	to->calls += more->calls;
	to->exchanges += more->exchanges;
	to->bytes_out += more->bytes_out;
	to->bytes_in += more->bytes_in;
}

#define SUMS "sum(calls), sum(exchanges), sum(bytes_out), sum(bytes_in), min(first_t), max(last_t), max(last_seq)"
#define PERIOD " FROM rollup WHERE hour BETWEEN ?1 AND ?2"

static const char calls_sql[] =
	"SELECT instance, component, destination, author, addon, chain, bucket, direction, disagree, max(call_bytes), " SUMS PERIOD
	" GROUP BY instance, component, destination, author, addon, chain, bucket, direction, disagree"
	" ORDER BY sum(bytes_out) DESC, sum(calls) DESC, destination, addon, chain, author, instance";

static int take_call(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;
	struct na_report_call *grown = grow(report->calls, &report->call_count, sizeof(*grown)), *call;
	const char *direction = (const char *)sqlite3_column_text(row, 7);

	if (!grown)
		return -ENOMEM;
	report->calls = grown;
	call = &grown[report->call_count - 1];
	*call = (struct na_report_call){
		.instance = text(report, row, 0), .component = text(report, row, 1), .destination = text(report, row, 2),
		.author = text(report, row, 3), .addon = text(report, row, 4), .chain = text(report, row, 5),
		.bucket = na_gather_bucket(row, 6), .inbound = direction && !strcmp(direction, "inbound"),
		.disagree = sqlite3_column_int(row, 8) != 0, .call_bytes = sqlite3_column_int64(row, 9), .sums = sums(row, 10),
	};
	if (!call->instance || !call->component || !call->destination || !call->author || !call->addon || !call->chain)
		return -ENOMEM;
	add_sums(call->inbound ? &report->inbound : &report->total[call->bucket], &call->sums);
	return 0;
}

static const char destinations_sql[] =
	"SELECT component, destination, bucket, " SUMS PERIOD " AND direction != 'inbound'"
	" GROUP BY component, destination, bucket ORDER BY sum(bytes_out) DESC, sum(calls) DESC, destination";

static int take_destination(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;
	struct na_report_destination *grown = grow(report->destinations, &report->destination_count, sizeof(*grown));
	struct na_report_destination *destination;

	if (!grown)
		return -ENOMEM;
	report->destinations = grown;
	destination = &grown[report->destination_count - 1];
	*destination = (struct na_report_destination){
		.component = text(report, row, 0), .destination = text(report, row, 1), .bucket = na_gather_bucket(row, 2),
		.sums = sums(row, 3),
	};
	return destination->component && destination->destination ? 0 : -ENOMEM;
}

static const char hours_sql[] =
	"SELECT hour, bucket, sum(calls), sum(bytes_out)" PERIOD " AND direction != 'inbound' GROUP BY hour, bucket ORDER BY hour";

static int take_hour(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;
	int64_t hour = sqlite3_column_int64(row, 0);
	struct na_report_hour *last = report->hour_count ? &report->hours[report->hour_count - 1] : NULL;

	if (!last || last->hour != hour) {
		struct na_report_hour *grown = grow(report->hours, &report->hour_count, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		report->hours = grown;
		last = &grown[report->hour_count - 1];
		last->hour = hour;
	}
	last->calls[na_gather_bucket(row, 1)] += sqlite3_column_int64(row, 2);
	last->bytes_out[na_gather_bucket(row, 1)] += sqlite3_column_int64(row, 3);
	return 0;
}

static const char days_sql[] =
	"SELECT component, hour / 24, sum(bytes_out), group_concat(DISTINCT CASE addon WHEN '' THEN 'unknown code' ELSE addon END),"
	" max(last_seq)" PERIOD " AND direction != 'inbound' AND bucket = 'vendor'"
	" GROUP BY component, hour / 24 ORDER BY component, hour / 24";

static int take_day(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;
	struct na_vendor_day *grown = grow(report->days, &report->day_count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	report->days = grown;
	grown[report->day_count - 1] = (struct na_vendor_day){
		text(report, row, 0), sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2), text(report, row, 3),
		sqlite3_column_int64(row, 4),
	};
	return grown[report->day_count - 1].component && grown[report->day_count - 1].addons ? 0 : -ENOMEM;
}

static const char beats_sql[] =
	"SELECT coalesce(sum(beats), 0), coalesce(max(detached), 0), coalesce(max(last_t), 0) FROM beat WHERE hour BETWEEN ?1 AND ?2";

static int take_beats(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;

	report->beats = sqlite3_column_int64(row, 0);
	report->detached = sqlite3_column_int64(row, 1);
	report->last_beat = sqlite3_column_int64(row, 2);
	return 0;
}

/* ---- the journal's own life: all of it, because an acknowledgement or a manifest may be older than the period ---- */

/* Losses and missed canaries can be many: of those the newest of the period. The others take years to be as many. */
static const char life_sql[] =
	"SELECT * FROM (SELECT seq, t, kind FROM life WHERE kind NOT IN ('lost', 'canary') ORDER BY seq DESC LIMIT 50000)"
	" UNION ALL SELECT * FROM (SELECT seq, t, kind FROM life WHERE kind IN ('lost', 'canary') AND t / 3600000000 BETWEEN ?1 AND ?2"
	" ORDER BY seq DESC LIMIT 1000) ORDER BY seq";

static int take_life(void *context, sqlite3_stmt *row)
{
	struct na_report *report = context;
	struct na_life_event *grown;

	grown = grow(report->life, &report->life_count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	report->life = grown;
	grown[report->life_count - 1] = (struct na_life_event){
		.seq = sqlite3_column_int64(row, 0), .t = sqlite3_column_int64(row, 1), .kind = text(report, row, 2),
	};
	return grown[report->life_count - 1].kind ? 0 : -ENOMEM;
}

static int take_body(void *context, const struct na_stored_row *row)
{
	struct na_life_event *event = context;

	event->body = json_loadb(row->body, row->body_bytes, 0, NULL);
	return 0;
}

/* A record that was kept over a cut stands for the one it was. */
static int unwrap(struct na_report *report, struct na_life_event *event)
{
	const char *inner = json_string_value(json_object_get(event->body, "body"));
	json_t *body = inner ? json_loads(inner, 0, NULL) : NULL;

	json_decref(event->body);
	event->body = body;
	event->t = json_integer_value(json_object_get(body, "t"));
	event->kind = na_report_keep(report, json_string_value(json_object_get(body, "kind")));
	return event->kind ? 0 : -ENOMEM;
}

static int read_life(struct na_report *report, struct na_query *query)
{
	for (size_t i = 0; i < report->life_count; i++) {
		int err = na_query_row(query, report->life[i].seq, take_body, &report->life[i]);

		if (err && err != -ENOENT)	/* pruned since */
			return err;
		if (!strcmp(report->life[i].kind, "carried") && unwrap(report, &report->life[i]))
			return -ENOMEM;
	}
	return 0;
}

/* How long of the period was watched: not between a clean stop and the next start, nor where a gap leaves doubt. */
static void measure_coverage(struct na_report *report)
{
	int64_t stopped_at = 0, first = report->life_count ? report->life[0].t : report->now;
	int64_t since = report->since > first ? report->since : first, until = report->until < report->now ? report->until :
														  report->now;

	for (size_t i = 0; i < report->life_count; i++) {
		const struct na_life_event *event = &report->life[i];
		int64_t from, to = event->t < until ? event->t : until;

		if (!strcmp(event->kind, "stop"))
			stopped_at = event->t;
		if (!strcmp(event->kind, "start") && stopped_at) {
			from = stopped_at > since ? stopped_at : since;
			report->stopped_us += to > from ? to - from : 0;
			stopped_at = 0;
		}
		if (!strcmp(event->kind, "gap") && event->body) {
			from = json_integer_value(json_object_get(event->body, "from_t"));
			from = from > since ? from : since;
			report->doubted_us += from && to > from ? to - from : 0;
		}
	}
	if (stopped_at && stopped_at < until)
		report->stopped_us += until - (stopped_at > since ? stopped_at : since);
	report->watched_us = until > since ? until - since - report->stopped_us - report->doubted_us : 0;
	if (report->watched_us < 0)
		report->watched_us = 0;
}

int64_t na_report_coverage(const struct na_report *report)
{
	int64_t whole = report->watched_us + report->doubted_us;

	return whole / 1000 ? report->watched_us / (whole / 1000) : report->life_count ? 1000 : 0;
}

static void check_chain(struct na_report *report, const struct na_report_request *request)
{
	struct na_verify_options options = { .path = request->directory, .index = true };

	report->verified_whole = !request->quick;
	if (!request->quick)
		(void)(request->verify ? request->verify : na_verify)(&options, &report->verified);
}

int na_report_gather(struct na_report *report, struct na_query *query, const struct na_report_request *request)
{
	static const struct {
		const char *sql;
		int (*take)(void *context, sqlite3_stmt *row);
	} parts[] = {
		{ calls_sql, take_call }, { destinations_sql, take_destination }, { hours_sql, take_hour },
		{ days_sql, take_day },	  { beats_sql, take_beats },		  { life_sql, take_life },
	};
	int64_t first = request->since / NA_ROLLUP_HOUR_US, last = (request->until - 1) / NA_ROLLUP_HOUR_US;
	int err = 0;

	memset(report, 0, sizeof(*report));
	report->since = first * NA_ROLLUP_HOUR_US;
	report->until = (last + 1) * NA_ROLLUP_HOUR_US;
	report->now = request->now;
	report->catalogue = request->catalogue;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++)
		err = na_query_rollup(query, parts[i].sql, first, last, parts[i].take, report);
	if (!err)
		err = na_gather_hidden(report, query, first, last);
	if (!err)
		err = read_life(report, query);
	if (request->upto > na_query_indexed(query))
		report->not_counted = request->upto - na_query_indexed(query);
	if (!err && request->directory)
		check_chain(report, request);
	if (!err)
		measure_coverage(report);
	return err;
}
