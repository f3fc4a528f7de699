/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit addons: the add-ons that were met, what their manifests say, and what they called.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "cli/addons_tally.h"
#include "cli/cli.h"
#include "cli/fields.h"
#include "cli/json_line.h"
#include "cli/when.h"
#include "reader/query.h"

#define WIDEST 36	/* of a text on a terminal; the rest is cut */

const struct na_option na_addons_options[] = {
	{ "since", 'S', "TIME", "calls not before: 2026-01-31, 14:30, \"10 min ago\", today, yesterday" },
	{ "until", 'U', "TIME", "calls not after" },
	{ "instance", 'i', "NAME", "one Odoo instance" },
	{ "paths", 'p', NULL, "also where they are" },
	{ NULL, 0, NULL, NULL }
};

struct request {
	struct na_cli *cli;
	struct na_addon_tally *tally;
	const char *instance;
	int64_t since_us, until_us;
	bool paths;
};

static int take(void *context, const char *name, const char *value)
{
	struct request *request = context;

	switch (*name) {
	case 's':
		return na_parse_when(value, na_wall_us(), &request->since_us);
	case 'u':
		return na_parse_when(value, na_wall_us(), &request->until_us);
	case 'i':
		request->instance = value;
		return 0;
	default:
		request->paths = true;
		return 0;
	}
}

/* ---- reading ---- */

static int add_record(void *context, const struct na_stored_row *row)
{
	struct request *request = context;
	json_t *body = na_parse_body(row->body, row->body_bytes);
	int err = 0;

	if (body && na_field_is(body, "kind", "addon"))
		err = na_addon_tally_about(request->tally, body);
	else if (body)
		err = na_addon_tally_add(request->tally, body);
	json_decref(body);
	return err;
}

/* Add-ons of all time first: one that calls today may have been met last year. */
static int read_journal(struct request *request, struct na_query *query)
{
	static const char *const kinds[] = { "addon", "open,author,datagram,progress,close" };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct na_filter filter = NA_FILTER_ALL;

		err = na_filter_text(&filter, NA_INDEX_KIND, NA_IS_ANY_OF, kinds[i]);
		if (!err && request->instance)
			err = na_filter_text(&filter, NA_INDEX_INSTANCE, NA_IS_ANY_OF, request->instance);
		if (!err && i > 0 && (request->since_us != INT64_MIN || request->until_us != INT64_MAX))
			err = na_filter_between(&filter, NA_INDEX_TIME, request->since_us, request->until_us);
		if (!err)
			err = na_query_run(query, &filter, NA_OLDEST_FIRST, 0, add_record, request);
	}
	return err;
}

/* ---- one row as text ---- */

enum column { ADDON, VERSION, AUTHOR, LICENSE, WEBSITE, CALLS, SENT, RECEIVED, LAST, INSTANCE, PATH, COLUMNS };

static const struct {
	const char *title;
	bool number;
} columns[COLUMNS] = {
	[ADDON] = { "ADD-ON", false },	 [VERSION] = { "VERSION", false },   [AUTHOR] = { "AUTHOR", false },
	[LICENSE] = { "LICENCE", false }, [WEBSITE] = { "WEBSITE", false },  [CALLS] = { "CALLS", true },
	[SENT] = { "OUT", true },	 [RECEIVED] = { "IN", true },	     [LAST] = { "LAST CALL", false },
	[INSTANCE] = { "INSTANCE", false }, [PATH] = { "PATH", false },
};

struct line {
	char cell[COLUMNS][NA_FIELD_BYTES];
};

