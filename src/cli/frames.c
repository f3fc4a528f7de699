/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole messages over a stream socket, with a limit on how long the other side may take. */
#include "cli/frames.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static int wait_for(int fd, short events, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int ready;

	do
		ready = poll(&poll_fd, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	return ready < 0 ? -errno : ready == 0 ? -ETIMEDOUT : 0;
}

int na_frame_read(int fd, void *out, size_t bytes, int timeout_ms)
{
	char *to = out;

	while (bytes) {
		int err = wait_for(fd, POLLIN, timeout_ms);
		ssize_t got = err ? -1 : recv(fd, to, bytes, MSG_DONTWAIT);

		if (err)
			return err;
		if (got == 0)
			return -EPIPE;
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (got > 0) {
			to += got;
			bytes -= (size_t)got;
		}
	}
	return 0;
}

int na_frame_write(int fd, const void *bytes, size_t count, int timeout_ms)
{
	const char *from = bytes;

	while (count) {
		int err = wait_for(fd, POLLOUT, timeout_ms);
		ssize_t sent = err ? -1 : send(fd, from, count, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (err)
			return err;
		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (sent > 0) {
			from += sent;
			count -= (size_t)sent;
		}
	}
	return 0;
}

int na_frame_send(int fd, enum na_frame_type type, const void *bytes, size_t count, int timeout_ms)
{
	struct na_frame frame = { .type = type, .bytes = (uint32_t)count };
	int err = na_frame_write(fd, &frame, sizeof(frame), timeout_ms);

	return err ? err : na_frame_write(fd, bytes, count, timeout_ms);
}
