/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reader and who asks it say to each other, over one unix stream socket per command.
 *
 * Asked: struct na_request, then `bytes` bytes: the time zone (TZ, may be empty) and `arguments` arguments, each
 * ended by a NUL. Answered: frames of struct na_frame and `bytes` bytes, until NA_FRAME_END, whose payload is the
 * exit status as an int32_t. Both sides are of one machine and, checked by the first four bytes, of one version of
 * this.
 */
#ifndef NETAUDIT_CLI_FRAMES_H
#define NETAUDIT_CLI_FRAMES_H

#include <stdint.h>
#include <sys/types.h>

#define NA_READER_SOCKET "/run/netaudit-reader.sock"
#define NA_REQUEST_MAGIC "nar1"
#define NA_REQUEST_BYTES 16384	/* most after the header */
#define NA_REQUEST_ARGUMENTS 64
#define NA_FRAME_BYTES 65536	/* most payload of a frame */

enum na_request_flags {
	NA_ASKED_FROM_TERMINAL = 1 << 0,	/* standard output is one */
	NA_ASKED_IN_COLOUR = 1 << 1,
	NA_ASKED_IN_UTF8 = 1 << 2,
	NA_ASKED_FOR_PROGRESS = 1 << 3,		/* standard error is a terminal */
};

struct na_request {
	char magic[4];
	uint32_t bytes;
	uint32_t arguments;	/* the first is the command */
	uint32_t flags;
};

enum na_frame_type { NA_FRAME_OUT = 1, NA_FRAME_ERROR = 2, NA_FRAME_END = 3 };

struct na_frame {
	uint32_t type;
	uint32_t bytes;
};

/*
 * All of it, waiting at most `timeout_ms` for each part (-1: for ever). Returns 0, -EPIPE at the end of the stream,
 * or negative errno.
 */
int na_frame_read(int fd, void *out, size_t bytes, int timeout_ms);
int na_frame_write(int fd, const void *bytes, size_t count, int timeout_ms);

/* One frame, at most NA_FRAME_BYTES. Returns 0 or negative errno. */
int na_frame_send(int fd, enum na_frame_type type, const void *bytes, size_t count, int timeout_ms);

#endif
