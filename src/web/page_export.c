/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every record that is signed, as one file that proves itself (docs/export-format.md). */
#include <unistd.h>

#include "reader/export_write.h"
#include "web/pages.h"

unsigned int na_web_export(const struct na_web_settings *settings, const struct na_web_question *question, FILE *out)
{
	struct na_cli cli = *settings->cli;
	struct na_filter filter = NA_FILTER_ALL;
	struct na_export_request request = {
		.directory = na_cli_journal(&cli, cli.state_dir), .filter = &filter, .asked = "everything",
	};
	struct na_export_written written;
	struct na_error error = { 0 };

	(void)question;
	if (fflush(out) == 0 && na_export_write(&request, fileno(out), &written, &error)) {
		fprintf(stderr, "netaudit web: export: %s\n", error.text);
		_exit(NA_CLI_UNREADABLE);
	}
	return 200;
}
