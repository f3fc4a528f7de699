/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the lines of json_line.h.
 */
#include "cli/json_line.h"

#include <inttypes.h>

#include "cli/fields.h"
#include "journal/canonical.h"
#include "journal/hex.h"

/* Jansson escapes all that is not ASCII, and all control characters but DEL, which only a string can hold. */
static int print_piece(const char *piece, size_t length, void *context)
{
	for (size_t i = 0; i < length; i++)
		if (piece[i] == '\177')
			fputs("\\u007f", context);
		else
			fputc(piece[i], context);
	return 0;
}

void na_json_dump(FILE *out, const json_t *value, size_t flags)
{
	json_dump_callback(value, print_piece, out, flags | JSON_ENSURE_ASCII);
}

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
		na_json_dump(out, body, JSON_COMPACT | JSON_SORT_KEYS);
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
