/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit show: everything one record says, whether its hash is right, and what else is known of
 * its flow.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/fields.h"
#include "cli/json_line.h"
#include "cli/table.h"
#include "journal/hex.h"
#include "reader/proof.h"
#include "reader/query.h"

#define FLOW_ROWS 20	/* neighbours shown */

struct record {
	int64_t seq;
	unsigned char row_hash[NA_HASH_BYTES];
	char *bytes;		/* NUL-terminated */
	size_t byte_count;
	json_t *body;		/* NULL when the stored bytes are not JSON */
	struct na_row_proof proof;
	int proof_error;
};

static int no_option(void *context, const char *name, const char *value)
{
	(void)context;
	(void)name;
	(void)value;
	return -EINVAL;
}

static int copy_row(void *context, const struct na_stored_row *row)
{
	struct record *record = context;

	record->seq = row->seq;
	memcpy(record->row_hash, row->row_hash, NA_HASH_BYTES);
	record->bytes = malloc(row->body_bytes + 1);
	if (!record->bytes)
		return -ENOMEM;
	memcpy(record->bytes, row->body, row->body_bytes + 1);
	record->byte_count = row->body_bytes;
	record->body = na_parse_body(row->body, row->body_bytes);
	return 0;
}

static const char *hex_of(char out[2 * NA_HASH_BYTES + 1], const unsigned char hash[NA_HASH_BYTES])
{
	na_hex_encode(out, hash, NA_HASH_BYTES);
	out[2 * NA_HASH_BYTES] = '\0';
	return out;
}

static void print_line(const char *label, const char *text)
{
	printf("%-26s %s\n", label, text);
}

static void print_proof(const struct na_cli *cli, const struct record *record)
{
	const struct na_row_proof *proof = &record->proof;
	char hex[2 * NA_HASH_BYTES + 1], time[NA_HUMAN_BYTES];

	printf("\n%sEvidence%s\n", na_colour(cli, NA_BOLD), na_colour(cli, NA_PLAIN));
	print_line("row hash, as stored", hex_of(hex, record->row_hash));
	if (record->proof_error) {
		print_line("check", "could not be made: what came before this record cannot be read");
		return;
	}
	print_line("hash of the row before", hex_of(hex, proof->previous));
	print_line("row hash, recomputed", hex_of(hex, proof->computed));
	printf("%-26s %s%s%s\n", "check", na_colour(cli, proof->equal ? NA_GREEN : NA_RED),
	       proof->equal ? "the stored hash is right" : "THE STORED HASH IS WRONG: run 'netaudit verify'",
	       na_colour(cli, NA_PLAIN));
	if (!proof->head_size) {
		print_line("signed head", "none covers this record yet");
		return;
	}
	printf("%-26s records 1 to %" PRId64 "%s%s\n", "covered by the head over", proof->head_size,
	       proof->head_wall_us >= 0 ? ", " : "",
	       proof->head_wall_us >= 0 ? na_local_time(time, proof->head_wall_us) : "");
	print_line("", "'netaudit verify' checks that head's signatures and everything up to it");
}

static int print_neighbour(void *context, const struct na_stored_row *row)
{
	na_table_row(context, stdout, row);
	return 0;
}

static int flow_filter(struct na_filter *filter, const struct record *record)
{
	const char *flow = json_string_value(json_object_get(record->body, "flow"));

	return flow ? na_filter_hex(filter, NA_INDEX_FLOW, flow) : -ENOENT;
}

static int print_flow(struct na_cli *cli, struct na_query *query, const struct record *record)
{
	struct na_filter filter = NA_FILTER_ALL;

	if (flow_filter(&filter, record))
		return 0;
	printf("\n%sThe same flow%s\n", na_colour(cli, NA_BOLD), na_colour(cli, NA_PLAIN));
	return na_query_run(query, &filter, NA_NEWEST_ASCENDING, FLOW_ROWS, print_neighbour, cli);
}

static int print_text(struct na_cli *cli, struct na_query *query, const struct record *record)
{
	printf("%sRecord %" PRId64 "%s\n", na_colour(cli, NA_BOLD), record->seq, na_colour(cli, NA_PLAIN));
	if (record->body)
		na_explain(stdout, record->body);
	else
		print_line("content", "the stored bytes are not a record; --json gives them as hex");
	print_proof(cli, record);
	return print_flow(cli, query, record);
}

static int collect_seq(void *context, const struct na_stored_row *row)
{
	return json_array_append_new(context, json_integer(row->seq)) ? -ENOMEM : 0;
}

static json_t *body_value(const struct record *record)
{
	char *hex;
	json_t *value;

	if (record->body)
		return json_incref(record->body);
	hex = malloc(2 * record->byte_count + 1);
	if (!hex)
		return NULL;
	na_hex_encode(hex, record->bytes, record->byte_count);
	value = json_stringn(hex, 2 * record->byte_count);
	free(hex);
	return value;
}

static int print_json(struct na_query *query, const struct record *record)
{
	struct na_filter filter = NA_FILTER_ALL;
	const struct na_row_proof *proof = &record->proof;
	char hex[2 * NA_HASH_BYTES + 1];
	json_t *flow = json_array(), *out = json_object();
	int err = flow_filter(&filter, record);

	err = err ? 0 : na_query_run(query, &filter, NA_NEWEST_ASCENDING, FLOW_ROWS, collect_seq, flow);
	json_object_set_new(out, "seq", json_integer(record->seq));
	json_object_set_new(out, record->body ? "body" : "body_hex", body_value(record));
	json_object_set_new(out, "row_hash", json_string(hex_of(hex, record->row_hash)));
	if (!record->proof_error) {
		json_object_set_new(out, "previous_row_hash", json_string(hex_of(hex, proof->previous)));
		json_object_set_new(out, "row_hash_recomputed", json_string(hex_of(hex, proof->computed)));
		json_object_set_new(out, "row_hash_right", json_boolean(proof->equal));
		if (proof->head_size)
			json_object_set_new(out, "covering_head_size", json_integer(proof->head_size));
	}
	json_object_set_new(out, "flow_seqs", flow);
	na_json_dump(stdout, out, JSON_INDENT(2) | JSON_SORT_KEYS);
	printf("\n");
	json_decref(out);
	return err;
}

int na_command_show(struct na_cli *cli, int argc, char **argv)
{
	struct record record = { .seq = 0 };
	struct na_query *query;
	int64_t seq;
	int code = na_cli_parse(cli, argc, argv, no_option, NULL), err;

	if (code >= 0)
		return code;
	if (na_parse_count(cli->argument[0], 1, INT64_MAX, &seq))
		return na_cli_usage(cli, "'%s' is not a record number", cli->argument[0]);
	err = na_query_open(&query, na_cli_journal(cli, cli->state_dir));
	if (err)
		return na_cli_unreadable(cli, cli->journal_dir, err);
	err = na_query_row(query, seq, copy_row, &record);
	if (err == -ENOENT) {
		na_cli_error(cli, "there is no record %" PRId64, seq);
		code = NA_CLI_ABSENT;
	} else if (!err) {
		record.proof_error = na_row_proof(query, record.seq, record.bytes, record.byte_count, record.row_hash,
						  &record.proof);
		err = cli->json ? print_json(query, &record) : print_text(cli, query, &record);
		code = !record.proof_error && !record.proof.equal ? NA_CLI_TAMPERED : NA_CLI_OK;
	}
	if (err && err != -ENOENT)
		code = na_cli_unreadable(cli, cli->journal_dir, err);
	json_decref(record.body);
	free(record.bytes);
	na_query_close(query);
	return code;
}
