/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills the cells of table.h from a record and prints them. Flows have a cell for each thing; every
 * other kind has a sentence in place of the cells from PROCESS on.
 */
#include "cli/table.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "cli/describe.h"
#include "cli/fields.h"

#define END_BYTES (NA_FIELD_BYTES + 32)	/* an address or name, brackets, a port */
#define CELL_BYTES (3 * END_BYTES + 8)

struct cells {
	char text[NA_TABLE_COUNT][CELL_BYTES];
	int used;	/* cells before the sentence, or all */
	char sentence[NA_SENTENCE_BYTES];
};

static const struct {
	const char *title;
	int width;
} columns[] = {
#define X(symbol, title, width) { title, width },
	NA_TABLE_COLUMNS(X)
#undef X
};

static const char *arrow(const struct na_cli *cli, const json_t *body)
{
	if (na_field_is(body, "direction", "outbound"))
		return cli->utf8 ? "→" : "->";
	if (na_field_is(body, "direction", "inbound"))
		return cli->utf8 ? "←" : "<-";
	return "";
}

static void put_process(char *cell, const json_t *body)
{
	char comm[NA_FIELD_BYTES], pid[NA_FIELD_BYTES];

	na_field_text(comm, body, "comm");
	na_field_text(pid, body, "pid");
	if (*pid)
		snprintf(cell, CELL_BYTES, "%s[%s]", *comm ? comm : "?", pid);
	else
		snprintf(cell, CELL_BYTES, "%s", comm);
}

/* The add-on; else whose it is: "(odoo)", "(unknown)", in brackets to be told from an add-on of that name. */
static void put_author(char *cell, const json_t *body)
{
	char addon[NA_FIELD_BYTES], author[NA_FIELD_BYTES];

	if (*na_field_text(addon, body, "addon"))
		snprintf(cell, CELL_BYTES, "%s", addon);
	else if (*na_field_text(author, body, "author"))
		snprintf(cell, CELL_BYTES, "(%s)", author);
}

/* " (odoo.example)", " (odoo.example or 2 more)" of DNS answers; else " (odoo.example?)", which its thread had asked for. */
static void put_names(char out[END_BYTES], const json_t *body)
{
	const json_t *names = json_object_get(body, "dns_names");
	char name[NA_FIELD_BYTES];

	*out = '\0';
	if (json_array_size(names) == 1)
		snprintf(out, END_BYTES, " (%s)", na_value_text(name, json_array_get(names, 0)));
	else if (json_array_size(names))
		snprintf(out, END_BYTES, " (%s or %zu more)", na_value_text(name, json_array_get(names, 0)),
			 json_array_size(names) - 1);
	else if (*na_field_text(name, body, "resolved"))
		snprintf(out, END_BYTES, " (%s?)", name);
}

/* "address:port", "[address]:port"; a host name the record gives is shown in place of the address. */
static void put_end(char out[END_BYTES], const json_t *body, const char *address_key, const char *port_key,
		    const char *name_key)
{
	char address[NA_FIELD_BYTES], name[NA_FIELD_BYTES] = "", port[24] = "";
	int64_t number = na_field_integer(body, port_key, -1);
	bool brackets;

	na_field_text(address, body, address_key);
	if (number >= 0)
		snprintf(port, sizeof(port), "%" PRId64, number);
	if (name_key)
		na_field_text(name, body, name_key);
	brackets = !*name && *port && strchr(address, ':');
	snprintf(out, END_BYTES, "%s%s%s%s%s", brackets ? "[" : "", *name ? name : address, brackets ? "]" : "",
		 *port ? ":" : "", port);
}

/* "MAIL example.com", "MAIL example.com and 2 more": domains of recipients */
static void put_mail(char *cell, const json_t *body)
{
	const json_t *domains = json_object_get(body, "recipient_domains"), *first = json_array_get(domains, 0);
	char domain[NA_FIELD_BYTES], more[32] = "";

	if (json_array_size(domains) > 1)
		snprintf(more, sizeof(more), " and %zu more", json_array_size(domains) - 1);
	snprintf(cell, CELL_BYTES, "MAIL %s%s", first ? na_value_text(domain, first) : "", more);
}

/* "STARTUP odoo@production": user and database */
static void put_startup(char *cell, const json_t *body)
{
	char user[NA_FIELD_BYTES], database[NA_FIELD_BYTES];

	snprintf(cell, CELL_BYTES, "STARTUP %s@%s", na_field_text(user, body, "user"), na_field_text(database, body, "database"));
}

