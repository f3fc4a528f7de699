/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit: finds the subcommand in the one table there is, and runs it.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/cli.h"

const struct na_command na_commands[] = {
	{ "status", "", 0, 0, "say what the daemon is doing now", na_status_options, na_command_status },
	{ "log", "", 0, 0, "list records", na_log_options, na_command_log },
	{ "addons", "", 0, 0, "list the add-ons that were met, and what they called", na_addons_options, na_command_addons },
	{ "report", "", 0, 0, "say in one screen whether data is leaving to a vendor", na_report_options, na_command_report },
	{ "top", "", 0, 0, "show what is going on in this minute, as it happens", na_top_options, na_command_top },
	{ "metrics", "", 0, 0, "print state and report as metrics of Prometheus", na_metrics_options, na_command_metrics },
	{ "acknowledge", "RULE [SUBJECT]", 1, 2, "say that a cause of the report is expected, until when and why",
	  na_acknowledge_options, na_command_acknowledge },
	{ "catalogue", "list|test|suggestions|add|confirm|dismiss ...", 1, 3, "say whose destinations are known, or whose one is",
	  na_catalogue_options, na_command_catalogue },
	{ "show", "SEQ", 1, 1, "explain one record and check its hash", NULL, na_command_show },
	{ "export", "FILE", 1, 1, "write records into one file that proves itself", na_export_options, na_command_export },
	{ "verify", "[FILE|DIRECTORY]", 0, 1, "recompute the whole chain and check every signature, of a journal or an export", na_verify_options,
	  na_command_verify },
	{ "head", "", 0, 0, "print the newest signed head, to be kept elsewhere", na_head_options, na_command_head },
	{ "witness", "request|accept [FILE]", 1, 2, "ask a witness to cosign the newest head, or keep its cosignature",
	  na_witness_options, na_command_witness },
	{ "keys", "show|fingerprint|rotate|renew", 1, 1, "show the keys, change the identity key, or begin anew", na_keys_options,
	  na_command_keys },
	{ "config", "", 0, 0, "show the settings in force, or check a file of them", na_config_options, na_command_config },
	{ "prune", "", 0, 0, "take old records away now, as the daemon does once a day", NULL, na_command_prune },
	{ "doctor", "", 0, 0, "say what this machine allows, what would be missed and what to do",
	  na_doctor_options, na_command_doctor },
	{ "web", "", 0, 0, "serve the report and the log to a browser on this machine", na_web_options, na_command_web },
	{ "reader", "", 0, 0, "answer one asker on standard input, for netaudit-reader.socket", NULL, na_command_reader },
	{ "help", "[COMMAND]", 0, 1, "explain a command", NULL, na_command_help },
};

const size_t na_command_count = sizeof(na_commands) / sizeof(*na_commands);

const struct na_command *na_find_command(const char *name)
{
	for (size_t i = 0; i < na_command_count; i++)
		if (!strcmp(na_commands[i].name, name))
			return &na_commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct na_cli cli = { .state_dir = NA_STATE_DIR, .run_dir = NA_RUN_DIR };
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	const char *name = argc > 1 ? argv[1] : "";
	int code;

	setlocale(LC_CTYPE, "");
	cli.terminal = isatty(STDOUT_FILENO);
	cli.colour = cli.terminal && !(no_colour && *no_colour) && term && strcmp(term, "dumb");
	cli.utf8 = cli.terminal && !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("netaudit %s\n", NA_VERSION);
		return NA_CLI_OK;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	cli.command = na_find_command(name);
	if (!cli.command && *name)
		return na_cli_usage(&cli, "there is no command '%s'", name);
	if (!cli.command)
		return na_cli_usage(&cli, "a command is needed");
	if (na_ask_is_for_reader(&cli, argc - 1, argv + 1))
		return na_ask_reader(&cli, argc - 1, argv + 1);
	code = cli.command->run(&cli, argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout)) {
		na_cli_error(&cli, "the output could not be written");
		return NA_CLI_UNREADABLE;
	}
	return code;
}
