/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spawner waits for questions; for each it forks a reader, which makes the page and ends. A reader has the system
 * call filter of the reader service, little memory and little time, and knows no more of the asker than the question.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/sandbox.h"
#include "journal/read_only.h"
#include "web/web.h"

#define PAGE_SECONDS 60
#define STREAM_SECONDS 3600
#define MEMORY_BYTES (UINT64_C(512) << 20)

/* One question and the pipe for its answer. Returns 1, 0 when the front has ended, or negative errno. */
static int take_question(int channel, struct na_web_question *question, int *answer)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = question, .iov_len = sizeof(*question) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header;

	if (got <= 0)
		return got < 0 ? -errno : 0;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPROTO;
	memcpy(answer, CMSG_DATA(header), sizeof(*answer));
	if (got != sizeof(*question) || question->route >= na_web_route_count) {
		close(*answer);
		return -EPROTO;
	}
	for (int i = 0; i < NA_WEB_PARAMETER_COUNT; i++)
		question->value[i][NA_WEB_VALUE_BYTES - 1] = '\0';
	return 1;
}

static int write_head(FILE *out, unsigned int status, uint64_t bytes)
{
	const struct na_web_head head = { .status = status, .bytes = bytes };

	return fwrite(&head, sizeof(head), 1, out) == 1 ? 0 : -EIO;
}

/* A page is made in memory, so that its status is known before its first byte is sent. */
static int make_page(const struct na_web_settings *settings, const struct na_web_question *question, FILE *out)
{
	const struct na_web_route *route = &na_web_routes[question->route];
	char *bytes = NULL;
	size_t count = 0;
	unsigned int status;
	FILE *memory;
	int err;

	if (route->streamed) {
		err = write_head(out, 200, NA_WEB_STREAMED);
		if (!err)
			(void)route->make(settings, question, out);
		return err;
	}
	memory = open_memstream(&bytes, &count);
	if (!memory)
		return -ENOMEM;
	status = route->make(settings, question, memory);
	err = fclose(memory) ? -ENOMEM : write_head(out, status, count);
	if (!err && fwrite(bytes, 1, count, out) != count)
		err = -EIO;
	free(bytes);
	return err;
}

/* Never returns. */
static void be_reader(const struct na_web_settings *settings, const struct na_web_question *question, int answer)
{
	const struct rlimit memory = { .rlim_cur = MEMORY_BYTES, .rlim_max = MEMORY_BYTES };
	struct na_error why = { 0 };
	FILE *out;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setrlimit(RLIMIT_DATA, &memory);
	(void)alarm(na_web_routes[question->route].streamed ? STREAM_SECONDS : PAGE_SECONDS);
	if (dup2(answer, STDIN_FILENO) < 0)	/* the one descriptor below those that are closed */
		_exit(NA_CLI_UNREADABLE);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	out = fdopen(STDIN_FILENO, "w");
	if (!out || na_sandbox_system_calls(NA_SANDBOX_READER, &why)) {
		fprintf(stderr, "netaudit web: %s\n", why.text);
		_exit(NA_CLI_UNREADABLE);
	}
	na_read_only_confined();
	_exit(make_page(settings, question, out) || fclose(out) ? NA_CLI_UNREADABLE : NA_CLI_OK);
}

/* Never returns. */
static void be_spawner(const struct na_web_settings *settings, int channel)
{
	static struct na_web_question question;
	struct na_error why = { 0 };
	int answer = -1, got;

	close(settings->listener);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setenv("TZ", "UTC0", 1);
	tzset();
	(void)signal(SIGCHLD, SIG_IGN);		/* readers are not waited for */
	if (na_sandbox_system_calls(NA_SANDBOX_SPAWNER, &why)) {
		fprintf(stderr, "netaudit web: %s\n", why.text);
		_exit(NA_CLI_UNREADABLE);
	}
	while ((got = take_question(channel, &question, &answer)) != 0) {
		pid_t child;

		if (got == -EPROTO || got == -EINTR)
			continue;
		if (got < 0)
			_exit(NA_CLI_UNREADABLE);
		child = fork();
		if (child == 0)
			be_reader(settings, &question, answer);
		close(answer);	/* where fork() failed the front sees the pipe end */
	}
	_exit(NA_CLI_OK);
}

int na_web_start_readers(const struct na_web_settings *settings, struct na_error *error)
{
	int ends[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return na_error_set(error, -errno, "cannot make a socket pair: %s", strerror(errno));
	child = fork();
	if (child < 0)
		return na_error_set(error, -errno, "cannot start the process that reads: %s", strerror(errno));
	if (child == 0) {
		close(ends[0]);
		be_spawner(settings, ends[1]);
	}
	close(ends[1]);
	return ends[0];
}
