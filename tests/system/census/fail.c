/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stream calls that fail, each in its own way, and connections that are never accepted. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum peculiarity { NOTHING, NON_BLOCKING = 1, BOUND = 2, SAME_TUPLE = 4, ABANDONED = 8, SLOW = 16, UNACCEPTED = 32 };

static const struct kind {
	const char *name;
	int family;
	bool mapped;
	enum na_target target;
	unsigned int peculiar;
	int error;		/* 0: none */
	const char *result;
} kinds[] = {
	{ "tcp4-refused", AF_INET, false, NA_TARGET_LOOPBACK, NOTHING, ECONNREFUSED, "refused" },
	{ "tcp6-refused-bound", AF_INET6, false, NA_TARGET_DEVICE, BOUND, ECONNREFUSED, "refused" },
	{ "tcp-mapped-refused", AF_INET6, true, NA_TARGET_LOOPBACK, BOUND, ECONNREFUSED, "refused" },
	{ "tcp4-refused-later", AF_INET, false, NA_TARGET_LOOPBACK, NON_BLOCKING | BOUND, ECONNREFUSED, "refused" },
	{ "tcp4-no-route", AF_INET, false, NA_TARGET_NO_ROUTE, NOTHING, ENETUNREACH, "unreachable" },
	{ "tcp6-no-route", AF_INET6, false, NA_TARGET_NO_ROUTE, NON_BLOCKING, ENETUNREACH, "unreachable" },
	{ "tcp4-no-port", AF_INET, false, NA_TARGET_LOOPBACK, SAME_TUPLE, EADDRNOTAVAIL, "failed" },
	{ "tcp4-abandoned", AF_INET, false, NA_TARGET_SILENT, NON_BLOCKING | ABANDONED | BOUND, 0, "aborted" },
	{ "tcp4-not-accepted", AF_INET, false, NA_TARGET_LOOPBACK, UNACCEPTED, 0, "closed|reset" },
	{ "tcp4-timed-out", AF_INET, false, NA_TARGET_SILENT, SLOW | BOUND, ETIMEDOUT, "timed-out" },
	{ "tcp6-timed-out", AF_INET6, false, NA_TARGET_SILENT, SLOW | NON_BLOCKING | BOUND, ETIMEDOUT, "timed-out" },
	{ "tcp4-host-gone", AF_INET, false, NA_TARGET_ABSENT, SLOW, EHOSTUNREACH, "unreachable" },
};

struct batch {
	const struct kind *kind;
	struct sockaddr_storage target;
	struct sockaddr_storage taken;	/* SAME_TUPLE: the local address that is in use towards the target */
};

static void bind_before(int descriptor, const struct batch *batch, struct na_call *call)
{
	struct sockaddr_storage address;
	const struct kind *kind = batch->kind;
	int yes = 1;

	if (kind->peculiar & SAME_TUPLE) {
		address = batch->taken;
		setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	} else {
		na_net_address(&address, kind->family, kind->mapped, NA_PLACE_A,
			       kind->target == NA_TARGET_LOOPBACK ? NA_TARGET_LOOPBACK : NA_TARGET_DEVICE, 0);
	}
	socklen_t bytes = na_address_bytes(&address);

	if (bind(descriptor, (struct sockaddr *)&address, bytes))
		na_die("%s: bind", kind->name);
	bytes = sizeof(call->local);
	getsockname(descriptor, (struct sockaddr *)&call->local, &bytes);
}

static int connect_and_wait(int descriptor, const struct batch *batch)
{
	const struct sockaddr *address = (const struct sockaddr *)&batch->target;
	struct pollfd wait = { .fd = descriptor, .events = POLLOUT };
	int error = 0;
	socklen_t bytes = sizeof(error);

	if (batch->kind->peculiar & NON_BLOCKING)
		fcntl(descriptor, F_SETFL, O_NONBLOCK);
	if (!connect(descriptor, address, na_address_bytes(&batch->target)))
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (batch->kind->peculiar & ABANDONED)
		return 0;
	poll(&wait, 1, -1);
	getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes);
	return error;
}

