/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accepting side: takes a known number of connections, in every way there is, and does what each asks for. */
#include "workload.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES 16384
#define SCTP_CHUNK_BYTES 1024	/* one message each; below any path's fragmentation point */

unsigned int na_send_all(int descriptor, uint64_t bytes, bool uring, int protocol)
{
	static const char zeros[CHUNK_BYTES];
	size_t most = protocol == IPPROTO_SCTP ? SCTP_CHUNK_BYTES : sizeof(zeros);
	unsigned int messages = 0;

	while (bytes) {
		size_t want = bytes < most ? bytes : most;
		ssize_t done = uring ? na_uring_send(descriptor, zeros, (unsigned int)want) :
			       send(descriptor, zeros, want, MSG_NOSIGNAL);
		int error = uring && done < 0 ? (int)-done : errno;

		if (done > 0) {
			bytes -= (uint64_t)done;
			messages++;
		} else if (error == EAGAIN) {
			struct pollfd wait = { .fd = descriptor, .events = POLLOUT };

			poll(&wait, 1, -1);
		} else if (error != EINTR) {
			errno = error;
			na_die("send");
		}
	}
	return messages;
}

/* Bytes, 0 at the end, or a negative errno. */
static ssize_t receive_some(int descriptor, char *buffer, size_t bytes, bool uring)
{
	for (;;) {
		ssize_t done = uring ? na_uring_receive(descriptor, buffer, (unsigned int)bytes) :
			       recv(descriptor, buffer, bytes, 0);
		int error = uring && done < 0 ? (int)-done : errno;

		if (done >= 0)
			return done;
		if (error == EAGAIN) {
			struct pollfd wait = { .fd = descriptor, .events = POLLIN };

			poll(&wait, 1, -1);
		} else if (error != EINTR) {
			return -error;
		}
	}
}

bool na_receive_all(int descriptor, uint64_t bytes, bool uring)
{
	char buffer[CHUNK_BYTES];

	while (bytes) {
		ssize_t done = receive_some(descriptor, buffer, bytes < sizeof(buffer) ? bytes : sizeof(buffer), uring);

		if (done <= 0)
			return false;
		bytes -= (uint64_t)done;
	}
	return true;
}

int na_receive_end(int descriptor)
{
	char byte;
	ssize_t done = receive_some(descriptor, &byte, 1, false);

	if (done > 0)
		na_die("more bytes than agreed");
	return (int)-done;
}

static void close_with_reset(int descriptor)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		na_die("SO_LINGER");
	close(descriptor);
}

static void take_request(int descriptor, struct na_request *request)
{
	size_t have = 0;

	while (have < sizeof(*request)) {
		ssize_t done = receive_some(descriptor, (char *)request + have, sizeof(*request) - have, false);

		if (done <= 0)
			na_die("no request");
		have += (size_t)done;
	}
}

static void serve(int descriptor, struct na_call *call, bool uring)
{
	struct na_request request;

	take_request(descriptor, &request);
	if (!na_receive_all(descriptor, request.bytes_up, uring))
		na_die("request cut short");
	call->bytes_in = sizeof(request) + request.bytes_up;
	call->bytes_out = request.bytes_down;
	call->result = "closed";
	call->error = 0;
	if (request.ending == NA_END_HALF && na_receive_end(descriptor))
		na_die("no orderly half close");
	call->messages_out = na_send_all(descriptor, request.bytes_down, uring, call->protocol);
	switch (request.ending) {
	case NA_END_HALF:
	case NA_END_SERVER_FIN:
		close(descriptor);
		return;
	case NA_END_CLIENT_RESET:
		if (na_receive_end(descriptor) != ECONNRESET)
			na_die("no reset arrived");
		call->result = "reset";
		call->error = ECONNRESET;
		close(descriptor);
		return;
	case NA_END_SERVER_RESET:
		if (!na_receive_all(descriptor, 1, false))	/* the client has everything */
			na_die("no confirmation");
		call->bytes_in++;
		call->result = "aborted";
		call->error = -1;
		close_with_reset(descriptor);
		return;
	default:
		if (na_receive_end(descriptor))
			na_die("no orderly end");
		close(descriptor);
	}
}

enum manner { PLAIN, ACCEPT4, NON_BLOCKING, URING, MANNERS };

