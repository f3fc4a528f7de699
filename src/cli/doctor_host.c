/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host has: permission, users, directories, room on the disk, Odoo.
 */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/doctor.h"
#include "target/process.h"

#define LITTLE_ROOM_BYTES (INT64_C(1) << 30)	/* about 2.5 million records */

static enum na_verdict check_root(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	(void)cli;
	snprintf(found, NA_FINDING_BYTES, geteuid() ? "user %u" : "root", geteuid());
	return geteuid() ? NA_NOT_KNOWN : NA_GOOD;
}

static int read_settings(const struct na_cli *cli, struct na_config *config, struct na_error *error)
{
	int err = na_config_defaults(config, error);

	if (!err)
		err = na_config_read(config, cli->config_file ? cli->config_file : NA_CONFIG_FILE, cli->config_file != NULL,
				     error);
	return err ? err : na_config_check(config, error);
}

static enum na_verdict check_settings(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	struct na_config config;
	struct na_error error = { 0 };
	int err = read_settings(cli, &config, &error);

	if (err)
		na_escape_line(found, NA_FINDING_BYTES, error.text, strlen(error.text));
	else
		snprintf(found, NA_FINDING_BYTES, "understood");
	return !err ? NA_GOOD : err == -EACCES ? NA_NOT_KNOWN : NA_MISSING;
}

static enum na_verdict check_users(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	struct na_config config;
	bool journal, signer;

	if (read_settings(cli, &config, NULL)) {
		snprintf(found, NA_FINDING_BYTES, "settings not understood");
		return NA_NOT_KNOWN;
	}
	journal = getpwnam(config.user) != NULL;
	signer = getpwnam(config.sign_user) != NULL;
	snprintf(found, NA_FINDING_BYTES, "%s%s, %s%s", config.user, journal ? "" : " is not there", config.sign_user,
		 signer ? "" : " is not there");
	return journal && signer ? NA_GOOD : NA_MISSING;
}

static enum na_verdict check_directory(const char *directory, char found[NA_FINDING_BYTES])
{
	char escaped[NA_FINDING_BYTES / 2];
	struct stat status;

	na_escape(escaped, sizeof(escaped), directory, strlen(directory));
	if (stat(directory, &status)) {
		snprintf(found, NA_FINDING_BYTES, "%s: %s", escaped, strerror(errno));
		return errno == EACCES ? NA_NOT_KNOWN : NA_WEAKER;
	}
	if (!S_ISDIR(status.st_mode) || status.st_mode & S_IWOTH) {
		snprintf(found, NA_FINDING_BYTES, "%s: %s", escaped,
			 S_ISDIR(status.st_mode) ? "everybody may write there" : "not a directory");
		return NA_MISSING;
	}
	snprintf(found, NA_FINDING_BYTES, "%s, mode %04o", escaped, status.st_mode & 07777);
	return NA_GOOD;
}

static enum na_verdict check_state(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	return check_directory(cli->state_dir, found);
}

static enum na_verdict check_run(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	return check_directory(cli->run_dir, found);
}

/* Of the state directory, or of the nearest directory above it that is there. */
static enum na_verdict check_room(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	char path[4096], room[NA_HUMAN_BYTES];
	struct statvfs status;
	int64_t bytes;

	if (snprintf(path, sizeof(path), "%s", cli->state_dir) >= (int)sizeof(path))
		return NA_NOT_KNOWN;
	while (statvfs(path, &status)) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || !slash || slash == path) {
			snprintf(found, NA_FINDING_BYTES, "%s", strerror(errno));
			return NA_NOT_KNOWN;
		}
		*slash = '\0';
	}
	bytes = (int64_t)status.f_bavail * (int64_t)status.f_frsize;
	snprintf(found, NA_FINDING_BYTES, "%s bytes free", na_human_bytes(room, bytes));
	return bytes >= LITTLE_ROOM_BYTES ? NA_GOOD : NA_WEAKER;
}

struct processes {
	unsigned int count[NA_WORKERS];
	unsigned int total;
};

static void count_process(void *context, const struct na_target *target)
{
	struct processes *processes = context;

	if (target->scope != NA_SCOPE_ODOO)
		return;
	processes->count[target->worker]++;
	processes->total++;
}

static enum na_verdict check_odoo(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	const struct na_targets_options options = { .proc_root = NULL };
	struct processes processes = { .total = 0 };
	struct na_targets *targets;
	int err = na_targets_create(&targets, &options), used;

	(void)cli;
	if (!err) {
		err = na_targets_scan(targets);
		na_targets_each(targets, count_process, &processes);
		na_targets_destroy(targets);
	}
	if (err)
		return NA_NOT_KNOWN;
	used = snprintf(found, NA_FINDING_BYTES, "%u processes", processes.total);
	for (int i = 0; i < NA_WORKERS; i++)
		if (processes.count[i])
			used += snprintf(found + used, (size_t)(NA_FINDING_BYTES - used), ", %s: %u",
					 na_worker_name((enum na_worker)i), processes.count[i]);
	return processes.total ? NA_GOOD : NA_WEAKER;
}

const struct na_check na_host_checks[] = {
	{ "permission", check_root, "nothing; but some answers here need root", "run this as root" },
	{ "settings", check_settings, "everything: the daemon does not start with settings it does not understand",
	  "correct the line that is named; see netaudit.conf(5)" },
	{ "users", check_users, "everything: the daemon does not start without them",
	  "install the package, or make each that is not there: useradd --system NAME" },
	{ "state directory", check_state, "nothing yet: the daemon makes it at its first start",
	  "start the daemon; nobody but its users may write there" },
	{ "run directory", check_run, "nothing: it is there while the daemon runs", "start the daemon" },
	{ "room on the disk", check_room, "new records, when the disk is full; the calls are counted as lost",
	  "make room: 1 GB holds about 2.5 million records" },
	{ "Odoo", check_odoo, "nothing is audited as long as no Odoo runs, unless the scope is the whole host",
	  "start Odoo; if it runs, see 'scope' in netaudit.conf(5)" },
};

const size_t na_host_check_count = sizeof(na_host_checks) / sizeof(*na_host_checks);
