/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netaudit-bpf: options, settings, start-up checks, then the supervisor. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/log.h"
#include "daemon/config.h"
#include "daemon/exit_codes.h"
#include "daemon/prepare.h"
#include "daemon/startup.h"
#include "daemon/supervise.h"
#include "daemon/title.h"

enum own_option { OPTION_CONFIG, OPTION_CHECK, OPTION_DUMP, OPTION_HELP, OPTION_VERSION, OWN_OPTIONS };

static const struct {
	const char *name;
	const char *argument;	/* NULL: none */
	const char *text;
} own_options[OWN_OPTIONS] = {
	[OPTION_CONFIG] = { "config", "FILE", "read FILE and the conf.d folder beside it (" NA_CONFIG_FILE ")" },
	[OPTION_CHECK] = { "check", NULL, "check the settings and leave" },
	[OPTION_DUMP] = { "dump-config", NULL, "print the settings in force as a configuration file and leave" },
	[OPTION_HELP] = { "help", NULL, "this text" },
	[OPTION_VERSION] = { "version", NULL, "print the version and leave" },
};

/* What the command line said; values of settings point into argv. */
struct request {
	const char *config_file;	/* NULL: the default one, which may be missing */
	const char *value[NA_SETTINGS_MAX];
	bool check, dump, help, version;
};

static void print_help(void)
{
	struct na_config defaults;
	char name[NA_CONFIG_NAME_BYTES], allowed[160], value[NA_CONFIG_PATH_BYTES];

	puts("usage: netaudit-bpf [OPTION]...\n\n"
	     "Records the network operations of Odoo in a signed journal. Runs in the foreground.\n");
	for (size_t i = 0; i < OWN_OPTIONS; i++) {
		(void)snprintf(allowed, sizeof(allowed), "--%s%s%s", own_options[i].name,
			       own_options[i].argument ? " " : "", own_options[i].argument ? own_options[i].argument : "");
		printf("  %-22s %s\n", allowed, own_options[i].text);
	}
	puts("\nSettings, over those of the configuration file (see netaudit.conf(5)):");
	(void)na_config_defaults(&defaults, NULL);
	for (size_t i = 0; i < na_settings_count; i++) {
		na_setting_option(&na_settings[i], name);
		na_setting_allowed(&na_settings[i], allowed, sizeof(allowed));
		na_setting_value(&na_settings[i], &defaults, value, sizeof(value));
		printf("  --%-20s %s: %s [%s]\n", name, na_settings[i].text, allowed,
		       na_settings[i].standard ? value : "from the machine");
	}
	puts("\nExit status:");
#define X(symbol, code, text) printf("  %2d  %s\n", code, text);
	NA_EXIT_CODES(X)
#undef X
}

/* The option that getopt refused, in one line. */
static int refuse_option(char **arguments, int result)
{
	char shown[64];
	const char *option = arguments[optind - 1];

	na_escape(shown, sizeof(shown), option, strlen(option));
	na_log_error(result == ':' ? "option %s needs a value; see --help" : "unknown option %s; see --help", shown);
	return NA_EXIT_USAGE;
}

static void note_option(struct request *request, int index)
{
	if (index >= OWN_OPTIONS)
		request->value[index - OWN_OPTIONS] = optarg;
	else if (index == OPTION_CONFIG)
		request->config_file = optarg;
	else
		*(index == OPTION_CHECK ? &request->check : index == OPTION_DUMP ? &request->dump :
		  index == OPTION_HELP ? &request->help : &request->version) = true;
}

static int parse_options(int argument_count, char **arguments, struct request *request)
{
	static char names[NA_SETTINGS_MAX][NA_CONFIG_NAME_BYTES];
	struct option options[OWN_OPTIONS + NA_SETTINGS_MAX + 1] = { 0 };
	char shown[64];
	int result, index = 0;

	for (size_t i = 0; i < OWN_OPTIONS; i++) {
		options[i].name = own_options[i].name;
		options[i].has_arg = own_options[i].argument ? required_argument : no_argument;
	}
	for (size_t i = 0; i < na_settings_count; i++) {
		na_setting_option(&na_settings[i], names[i]);
		options[OWN_OPTIONS + i].name = names[i];
		options[OWN_OPTIONS + i].has_arg = required_argument;
	}
	opterr = 0;
	while ((result = getopt_long(argument_count, arguments, ":", options, &index)) != -1) {
		if (result != 0)
			return refuse_option(arguments, result);
		note_option(request, index);
	}
	if (optind == argument_count)
		return 0;
	na_escape(shown, sizeof(shown), arguments[optind], strlen(arguments[optind]));
	na_log_error("unexpected argument %s; see --help", shown);
	return NA_EXIT_USAGE;
}

/* Returns 0 or the exit code; on an error, `config` is not used by anybody. */
static int load_settings(const struct request *request, struct na_config *config)
{
	const char *file = request->config_file ? request->config_file : NA_CONFIG_FILE;
	struct na_error error = { 0 };

	if (na_config_defaults(config, &error) != 0 ||
	    na_config_read(config, file, request->config_file != NULL, &error) != 0) {
		na_log_error("%s", error.text);
		return NA_EXIT_CONFIG;
	}
	for (size_t i = 0; i < na_settings_count; i++) {
		if (!request->value[i])
			continue;
		if (na_setting_parse(&na_settings[i], request->value[i], config, &error) != 0) {
			na_log_error("option for %s", error.text);
			return NA_EXIT_USAGE;
		}
		config->source[i] = (struct na_config_source){ .from = NA_FROM_OPTION };
	}
	if (na_config_check(config, &error) != 0) {
		na_log_error("%s", error.text);
		return NA_EXIT_CONFIG;
	}
	return 0;
}

static int read_again(const void *context, struct na_config *config)
{
	return load_settings(context, config);
}

/* Descriptors 0 to 2 must be taken, or a socket of ours could become somebody's standard error. */
static int open_standard_descriptors(void)
{
	/* open(2) takes the lowest free number, which is this one. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -errno;
	return 0;
}

static int check_catalogue(const struct na_config *config)
{
	struct na_catalogue *catalogue;
	struct na_error error = { 0 };

	if (na_prepare_catalogue(&catalogue, config, &error)) {
		na_log_error("%s", error.text);
		return NA_EXIT_CONFIG;
	}
	na_catalogue_destroy(catalogue);
	return 0;
}

int main(int argument_count, char **arguments)
{
	struct request request = { 0 };
	struct na_config config;
	struct na_startup startup;
	const struct na_settings_source source = { read_again, &request };
	struct na_error error = { 0 };
	int result;

	na_log_open("netaudit-bpf", NA_LOG_INFO);
	if (open_standard_descriptors() != 0)
		return NA_EXIT_SYSTEM;
	result = parse_options(argument_count, arguments, &request);
	if (result)
		return result;
	if (request.help) {
		print_help();
		return 0;
	}
	if (request.version) {
		puts("netaudit-bpf " NA_VERSION);
		return 0;
	}
	result = load_settings(&request, &config);
	if (result)
		return result;
	if (request.dump)
		na_config_dump(&config, stdout);
	if (request.check && !request.dump)
		return check_catalogue(&config);
	if (request.dump)
		return 0;

	na_log_open("netaudit-bpf", (enum na_log_level)config.log_level);
	(void)umask(022);
	result = na_startup_check(&startup, &config, &error);
	if (result) {
		na_log_error("%s", error.text);
		return result;
	}
	na_title_open(argument_count, arguments);
	return na_supervise(&config, &startup, &source);
}
