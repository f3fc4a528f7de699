/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP: connected or not, one socket or many peers, one message or many at a time, read whole or in part. */
#include "workload.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGEST_BYTES 1400	/* below the pair's MTU: no fragments */
#define DESTINATIONS 16
#define SETTLE_MS 2000

enum way { CONNECTED, UNCONNECTED, MANY_AT_ONCE, REFUSED };
enum reading { WHOLE, PEEKED, TRUNCATED, CUT };

static const struct kind {
	const char *name;
	int family;
	bool mapped;
	enum way way;
	enum reading reading;	/* how the other side takes a message */
	bool answered;
	bool empty;		/* messages without a byte */
	bool inherited;		/* the receiving socket was made by the parent of who reads it */
} kinds[] = {
	{ "udp4-connected", AF_INET, false, CONNECTED, WHOLE, true, false, false },
	{ "udp6-connected", AF_INET6, false, CONNECTED, WHOLE, true, false, false },
	{ "udp-mapped", AF_INET6, true, CONNECTED, WHOLE, true, false, false },
	{ "udp4-unconnected", AF_INET, false, UNCONNECTED, WHOLE, true, false, false },
	{ "udp6-unconnected", AF_INET6, false, UNCONNECTED, WHOLE, true, false, false },
	{ "udp-mapped-loose", AF_INET6, true, UNCONNECTED, WHOLE, true, false, false },
	{ "udp4-one-way", AF_INET, false, CONNECTED, WHOLE, false, false, false },
	{ "udp4-many", AF_INET, false, MANY_AT_ONCE, WHOLE, false, false, false },
	{ "udp6-many", AF_INET6, false, MANY_AT_ONCE, WHOLE, false, false, false },
	{ "udp4-peek", AF_INET, false, CONNECTED, PEEKED, true, false, false },
	{ "udp6-truncated", AF_INET6, false, CONNECTED, TRUNCATED, true, false, false },
	{ "udp4-cut", AF_INET, false, UNCONNECTED, CUT, true, false, false },
	{ "udp4-empty", AF_INET, false, CONNECTED, WHOLE, false, true, false },
	{ "udp4-inherited", AF_INET, false, CONNECTED, WHOLE, true, false, true },
	{ "udp4-refused", AF_INET, false, REFUSED, WHOLE, false, false, false },
};

/* In memory shared by the processes of one batch. */
struct batch {
	const struct kind *kind;
	struct na_route route;
	int server[DESTINATIONS];	/* descriptors */
	struct sockaddr_storage address[DESTINATIONS];
	struct na_owner maker;		/* of the receiving sockets */
	unsigned int servers;
	int ready[2];
	atomic_uint sent;
	atomic_uint received;
	atomic_bool done;
};

static ssize_t take(int descriptor, enum reading reading, void *buffer, size_t room, struct sockaddr_storage *from,
		    size_t *full)
{
	socklen_t bytes = sizeof(*from);
	struct sockaddr *address = (struct sockaddr *)from;
	ssize_t done;

	if (reading == PEEKED && recvfrom(descriptor, buffer, room, MSG_PEEK, NULL, NULL) < 0)
		return -1;
	memset(from, 0, sizeof(*from));
	if (reading == CUT) {	/* only the whole size would say how much was cut: peek at it first */
		ssize_t whole = recvfrom(descriptor, buffer, room, MSG_PEEK | MSG_TRUNC, NULL, NULL);

		done = recvfrom(descriptor, buffer, 8, 0, address, &bytes);
		*full = (size_t)whole;
		return done;
	}
	done = recvfrom(descriptor, buffer, reading == TRUNCATED ? 8 : room, reading == TRUNCATED ? MSG_TRUNC : 0,
			address, &bytes);
	*full = (size_t)done;
	return done;
}

