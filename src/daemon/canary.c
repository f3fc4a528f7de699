/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One round: connect, accept, ask, answer, close; then a datagram and its answer. */
#include "daemon/canary.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define STEP_MS 2000	/* on a loopback that nobody else uses */
#define MOST_BYTES 256

static struct sockaddr_in there(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(NA_CANARY_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int wait_for(int fd, short events)
{
	struct pollfd wait = { .fd = fd, .events = events };
	int ready = poll(&wait, 1, STEP_MS);

	return ready < 0 ? -errno : ready == 0 ? -ETIMEDOUT : 0;
}

/* The one socket there is for connecting: what it did before, also in a process that was killed, is undone. */
static int connect_again(int client)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	const struct sockaddr_in server = there();
	int err;

	if (connect(client, &nowhere, sizeof(nowhere)) < 0)
		return -errno;
	if (connect(client, (const struct sockaddr *)&server, sizeof(server)) == 0)
		return 0;
	err = errno == EINPROGRESS ? wait_for(client, POLLOUT) : -errno;
	return err;
}

/* The connection whose other end is the client; one that a killed canary left is closed. */
static int accept_client(const struct na_canary_sockets *sockets)
{
	struct sockaddr_in mine = { 0 }, other = { 0 };
	socklen_t mine_bytes = sizeof(mine);

	if (getsockname(sockets->client, (struct sockaddr *)&mine, &mine_bytes) < 0)
		return -errno;
	for (;;) {
		socklen_t bytes = sizeof(other);
		int err = wait_for(sockets->listener, POLLIN), fd;

		if (err)
			return err;
		fd = accept4(sockets->listener, (struct sockaddr *)&other, &bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return -errno;
		if (other.sin_port == mine.sin_port)
			return fd;
		close(fd);
	}
}

static int pass(int from, int to, uint32_t count)
{
	char bytes[MOST_BYTES] = { 0 };
	uint32_t done = 0;

	if (send(from, bytes, count, MSG_NOSIGNAL) != (ssize_t)count)
		return -EIO;
	while (done < count) {
		int err = wait_for(to, POLLIN);
		ssize_t got = err ? -1 : recv(to, bytes, count - done, 0);

		if (err)
			return err;
		if (got <= 0)
			return got < 0 ? -errno : -EPIPE;
		done += (uint32_t)got;
	}
	return 0;
}

static int stream(const struct na_canary_sockets *sockets, uint64_t round)
{
	int err = connect_again(sockets->client), server = err ? err : accept_client(sockets);

	if (server < 0)
		return server;
	err = pass(sockets->client, server, na_canary_bytes_out(round));
	if (!err)
		err = pass(server, sockets->client, na_canary_bytes_in(round));
	/* the server ends it, so that the client's port is free at once */
	close(server);
	if (!err)
		err = wait_for(sockets->client, POLLIN);
	if (shutdown(sockets->client, SHUT_RDWR) < 0 && !err)
		err = -errno;
	return err;
}

/* What a round that failed left behind. */
static void forget_datagrams(int fd)
{
	char bytes[MOST_BYTES];

	while (recv(fd, bytes, sizeof(bytes), 0) >= 0)
		;
}

static int datagrams(const struct na_canary_sockets *sockets, uint64_t round)
{
	struct sockaddr_in server = there(), client;
	socklen_t client_bytes = sizeof(client);
	char bytes[MOST_BYTES] = { 0 };
	int err;

	forget_datagrams(sockets->asks);
	forget_datagrams(sockets->answers);
	if (sendto(sockets->asks, bytes, na_canary_bytes_out(round), 0, (const struct sockaddr *)&server, sizeof(server)) < 0)
		return -errno;
	err = wait_for(sockets->answers, POLLIN);
	if (err)
		return err;
	if (recvfrom(sockets->answers, bytes, sizeof(bytes), 0, (struct sockaddr *)&client, &client_bytes) < 0 ||
	    sendto(sockets->answers, bytes, na_canary_bytes_in(round), 0, (const struct sockaddr *)&client, client_bytes) < 0)
		return -errno;
	err = wait_for(sockets->asks, POLLIN);
	if (err)
		return err;
	return recv(sockets->asks, bytes, sizeof(bytes), 0) < 0 ? -errno : 0;
}

static void run_round(const struct na_canary_context *context)
{
	struct na_shared *shared = context->shared;
	uint64_t round = na_counter_get(&shared->canary_begun) + 1;
	int err;

	na_counter_set(&shared->canary_begun, round);
	err = stream(context->sockets, round);
	if (!err)
		err = datagrams(context->sockets, round);
	if (err)
		na_log_warning("round %llu failed: %s", (unsigned long long)round, strerror(-err));
	na_counter_set(&shared->canary_error, (uint64_t)-err);
	na_counter_set(&shared->canary_done, round);
}

int na_canary_process(const struct na_canary_context *context)
{
	struct na_shared *shared = context->shared;
	struct pollfd stop = { .fd = context->stop_fd, .events = POLLIN };
	uint64_t next_ns = 0;

	na_counter_set(&shared->canary_ready, context->generation + 1);
	for (;;) {
		bool watched = na_counter_get(&shared->canary_watched) == (uint64_t)getpid();
		uint64_t now = na_boottime_ns();

		if (watched && now >= next_ns) {
			run_round(context);
			next_ns = now + context->period_seconds * NA_NS_PER_SECOND;
			continue;
		}
		/* looks again soon while nobody listens yet */
		if (poll(&stop, 1, watched ? (int)((next_ns - now) / NA_NS_PER_MS) + 1 : 100) < 0 && errno != EINTR)
			return 1;
		if (stop.revents)
			return 0;
	}
}
