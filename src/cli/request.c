/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file in the state folder: this program writes no journal. */
#include "cli/request.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/status_text.h"
#include "journal/request.h"

#define WAIT_MS 100
#define WAITS 300	/* the daemon looks once a second */

static int open_folder(const struct na_cli *cli)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/" NA_REQUEST_FOLDER, cli->state_dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (geteuid() != 0)
		return -EPERM;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int leave(int folder, const char *name, const char *text)
{
	char hidden[80];
	int fd, error = 0;

	(void)snprintf(hidden, sizeof(hidden), ".%s", name);
	fd = openat(folder, hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = na_write_all(fd, text, strlen(text));
	if (!error && fsync(fd) < 0)
		error = -errno;
	(void)close(fd);
	if (!error && renameat(folder, hidden, folder, name) < 0)
		error = -errno;
	return error;
}

static bool is_running(const struct na_cli *cli)
{
	json_t *status = NULL;
	bool running = na_status_load(cli, &status) == 0 && na_status_judge(status) == NA_DAEMON_RUNNING;

	json_decref(status);
	return running;
}

static int wait_for_it(const struct na_cli *cli, int folder, const char *name)
{
	for (int i = 0; i < WAITS; i++) {
		if (faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
			puts("recorded");
			return NA_CLI_OK;
		}
		if (i % 10 == 0 && !is_running(cli)) {
			puts("The daemon is not running: this will be recorded, and count, when it is started.");
			return NA_CLI_ABSENT;
		}
		poll(NULL, 0, WAIT_MS);
	}
	na_cli_error(cli, "the daemon has not taken the request yet; see its log");
	return NA_CLI_UNREADABLE;
}

int na_cli_request(const struct na_cli *cli, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT), name[64];
	int folder = open_folder(cli), error = folder < 0 ? folder : 0, code;
	struct timespec now = { 0 };

	json_decref(request);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(name, sizeof(name), "%lld.%09ld-%d", (long long)now.tv_sec, now.tv_nsec, (int)getpid());
	if (!error && !text)
		error = -ENOMEM;
	if (!error && strlen(text) > NA_REQUEST_BYTES)
		error = -E2BIG;
	if (!error)
		error = leave(folder, name, text);
	free(text);
	if (error)
		na_cli_error(cli, "cannot leave a request in %s/" NA_REQUEST_FOLDER ": %s", cli->state_dir,
			     error == -EPERM ? "only root may" : strerror(-error));
	code = error ? NA_CLI_UNREADABLE : wait_for_it(cli, folder, name);
	if (folder >= 0)
		(void)close(folder);
	return code;
}