static void run_operation(void *argument, uint64_t index)
{
	const struct batch *batch = argument;
	const struct kind *kind = batch->kind;
	struct na_call call = {
		.kind = kind->name, .family = kind->family, .protocol = IPPROTO_TCP, .remote = batch->target,
		.fast_open = 0, .result = kind->result, .error = kind->error ? kind->error : -1,
	};
	/* resolving an absent neighbour takes three tries of a second: be more patient than that */
	int retries = kind->target == NA_TARGET_ABSENT ? 3 : 1;
	int descriptor = socket(kind->family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	(void)index;
	if (descriptor < 0)
		na_die("%s: socket", kind->name);
	if (kind->peculiar & (BOUND | SAME_TUPLE))
		bind_before(descriptor, batch, &call);
	setsockopt(descriptor, IPPROTO_TCP, TCP_SYNCNT, &retries, sizeof(retries));
	na_owner_here(&call.owner);
	call.begun_us = na_now_us();
	int error = connect_and_wait(descriptor, batch);

	call.opened_us = na_now_us();
	if (kind->target == NA_TARGET_ABSENT && error == ETIMEDOUT) {
		/* before 6.1 the kernel limits the rate of "unreachable" to itself too: not everyone is told in time */
		call.result = "timed-out";
		call.error = error;
	} else if (error != kind->error) {
		errno = error;
		na_die("%s: not the expected outcome", kind->name);
	}
	if (kind->peculiar & UNACCEPTED) {
		socklen_t bytes = sizeof(call.local);

		getsockname(descriptor, (struct sockaddr *)&call.local, &bytes);
	}
	close(descriptor);
	call.closed_us = na_now_us();
	na_call_write(&call);
}

/* A port that refuses for as long as the descriptor is kept: bound, but nobody listens. */
static int refusing_port(struct batch *batch)
{
	const struct kind *kind = batch->kind;
	socklen_t bytes = na_net_address(&batch->target, kind->family, kind->mapped, NA_PLACE_A, kind->target, 0);
	int descriptor = socket(kind->family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&batch->target, bytes) ||
	    getsockname(descriptor, (struct sockaddr *)&batch->target, &bytes))
		na_die("%s: port that refuses", kind->name);
	return descriptor;
}

/* A port whose connections are never accepted: no call of the listener's, only of the clients'. */
static int unaccepting_port(struct batch *batch)
{
	int descriptor = refusing_port(batch);

	if (listen(descriptor, 4096))
		na_die("%s: listen", batch->kind->name);
	return descriptor;
}

/* Takes one local address towards the target, so that the next connect from there finds it in use. */
static int take_tuple(struct batch *batch, struct na_call *call)
{
	int yes = 1, descriptor = socket(batch->kind->family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	socklen_t bytes = na_net_address(&call->local, batch->kind->family, false, NA_PLACE_A, NA_TARGET_LOOPBACK, 0);

	call->kind = "tcp4-not-accepted";
	call->family = batch->kind->family;
	call->protocol = IPPROTO_TCP;
	call->remote = batch->target;
	call->result = "closed|reset";
	call->error = -1;
	na_owner_here(&call->owner);
	setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&call->local, bytes) ||
	    getsockname(descriptor, (struct sockaddr *)&call->local, &bytes))
		na_die("bind");
	call->begun_us = na_now_us();
	if (connect(descriptor, (struct sockaddr *)&batch->target, na_address_bytes(&batch->target)))
		na_die("connect to the port without accept");
	call->opened_us = na_now_us();
	batch->taken = call->local;
	return descriptor;
}

static void run_kind(const struct kind *kind)
{
	struct batch batch = { .kind = kind };
	struct na_call holder = { 0 };
	int port = -1, held = -1;

	na_net_enter(NA_PLACE_A);
	if (kind->target == NA_TARGET_LOOPBACK || kind->target == NA_TARGET_DEVICE)
		port = kind->peculiar & (UNACCEPTED | SAME_TUPLE) ? unaccepting_port(&batch) : refusing_port(&batch);
	else
		na_net_address(&batch.target, kind->family, kind->mapped, NA_PLACE_A, kind->target, 9);
	if (kind->peculiar & SAME_TUPLE)
		held = take_tuple(&batch, &holder);
	na_run_clients(kind->name, NA_PLACE_A, true, run_operation, &batch, na_settings.count);
	if (held >= 0) {
		close(held);
		holder.closed_us = na_now_us();
		na_call_write(&holder);
	}
	if (port >= 0)
		close(port);
}

static void run_one_slow(void *argument)
{
	run_operation(argument, 0);
}

/* All at once: the kernel takes seconds to give up, the same seconds for each. */
static void run_slow_kind(void *argument)
{
	struct batch batch = { .kind = argument };
	pid_t *pids = calloc(na_settings.count, sizeof(*pids));

	if (!pids)
		na_die("memory");
	na_net_enter(NA_PLACE_A);
	na_net_address(&batch.target, batch.kind->family, false, NA_PLACE_A, batch.kind->target, 9);
	for (unsigned int i = 0; i < na_settings.count; i++)
		pids[i] = na_spawn("waits-long", run_one_slow, &batch);
	for (unsigned int i = 0; i < na_settings.count; i++)
		na_wait(pids[i]);
	free(pids);
}

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
static pid_t slow[KINDS];

void na_kinds_slow_begin(void)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].peculiar & SLOW && na_wanted(kinds[i].name))
			slow[i] = na_spawn("slow", run_slow_kind, (void *)(uintptr_t)&kinds[i]);
}

void na_kinds_slow_end(void)
{
	for (size_t i = 0; i < KINDS; i++)
		if (slow[i])
			na_wait(slow[i]);
}

void na_kinds_fail(void)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!(kinds[i].peculiar & SLOW) && na_wanted(kinds[i].name))
			run_kind(&kinds[i]);
}
