/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit log: the newest records that match, as `netaudit log` has them, and a way to older ones. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/table.h"
#include "cli/when.h"
#include "report/html_text.h"
#include "web/pages.h"

#define ROWS 100
#define QUIET_KINDS "progress,heartbeat,head"	/* many, and rarely what is looked for: asked for by kind */

enum form { AS_TEXT, AS_HEX, AS_DESTINATION };

/* What the form asks, in its order; times and paging are not in this table. */
static const struct {
	enum na_web_parameter parameter;
	enum form form;
	enum na_index_column column;
	const char *label;
	const char *hint;	/* what may be written */
	const char *choices;	/* separated by commas; NULL: free text */
} fields[] = {
	{ NA_WEB_DIRECTION, AS_TEXT, NA_INDEX_DIRECTION, "Direction", "", "outbound,inbound" },
	{ NA_WEB_BUCKET, AS_TEXT, NA_INDEX_BUCKET, "Whose", "",
	  "vendor,suspected-vendor,unknown,odoo,third-party,internal,self" },
	{ NA_WEB_DESTINATION, AS_DESTINATION, NA_INDEX_COLUMNS, "Destination", "host, address, network, :port", NULL },
	{ NA_WEB_ADDON, AS_TEXT, NA_INDEX_ADDON, "Add-on", "names, by comma", NULL },
	{ NA_WEB_CHANNEL, AS_TEXT, NA_INDEX_CHANNEL, "Channel", "https, smtp, ...", NULL },
	{ NA_WEB_WORKER, AS_TEXT, NA_INDEX_WORKER, "Worker", "", "master,http,cron,gevent,shell,subprocess,relay" },
	{ NA_WEB_AUTHOR, AS_TEXT, NA_INDEX_AUTHOR, "Author", "", "addon,odoo,library,unknown" },
	{ NA_WEB_KIND, AS_TEXT, NA_INDEX_KIND, "Kind", "open, close, gap, ...", NULL },
	{ NA_WEB_INSTANCE, AS_TEXT, NA_INDEX_INSTANCE, "Odoo instance", "", NULL },
	{ NA_WEB_FLOW, AS_HEX, NA_INDEX_FLOW, "Flow", "16 hex digits", NULL },
};

#define FIELDS (sizeof(fields) / sizeof(*fields))

/* Returns 0, or -EINVAL and what is wrong in `label`. */
static int make_filter(const struct na_web_question *question, struct na_filter *filter, const char **label)
{
	const char *since = question->value[NA_WEB_SINCE], *until = question->value[NA_WEB_UNTIL];
	const char *before = question->value[NA_WEB_BEFORE];
	int64_t now = na_clock_read().wall_us, from = INT64_MIN, to = INT64_MAX, seq;

	*label = "From or until";
	if ((*since && na_parse_when(since, now, &from)) || (*until && na_parse_when(until, now, &to)) ||
	    ((*since || *until) && na_filter_between(filter, NA_INDEX_TIME, from, to)))
		return -EINVAL;
	for (size_t i = 0; i < FIELDS; i++) {
		const char *value = question->value[fields[i].parameter];
		int err = !*value ? 0 : fields[i].form == AS_HEX ? na_filter_hex(filter, fields[i].column, value) :
			  fields[i].form == AS_DESTINATION ? na_filter_destination(filter, value) :
			  na_filter_text(filter, fields[i].column, NA_IS_ANY_OF, value);

		*label = fields[i].label;
		if (err)
			return -EINVAL;
	}
	*label = "The page";
	if (*before && na_parse_count(before, 1, INT64_MAX, &seq))
		return -EINVAL;
	if (*before)
		filter->last_seq = seq - 1;
	return *question->value[NA_WEB_KIND] ? 0 : na_filter_text(filter, NA_INDEX_KIND, NA_IS_NONE_OF, QUIET_KINDS);
}

static void put_choices(FILE *out, const char *name, const char *choices, const char *chosen)
{
	fprintf(out, "<select name=%s><option value=''>any</option>", name);
	for (size_t length; *choices; choices += length + (choices[length] == ',')) {
		length = strcspn(choices, ",");
		fprintf(out, "<option%s>%.*s</option>",
			strlen(chosen) == length && !strncmp(chosen, choices, length) ? " selected" : "", (int)length, choices);
	}
	fputs("</select>", out);
}

static void put_input(FILE *out, const struct na_web_question *question, enum na_web_parameter parameter,
		      const char *label, const char *hint, const char *choices)
{
	const char *name = na_web_parameter_names[parameter];

	fprintf(out, "<label>%s", label);
	if (choices) {
		put_choices(out, name, choices, question->value[parameter]);
	} else {
		fprintf(out, "<input name=%s placeholder='%s' value='", name, hint);
		na_html_text(out, question->value[parameter]);
		fputs("'>", out);
	}
	fputs("</label>", out);
}

