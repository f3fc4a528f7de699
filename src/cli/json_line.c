/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the lines of json_line.h.
 */
#include "cli/json_line.h"

#include <inttypes.h>

#include "cli/fields.h"
#include "journal/canonical.h"
#include "journal/hex.h"

static void print_hex(FILE *out, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	char digits[2];

	for (size_t i = 0; i < length; i++) {
		na_hex_encode(digits, at + i, 1);
		fwrite(digits, 1, sizeof(digits), out);
	}
}

static void print_body(const struct na_cli *cli, FILE *out, const struct na_stored_row *row)
{
	json_t *body = NULL;

	if (!na_canonical_check(row->body, row->body_bytes, NULL))
		body = na_parse_body(row->body, row->body_bytes);
	if (!body) {
		fputs("\"body_hex\":\"", out);
		print_hex(out, row->body, row->body_bytes);
		fputc('"', out);
		return;
	}
	fputs("\"body\":", out);
	if (cli->terminal)
		json_dumpf(body, out, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
	else
		fwrite(row->body, 1, row->body_bytes, out);
	json_decref(body);
}

void na_json_line(const struct na_cli *cli, FILE *out, const struct na_stored_row *row)
{
	fprintf(out, "{\"seq\":%" PRId64 ",\"row_hash\":\"", row->seq);
	print_hex(out, row->row_hash, sizeof(row->row_hash));
	fputs("\",", out);
	print_body(cli, out, row);
	fputs("}\n", out);
}
