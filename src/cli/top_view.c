// SPDX-License-Identifier: GPL-2.0-or-later
/* The picture: nothing wider than the terminal, and nothing on it but what we mean. */
#include "cli/top_view.h"

#include <inttypes.h>
#include <string.h>
#include <wchar.h>

#include "base/escape.h"

#define ROWS_MOST 200
#define NAME_LEAST 16
#define NUMBER_WIDTH 9
#define BUCKET_WIDTH 18
#define BAR_WIDTH 20

struct line {
	FILE *out;
	const struct na_cli *cli;
	size_t left;		/* columns */
};

static const struct {
	const char *title, *fact, *json;
} kinds[NA_TOP_KINDS] = {
	[NA_TOP_DESTINATIONS] = { "DESTINATION", "destination", "destinations" },
	[NA_TOP_ADDONS] = { "ADD-ON", "addon", "addons" },
	[NA_TOP_WORKERS] = { "WORKER", "worker", "workers" },
};

static const char *const orders[NA_TOP_ORDERS] = {
	[NA_TOP_BY_SENT] = "bytes sent", [NA_TOP_BY_RECEIVED] = "bytes received", [NA_TOP_BY_CALLS] = "calls",
	[NA_TOP_BY_NAME] = "name",
};

/* Text of ours, or escaped: as much of it as fits into `width` columns and the line. Returns how many it took. */
static size_t put(struct line *line, const char *text, size_t width)
{
	size_t taken = 0, left = strlen(text);
	mbstate_t state = { 0 };

	if (width > line->left)
		width = line->left;
	while (left) {
		wchar_t character;
		size_t bytes = mbrtowc(&character, text, left, &state);
		bool known = bytes > 0 && bytes <= left && (line->cli->utf8 || character < 0x80);
		int columns = known ? wcwidth(character) : 1;

		if (bytes == 0 || bytes > left) {
			bytes = 1;
			memset(&state, 0, sizeof(state));
		}
		known = known && columns >= 0;
		columns = columns < 0 ? 1 : columns;
		if (taken + (size_t)columns > width)
			break;
		if (known)
			(void)fwrite(text, 1, bytes, line->out);
		else
			fputc('?', line->out);
		taken += (size_t)columns;
		text += bytes;
		left -= bytes;
	}
	line->left -= taken;
	return taken;
}

static void put_colour(struct line *line, enum na_colour colour)
{
	fputs(na_colour(line->cli, colour), line->out);
}

static void put_cell(struct line *line, const char *text, size_t width)
{
	for (size_t taken = put(line, text, width); taken < width && line->left; taken++, line->left--)
		fputc(' ', line->out);
}

static void put_right(struct line *line, const char *text, size_t width)
{
	for (size_t length = strlen(text); length < width && line->left; length++, line->left--)
		fputc(' ', line->out);
	put(line, text, width);
}

static void put_untrusted(struct line *line, const char *text, size_t width)
{
	char escaped[NA_ESCAPED_BYTES(NA_TOP_NAME_BYTES)];

	na_escape(escaped, sizeof(escaped), text, strlen(text));
	put_cell(line, escaped, width);
}

static void put_bar(struct line *line, int64_t value, int64_t most, size_t width)
{
	size_t length = most > 0 ? (size_t)((double)value / (double)most * (double)width + 0.5) : 0;

	put_colour(line, NA_BLUE);
	for (size_t i = 0; i < (value > 0 && !length ? 1 : length); i++)
		put(line, line->cli->utf8 ? "\xe2\x96\x88" : "#", 1);
	put_colour(line, NA_PLAIN);
}

/* ---- what stands above the lists ---- */

static void put_verdict(struct line *line, const struct na_top_view *view)
{
	static const enum na_colour colours[] = { [NA_ALL_CLEAR] = NA_GREEN, [NA_ATTENTION] = NA_YELLOW, [NA_ALARM] = NA_RED };
	static const char *const words[] = { [NA_ALL_CLEAR] = "ALL-CLEAR", [NA_ATTENTION] = "ATTENTION", [NA_ALARM] = "ALARM" };
	char text[64];

	if (!view->judged) {
		put(line, "no report: netaudit report says why", line->left);
		return;
	}
	put_colour(line, colours[view->verdict]);
	put(line, words[view->verdict], line->left);
	put_colour(line, NA_PLAIN);
	for (size_t i = 0; i < view->cause_count; i++) {
		(void)snprintf(text, sizeof(text), "%s%s %zu", i ? ", " : "  ", view->causes[i].rule, view->causes[i].count);
		put(line, text, line->left);
	}
	put(line, "  (24 hours; the chain is not checked here)", line->left);
}

