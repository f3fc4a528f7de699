/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes everything that shows a record to people (`netaudit log` and `show`, as text and as JSON on a terminal) with
 * bodies of any content: lines of text come out, and nothing a terminal obeys.
 */
#include <cli/explain.h>
#include <cli/fields.h>
#include <cli/json_line.h>
#include <cli/table.h>

#include "print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	uint8_t how = fuzz_byte(&input);
	struct na_cli cli = { .terminal = true, .utf8 = how & 1 };
	char *body = fuzz_string(&input);
	struct na_stored_row row = { .seq = how, .body = body, .body_bytes = input.left };
	struct fuzz_print print;
	json_t *parsed = na_parse_body(body, input.left);

	fuzz_print_begin(&print);
	na_table_header(&cli, print.out);
	na_table_row(&cli, print.out, &row);
	na_json_line(&cli, print.out, &row);
	if (parsed)
		na_explain(print.out, parsed);
	json_decref(parsed);
	fuzz_print_end(&print);
	free(body);
	return 0;
}
