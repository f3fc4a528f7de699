/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the subcommands of `netaudit` share: one table of commands, one of options per command,
 * exit codes, and the few ways text reaches the terminal.
 */
#ifndef NETAUDIT_CLI_H
#define NETAUDIT_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NA_STATE_DIR "/var/lib/netaudit"
#define NA_RUN_DIR "/run/netaudit"

/* Documented in netaudit(1); scripts rely on them. */
enum na_cli_exit {
	NA_CLI_OK = 0,
	NA_CLI_TAMPERED = 1,	/* verify, show, export: the evidence was changed */
	NA_CLI_USAGE = 2,
	NA_CLI_UNREADABLE = 3,	/* no journal, no permission, I/O error: nothing can be said */
	NA_CLI_REMARKS = 4,	/* verify: sound, but with gaps, losses or an unsigned tail; doctor: something is missing */
	NA_CLI_ABSENT = 5,	/* show, export: no such record; status: the daemon is not running */
	NA_CLI_ATTENTION = 10,	/* report --exit-code */
	NA_CLI_ALARM = 11,
	NA_CLI_CONFIG = 78,	/* config: the daemon would not take the file */
};

struct na_cli;

struct na_option {
	const char *name;	/* long form, without the dashes; NULL ends the table */
	char letter;		/* short form; 0: none */
	const char *argument;	/* what to call it in --help; NULL: takes none */
	const char *help;
};

struct na_command {
	const char *name;
	const char *arguments;	/* for the usage line */
	int least, most;	/* positional arguments */
	const char *summary;	/* one line, no full stop */
	const struct na_option *options;	/* beside the common ones; NULL: none */
	int (*run)(struct na_cli *cli, int argc, char **argv);	/* returns enum na_cli_exit */
};

extern const struct na_command na_commands[];
extern const size_t na_command_count;
extern const struct na_option na_common_options[];

const struct na_command *na_find_command(const char *name);

/* Positional arguments the command takes when the reader runs it for somebody else (ask.h); -1: it does not. */
int na_served_arguments(const struct na_command *command);

struct na_cli {
	const struct na_command *command;
	const char *state_dir;	/* the daemon's; the journal's folder is in it: na_cli_journal() */
	char journal_dir[4096];
	const char *run_dir;
	const char *config_file;	/* the daemon's; NULL: the default one, which may be missing */
	bool json;
	bool served;		/* we are the reader: the arguments are somebody else's, and may name no file */
	bool terminal;		/* standard output is one: align, and colour unless NO_COLOR is set */
	bool colour;
	bool utf8;		/* the terminal's locale can show an arrow */
	int arguments;		/* positional ones left after na_cli_parse() */
	char **argument;
};

/*
 * Reads the options of cli->command. `take` gets each option that is not a common one and returns
 * 0 or -EINVAL (it may have printed why). Returns -1 to go on, or the exit code to end with.
 */
int na_cli_parse(struct na_cli *cli, int argc, char **argv,
		 int (*take)(void *context, const char *name, const char *value), void *context);

/* "netaudit COMMAND: MESSAGE" and where to read on. Returns NA_CLI_USAGE. */
int na_cli_usage(const struct na_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "netaudit COMMAND: MESSAGE" on standard error. */
void na_cli_error(const struct na_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says why a journal in `directory` cannot be read. Returns NA_CLI_UNREADABLE. */
int na_cli_unreadable(const struct na_cli *cli, const char *directory, int error);
void na_cli_help(const struct na_cli *cli);

enum na_colour { NA_PLAIN, NA_BOLD, NA_FAINT, NA_RED, NA_GREEN, NA_YELLOW, NA_BLUE };

/* The sequence that starts a colour (NA_PLAIN ends it); "" when colours are off. */
const char *na_colour(const struct na_cli *cli, enum na_colour colour);

/* Numbers for people. Each writes into `out` and returns it. */
#define NA_HUMAN_BYTES 32
char *na_human_bytes(char out[NA_HUMAN_BYTES], int64_t bytes);		/* 1.2k, 34M (powers of 1000) */
char *na_human_duration(char out[NA_HUMAN_BYTES], int64_t us);		/* 12ms, 3.4s, 2h05m */
char *na_human_count(char out[NA_HUMAN_BYTES], int64_t count);		/* 12,345,678 */
char *na_local_time(char out[NA_HUMAN_BYTES], int64_t wall_us);		/* 2026-01-31 12:00:00.123, local time zone */

/* Numbers from people, without surrounding space or sign. Returns 0 or -EINVAL. */
int na_parse_count(const char *text, int64_t least, int64_t most, int64_t *value);

/* Characters `text` takes on a terminal, counting each code point as one. */
size_t na_display_width(const char *text);

int na_command_status(struct na_cli *cli, int argc, char **argv);
int na_command_log(struct na_cli *cli, int argc, char **argv);
int na_command_addons(struct na_cli *cli, int argc, char **argv);
int na_command_report(struct na_cli *cli, int argc, char **argv);
int na_command_top(struct na_cli *cli, int argc, char **argv);
int na_command_metrics(struct na_cli *cli, int argc, char **argv);
int na_command_config(struct na_cli *cli, int argc, char **argv);
int na_command_acknowledge(struct na_cli *cli, int argc, char **argv);
int na_command_catalogue(struct na_cli *cli, int argc, char **argv);
int na_command_show(struct na_cli *cli, int argc, char **argv);
int na_command_export(struct na_cli *cli, int argc, char **argv);
int na_command_head(struct na_cli *cli, int argc, char **argv);
int na_command_witness(struct na_cli *cli, int argc, char **argv);
int na_command_keys(struct na_cli *cli, int argc, char **argv);
int na_command_prune(struct na_cli *cli, int argc, char **argv);
int na_command_verify(struct na_cli *cli, int argc, char **argv);
int na_command_doctor(struct na_cli *cli, int argc, char **argv);
int na_command_web(struct na_cli *cli, int argc, char **argv);
int na_command_reader(struct na_cli *cli, int argc, char **argv);
int na_command_help(struct na_cli *cli, int argc, char **argv);

extern const struct na_option na_status_options[];
extern const struct na_option na_log_options[];
extern const struct na_option na_addons_options[];
extern const struct na_option na_report_options[];
extern const struct na_option na_top_options[];
extern const struct na_option na_metrics_options[];
extern const struct na_option na_config_options[];
extern const struct na_option na_acknowledge_options[];
extern const struct na_option na_catalogue_options[];
extern const struct na_option na_export_options[];
extern const struct na_option na_head_options[];
extern const struct na_option na_witness_options[];
extern const struct na_option na_keys_options[];
extern const struct na_option na_verify_options[];
extern const struct na_option na_doctor_options[];
extern const struct na_option na_web_options[];

/*
 * The folder that holds journal.db: STATE_DIR/journal, where the daemon keeps it, or STATE_DIR itself, so that a
 * copied journal can be read too. Points into `cli`.
 */
const char *na_cli_journal(struct na_cli *cli, const char *state_dir);

#endif