/* Who made calls that no add-on made. */
static const char *other_author(const char *author)
{
	static const char *const names[][2] = {
		{ "odoo", "(Odoo itself)" }, { "library", "(a program or library)" }, { "unknown", "(unknown)" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(author, names[i][0]))
			return names[i][1];
	return "";
}

static void put(struct line *line, enum column column, const char *text)
{
	snprintf(line->cell[column], NA_FIELD_BYTES, "%s", text);
}

static void fill(struct line *line, const struct na_cli *cli, const struct na_addon_row *row)
{
	char number[NA_HUMAN_BYTES];

	memset(line, 0, sizeof(*line));
	put(line, ADDON, *row->name ? row->name : other_author(row->author));
	na_field_text(line->cell[VERSION], row->about, "version");
	na_field_text(line->cell[AUTHOR], row->about, "maker");
	na_field_text(line->cell[LICENSE], row->about, "license");
	na_field_text(line->cell[WEBSITE], row->about, "website");
	if (json_is_true(json_object_get(row->about, "manifest_unreadable")))
		put(line, AUTHOR, "(manifest unreadable)");
	if (cli->terminal) {
		put(line, CALLS, na_human_count(number, row->calls));
		put(line, SENT, na_human_bytes(number, row->bytes_out));
		put(line, RECEIVED, na_human_bytes(number, row->bytes_in));
	} else {
		snprintf(line->cell[CALLS], NA_FIELD_BYTES, "%" PRId64, row->calls);
		snprintf(line->cell[SENT], NA_FIELD_BYTES, "%" PRId64, row->bytes_out);
		snprintf(line->cell[RECEIVED], NA_FIELD_BYTES, "%" PRId64, row->bytes_in);
	}
	if (row->last_us != INT64_MIN)
		put(line, LAST, na_local_time(number, row->last_us));
	put(line, INSTANCE, row->instance);
	put(line, PATH, row->path);
}

/* A long text ends in "..." so that the columns behind it can be read. */
static void cut(char cell[NA_FIELD_BYTES])
{
	size_t width = 0;

	if (na_display_width(cell) <= WIDEST)
		return;
	for (size_t i = 0; cell[i]; i++) {
		width += (cell[i] & 0xc0) != 0x80;
		if (width > WIDEST - 3) {
			memcpy(cell + i, "...", 4);
			return;
		}
	}
}

/* ---- all rows ---- */

struct layout {
	size_t width[COLUMNS];
	bool shown[COLUMNS];
};

/* In a pipe every column is there, so that its number does not depend on what was recorded. */
static void lay_out(struct layout *layout, const struct request *request, struct na_addon_row *const *rows,
		    size_t count)
{
	bool several = false;

	for (size_t i = 0; i < COLUMNS; i++) {
		layout->shown[i] = true;
		layout->width[i] = strlen(columns[i].title);
	}
	for (size_t i = 0; i < count; i++) {
		struct line line;

		several |= strcmp(rows[i]->instance, rows[0]->instance) != 0;
		fill(&line, request->cli, rows[i]);
		for (size_t j = 0; j < COLUMNS; j++) {
			size_t width;

			cut(line.cell[j]);
			width = na_display_width(line.cell[j]);
			layout->width[j] = width > layout->width[j] ? width : layout->width[j];
		}
	}
	layout->shown[INSTANCE] = several || !request->cli->terminal;
	layout->shown[PATH] = request->paths || !request->cli->terminal;
}

static void print_line(const struct na_cli *cli, const struct layout *layout, struct line *line)
{
	size_t last = COLUMNS - 1;

	while (!layout->shown[last])
		last--;
	for (size_t i = 0; i <= last; i++) {
		size_t width;

		if (!layout->shown[i])
			continue;
		if (!cli->terminal) {
			printf("%s%s", line->cell[i], i == last ? "" : "\t");
			continue;
		}
		if (i != PATH)
			cut(line->cell[i]);
		width = na_display_width(line->cell[i]);
		width = layout->width[i] > width ? layout->width[i] - width : 0;
		if (columns[i].number)
			printf("%*s%s  ", (int)width, "", line->cell[i]);
		else
			printf("%s%*s", line->cell[i], i == last ? 0 : (int)width + 2, "");
	}
}

static enum na_colour colour_of(const struct na_addon_row *row)
{
	if (!strcmp(row->author, "unknown") || json_is_true(json_object_get(row->about, "manifest_unreadable")))
		return NA_YELLOW;
	return row->calls ? NA_PLAIN : NA_FAINT;
}

static void print_coloured(const struct na_cli *cli, const struct layout *layout, struct line *line,
			   enum na_colour colour)
{
	if (colour != NA_PLAIN)
		fputs(na_colour(cli, colour), stdout);
	print_line(cli, layout, line);
	if (colour != NA_PLAIN)
		fputs(na_colour(cli, NA_PLAIN), stdout);
	putchar('\n');
}

static void print_table(const struct request *request, struct na_addon_row *const *rows, size_t count)
{
	struct layout layout;
	struct line line;

	lay_out(&layout, request, rows, count);
	if (request->cli->terminal) {
		for (size_t i = 0; i < COLUMNS; i++)
			put(&line, i, columns[i].title);
		print_coloured(request->cli, &layout, &line, NA_BOLD);
	}
	for (size_t i = 0; i < count; i++) {
		fill(&line, request->cli, rows[i]);
		print_coloured(request->cli, &layout, &line, colour_of(rows[i]));
	}
}

/* The add-on's own record, where there is one, with what it called. */
static void print_json(const struct na_addon_row *row)
{
	static const char *const record_only[] = { "kind", "nonce", "t", "tb" };
	json_t *out = row->about ? json_copy(row->about) : json_object();

	for (size_t i = 0; i < sizeof(record_only) / sizeof(*record_only); i++)
		json_object_del(out, record_only[i]);
	if (!row->about && *row->name)
		json_object_set_new(out, "addon", json_string(row->name));
	if (!row->about && *row->instance)
		json_object_set_new(out, "instance", json_string(row->instance));
	json_object_set_new(out, "author", json_string(row->author));
	json_object_set_new(out, "calls", json_integer(row->calls));
	json_object_set_new(out, "bytes_out", json_integer(row->bytes_out));
	json_object_set_new(out, "bytes_in", json_integer(row->bytes_in));
	if (row->last_us != INT64_MIN)
		json_object_set_new(out, "last_t", json_integer(row->last_us));
	na_json_dump(stdout, out, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(out);
}

static int run(struct request *request)
{
	struct na_addon_row **rows;
	struct na_query *query;
	size_t count;
	int err = na_query_open(&query, na_cli_journal(request->cli, request->cli->state_dir));

	if (err)
		return err;
	err = read_journal(request, query);
	na_query_close(query);
	if (err)
		return err;
	rows = na_addon_tally_rows(request->tally, &count);
	if (!request->cli->json)
		print_table(request, rows, count);
	for (size_t i = 0; request->cli->json && i < count; i++)
		print_json(rows[i]);
	return 0;
}

int na_command_addons(struct na_cli *cli, int argc, char **argv)
{
	struct request request = { .cli = cli, .since_us = INT64_MIN, .until_us = INT64_MAX };
	int code = na_cli_parse(cli, argc, argv, take, &request), err;

	if (code >= 0)
		return code;
	err = na_addon_tally_create(&request.tally);
	if (!err)
		err = run(&request);
	na_addon_tally_destroy(request.tally);
	return err ? na_cli_unreadable(cli, cli->journal_dir, err) : NA_CLI_OK;
}
