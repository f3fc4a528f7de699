/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit reader: answers one asker on standard input, and ends. Started for each connection by
 * netaudit-reader.socket.
 *
 * Two processes: one looks at who asks and passes on what is printed; the other has nothing but the files it may read,
 * and runs the same command that root would run.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/peer.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/progress.h"
#include "daemon/sandbox.h"
#include "journal/read_only.h"

#define REQUEST_MS 10000	/* for the whole question */
#define ANSWER_MS 60000		/* an asker that does not read is left */

struct question {
	struct na_request header;
	char text[NA_REQUEST_BYTES];
	const char *zone;
	char *argument[NA_REQUEST_ARGUMENTS + 1];
};

static int may_ask(int fd)
{
	struct na_peer_groups groups;

	na_peer_groups_load(&groups);
	return na_peer_may_read(fd, &groups);
}

/* The C library reads a file named by TZ: only names below its own folder. */
static bool is_zone(const char *zone)
{
	return strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-,.<>") == strlen(zone) &&
	       *zone != '/' && !strstr(zone, "..") && strlen(zone) < 64;
}

static int read_question(int fd, struct question *question)
{
	char *at = question->text;
	int err = na_frame_read(fd, &question->header, sizeof(question->header), REQUEST_MS);
	const struct na_request *header = &question->header;

	if (err)
		return err;
	if (memcmp(header->magic, NA_REQUEST_MAGIC, sizeof(header->magic)) || header->bytes > sizeof(question->text) ||
	    header->arguments == 0 || header->arguments > NA_REQUEST_ARGUMENTS)
		return -EPROTO;
	err = na_frame_read(fd, question->text, header->bytes, REQUEST_MS);
	if (err)
		return err;
	for (uint32_t i = 0; i <= header->arguments; i++) {
		char *end = memchr(at, 0, header->bytes - (size_t)(at - question->text));

		if (!end)
			return -EPROTO;
		if (i == 0)
			question->zone = at;
		else
			question->argument[i - 1] = at;
		at = end + 1;
	}
	return at == question->text + header->bytes && is_zone(question->zone) ? 0 : -EPROTO;
}

/* In the process that reads: what is printed goes to the other one. Never returns. */
static void run_command(const struct na_cli *reader, struct question *question, int out, int error)
{
	struct na_cli cli = {
		.command = na_find_command(question->argument[0]), .state_dir = reader->state_dir, .run_dir = reader->run_dir,
		.served = true,
		.terminal = question->header.flags & NA_ASKED_FROM_TERMINAL, .colour = question->header.flags & NA_ASKED_IN_COLOUR,
		.utf8 = question->header.flags & NA_ASKED_IN_UTF8,
	};
	struct na_error why = { 0 };
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(error, STDERR_FILENO) < 0)
		_exit(NA_CLI_UNREADABLE);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (*question->zone)
		setenv("TZ", question->zone, 1);
	tzset();
	na_progress_on_terminal(question->header.flags & NA_ASKED_FOR_PROGRESS);
	if (na_sandbox_system_calls(NA_SANDBOX_READER, &why)) {
		na_cli_error(reader, "%s", why.text);
		_exit(NA_CLI_UNREADABLE);
	}
	if (!cli.command || na_served_arguments(cli.command) < 0) {
		na_cli_error(reader, "'%s' is not for the reader: run it as root", question->argument[0]);
		_exit(NA_CLI_USAGE);
	}
	na_read_only_confined();
	code = cli.command->run(&cli, (int)question->header.arguments, question->argument);
	if (fflush(NULL))
		code = NA_CLI_UNREADABLE;
	_exit(code);
}

/* Passes on what comes out of `from`. Returns whether more may come. */
static bool pass_on(int fd, int from, enum na_frame_type type, int *err)
{
	static char bytes[NA_FRAME_BYTES];
	ssize_t got = read(from, bytes, sizeof(bytes));

	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0)
		return false;
	*err = na_frame_send(fd, type, bytes, (size_t)got, ANSWER_MS);
	return !*err;
}

/* Until both ends are closed, or the asker has gone. Returns 0 or negative errno. */
static int pass_all_on(int fd, int out, int error)
{
	struct pollfd at[] = { { .fd = out, .events = POLLIN }, { .fd = error, .events = POLLIN }, { .fd = fd } };
	int err = 0;

	while (!err && (at[0].fd >= 0 || at[1].fd >= 0)) {
		if (poll(at, 3, -1) < 0 && errno != EINTR)
			return -errno;
		if (at[2].revents & (POLLHUP | POLLERR))
			return -EPIPE;
		for (int i = 0; i < 2 && !err; i++)
			if (at[i].revents && !pass_on(fd, at[i].fd, i ? NA_FRAME_ERROR : NA_FRAME_OUT, &err))
				at[i].fd = -1;
	}
	return err;
}

static int answer(const struct na_cli *cli, int fd, struct question *question)
{
	int out[2], error[2], status, err;
	int32_t code;
	pid_t child;

	if (pipe2(out, O_CLOEXEC) || pipe2(error, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		run_command(cli, question, out[1], error[1]);
	close(out[1]);
	close(error[1]);
	err = pass_all_on(fd, out[0], error[0]);
	if (err)
		kill(child, SIGKILL);
	close(out[0]);
	close(error[0]);
	if (waitpid(child, &status, 0) < 0)
		return -errno;
	if (err)
		return err;
	code = WIFEXITED(status) ? WEXITSTATUS(status) : NA_CLI_UNREADABLE;
	return na_frame_send(fd, NA_FRAME_END, &code, sizeof(code), ANSWER_MS);
}

/* One line for the asker, as an answer. */
static void refuse(int fd, const char *why)
{
	int32_t code = NA_CLI_UNREADABLE;

	if (!na_frame_send(fd, NA_FRAME_ERROR, why, strlen(why), ANSWER_MS))
		(void)na_frame_send(fd, NA_FRAME_END, &code, sizeof(code), ANSWER_MS);
}

static int take_nothing(void *context, const char *name, const char *value)
{
	(void)context, (void)name, (void)value;
	return -EINVAL;
}

int na_command_reader(struct na_cli *cli, int argc, char **argv)
{
	static struct question question;
	int code = na_cli_parse(cli, argc, argv, take_nothing, NULL), err;

	if (code >= 0)
		return code;
	err = may_ask(STDIN_FILENO);
	if (err == -EACCES) {
		refuse(STDIN_FILENO, "netaudit: only members of the groups netaudit and netaudit-forensic may read the journal\n");
		return NA_CLI_OK;
	}
	if (err) {
		na_cli_error(cli, "standard input is not a connection of an asker: %s; netaudit-reader.socket starts this",
			     strerror(-err));
		return NA_CLI_USAGE;
	}
	err = read_question(STDIN_FILENO, &question);
	if (err == -EPROTO)
		refuse(STDIN_FILENO, "netaudit: the reader does not understand the question: is it of another version?\n");
	else if (!err)
		err = answer(cli, STDIN_FILENO, &question);
	/* an asker that went away is its own business */
	return err && err != -EPIPE && err != -EPROTO && err != -ETIMEDOUT ? NA_CLI_UNREADABLE : NA_CLI_OK;
}
