/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit doctor: runs the tables of checks, and says for each that fails what would be missed and
 * what to do.
 */
#include "cli/doctor.h"

#include <errno.h>
#include <string.h>

#include "cli/json_line.h"

const struct na_option na_doctor_options[] = {
	{ "config", 0, "FILE", "the daemon's settings (default " NA_CONFIG_FILE ")" },
	{ NULL, 0, NULL, NULL }
};

static const struct {
	const char *word;
	enum na_colour colour;
} verdicts[] = {
	[NA_GOOD] = { "ok", NA_GREEN },
	[NA_WEAKER] = { "weaker", NA_YELLOW },
	[NA_MISSING] = { "missing", NA_RED },
	[NA_NOT_KNOWN] = { "unknown", NA_YELLOW },
};

static int take(void *context, const char *name, const char *value)
{
	struct na_cli *cli = context;

	if (strcmp(name, "config") || !*value)
		return -EINVAL;
	cli->config_file = value;
	return 0;
}

static void print_text(const struct na_cli *cli, const struct na_check *check, enum na_verdict verdict,
		       const char *found)
{
	printf("  %s%-8s%s %-22s %s\n", na_colour(cli, verdicts[verdict].colour), verdicts[verdict].word,
	       na_colour(cli, NA_PLAIN), check->name, found);
	if (verdict == NA_GOOD)
		return;
	printf("           %-22s %s\n", "would be missed:", check->missed);
	printf("           %-22s %s\n", "what to do:", check->advice);
}

static void add_json(json_t *out, const char *group, const struct na_check *check, enum na_verdict verdict,
		     const char *found)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "group", group, "check", check->name, "verdict",
				verdicts[verdict].word, "found", found);

	if (verdict != NA_GOOD) {
		json_object_set_new(row, "missed", json_string(check->missed));
		json_object_set_new(row, "advice", json_string(check->advice));
	}
	json_array_append_new(out, row);
}

/* Returns how many checks were not good. */
static size_t run_group(const struct na_cli *cli, json_t *out, const struct na_check_group *group)
{
	size_t bad = 0;

	if (!cli->json)
		printf("%s%s%s\n", na_colour(cli, NA_BOLD), group->name, na_colour(cli, NA_PLAIN));
	for (size_t i = 0; i < group->count; i++) {
		char found[NA_FINDING_BYTES] = "";
		enum na_verdict verdict = group->checks[i].check(cli, found);

		bad += verdict != NA_GOOD;
		if (cli->json)
			add_json(out, group->name, &group->checks[i], verdict, found);
		else
			print_text(cli, &group->checks[i], verdict, found);
	}
	return bad;
}

int na_command_doctor(struct na_cli *cli, int argc, char **argv)
{
	const struct na_check_group groups[] = {
		{ "kernel", na_kernel_checks, na_kernel_check_count },
		{ "host", na_host_checks, na_host_check_count },
	};
	int code = na_cli_parse(cli, argc, argv, take, cli);
	json_t *checks, *out;
	size_t bad = 0;

	if (code >= 0)
		return code;
	checks = json_array();
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		bad += run_group(cli, checks, &groups[i]);
	out = json_pack("{s:o, s:o}", "checks", checks, "hooks", na_doctor_hooks_json());
	if (cli->json) {
		na_json_dump(stdout, out, JSON_INDENT(2));
		printf("\n");
	} else {
		na_doctor_hooks_text(cli);
		if (bad)
			printf("%zu of the checks deserve a look.\n", bad);
		else
			printf("Nothing is missing here.\n");
	}
	json_decref(out);
	return bad ? NA_CLI_REMARKS : NA_CLI_OK;
}