/* "POST odoo.example/web/login" */
static void put_request(char *cell, const json_t *body)
{
	char method[NA_FIELD_BYTES], host[NA_FIELD_BYTES], path[NA_FIELD_BYTES];

	snprintf(cell, CELL_BYTES, "%s %s%s%s", na_field_text(method, body, "method"), na_field_text(host, body, "host"),
		 na_field_text(path, body, "path"), json_object_get(body, "query") ? "?" : "");
}

/* "A odoo.example @192.0.2.53:53 = 203.0.113.5 (and 1 more)" */
static void put_lookup(char *cell, const json_t *body)
{
	const json_t *ips = json_object_get(body, "host_ips");
	char type[NA_FIELD_BYTES], host[NA_FIELD_BYTES], ip[NA_FIELD_BYTES] = "", server[END_BYTES], more[32] = "";

	if (json_array_size(ips))
		na_value_text(ip, json_array_get(ips, 0));
	if (json_array_size(ips) > 1)
		snprintf(more, sizeof(more), " (and %zu more)", json_array_size(ips) - 1);
	put_end(server, body, "dst", "dport", NULL);
	snprintf(cell, CELL_BYTES, "%s %s @%s%s%s%s", na_field_text(type, body, "record_type"),
		 na_field_text(host, body, "host"), server, *ip ? " = " : "", ip, more);
}

static void put_where(char *cell, const json_t *body)
{
	char source[END_BYTES], destination[END_BYTES], names[END_BYTES], path[NA_FIELD_BYTES];

	if (na_field_is(body, "kind", "exchange") && json_object_get(body, "recipients")) {
		put_mail(cell, body);
		return;
	}
	if (na_field_is(body, "kind", "exchange") && na_field_is(body, "protocol", "postgresql")) {
		put_startup(cell, body);
		return;
	}
	if (na_field_is(body, "kind", "exchange")) {
		put_request(cell, body);
		return;
	}
	if (na_field_is(body, "kind", "dns")) {
		put_lookup(cell, body);
		return;
	}
	na_field_text(path, body, "path");
	if (*path || na_field_is(body, "channel", "unix")) {
		snprintf(cell, CELL_BYTES, "unix:%s%s", json_is_true(json_object_get(body, "abstract")) ? "@" : "",
			 *path ? path : "?");
		return;
	}
	put_end(source, body, "src", "sport", NULL);
	put_end(destination, body, "dst", "dport", "host");
	put_names(names, body);
	if (*source || *destination)
		snprintf(cell, CELL_BYTES, "%s > %s%s", *source ? source : "?", *destination ? destination : "?", names);
}

static void put_result(char *cell, const json_t *body)
{
	char result[NA_FIELD_BYTES];

	if (na_field_is(body, "kind", "dns")) {
		snprintf(cell, CELL_BYTES, "%s", *na_field_text(result, body, "response_code") ? result : "unanswered");
		return;
	}
	na_field_text(result, body, json_object_get(body, "status") && na_field_is(body, "kind", "exchange") ? "status" : "result");
	snprintf(cell, CELL_BYTES, "%s%s", result,
		 json_is_true(json_object_get(body, "pre_existing")) ? *result ? ", before start" : "before start" : "");
}

static void put_bytes(char *cell, const json_t *body)
{
	char out[NA_HUMAN_BYTES], in[NA_HUMAN_BYTES];

	if (na_field_is(body, "kind", "exchange")) {
		bool inbound = na_field_is(body, "direction", "inbound");

		snprintf(cell, CELL_BYTES, "%s/%s",
			 na_human_bytes(out, na_field_integer(body, inbound ? "response_bytes" : "request_bytes", 0)),
			 na_human_bytes(in, na_field_integer(body, inbound ? "request_bytes" : "response_bytes", 0)));
		return;
	}
	if (json_object_get(body, "bytes_out") || json_object_get(body, "bytes_in"))
		snprintf(cell, CELL_BYTES, "%s/%s", na_human_bytes(out, na_field_integer(body, "bytes_out", 0)),
			 na_human_bytes(in, na_field_integer(body, "bytes_in", 0)));
}

