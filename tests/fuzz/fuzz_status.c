/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes `netaudit status` with a status.json of any content: it prints lines of text, and nothing a terminal obeys.
 */
#include <cli/fields.h>
#include <cli/status_text.h>

#include "print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct na_cli cli = { .utf8 = true };
	uint8_t how = fuzz_byte(&input);
	char *text = fuzz_exact(input.at, input.left);
	json_t *status = na_parse_body(text, input.left);

	if (status) {
		struct fuzz_print print;
		FILE *standard = stdout;

		fuzz_print_begin(&print);
		stdout = print.out;
		na_status_print(&cli, status, how % (NA_DAEMON_STOPPED + 1), how & 0x80 ? status : NULL);
		stdout = standard;
		fuzz_print_end(&print);
	}
	json_decref(status);
	free(text);
	return 0;
}
