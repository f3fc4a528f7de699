/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit status: what the daemon says of itself once a second in RUN_DIR/status.json, and whether
 * it is still alive to say it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/fields.h"
#include "cli/json_line.h"
#include "cli/memory.h"
#include "cli/status_text.h"

#define STATUS_LIMIT_BYTES (1024 * 1024)
#define STALE_S 5		/* written every second: five missed ones are no accident */
#define SAMPLE_MS 1500		/* two samples this far apart are two different ones */

const struct na_option na_status_options[] = {
	{ "rate", 'r', NULL, "measure rates, which takes two seconds (done anyway on a terminal)" },
	{ NULL, 0, NULL, NULL }
};

static int take(void *context, const char *name, const char *value)
{
	(void)name;
	(void)value;
	*(bool *)context = true;
	return 0;
}

int na_status_load(const struct na_cli *cli, json_t **status)
{
	char path[4096], *content;
	size_t bytes;
	int err;

	if (snprintf(path, sizeof(path), "%s/status.json", cli->run_dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	err = na_read_file(AT_FDCWD, path, STATUS_LIMIT_BYTES, &content, &bytes);
	if (err)
		return err;
	*status = na_parse_body(content, bytes);
	free(content);
	return *status ? 0 : -EBADMSG;
}

enum na_daemon_state na_status_judge(const json_t *status)
{
	int64_t pid = na_status_component(status, "supervisor", "pid");
	double age = na_status_age_s(status);

	/* The file outlives a crash, and a restart of the machine begins boottime again. */
	if (pid <= 0 || pid > INT32_MAX || age < -1 || (kill((pid_t)pid, 0) && errno == ESRCH) ||
	    na_field_is(status, "state", "stopped"))
		return NA_DAEMON_STOPPED;
	return age > STALE_S ? NA_DAEMON_STALE : NA_DAEMON_RUNNING;
}

static void print_json(json_t *status, enum na_daemon_state state)
{
	json_t *memory = json_object();

	for (size_t i = 0; i < NA_STATUS_COMPONENTS; i++) {
		int64_t pss_kib = na_pss_kib(na_status_component(status, na_components[i], "pid"));

		if (pss_kib >= 0)
			json_object_set_new(memory, na_components[i], json_integer(pss_kib));
	}
	json_object_set_new(status, "daemon", json_string(na_daemon_states[state].word));
	json_object_set_new(status, "age_ms", json_integer((json_int_t)(na_status_age_s(status) * 1e3)));
	json_object_set_new(status, "pss_kib", memory);
	na_json_dump(stdout, status, JSON_INDENT(2) | JSON_SORT_KEYS);
	printf("\n");
}

/* -ENOENT is an answer: the daemon takes its file away when it stops. */
static int no_status(const struct na_cli *cli, int err)
{
	if (err == -ENOENT) {
		printf(cli->json ? "{\"daemon\":\"stopped\"}\n" : "daemon         stopped\n");
		return NA_CLI_ABSENT;
	}
	na_cli_error(cli, "cannot read %s/status.json: %s", cli->run_dir,
		     err == -EBADMSG ? "it is not what the daemon writes" : strerror(-err));
	return NA_CLI_UNREADABLE;
}

int na_command_status(struct na_cli *cli, int argc, char **argv)
{
	bool rate = cli->terminal;
	json_t *before = NULL, *status;
	enum na_daemon_state state;
	int code = na_cli_parse(cli, argc, argv, take, &rate);
	int err;

	if (code >= 0)
		return code;
	err = na_status_load(cli, &status);
	if (err)
		return no_status(cli, err);
	state = na_status_judge(status);
	if (rate && !cli->json && state == NA_DAEMON_RUNNING) {
		before = status;
		poll(NULL, 0, SAMPLE_MS);
		err = na_status_load(cli, &status);
		if (err) {
			json_decref(before);
			return no_status(cli, err);
		}
		state = na_status_judge(status);
	}
	if (cli->json)
		print_json(status, state);
	else
		na_status_print(cli, status, state, before);
	json_decref(before);
	json_decref(status);
	return state == NA_DAEMON_RUNNING ? NA_CLI_OK : NA_CLI_ABSENT;
}