/* The receiving side: one socket, as many peers as come. First bytes of a message: size of the answer wanted. */
static void serve_one_socket(struct batch *batch, int descriptor)
{
	char buffer[LARGEST_BYTES + 1] = { 0 };
	struct na_datagrams log;
	struct pollfd wait = { .fd = descriptor, .events = POLLIN };
	int quiet_ms = 0;

	na_datagrams_begin(&log, batch->kind->name, descriptor, batch->kind->family, IPPROTO_UDP);
	log.maker = batch->maker;
	for (;;) {
		struct sockaddr_storage from;
		uint16_t answer;
		size_t full;

		if (!poll(&wait, 1, 10)) {
			quiet_ms += 10;
			if (atomic_load(&batch->done) && (quiet_ms >= SETTLE_MS ||
			    atomic_load(&batch->received) == atomic_load(&batch->sent)))
				break;
			continue;
		}
		quiet_ms = 0;
		ssize_t done = take(descriptor, batch->kind->reading, buffer, sizeof(buffer), &from, &full);

		if (done < 0)
			na_die("%s: receive", batch->kind->name);
		na_datagram_received(&log, &from, full, (size_t)done < full ? (size_t)done : full);
		atomic_fetch_add(&batch->received, 1);
		memcpy(&answer, buffer, sizeof(answer));
		if (!batch->kind->answered)
			continue;
		if (sendto(descriptor, buffer, answer, 0, (struct sockaddr *)&from, na_address_bytes(&from)) != answer)
			na_die("%s: answer", batch->kind->name);
		na_datagram_sent(&log, &from, answer);
	}
	na_datagrams_close(&log);
}

struct server_thread {
	struct batch *batch;
	int descriptor;
	pthread_t thread;
};

static void *server_thread(void *argument)
{
	const struct server_thread *mine = argument;

	serve_one_socket(mine->batch, mine->descriptor);
	return NULL;
}

