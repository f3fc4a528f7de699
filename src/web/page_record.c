/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One record: what it says in words, its hashes, the head over it, the bytes as they are stored. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "cli/explain.h"
#include "cli/fields.h"
#include "journal/hex.h"
#include "reader/proof.h"
#include "report/html_text.h"
#include "web/pages.h"

struct record {
	struct na_query *query;
	FILE *out;
};

static void put_hash(FILE *out, const char *title, const unsigned char hash[NA_HASH_BYTES])
{
	char hex[2 * NA_HASH_BYTES + 1] = "";

	na_hex_encode(hex, hash, NA_HASH_BYTES);
	hex[2 * NA_HASH_BYTES] = '\0';
	fprintf(out, "<tr><th>%s<td><code>%s</code>", title, hex);
}

static void put_proof(FILE *out, struct na_query *query, const struct na_stored_row *row)
{
	struct na_row_proof proof;
	int err = na_row_proof(query, row->seq, row->body, row->body_bytes, row->row_hash, &proof);

	fputs("<h2>Evidence</h2><table class=facts>", out);
	put_hash(out, "Row hash, as stored", row->row_hash);
	if (err) {
		fputs("<tr><th>Check<td>could not be made: what came before this record cannot be read", out);
	} else {
		put_hash(out, "Hash of the row before", proof.previous);
		put_hash(out, "Row hash, recomputed", proof.computed);
		fputs(proof.equal ? "<tr><th>Check<td class=right>the stored hash is right" :
				    "<tr><th>Check<td class=wrong>THE STORED HASH IS WRONG", out);
		if (proof.head_size)
			fprintf(out, "<tr><th>Signed head<td>over the records 1 to %" PRId64, proof.head_size);
		else
			fputs("<tr><th>Signed head<td>none covers this record yet", out);
	}
	fputs("</table>", out);
}

/* na_explain() prints "label, spaces, value" lines of escaped text. */
static void put_words(FILE *out, const json_t *body)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *memory = open_memstream(&text, &bytes);

	if (!memory)
		return;
	na_explain(memory, body);
	if (fclose(memory) == 0) {
		fputs("<pre>", out);
		na_html_escaped(out, text, bytes);
		fputs("</pre>", out);
	}
	free(text);
}

static void put_bytes(FILE *out, const struct na_stored_row *row)
{
	size_t most = NA_ESCAPED_BYTES(row->body_bytes);
	char *escaped = malloc(most);

	if (!escaped)
		return;
	fputs("<h2>As stored</h2><pre>", out);
	na_html_escaped(out, escaped, na_escape_line(escaped, most, row->body, row->body_bytes));
	fputs("</pre>", out);
	free(escaped);
}

static int put_record(void *context, const struct na_stored_row *row)
{
	const struct record *record = context;
	FILE *out = record->out;
	json_t *body = na_parse_body(row->body, row->body_bytes);
	const char *flow = json_string_value(json_object_get(body, "flow"));
	char title[40];

	(void)snprintf(title, sizeof(title), "Record %" PRId64, row->seq);
	na_web_begin(out, title, "");
	if (body)
		put_words(out, body);
	else
		fputs("<p class=sorry>The stored bytes are not a record.</p>", out);
	if (flow) {
		fputs("<p><a href='/log?flow=", out);
		na_html_url(out, flow);
		fputs("'>All records of this flow</a></p>", out);
	}
	put_proof(out, record->query, row);
	put_bytes(out, row);
	fprintf(out, "<p class=faint>In a terminal: <code>netaudit show %" PRId64 "</code></p>", row->seq);
	na_web_end(out);
	json_decref(body);
	return 0;
}

unsigned int na_web_record(const struct na_web_settings *settings, const struct na_web_question *question, FILE *out)
{
	struct na_cli cli = *settings->cli;
	struct record record = { .out = out };
	int err = na_query_open(&record.query, na_cli_journal(&cli, cli.state_dir));

	if (err)
		return na_web_unreadable(out, err);
	err = na_query_row(record.query, question->number, put_record, &record);
	na_query_close(record.query);
	if (err == -ENOENT)
		return na_web_sorry(out, 404, "There is no such record: it is yet to come, or was pruned.");
	return err ? na_web_unreadable(out, err) : 200;
}