static void fill_flow(struct cells *cells, const struct na_cli *cli, const json_t *body)
{
	int64_t duration_us = na_field_integer(body, "duration_us", -1);

	snprintf(cells->text[NA_TABLE_DIRECTION], CELL_BYTES, "%s", arrow(cli, body));
	na_field_text(cells->text[NA_TABLE_CHANNEL], body, "channel");
	put_process(cells->text[NA_TABLE_PROCESS], body);
	na_field_text(cells->text[NA_TABLE_WORKER], body, "worker");
	put_author(cells->text[NA_TABLE_AUTHOR], body);
	put_where(cells->text[NA_TABLE_WHERE], body);
	put_result(cells->text[NA_TABLE_RESULT], body);
	put_bytes(cells->text[NA_TABLE_BYTES], body);
	if (duration_us >= 0)
		na_human_duration(cells->text[NA_TABLE_DURATION], duration_us);
	cells->used = NA_TABLE_COUNT;
}

static void fill(struct cells *cells, const struct na_cli *cli, const struct na_stored_row *row)
{
	json_t *body = na_parse_body(row->body, row->body_bytes);
	int64_t time_us = na_field_integer(body, "t", INT64_MIN);

	memset(cells, 0, sizeof(*cells));
	cells->used = NA_TABLE_PROCESS;
	snprintf(cells->text[NA_TABLE_SEQ], CELL_BYTES, "%" PRId64, row->seq);
	if (time_us != INT64_MIN)
		na_local_time(cells->text[NA_TABLE_TIME], time_us);
	na_field_text(cells->text[NA_TABLE_KIND], body, "kind");
	if (!body)
		snprintf(cells->sentence, sizeof(cells->sentence),
			 "not a record: the stored bytes are not JSON; run 'netaudit verify'");
	else if (!na_describe(cells->sentence, body))
		fill_flow(cells, cli, body);
	json_decref(body);
}

static void print_cells(const struct na_cli *cli, FILE *out, const struct cells *cells)
{
	int last = *cells->sentence ? cells->used : cells->used - 1;

	if (!cli->terminal)
		while (last > 0 && !*cells->sentence && !*cells->text[last])
			last--;
	for (int i = 0; i <= last; i++) {
		const char *text = i == cells->used ? cells->sentence : cells->text[i];
		int width = i == last ? 0 : columns[i].width;
		int pad = width - (int)na_display_width(text);

		fputs(text, out);
		if (i == last)
			break;
		if (cli->terminal)
			fprintf(out, "%*s", pad > 0 ? pad + 1 : 1, "");
		else
			fputc('\t', out);
	}
}

/* What deserves a look, and what is only there for completeness. */
static enum na_colour row_colour(const struct cells *cells)
{
	static const struct {
		const char *kind;
		enum na_colour colour;
	} colours[] = {
		{ "lost", NA_RED },	    { "gap", NA_RED },	     { "clock", NA_YELLOW },  { "start", NA_GREEN },
		{ "stop", NA_GREEN },	    { "config", NA_YELLOW }, { "progress", NA_FAINT }, { "head", NA_FAINT },
		{ "heartbeat", NA_FAINT }, { "process", NA_FAINT }, { "close", NA_FAINT },   { "addon", NA_BLUE },
	};
	static const char *const failures[] = { "refused", "timed-out", "unreachable", "reset", "aborted", "failed" };

	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++)
		if (!strcmp(cells->text[NA_TABLE_RESULT], failures[i]))
			return NA_YELLOW;
	for (size_t i = 0; i < sizeof(colours) / sizeof(*colours); i++)
		if (!strcmp(cells->text[NA_TABLE_KIND], colours[i].kind))
			return colours[i].colour;
	return NA_PLAIN;
}

void na_table_row(const struct na_cli *cli, FILE *out, const struct na_stored_row *row)
{
	struct cells cells;
	enum na_colour colour;

	fill(&cells, cli, row);
	colour = row_colour(&cells);
	if (colour != NA_PLAIN)
		fputs(na_colour(cli, colour), out);
	print_cells(cli, out, &cells);
	if (colour != NA_PLAIN)
		fputs(na_colour(cli, NA_PLAIN), out);
	fputc('\n', out);
}

void na_table_header(const struct na_cli *cli, FILE *out)
{
	struct cells cells = { .used = NA_TABLE_COUNT };

	if (!cli->terminal)
		return;
	for (int i = 0; i < NA_TABLE_COUNT; i++)
		snprintf(cells.text[i], CELL_BYTES, "%s", columns[i].title);
	fputs(na_colour(cli, NA_BOLD), out);
	print_cells(cli, out, &cells);
	fprintf(out, "%s\n", na_colour(cli, NA_PLAIN));
}
