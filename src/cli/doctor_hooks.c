/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hook table: what each backend sees, and with which hook.
 */
#include "capture/hooks.h"
#include "cli/doctor.h"

static const struct {
	enum na_backend backend;
	const char *name;
} backends[] = {
	{ NA_BACKEND_FENTRY, "fentry" },
	{ NA_BACKEND_KPROBE, "kprobe" },
	{ NA_BACKEND_TRACEPOINT, "tracepoint" },
};
#define BACKENDS (sizeof(backends) / sizeof(*backends))

void na_doctor_hooks_text(const struct na_cli *cli)
{
	size_t rows;
	const struct na_hook_row *row = na_hook_table(&rows);

	printf("%swhat each backend sees%s ('netaudit status' says which one is in use)\n", na_colour(cli, NA_BOLD),
	       na_colour(cli, NA_PLAIN));
	for (const struct na_hook_row *end = row + rows; row < end; row++) {
		printf("  %s\n", row->what);
		for (size_t i = 0; i < BACKENDS; i++)
			printf("    %-12s %s\n", backends[i].name, row->seen[backends[i].backend]);
	}
}

json_t *na_doctor_hooks_json(void)
{
	size_t rows;
	const struct na_hook_row *row = na_hook_table(&rows);
	json_t *table = json_array();

	for (const struct na_hook_row *end = row + rows; row < end; row++) {
		json_t *out = json_pack("{s:s}", "what", row->what);

		for (size_t i = 0; i < BACKENDS; i++)
			json_object_set_new(out, backends[i].name, json_string(row->seen[backends[i].backend]));
		json_array_append_new(table, out);
	}
	return table;
}
