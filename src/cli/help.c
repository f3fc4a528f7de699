/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit help: the list of commands, or the options of one.
 */
#include <errno.h>

#include "cli/cli.h"

static int no_option(void *context, const char *name, const char *value)
{
	(void)context;
	(void)name;
	(void)value;
	return -EINVAL;
}

static void print_list(void)
{
	printf("Usage: netaudit COMMAND [OPTION]...\n"
	       "Reads, explains and verifies the journal that netaudit-bpf keeps.\n\nCommands:\n");
	for (size_t i = 0; i < na_command_count; i++)
		printf("  %-8s %s\n", na_commands[i].name, na_commands[i].summary);
	printf("\n'netaudit help COMMAND' lists its options; netaudit(1) has the details.\n"
	       "'netaudit --version' prints the version.\n");
}

int na_command_help(struct na_cli *cli, int argc, char **argv)
{
	int code = na_cli_parse(cli, argc, argv, no_option, NULL);
	struct na_cli other = *cli;

	if (code >= 0)
		return code;
	if (!cli->arguments) {
		print_list();
		return NA_CLI_OK;
	}
	other.command = na_find_command(cli->argument[0]);
	if (!other.command)
		return na_cli_usage(cli, "there is no command '%s'", cli->argument[0]);
	na_cli_help(&other);
	return NA_CLI_OK;
}
