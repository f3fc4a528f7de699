/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stream calls that succeed: every way to connect crossed with every way to end. One row per kind. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST_BYTES (200 * 1024)

enum manner { BLOCKING, NON_BLOCKING, TWICE, FAST_OPEN_SEND, FAST_OPEN_CONNECT, URING };

struct kind {
	const char *name;
	int family;
	int protocol;
	bool mapped;
	enum manner manner;
	enum na_ending ending;
	bool silent;
};

static const struct kind kinds[] = {
	{ "tcp4", AF_INET, IPPROTO_TCP, false, BLOCKING, NA_END_CLIENT_FIN, false },
	{ "tcp6", AF_INET6, IPPROTO_TCP, false, BLOCKING, NA_END_CLIENT_FIN, false },
	{ "tcp-mapped", AF_INET6, IPPROTO_TCP, true, BLOCKING, NA_END_CLIENT_FIN, false },
	{ "tcp4-nonblocking", AF_INET, IPPROTO_TCP, false, NON_BLOCKING, NA_END_CLIENT_FIN, false },
	{ "tcp6-nonblocking", AF_INET6, IPPROTO_TCP, false, NON_BLOCKING, NA_END_CLIENT_FIN, false },
	{ "tcp4-connect-twice", AF_INET, IPPROTO_TCP, false, TWICE, NA_END_CLIENT_FIN, false },
	{ "tcp4-fast-open", AF_INET, IPPROTO_TCP, false, FAST_OPEN_SEND, NA_END_CLIENT_FIN, false },
	{ "tcp6-fast-open", AF_INET6, IPPROTO_TCP, false, FAST_OPEN_SEND, NA_END_CLIENT_FIN, false },
	{ "tcp4-fast-connect", AF_INET, IPPROTO_TCP, false, FAST_OPEN_CONNECT, NA_END_CLIENT_FIN, false },
	{ "tcp4-server-fin", AF_INET, IPPROTO_TCP, false, BLOCKING, NA_END_SERVER_FIN, false },
	{ "tcp4-client-reset", AF_INET, IPPROTO_TCP, false, BLOCKING, NA_END_CLIENT_RESET, false },
	{ "tcp6-server-reset", AF_INET6, IPPROTO_TCP, false, BLOCKING, NA_END_SERVER_RESET, false },
	{ "tcp4-half-close", AF_INET, IPPROTO_TCP, false, BLOCKING, NA_END_HALF, false },
	{ "tcp6-exit-open", AF_INET6, IPPROTO_TCP, false, BLOCKING, NA_END_EXIT, false },
	{ "tcp4-fork-passed", AF_INET, IPPROTO_TCP, false, BLOCKING, NA_END_FORK, false },
	{ "tcp6-rights-passed", AF_INET6, IPPROTO_TCP, false, BLOCKING, NA_END_RIGHTS, false },
	{ "tcp4-silent", AF_INET, IPPROTO_TCP, false, BLOCKING, NA_END_SERVER_FIN, true },
	{ "uring4", AF_INET, IPPROTO_TCP, false, URING, NA_END_CLIENT_FIN, false },
	{ "uring6", AF_INET6, IPPROTO_TCP, false, URING, NA_END_CLIENT_FIN, false },
	{ "mptcp4", AF_INET, IPPROTO_MPTCP, false, BLOCKING, NA_END_CLIENT_FIN, false },
	{ "mptcp6", AF_INET6, IPPROTO_MPTCP, false, BLOCKING, NA_END_CLIENT_FIN, false },
	{ "sctp4", AF_INET, IPPROTO_SCTP, false, BLOCKING, NA_END_CLIENT_FIN, false },
	{ "sctp6", AF_INET6, IPPROTO_SCTP, false, BLOCKING, NA_END_CLIENT_FIN, false },
	{ "vsock", AF_VSOCK, 0, false, BLOCKING, NA_END_CLIENT_FIN, false },
};

/* What one batch of operations shares. */
struct batch {
	const struct kind *kind;
	struct na_server server;
};

/* One operation under way; handed on as a whole when the socket is. */
struct operation {
	const struct batch *batch;
	struct na_call call;
	struct na_request request;
	int descriptor;
	bool uring;
	bool request_sent;
};

static void wait_connected(int descriptor)
{
	struct pollfd wait = { .fd = descriptor, .events = POLLOUT };
	int error = 0;
	socklen_t bytes = sizeof(error);

	poll(&wait, 1, -1);
	getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes);
	errno = error;
	if (error)
		na_die("connect, later");
}