static void put_form(FILE *out, const struct na_web_question *question)
{
	fputs("<form action='/log'>", out);
	put_input(out, question, NA_WEB_SINCE, "From", "yesterday, 10 min ago", NULL);
	put_input(out, question, NA_WEB_UNTIL, "Until", "2026-01-31 14:30", NULL);
	for (size_t i = 0; i < FIELDS; i++)
		put_input(out, question, fields[i].parameter, fields[i].label, fields[i].hint, fields[i].choices);
	fputs("<button>Show</button></form>", out);
}

struct listing {
	const struct na_cli *cli;
	FILE *out;
	int64_t last_seq;
	int rows;
};

/* Cells as `netaudit log` prints them into a pipe: escaped, separated by tabs; a sentence takes the rest of the row. */
static void put_cells(FILE *out, char *line, size_t bytes)
{
	size_t cells = 0;

	if (bytes && line[bytes - 1] == '\n')
		line[--bytes] = '\0';
	for (char *rest = line, *cell; (cell = strsep(&rest, "\t")); cells++) {
		bool sentence = !rest && cells + 1 < NA_TABLE_COUNT;

		if (sentence)
			fprintf(out, "<td class=w colspan=%zu>", NA_TABLE_COUNT - cells);
		else
			fputs(cells < NA_TABLE_CHANNEL ? "<td class=k>" : cells == NA_TABLE_WHERE ? "<td class=w>" : "<td>", out);
		if (cells == NA_TABLE_SEQ)
			fprintf(out, "<a href='/record/%s'>", cell);
		na_html_escaped(out, cell, strlen(cell));
		if (cells == NA_TABLE_SEQ)
			fputs("</a>", out);
	}
}

static int put_row(void *context, const struct na_stored_row *row)
{
	struct listing *listing = context;
	char *line = NULL;
	size_t bytes = 0;
	FILE *memory;

	listing->last_seq = row->seq;
	if (++listing->rows > ROWS)
		return 0;
	memory = open_memstream(&line, &bytes);
	if (!memory)
		return -ENOMEM;
	na_table_row(listing->cli, memory, row);
	if (fclose(memory) == 0) {
		fputs("<tr>", listing->out);
		put_cells(listing->out, line, bytes);
	}
	free(line);
	return 0;
}

static void put_header(FILE *out)
{
	static const char *const titles[NA_TABLE_COUNT] = {
		"Record", "Time", "Kind", "<span aria-label=Direction></span>", "Channel", "Process", "Worker", "Add-on",
		"Source &gt; destination", "Result", "Out/in", "Took",
	};

	fputs("<div class=wide tabindex=0 role=region aria-label=Records><table class=log><thead><tr>", out);
	for (size_t i = 0; i < NA_TABLE_COUNT; i++)
		fprintf(out, "<th>%s", titles[i]);
	fputs("</thead><tbody>", out);
}

static void put_older(FILE *out, const struct na_web_question *question, int64_t before)
{
	fprintf(out, "<p><a href='/log?before=%" PRId64, before);
	for (int i = 0; i < NA_WEB_PARAMETER_COUNT; i++)
		if (i != NA_WEB_BEFORE && *question->value[i]) {
			fprintf(out, "&amp;%s=", na_web_parameter_names[i]);
			na_html_url(out, question->value[i]);
		}
	fputs("'>Older records</a></p>", out);
}

unsigned int na_web_log(const struct na_web_settings *settings, const struct na_web_question *question, FILE *out)
{
	struct na_cli cli = *settings->cli;
	struct listing listing = { .cli = &cli, .out = out };
	struct na_filter filter = NA_FILTER_ALL;
	struct na_query *query = NULL;
	const char *label;
	char why[128];
	int err = make_filter(question, &filter, &label);

	if (err) {
		(void)snprintf(why, sizeof(why), "%s: that is not understood. Go back, and see what the field suggests.", label);
		return na_web_sorry(out, 400, why);
	}
	err = na_query_open(&query, na_cli_journal(&cli, cli.state_dir));
	if (err)
		return na_web_unreadable(out, err);
	na_web_begin(out, "Audit log", "/log");
	put_form(out, question);
	put_header(out);
	err = na_query_run(query, &filter, NA_NEWEST_FIRST, ROWS + 1, put_row, &listing);
	if (!listing.rows)
		fprintf(out, "<tr><td colspan=%d class=faint>No record matches.", NA_TABLE_COUNT);
	fputs("</tbody></table></div>", out);
	if (err)
		fprintf(out, "<p class=sorry>Not all could be read: %s</p>", strerror(-err));
	if (listing.rows > ROWS)
		put_older(out, question, listing.last_seq + 1);
	if (!*question->value[NA_WEB_KIND])
		fputs("<p class=faint>Not shown unless asked for by kind: " QUIET_KINDS ".</p>", out);
	na_web_end(out);
	na_query_close(query);
	return 200;
}
