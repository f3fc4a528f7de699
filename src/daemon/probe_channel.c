/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages between observer and supervisor, and the supervisor's answers. */
#include "daemon/probe_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUESTS_AT_ONCE 16

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int na_probe_channel_renew(int ends[2])
{
	for (int i = 0; i < 2; i++) {
		if (ends[i] >= 0)
			(void)close(ends[i]);
		ends[i] = -1;
	}
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0 ? -errno : 0;
}

static int send_message(int end, const struct na_probe_message *message, int file)
{
	struct iovec content = { .iov_base = (void *)message, .iov_len = sizeof(*message) };
	union control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS } };
	struct msghdr header = { .msg_iov = &content, .msg_iovlen = 1 };

	if (file >= 0) {
		memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
	}
	return sendmsg(end, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* `*file`: the descriptor that came along, for the caller to close; -1: none. More than one do not fit. */
static int receive_message(int end, struct na_probe_message *message, int *file)
{
	struct iovec content = { .iov_base = message, .iov_len = sizeof(*message) };
	union control control;
	struct msghdr header = {
		.msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t bytes = recvmsg(end, &header, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *came;

	*file = -1;
	if (bytes < 0)
		return -errno;
	came = CMSG_FIRSTHDR(&header);
	if (came && came->cmsg_level == SOL_SOCKET && came->cmsg_type == SCM_RIGHTS &&
	    came->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(file, CMSG_DATA(came), sizeof(*file));
	if (bytes == 0)
		return -EPIPE;
	return bytes == sizeof(*message) && !(header.msg_flags & MSG_TRUNC) ? 0 : -EBADMSG;
}

static int attach(struct na_capture *capture, const struct na_probe *probe, int file)
{
	return file < 0 ? -EBADF : na_capture_attach_probe(capture, probe, file);
}

static int release(struct na_capture *capture, const struct na_probe *probe, int file)
{
	(void)file;
	return na_capture_release_probe(capture, probe);
}

static int (*const serve[NA_PROBE_REQUESTS])(struct na_capture *, const struct na_probe *, int) = {
	[NA_PROBE_ATTACH] = attach,
	[NA_PROBE_RELEASE] = release,
};

void na_probe_channel_serve(int end, struct na_capture *capture, struct na_shared *shared)
{
	struct na_probe_message message;
	int file;

	for (int i = 0; i < REQUESTS_AT_ONCE; i++) {
		int result = receive_message(end, &message, &file);

		if (!result) {
			message.result = message.request < NA_PROBE_REQUESTS ?
				serve[message.request](capture, &message.probe, file) : -EINVAL;
			/* an observer that does not read its answers asks again */
			(void)send_message(end, &message, -1);
		}
		if (file >= 0)
			(void)close(file);
		if (result && result != -EBADMSG)
			break;
	}
	na_counter_set(&shared->probes, na_capture_probes(capture));
}

int na_probe_channel_ask(int end, enum na_probe_request request, const struct na_probe *probe, int file)
{
	const struct na_probe_message message = { .request = request, .probe = *probe };

	return send_message(end, &message, file);
}

int na_probe_channel_hear(int end, struct na_probe_message *answer)
{
	int file, result = receive_message(end, answer, &file);

	if (file >= 0)
		(void)close(file);
	return result;
}