static void connect_in_manner(struct operation *operation, enum manner manner, const struct sockaddr_storage *to)
{
	const struct sockaddr *address = (const struct sockaddr *)to;
	socklen_t bytes = na_address_bytes(to);
	int descriptor = operation->descriptor, yes = 1;

	switch (manner) {
	case FAST_OPEN_SEND:
		if (sendto(descriptor, &operation->request, sizeof(operation->request), MSG_FASTOPEN, address, bytes) !=
		    sizeof(operation->request))
			na_die("send with MSG_FASTOPEN");
		operation->request_sent = true;
		return;
	case FAST_OPEN_CONNECT:
		if (setsockopt(descriptor, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &yes, sizeof(yes)) ||
		    connect(descriptor, address, bytes))
			na_die("connect with TCP_FASTOPEN_CONNECT");
		if (send(descriptor, &operation->request, sizeof(operation->request), 0) != sizeof(operation->request))
			na_die("send with TCP_FASTOPEN_CONNECT");
		operation->request_sent = true;
		return;
	case URING:
		errno = -na_uring_connect(descriptor, address, bytes);
		if (errno)
			na_die("connect through io_uring");
		return;
	case NON_BLOCKING:
	case TWICE:
		fcntl(descriptor, F_SETFL, O_NONBLOCK);
		if (connect(descriptor, address, bytes) && errno != EINPROGRESS)
			na_die("connect, non-blocking");
		wait_connected(descriptor);
		if (manner == TWICE && connect(descriptor, address, bytes))
			na_die("connect, second call");
		return;
	default:
		if (connect(descriptor, address, bytes))
			na_die("connect");
	}
}

/* Everything after connect, by whoever holds the socket then. Writes the truth. */
static void finish(struct operation *operation, bool leave_open)
{
	const struct na_request *request = &operation->request;
	struct na_call *call = &operation->call;
	int descriptor = operation->descriptor;
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (!operation->request_sent && send(descriptor, request, sizeof(*request), MSG_NOSIGNAL) != sizeof(*request))
		na_die("send request");
	call->messages_out = 1 + na_send_all(descriptor, request->bytes_up, operation->uring, call->protocol);
	if (request->ending == NA_END_HALF)
		shutdown(descriptor, SHUT_WR);
	if (!na_receive_all(descriptor, request->bytes_down, operation->uring))
		na_die("answer cut short");
	call->bytes_out = sizeof(*request) + request->bytes_up;
	call->bytes_in = request->bytes_down;
	call->result = "closed";
	call->error = 0;
	if ((request->ending == NA_END_SERVER_FIN || request->ending == NA_END_HALF) && na_receive_end(descriptor))
		na_die("no orderly end");
	if (request->ending == NA_END_CLIENT_RESET) {
		setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		call->result = "aborted";
		call->error = -1;
	}
	if (request->ending == NA_END_SERVER_RESET) {
		na_send_all(descriptor, 1, false, call->protocol);
		call->bytes_out++;
		if (na_receive_end(descriptor) != ECONNRESET)
			na_die("no reset arrived");
		call->result = "reset";
		call->error = ECONNRESET;
	}
	if (!leave_open)
		close(descriptor);
	call->closed_us = leave_open ? 0 : na_now_us();
	na_call_write(call);
}

static void finish_in_child(void *argument)
{
	finish(argument, false);
}

/* To a second process that gets the socket as a message, not by inheritance. */
static void send_rights(int channel, int descriptor, const struct operation *operation)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec data = { .iov_base = (void *)(uintptr_t)operation, .iov_len = sizeof(*operation) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control.space, .msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &descriptor, sizeof(descriptor));
	if (sendmsg(channel, &message, 0) != sizeof(*operation))
		na_die("pass socket");
}

static void receive_rights_and_finish(void *argument)
{
	struct operation operation;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec data = { .iov_base = &operation, .iov_len = sizeof(operation) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control.space, .msg_controllen = sizeof(control.space),
	};

	/* `operation` holds pointers to constants of this same program image */
	if (recvmsg(*(int *)argument, &message, 0) != sizeof(operation) || !CMSG_FIRSTHDR(&message))
		na_die("take passed socket");
	memcpy(&operation.descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	finish(&operation, false);
}

static void open_call(struct operation *operation)
{
	const struct batch *batch = operation->batch;
	const struct kind *kind = batch->kind;
	struct na_call *call = &operation->call;
	socklen_t bytes = sizeof(call->local);

	operation->descriptor = socket(kind->family, SOCK_STREAM | SOCK_CLOEXEC, kind->protocol);
	if (operation->descriptor < 0)
		na_die("%s: socket", kind->name);
	na_owner_here(&call->owner);
	call->begun_us = na_now_us();
	connect_in_manner(operation, kind->manner, &batch->server.address);
	call->opened_us = na_now_us();
	call->remote = batch->server.address;
	getsockname(operation->descriptor, (struct sockaddr *)&call->local, &bytes);
	if (kind->protocol == IPPROTO_SCTP)	/* may bind many addresses: only the port is certain */
		memset((char *)&call->local + 4, 0, sizeof(call->local) - 4);
}

static void leave_in_child(void *argument)
{
	open_call(argument);
	finish(argument, true);
	_exit(0);
}

static void run_passed(struct operation *operation)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		na_die("socketpair");
	pid_t child = na_spawn("takes-socket", receive_rights_and_finish, &pair[1]);

	open_call(operation);
	send_rights(pair[0], operation->descriptor, operation);
	close(operation->descriptor);
	na_wait(child);
	close(pair[0]);
	close(pair[1]);
}