static void put_state(struct line *line, const struct na_top_view *view)
{
	char text[160], lost[NA_HUMAN_BYTES], queue[NA_HUMAN_BYTES];

	put(line, "daemon ", line->left);
	put_colour(line, strcmp(view->daemon, "running") ? NA_RED : NA_GREEN);
	put(line, view->daemon, line->left);
	put_colour(line, NA_PLAIN);
	if (view->events_s >= 0) {
		(void)snprintf(text, sizeof(text), ", %.0f events/s", view->events_s);
		put(line, text, line->left);
	}
	(void)snprintf(text, sizeof(text), ", %" PRId64 " flows open, %s bytes queued, ", view->flows_open,
		       na_human_bytes(queue, view->queue_bytes));
	put(line, text, line->left);
	put_colour(line, view->lost ? NA_RED : NA_PLAIN);
	(void)snprintf(text, sizeof(text), "%s lost", na_human_count(lost, view->lost));
	put(line, text, line->left);
	put_colour(line, NA_PLAIN);
}

static void put_minute(struct line *line, const struct na_top_view *view)
{
	char text[200], sent[NA_HUMAN_BYTES], received[NA_HUMAN_BYTES], answered[NA_HUMAN_BYTES], asked[NA_HUMAN_BYTES];
	struct na_top_sums out, in;

	na_top_totals(view->tally, view->now_s, &out, &in);
	(void)snprintf(text, sizeof(text), "last minute: %" PRId64 " calls out (%s sent, %s received), %" PRId64 " in (%s sent, %s received)",
		       out.calls, na_human_bytes(sent, out.bytes_out), na_human_bytes(received, out.bytes_in), in.calls,
		       na_human_bytes(answered, in.bytes_out), na_human_bytes(asked, in.bytes_in));
	put(line, text, line->left);
}

static void put_footer(struct line *line, const struct na_top_view *view)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "%ssorted by %s   s sent  r received  c calls  n name  p pause  q quit",
		       view->paused ? "PAUSED  " : "", orders[view->order]);
	put_colour(line, NA_FAINT);
	put(line, text, line->left);
	put_colour(line, NA_PLAIN);
}

/* ---- the lists ---- */

static size_t name_width(size_t columns)
{
	size_t fixed = 3 * NUMBER_WIDTH + (columns >= 80 ? BUCKET_WIDTH : 0) + (columns >= 100 ? BAR_WIDTH + 2 : 0);

	return columns > fixed + NAME_LEAST ? columns - fixed : NAME_LEAST;
}

static void put_heading(struct line *line, size_t columns, enum na_top_kind kind, size_t all)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s (%zu)", kinds[kind].title, all);
	put_colour(line, NA_BOLD);
	put_cell(line, text, name_width(columns));
	if (columns >= 80)
		put_cell(line, kind == NA_TOP_DESTINATIONS ? "WHOSE" : "", BUCKET_WIDTH);
	put_right(line, "CALLS", NUMBER_WIDTH);
	put_right(line, "SENT", NUMBER_WIDTH);
	put_right(line, "RECEIVED", NUMBER_WIDTH);
	put_colour(line, NA_PLAIN);
}

static void put_row(struct line *line, size_t columns, const struct na_top_row *row, int64_t most)
{
	char number[NA_HUMAN_BYTES];

	put_untrusted(line, row->name, name_width(columns));
	if (columns >= 80) {
		put_colour(line, strcmp(row->bucket, "vendor") ? NA_PLAIN : NA_YELLOW);
		put_untrusted(line, row->bucket, BUCKET_WIDTH);
		put_colour(line, NA_PLAIN);
	}
	put_right(line, na_human_count(number, row->sums.calls), NUMBER_WIDTH);
	put_right(line, na_human_bytes(number, row->sums.bytes_out), NUMBER_WIDTH);
	put_right(line, na_human_bytes(number, row->sums.bytes_in), NUMBER_WIDTH);
	if (columns >= 100) {
		put(line, "  ", 2);
		put_bar(line, row->sums.bytes_out, most, BAR_WIDTH);
	}
}

static struct line begin(FILE *out, const struct na_top_view *view, size_t columns)
{
	return (struct line){ .out = out, .cli = view->cli, .left = columns };
}

/* Heading and rows in exactly `lines` lines. */
static void put_list(FILE *out, const struct na_top_view *view, enum na_top_kind kind, size_t columns, size_t lines,
		     const char *end)
{
	struct na_top_row rows[ROWS_MOST];
	size_t all, count = na_top_rows(view->tally, kind, view->order, view->now_s, rows,
					lines - 1 < ROWS_MOST ? lines - 1 : ROWS_MOST, &all);
	struct line line = begin(out, view, columns);
	int64_t most = 0;

	for (size_t i = 0; i < count; i++)
		most = rows[i].sums.bytes_out > most ? rows[i].sums.bytes_out : most;
	put_heading(&line, columns, kind, all);
	fputs(end, out);
	for (size_t i = 0; i + 1 < lines; i++) {
		line = begin(out, view, columns);
		if (i < count)
			put_row(&line, columns, &rows[i], most);
		fputs(end, out);
	}
}

