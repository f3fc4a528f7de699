/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads options by the tables the commands declare, prints the help made from the same tables, and
 * words usage errors.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/cli.h"

#define OPTIONS_MAX 32
#define NOT_ROOT "run this as root, or have netaudit-reader.socket started and be in the group netaudit"
#define FIRST_VALUE 256		/* getopt_long's value of the first option: above every letter */

const struct na_option na_common_options[] = {
	{ "state-dir", 0, "DIRECTORY",
	  "where the daemon keeps the journal, or a copy of it is (default " NA_STATE_DIR ")" },
	{ "run-dir", 0, "DIRECTORY", "where the running daemon keeps its status (default " NA_RUN_DIR ")" },
	{ "json", 'j', NULL, "print JSON, for programs" },
	{ "help", 'h', NULL, "print this help" },
	{ NULL, 0, NULL, NULL }
};

struct parser {
	const struct na_option *option[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
	int count;
};

static void declare(struct parser *parser, const struct na_option *options)
{
	for (; options && options->name && parser->count < OPTIONS_MAX; options++) {
		size_t used = strlen(parser->shorts);

		parser->option[parser->count] = options;
		parser->longs[parser->count] = (struct option){
			.name = options->name,
			.has_arg = options->argument ? required_argument : no_argument,
			.val = FIRST_VALUE + parser->count,
		};
		if (options->letter)
			snprintf(parser->shorts + used, sizeof(parser->shorts) - used, "%c%s", options->letter,
				 options->argument ? ":" : "");
		parser->count++;
	}
}

static const struct na_option *find_option(const struct parser *parser, int value)
{
	if (value >= FIRST_VALUE)
		return parser->option[value - FIRST_VALUE];
	for (int i = 0; i < parser->count; i++)
		if (parser->option[i]->letter == value)
			return parser->option[i];
	return NULL;
}

/* What the asker of a reader calls a file is not ours to open. */
static bool names_file(const struct na_option *option)
{
	return option->argument && (!strcmp(option->argument, "FILE") || !strcmp(option->argument, "DIRECTORY"));
}

/* Returns -1 for a common option that was taken, 0 for --help, 1 for another option. */
static int take_common(struct na_cli *cli, const char *name)
{
	if (!strcmp(name, "help"))
		return 0;
	if (!strcmp(name, "json"))
		cli->json = true;
	else if (!strcmp(name, "state-dir"))
		cli->state_dir = optarg;
	else if (!strcmp(name, "run-dir"))
		cli->run_dir = optarg;
	else
		return 1;
	return -1;
}

int na_cli_parse(struct na_cli *cli, int argc, char **argv,
		 int (*take)(void *context, const char *name, const char *value), void *context)
{
	struct parser parser = { .shorts = ":" };
	int value, most = cli->served ? na_served_arguments(cli->command) : cli->command->most;

	declare(&parser, na_common_options);
	declare(&parser, cli->command->options);
	optind = 1;
	while ((value = getopt_long(argc, argv, parser.shorts, parser.longs, NULL)) != -1) {
		const struct na_option *option = value == '?' || value == ':' ? NULL : find_option(&parser, value);
		int common;

		if (!option && value == ':')
			return na_cli_usage(cli, "%s needs a value", argv[optind - 1]);
		if (!option)
			return na_cli_usage(cli, "there is no option %s", argv[optind - 1]);
		if (cli->served && names_file(option))
			return na_cli_usage(cli, "--%s names a file: for that, run it as root, or on an export", option->name);
		common = take_common(cli, option->name);
		if (common == 0) {
			na_cli_help(cli);
			return NA_CLI_OK;
		}
		if (common > 0 && take(context, option->name, optarg))
			return na_cli_usage(cli, "--%s does not understand '%s'", option->name, optarg ? optarg : "");
	}
	cli->arguments = argc - optind;
	cli->argument = argv + optind;
	if (cli->arguments < cli->command->least)
		return na_cli_usage(cli, "%s is needed", cli->command->arguments);
	if (cli->arguments > most)
		return na_cli_usage(cli, "'%s' is one argument too many", cli->argument[most]);
	return -1;
}

/* Arguments may come from a script that quotes somebody else's text. */
static void print_error(const struct na_cli *cli, const char *format, va_list arguments)
{
	char message[1024], escaped[NA_ESCAPED_BYTES(sizeof(message))];

	vsnprintf(message, sizeof(message), format, arguments);
	na_escape(escaped, sizeof(escaped), message, strlen(message));
	fprintf(stderr, "netaudit%s%s: %s\n", cli->command ? " " : "", cli->command ? cli->command->name : "", escaped);
}

void na_cli_error(const struct na_cli *cli, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_error(cli, format, arguments);
	va_end(arguments);
}

int na_cli_usage(const struct na_cli *cli, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_error(cli, format, arguments);
	va_end(arguments);
	fprintf(stderr, "Try 'netaudit help%s%s'.\n", cli->command ? " " : "", cli->command ? cli->command->name : "");
	return NA_CLI_USAGE;
}

int na_cli_unreadable(const struct na_cli *cli, const char *directory, int error)
{
	static const struct {
		int error;
		const char *what, *advice;
	} reasons[] = {
		{ -ENOENT, "there is no journal", "has the daemon ever run? Another place is given with --state-dir" },
		{ -ENOTDIR, "that is not a directory", "give the directory that holds journal.db" },
		{ -EACCES, "it may not be read", NOT_ROOT },
		{ -EPERM, "it may not be read", NOT_ROOT },
		{ -EBADMSG, "journal.db is not a journal, or is damaged", "run 'netaudit verify' on it" },
		{ -EBUSY, "the database stayed locked", "try again; another program is holding it" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (reasons[i].error != error)
			continue;
		na_cli_error(cli, "cannot read %s: %s; %s", directory, reasons[i].what, reasons[i].advice);
		return NA_CLI_UNREADABLE;
	}
	na_cli_error(cli, "cannot read %s: %s", directory, strerror(-error));
	return NA_CLI_UNREADABLE;
}

static void print_options(const struct na_option *options)
{
	for (; options && options->name; options++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", options->letter ? '-' : ' ',
			 options->letter ? options->letter : ' ', options->letter ? ", " : "  ", options->name,
			 options->argument ? " " : "", options->argument ? options->argument : "");
		printf("  %-28s %s\n", left, options->help);
	}
}

void na_cli_help(const struct na_cli *cli)
{
	const struct na_command *command = cli->command;

	printf("Usage: netaudit %s [OPTION]...%s%s\n", command->name, *command->arguments ? " " : "", command->arguments);
	printf("Purpose: %s.\n", command->summary);
	if (command->options)
		printf("\nOptions:\n");
	print_options(command->options);
	printf("\nCommon options:\n");
	print_options(na_common_options);
}

const char *na_cli_journal(struct na_cli *cli, const char *state_dir)
{
	int length = snprintf(cli->journal_dir, sizeof(cli->journal_dir), "%s/journal/journal.db", state_dir);
	bool inside = length > 0 && (size_t)length < sizeof(cli->journal_dir) && !access(cli->journal_dir, F_OK);

	snprintf(cli->journal_dir, sizeof(cli->journal_dir), "%s%s", state_dir, inside ? "/journal" : "");
	return cli->journal_dir;
}