static void finish_silent(struct operation *operation)
{
	if (na_receive_end(operation->descriptor))
		na_die("no orderly end");
	close(operation->descriptor);
	operation->call.result = "closed";
	operation->call.error = 0;
	operation->call.closed_us = na_now_us();
	na_call_write(&operation->call);
}

/*
 * A child forked beside another thread's operation would hold that operation's socket open, and its peer would wait
 * for an end that does not come: operations that fork go one at a time.
 */
static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;

static bool forks(const struct kind *kind)
{
	return kind->ending == NA_END_EXIT || kind->ending == NA_END_FORK || kind->ending == NA_END_RIGHTS;
}

static void run_alone(struct operation *operation)
{
	pthread_mutex_lock(&forking);
	if (operation->request.ending == NA_END_EXIT) {
		na_wait(na_spawn("leaves-open", leave_in_child, operation));
	} else if (operation->request.ending == NA_END_RIGHTS) {
		run_passed(operation);
	} else {
		open_call(operation);
		pid_t child = na_spawn("inherits-socket", finish_in_child, operation);

		close(operation->descriptor);
		na_wait(child);
	}
	pthread_mutex_unlock(&forking);
}

static void run_operation(void *argument, uint64_t index)
{
	const struct batch *batch = argument;
	const struct kind *kind = batch->kind;
	uint64_t state = na_random_seed(kind->name, index);
	struct operation operation = {
		.batch = batch,
		.call = {
			.kind = kind->name, .family = kind->family, .protocol = kind->protocol,
			.mptcp = kind->protocol == IPPROTO_MPTCP,
			.fast_open = kind->manner == FAST_OPEN_SEND || kind->manner == FAST_OPEN_CONNECT,
		},
		.request = {
			.bytes_up = (uint32_t)(na_random(&state) % LONGEST_BYTES >> na_random(&state) % 16),
			.bytes_down = (uint32_t)(na_random(&state) % LONGEST_BYTES >> na_random(&state) % 16),
			.ending = kind->ending,
		},
		.uring = kind->manner == URING,
	};

	if (kind->ending == NA_END_CLIENT_RESET)	/* an answer tells that the request was taken */
		operation.request.bytes_down++;
	if (forks(kind)) {
		run_alone(&operation);
		return;
	}
	open_call(&operation);
	if (kind->silent)
		finish_silent(&operation);
	else
		finish(&operation, false);
}

/* Within one namespace over the loopback device, and over the pair both ways. */
const struct na_route na_routes[NA_ROUTES] = {
	{ NA_PLACE_A, NA_PLACE_A, NA_TARGET_LOOPBACK },
	{ NA_PLACE_A, NA_PLACE_B, NA_TARGET_DEVICE },
	{ NA_PLACE_B, NA_PLACE_A, NA_TARGET_DEVICE },
};

unsigned int na_route_share(unsigned int route)
{
	return na_settings.count * (route + 1) / NA_ROUTES - na_settings.count * route / NA_ROUTES;
}

void na_kinds_stream(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *kind = &kinds[i];
		const char *missing = kind->manner == URING ? na_missing_uring() :
				      na_missing(kind->family, SOCK_STREAM, kind->protocol);

		if (!na_wanted(kind->name))
			continue;
		if (missing) {
			na_skip(kind->name, missing);
			continue;
		}
		for (unsigned int route = 0; route < NA_ROUTES; route++) {
			struct batch batch = {
				.kind = kind,
				.server = {
					.kind = kind->name, .family = kind->family, .protocol = kind->protocol,
					.silent = kind->silent, .place = na_routes[route].server,
					.count = na_route_share(route),
				},
			};

			na_server_start(&batch.server, na_routes[route].target, kind->mapped);
			na_run_clients(kind->name, na_routes[route].client, true, run_operation, &batch,
				       batch.server.count);
			na_server_wait(&batch.server);
		}
	}
}