void na_top_picture(FILE *out, const struct na_top_view *view, size_t columns, size_t lines, const char *end)
{
	static void (*const head[])(struct line *, const struct na_top_view *) = { put_verdict, put_state, put_minute };
	struct line line;
	size_t left = lines;

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]) && left > 1; i++, left--) {
		line = begin(out, view, columns);
		head[i](&line, view);
		fputs(end, out);
	}
	if (left > 16) {	/* all three, of which destinations get half */
		fputs(end, out);
		left--;
		put_list(out, view, NA_TOP_DESTINATIONS, columns, left - 1 - 2 * ((left - 1) / 4), end);
		put_list(out, view, NA_TOP_ADDONS, columns, (left - 1) / 4, end);
		put_list(out, view, NA_TOP_WORKERS, columns, (left - 1) / 4, end);
	} else if (left > 2) {
		put_list(out, view, NA_TOP_DESTINATIONS, columns, left - 1, end);
	} else if (left == 2) {
		fputs(end, out);
	}
	line = begin(out, view, columns);
	put_footer(&line, view);
}

/* ---- for programs ---- */

void na_top_facts(FILE *out, const struct na_top_view *view)
{
	struct na_top_sums sent, received;
	char escaped[NA_ESCAPED_BYTES(NA_TOP_NAME_BYTES)];

	fprintf(out, "verdict\t%s", view->judged ? na_level_name(view->verdict) : "not known");
	for (size_t i = 0; i < view->cause_count; i++)
		fprintf(out, "\t%s\t%zu", view->causes[i].rule, view->causes[i].count);
	na_top_totals(view->tally, view->now_s, &sent, &received);
	fprintf(out, "\ndaemon\t%s\t%" PRId64 "\t%" PRId64 "\n", view->daemon, view->flows_open, view->lost);
	fprintf(out, "out\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", sent.calls, sent.bytes_out, sent.bytes_in);
	fprintf(out, "in\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", received.calls, received.bytes_out, received.bytes_in);
	for (int kind = 0; kind < NA_TOP_KINDS; kind++) {
		struct na_top_row rows[ROWS_MOST];
		size_t all, count = na_top_rows(view->tally, (enum na_top_kind)kind, view->order, view->now_s, rows, ROWS_MOST, &all);

		for (size_t i = 0; i < count; i++) {
			na_escape(escaped, sizeof(escaped), rows[i].name, strlen(rows[i].name));
			fprintf(out, "%s\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", kinds[kind].fact, escaped,
				rows[i].bucket, rows[i].sums.calls, rows[i].sums.bytes_out, rows[i].sums.bytes_in);
		}
	}
}

static json_t *sums_json(const struct na_top_sums *sums)
{
	return json_pack("{s:I, s:I, s:I}", "calls", (json_int_t)sums->calls, "bytes_out", (json_int_t)sums->bytes_out,
			 "bytes_in", (json_int_t)sums->bytes_in);
}

/* A name may have been cut inside a character, or never have been UTF-8: then it is shown escaped. */
static json_t *name_json(const char *name)
{
	char escaped[NA_ESCAPED_BYTES(NA_TOP_NAME_BYTES)];

	if (na_utf8_valid(name, strlen(name)))
		return json_string(name);
	na_escape(escaped, sizeof(escaped), name, strlen(name));
	return json_string(escaped);
}

static json_t *list_json(const struct na_top_view *view, enum na_top_kind kind)
{
	struct na_top_row rows[ROWS_MOST];
	size_t all, count = na_top_rows(view->tally, kind, view->order, view->now_s, rows, ROWS_MOST, &all);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *row = sums_json(&rows[i].sums);

		json_object_set_new(row, "name", name_json(rows[i].name));
		if (kind == NA_TOP_DESTINATIONS)
			json_object_set_new(row, "bucket", name_json(rows[i].bucket));
		json_array_append_new(list, row);
	}
	return list;
}

json_t *na_top_json(const struct na_top_view *view)
{
	struct na_top_sums sent, received;
	json_t *causes = json_object(), *out;

	na_top_totals(view->tally, view->now_s, &sent, &received);
	for (size_t i = 0; i < view->cause_count; i++)
		json_object_set_new(causes, view->causes[i].rule, json_integer((json_int_t)view->causes[i].count));
	out = json_pack("{s:s*, s:b, s:o, s:s, s:I, s:I, s:I, s:o, s:o}", "verdict",
			view->judged ? na_level_name(view->verdict) : NULL, "chain_checked", 0, "causes", causes, "daemon",
			view->daemon, "flows_open", (json_int_t)view->flows_open, "lost", (json_int_t)view->lost, "until",
			(json_int_t)view->now_s, "out", sums_json(&sent), "in", sums_json(&received));
	for (int kind = 0; kind < NA_TOP_KINDS; kind++)
		json_object_set_new(out, kinds[kind].json, list_json(view, (enum na_top_kind)kind));
	return out;
}
