/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit prune: asks the daemon, which alone writes the journal, to do now what it does once a day.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fields.h"
#include "cli/status_text.h"

#define WAIT_MS 200	/* status.json is written once a second */

static int no_option(void *context, const char *name, const char *value)
{
	(void)context, (void)name, (void)value;
	return -EINVAL;
}

/* Loads the status of a daemon that runs. Returns -1 to go on, or the exit code. */
static int load_running(const struct na_cli *cli, json_t **status)
{
	int err = na_status_load(cli, status);

	if (err == 0 && na_status_judge(*status) == NA_DAEMON_RUNNING)
		return -1;
	if (err == 0)
		json_decref(*status);
	*status = NULL;
	if (err && err != -ENOENT) {
		na_cli_error(cli, "cannot read %s/status.json: %s", cli->run_dir,
			     err == -EBADMSG ? "it is not what the daemon writes" : strerror(-err));
		return NA_CLI_UNREADABLE;
	}
	na_cli_error(cli, "the daemon is not running, and nobody else may take records away");
	return NA_CLI_ABSENT;
}

static void print_progress(const struct na_cli *cli, const json_t *status)
{
	static const char *const phases[] = { "waiting", "keeping what outlives its records", "deleting", "giving room back" };
	int64_t phase = na_field_integer(status, "prune_phase", 0);

	if (cli->terminal)
		fprintf(stderr, "\r\033[K%s, record %" PRId64 " of %" PRId64 " ",
			phases[phase < 0 || phase > 3 ? 0 : phase], na_field_integer(status, "first_seq", 0),
			na_field_integer(status, "prune_cut", 0));
}

static void print_result(const struct na_cli *cli, int64_t before, const json_t *status)
{
	int64_t pruned = na_field_integer(status, "pruned_records", 0) - before;
	int64_t days = na_field_integer(status, "retention_days", 0), mib = na_field_integer(status, "retention_max_mib", 0);
	char count[NA_HUMAN_BYTES], first[NA_HUMAN_BYTES];

	if (cli->terminal)
		fprintf(stderr, "\r\033[K");
	if (cli->json)
		printf("{\"pruned\":%" PRId64 ",\"first_seq\":%" PRId64 "}\n", pruned, na_field_integer(status, "first_seq", 0));
	else if (pruned > 0)
		printf("%s records pruned; the oldest is now %s\n", na_human_count(count, pruned),
		       na_human_count(first, na_field_integer(status, "first_seq", 0)));
	else if (days || mib)
		printf("nothing to prune: no signed record is older than %" PRId64 " days%s\n", days,
		       mib ? ", and the journal is below its cap" : "");
	else
		printf("nothing to prune: all records are kept (retention.days = 0)\n");
}

int na_command_prune(struct na_cli *cli, int argc, char **argv)
{
	int code = na_cli_parse(cli, argc, argv, no_option, NULL);
	int64_t wanted, before;
	json_t *status;

	if (code >= 0)
		return code;
	code = load_running(cli, &status);
	if (code >= 0)
		return code;
	wanted = na_field_integer(status, "prune_requests", 0) + 1;
	before = na_field_integer(status, "pruned_records", 0);
	if (kill((pid_t)na_status_component(status, "supervisor", "pid"), SIGUSR1)) {
		json_decref(status);
		na_cli_error(cli, "cannot ask the daemon: %s", strerror(errno));
		return NA_CLI_UNREADABLE;
	}
	while (na_field_integer(status, "prune_done", 0) < wanted) {
		print_progress(cli, status);
		json_decref(status);
		poll(NULL, 0, WAIT_MS);
		code = load_running(cli, &status);
		if (code >= 0)
			return code;
	}
	print_result(cli, before, status);
	json_decref(status);
	return NA_CLI_OK;
}
