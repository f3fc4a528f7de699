/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asking side of the reader: sends the command line, prints what comes back. */
#include "cli/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/frames.h"

#define CONNECT_MS 10000

static const char *socket_path(void)
{
	const char *path = getenv("NETAUDIT_READER");

	return path && *path ? path : NA_READER_SOCKET;
}

/* Files of ours, which the reader cannot see: a place to read from, or an argument that is one. */
static bool names_files(const struct na_command *command, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--st", 4) || !strncmp(argv[i], "--ru", 4) || !strncmp(argv[i], "--check", 7) ||
		    (command->most > na_served_arguments(command) && argv[i][0] != '-' && !access(argv[i], F_OK)))
			return true;
	return false;
}

bool na_ask_is_for_reader(const struct na_cli *cli, int argc, char **argv)
{
	return na_served_arguments(cli->command) >= 0 && geteuid() && access(NA_STATE_DIR "/journal/journal.db", R_OK) &&
	       !access(socket_path(), F_OK) && !names_files(cli->command, argc, argv);
}

static int connect_to_reader(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = socket_path();
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	return fd;
}

static int send_request(const struct na_cli *cli, int fd, int argc, char **argv)
{
	const char *zone = getenv("TZ");
	struct na_request request = {
		.arguments = (uint32_t)argc,
		.flags = (cli->terminal ? NA_ASKED_FROM_TERMINAL : 0u) | (cli->colour ? NA_ASKED_IN_COLOUR : 0u) |
			 (cli->utf8 ? NA_ASKED_IN_UTF8 : 0u) | (isatty(STDERR_FILENO) ? NA_ASKED_FOR_PROGRESS : 0u),
	};
	char text[NA_REQUEST_BYTES];
	size_t used = 0;

	memcpy(request.magic, NA_REQUEST_MAGIC, sizeof(request.magic));
	for (int i = -1; i < argc; i++) {
		const char *part = i < 0 ? (zone ? zone : "") : argv[i];
		size_t bytes = strlen(part) + 1;

		if (argc > NA_REQUEST_ARGUMENTS || bytes > sizeof(text) - used)
			return -E2BIG;
		memcpy(text + used, part, bytes);
		used += bytes;
	}
	request.bytes = (uint32_t)used;
	return na_frame_write(fd, &request, sizeof(request), CONNECT_MS) ?: na_frame_write(fd, text, used, CONNECT_MS);
}

/* Prints frames until the end. Returns 0 and the exit status, or negative errno. */
static int print_answer(int fd, int32_t *status)
{
	static char payload[NA_FRAME_BYTES];
	struct na_frame frame;
	int err;

	while (!(err = na_frame_read(fd, &frame, sizeof(frame), -1))) {
		FILE *out = frame.type == NA_FRAME_OUT ? stdout : stderr;

		if (frame.bytes > sizeof(payload))
			return -EBADMSG;
		err = na_frame_read(fd, payload, frame.bytes, -1);
		if (err)
			return err;
		if (frame.type == NA_FRAME_END) {
			if (frame.bytes != sizeof(*status))
				return -EBADMSG;
			memcpy(status, payload, sizeof(*status));
			return 0;
		}
		if (fwrite(payload, 1, frame.bytes, out) != frame.bytes || fflush(out))
			return -EIO;	/* the command ends when it is no longer listened to */
	}
	return err;
}

int na_ask_reader(const struct na_cli *cli, int argc, char **argv)
{
	int fd = connect_to_reader(), err = fd < 0 ? fd : send_request(cli, fd, argc, argv);
	int32_t status = NA_CLI_UNREADABLE;

	if (!err)
		err = print_answer(fd, &status);
	if (fd >= 0)
		close(fd);
	if (err == -EIO)
		return NA_CLI_UNREADABLE;	/* said where output ends */
	if (err == -EACCES)
		na_cli_error(cli, "the reader may not be asked: join the group netaudit, and log in again");
	else if (err)
		na_cli_error(cli, "the reader at %s does not answer: %s; see 'journalctl -u netaudit-reader@*'", socket_path(),
			     err == -EPIPE ? "it ended" : strerror(-err));
	return err ? NA_CLI_UNREADABLE : status;
}
