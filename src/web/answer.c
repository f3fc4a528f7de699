/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pipe for each question. Pages are taken whole, so that a slow client holds bytes, not a reader. */
#include "web/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define PAGES_AT_ONCE 4
#define STREAMS_AT_ONCE 2
#define TURN_SECONDS 30
#define PAGE_SECONDS 70		/* a little more than a reader has */
#define STREAM_BLOCK 65536

static struct {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	int at_work[2];		/* pages, streams */
} turns = { .lock = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER };

static int take_turn(bool streamed)
{
	static const int most[2] = { PAGES_AT_ONCE, STREAMS_AT_ONCE };
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += streamed ? 0 : TURN_SECONDS;
	pthread_mutex_lock(&turns.lock);
	while (!err && turns.at_work[streamed] >= most[streamed])
		err = pthread_cond_timedwait(&turns.freed, &turns.lock, &until);
	if (!err)
		turns.at_work[streamed]++;
	pthread_mutex_unlock(&turns.lock);
	return err ? -EBUSY : 0;
}

static void end_turn(bool streamed)
{
	pthread_mutex_lock(&turns.lock);
	turns.at_work[streamed]--;
	pthread_cond_broadcast(&turns.freed);
	pthread_mutex_unlock(&turns.lock);
}

static int send_question(int channel, const struct na_web_question *question, int answer)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec part = { .iov_base = (void *)question, .iov_len = sizeof(*question) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &answer, sizeof(answer));
	return sendmsg(channel, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(*question) ? 0 : -EPIPE;
}

static int read_all(int fd, void *out, size_t bytes, uint64_t until_ns)
{
	char *to = out;

	while (bytes) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		uint64_t now = na_boottime_ns();
		ssize_t got;

		if (now >= until_ns || poll(&ready, 1, (int)((until_ns - now) / 1000000) + 1) == 0)
			return -ETIMEDOUT;
		got = read(fd, to, bytes);
		if (got == 0)
			return -EPIPE;	/* the reader has ended: too much time, too much memory, or a fault of ours */
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0) {
			to += got;
			bytes -= (size_t)got;
		}
	}
	return 0;
}

static ssize_t stream(void *context, uint64_t position, char *out, size_t most)
{
	ssize_t got;

	(void)position;
	do
		got = read(*(int *)context, out, most);
	while (got < 0 && errno == EINTR);
	return got > 0 ? got : got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void end_stream(void *context)
{
	close(*(int *)context);
	free(context);
	end_turn(true);
}

/* Owns `fd` and the turn from here on, also on error. */
static int respond_streamed(int fd, struct MHD_Response **response)
{
	int *kept = malloc(sizeof(*kept));

	if (!kept) {
		close(fd);
		end_turn(true);
		return -ENOMEM;
	}
	*kept = fd;
	*response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream, kept, end_stream);
	if (!*response)
		end_stream(kept);
	return *response ? 0 : -ENOMEM;
}

static int respond_whole(int fd, const struct na_web_head *head, uint64_t until_ns, struct MHD_Response **response)
{
	char *bytes = head->bytes <= NA_WEB_PAGE_BYTES ? malloc(head->bytes + 1) : NULL;
	int err = bytes ? read_all(fd, bytes, head->bytes, until_ns) : -ENOMEM;

	if (!err) {
		*response = MHD_create_response_from_buffer(head->bytes, bytes, MHD_RESPMEM_MUST_FREE);
		err = *response ? 0 : -ENOMEM;
	}
	if (err)
		free(bytes);
	return err;
}

int na_web_answer(int channel, const struct na_web_question *question, struct MHD_Response **response,
		  unsigned int *status)
{
	bool streamed = na_web_routes[question->route].streamed;
	struct na_web_head head = { 0 };
	uint64_t until_ns;
	int ends[2], err = take_turn(streamed);

	if (err)
		return err;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		end_turn(streamed);
		return -EBUSY;
	}
	until_ns = na_boottime_ns() + UINT64_C(1) * PAGE_SECONDS * NA_NS_PER_SECOND;
	err = send_question(channel, question, ends[1]);
	close(ends[1]);
	if (!err)
		err = read_all(ends[0], &head, sizeof(head), until_ns);
	*status = head.status;
	if (!err && streamed && head.bytes == NA_WEB_STREAMED)
		return respond_streamed(ends[0], response);
	if (!err)
		err = respond_whole(ends[0], &head, until_ns, response);
	close(ends[0]);
	end_turn(streamed);
	return err;
}