/* The peer's address comes with the accept: a socket that was reset meanwhile no longer tells it. */
static int accept_one(const struct na_server *server, enum manner manner, struct sockaddr_storage *from)
{
	struct pollfd wait = { .fd = server->listener, .events = POLLIN };
	socklen_t bytes = sizeof(*from);
	/* of other families the sizes asked for are recorded: a send that waits is asked for once */
	int flags = server->protocol == IPPROTO_TCP ? SOCK_CLOEXEC | SOCK_NONBLOCK : SOCK_CLOEXEC;

	switch (manner) {
	case ACCEPT4:
		return accept4(server->listener, (struct sockaddr *)from, &bytes, flags);
	case NON_BLOCKING:
		poll(&wait, 1, -1);	/* the connection is there: accept does not wait */
		return accept(server->listener, (struct sockaddr *)from, &bytes);
	case URING: {
		int result = na_uring_accept(server->listener, from, &bytes);

		errno = result < 0 ? -result : 0;
		return result < 0 ? -1 : result;
	}
	default:
		return accept(server->listener, (struct sockaddr *)from, &bytes);
	}
}

static const char *accept_kind(const struct na_server *server, enum manner manner)
{
	static const char *const names[MANNERS] = { "accept", "accept4", "accept-nonblocking", "accept-uring" };

	if (server->silent)
		return "accept-silent";
	if (server->family == AF_VSOCK)
		return "accept-vsock";
	if (server->protocol == IPPROTO_SCTP)
		return "accept-sctp";
	if (server->protocol == IPPROTO_MPTCP)
		return "accept-mptcp";
	return names[manner];
}

static void *accept_loop(void *argument)
{
	const struct na_server *server = argument;
	uint64_t state = na_random_seed(server->kind, UINT64_C(1) << 40);
	int ignored;
	bool uring_works = server->protocol == IPPROTO_TCP && na_uring_works(&ignored);

	for (unsigned int i = 0; i < server->count; i++) {
		enum manner manner = na_random(&state) % (uring_works ? MANNERS : URING);
		struct na_call call = {
			.kind = accept_kind(server, manner), .of = server->kind, .family = server->family,
			.protocol = server->protocol, .inbound = true, .mptcp = server->protocol == IPPROTO_MPTCP,
			.fast_open = -1, .begun_us = na_now_us(), .result = "closed",
		};
		int descriptor = accept_one(server, manner, &call.remote);
		socklen_t bytes = sizeof(call.local);

		if (descriptor < 0)
			na_die("%s", call.kind);
		call.opened_us = na_now_us();
		na_owner_here(&call.owner);
		if (getsockname(descriptor, (struct sockaddr *)&call.local, &bytes))
			na_die("name of an accepted socket");
		if (server->silent)
			close(descriptor);
		else
			serve(descriptor, &call, manner == URING);
		call.closed_us = na_now_us();
		na_call_write(&call);
	}
	return NULL;
}

static void server_body(void *argument)
{
	struct na_server *server = argument;
	pthread_t thread;

	na_net_enter(server->place);
	if (server->place == NA_PLACE_A) {
		accept_loop(server);
		return;
	}
	if (pthread_create(&thread, NULL, accept_loop, server))
		na_die("create thread");
	pthread_join(thread, NULL);
}

static int vsock_listen(struct na_server *server)
{
	struct sockaddr_vm *address = (struct sockaddr_vm *)&server->address;
	socklen_t bytes = sizeof(*address);
	int descriptor = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_vm){
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = VMADDR_PORT_ANY,
	};
	if (descriptor < 0 || bind(descriptor, (struct sockaddr *)address, sizeof(*address)) ||
	    listen(descriptor, 512) || getsockname(descriptor, (struct sockaddr *)address, &bytes))
		na_die("%s: listen", server->kind);
	return descriptor;
}

int na_listen(struct na_server *server, enum na_target target, bool mapped)
{
	socklen_t bytes = na_net_address(&server->address, server->family, mapped, server->place, target, 0);
	int descriptor, yes = 64;

	if (server->family == AF_VSOCK)
		return vsock_listen(server);
	descriptor = socket(server->family, SOCK_STREAM | SOCK_CLOEXEC, server->protocol);
	if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&server->address, bytes))
		na_die("%s: bind", server->kind);
	if (server->protocol == IPPROTO_TCP)
		setsockopt(descriptor, IPPROTO_TCP, 23 /* TCP_FASTOPEN */, &yes, sizeof(yes));
	if (listen(descriptor, 512) || getsockname(descriptor, (struct sockaddr *)&server->address, &bytes))
		na_die("%s: listen", server->kind);
	return descriptor;
}

void na_server_start(struct na_server *server, enum na_target target, bool mapped)
{
	char name[NA_NAME_BYTES];

	na_net_enter(server->place);
	server->listener = na_listen(server, target, mapped);
	snprintf(name, sizeof(name), "serve-%.9s", server->kind);
	server->pid = na_spawn(name, server_body, server);
}

void na_server_wait(struct na_server *server)
{
	na_wait(server->pid);
	close(server->listener);
}