static void open_servers(struct batch *batch)
{
	const struct kind *kind = batch->kind;
	int room = 4 << 20;

	na_net_enter(batch->route.server);
	na_owner_here(&batch->maker);
	batch->servers = kind->way == MANY_AT_ONCE ? DESTINATIONS : 1;
	for (unsigned int i = 0; i < batch->servers; i++) {
		struct sockaddr_storage *address = &batch->address[i];
		socklen_t bytes = na_net_address(address, kind->family, kind->mapped, batch->route.server,
						 batch->route.target, 0);

		batch->server[i] = socket(kind->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (batch->server[i] < 0 || bind(batch->server[i], (struct sockaddr *)address, bytes) ||
		    getsockname(batch->server[i], (struct sockaddr *)address, &bytes))
			na_die("%s: bind", kind->name);
		setsockopt(batch->server[i], SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	}
}

static void server_body(void *argument)
{
	struct batch *batch = argument;
	struct server_thread threads[DESTINATIONS];

	if (!batch->kind->inherited)
		open_servers(batch);
	na_net_enter(batch->route.server);
	if (write(batch->ready[1], "", 1) != 1)
		na_die("%s: ready", batch->kind->name);
	for (unsigned int i = 0; i < batch->servers; i++) {
		threads[i] = (struct server_thread){ batch, batch->server[i], 0 };
		if (pthread_create(&threads[i].thread, NULL, server_thread, &threads[i]))
			na_die("create thread");
	}
	for (unsigned int i = 0; i < batch->servers; i++)
		pthread_join(threads[i].thread, NULL);
}

static void exchange(struct na_datagrams *log, struct batch *batch, uint64_t *state)
{
	const struct sockaddr_storage *to = &batch->address[0];
	bool connected = batch->kind->way != UNCONNECTED;
	char buffer[LARGEST_BYTES] = { 0 };
	struct sockaddr_storage from;
	size_t bytes = batch->kind->empty ? 0 : 16 + na_random(state) % (LARGEST_BYTES - 16), full;
	uint16_t answer = (uint16_t)(na_random(state) % LARGEST_BYTES);

	memcpy(buffer, &answer, sizeof(answer));
	atomic_fetch_add(&batch->sent, 1);
	if (sendto(log->descriptor, buffer, bytes, 0, connected ? NULL : (const struct sockaddr *)to,
		   connected ? 0 : na_address_bytes(to)) != (ssize_t)bytes)
		na_die("%s: send", batch->kind->name);
	na_datagram_sent(log, to, bytes);
	if (!batch->kind->answered)
		return;
	ssize_t done = take(log->descriptor, WHOLE, buffer, sizeof(buffer), &from, &full);

	if (done < 0)
		na_die("%s: receive", batch->kind->name);
	na_datagram_received(log, &from, full, full);
}

static void send_refused(struct na_datagrams *log, const struct batch *batch)
{
	char byte = 0;

	if (send(log->descriptor, &byte, 1, 0) != 1)
		na_die("%s: send", batch->kind->name);
	na_datagram_sent(log, &batch->address[0], 1);
	if (recv(log->descriptor, &byte, 1, 0) >= 0 || errno != ECONNREFUSED)
		na_die("%s: was not refused", batch->kind->name);
}

/* One system call, every destination twice. */
static void send_many(struct na_datagrams *log, struct batch *batch, uint64_t *state)
{
	struct mmsghdr message[DESTINATIONS * 2] = { 0 };
	struct iovec data[DESTINATIONS * 2];
	static char zeros[LARGEST_BYTES];

	for (unsigned int i = 0; i < DESTINATIONS * 2; i++) {
		const struct sockaddr_storage *to = &batch->address[i % DESTINATIONS];

		data[i] = (struct iovec){ .iov_base = zeros, .iov_len = 16 + na_random(state) % 256 };
		message[i].msg_hdr.msg_name = (void *)(uintptr_t)to;
		message[i].msg_hdr.msg_namelen = na_address_bytes(to);
		message[i].msg_hdr.msg_iov = &data[i];
		message[i].msg_hdr.msg_iovlen = 1;
		na_datagram_sent(log, to, data[i].iov_len);
	}
	atomic_fetch_add(&batch->sent, DESTINATIONS * 2);
	if (sendmmsg(log->descriptor, message, DESTINATIONS * 2, 0) != DESTINATIONS * 2)
		na_die("%s: sendmmsg", batch->kind->name);
}

static void run_operation(void *argument, uint64_t index)
{
	struct batch *batch = argument;
	const struct kind *kind = batch->kind;
	uint64_t state = na_random_seed(kind->name, index);
	unsigned int messages = 1 + (unsigned int)(na_random(&state) % 5);
	int descriptor = socket(kind->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct na_datagrams log;

	if (descriptor < 0)
		na_die("%s: socket", kind->name);
	na_datagrams_begin(&log, kind->name, descriptor, kind->family, IPPROTO_UDP);
	if ((kind->way == CONNECTED || kind->way == REFUSED) &&
	    connect(descriptor, (const struct sockaddr *)&batch->address[0], na_address_bytes(&batch->address[0])))
		na_die("%s: connect", kind->name);
	if (kind->way == REFUSED)
		send_refused(&log, batch);
	else if (kind->way == MANY_AT_ONCE)
		send_many(&log, batch, &state);
	else
		while (messages--)
			exchange(&log, batch, &state);
	/* A full receive buffer would drop messages: wait until the other side has taken them. */
	while (!kind->answered && kind->way != REFUSED &&
	       atomic_load(&batch->received) < atomic_load(&batch->sent))
		sched_yield();
	na_datagrams_close(&log);
}

static void close_servers(struct batch *batch)
{
	for (unsigned int i = 0; i < batch->servers; i++)
		close(batch->server[i]);
}

static pid_t start_server(struct batch *batch)
{
	char name[NA_NAME_BYTES], byte;

	snprintf(name, sizeof(name), "take-%.10s", batch->kind->name);
	if (pipe(batch->ready))
		na_die("pipe");
	if (batch->kind->inherited)
		open_servers(batch);
	pid_t server = na_spawn(name, server_body, batch);

	if (read(batch->ready[0], &byte, 1) != 1)
		na_die("%s: no server", batch->kind->name);
	close(batch->ready[0]);
	close(batch->ready[1]);
	if (batch->kind->inherited)
		close_servers(batch);
	return server;
}

/* A server's log has room for NA_PEERS_MAX sockets of the other side: a batch has no more operations than that. */
static void run_batch(struct batch *batch, const struct kind *kind, unsigned int route, unsigned int count)
{
	pid_t server = 0;

	memset(batch, 0, sizeof(*batch));
	batch->kind = kind;
	batch->route = na_routes[route];
	if (kind->way == REFUSED)	/* the discard port: below those that sockets get by themselves */
		na_net_address(&batch->address[0], kind->family, kind->mapped, batch->route.server,
			       batch->route.target, 9);
	else
		server = start_server(batch);
	na_run_clients(kind->name, batch->route.client, true, run_operation, batch, count);
	atomic_store(&batch->done, true);
	if (server)
		na_wait(server);
}

void na_kinds_datagram(void)
{
	struct batch *batch = mmap(NULL, sizeof(*batch), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (batch == MAP_FAILED)
		na_die("shared memory");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!na_wanted(kinds[i].name))
			continue;
		for (unsigned int route = 0; route < NA_ROUTES; route++)
			for (unsigned int left = na_route_share(route); left;) {
				unsigned int count = left < NA_PEERS_MAX ? left : NA_PEERS_MAX;

				run_batch(batch, &kinds[i], route, count);
				left -= count;
			}
	}
	munmap(batch, sizeof(*batch));
}
