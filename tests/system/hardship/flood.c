/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes known numbers of network and process operations as fast as it can, or at a given rate, and says what it made.
 *
 *   na-flood KIND:COUNT[:RATE] ...        RATE: operations per second; without it, no pause
 *
 * Kinds: tcp (connect, accept, one byte each way, reset), fin (closed in order), udp (one datagram to each of COUNT
 * destinations from one socket), unix (connect and accept), process (fork, exec of itself, exit).
 * Prints one JSON object: the events of each type an auditor must see, how many operations failed. Clients of `tcp` use
 * few source ports, so that what is lost has few names. SIGTERM ends it early, after the operation at hand. Status 0
 * only when nothing failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOURCE_PORTS 16
#define FIRST_SOURCE_PORT 12000
#define DISCARD_PORT 9
#define NS_PER_SECOND UINT64_C(1000000000)

enum type { OPEN, CLOSE, DATAGRAM, UNIX, FORK, EXEC, EXIT, TYPES };

static const char *const type_names[TYPES] = { "open", "close", "datagram", "unix", "fork", "exec", "exit" };
static unsigned long made[TYPES] = { [EXEC] = 1, [EXIT] = 1 };	/* this process itself */
static unsigned long failed;
static volatile sig_atomic_t stopping;

static void stop(int number)
{
	(void)number;
	stopping = 1;
}

static void fail(const char *what)
{
	if (!failed++)
		fprintf(stderr, "na-flood: %s: %s\n", what, strerror(errno));
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static struct sockaddr_in loopback(uint32_t host, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host) };
}

static int listener = -1;
static struct sockaddr_in listening;

static int listen_tcp(void)
{
	socklen_t length = sizeof(listening);

	listening = loopback(INADDR_LOOPBACK, 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	return listener < 0 || bind(listener, (struct sockaddr *)&listening, length) || listen(listener, 16) ||
	       getsockname(listener, (struct sockaddr *)&listening, &length);
}

/* A client socket on one of a few ports; the pid keeps two floods apart. */
static int bind_few(int client)
{
	static unsigned int next;
	const int on = 1;

	if (setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -1;
	for (int tries = 0; tries < SOURCE_PORTS; tries++) {
		unsigned int block = (unsigned int)getpid() % 256;
		uint16_t port = (uint16_t)(FIRST_SOURCE_PORT + block * SOURCE_PORTS + next++ % SOURCE_PORTS);
		struct sockaddr_in source = loopback(INADDR_LOOPBACK, port);

		if (!bind(client, (struct sockaddr *)&source, sizeof(source)))
			return 0;
	}
	return -1;
}

static int exchange_byte(int from, int to, char byte)
{
	char got = 0;

	return send(from, &byte, 1, MSG_NOSIGNAL) != 1 || recv(to, &got, 1, 0) != 1 || got != byte;
}

static void one_connection(int reset)
{
	const struct linger abort_at_close = { .l_onoff = 1 };
	int client = socket(AF_INET, SOCK_STREAM, 0), server = -1;

	if (client < 0 || (reset && (bind_few(client) ||
				     setsockopt(client, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof(abort_at_close))))) {
		fail("client socket");
	} else if (connect(client, (struct sockaddr *)&listening, sizeof(listening))) {
		fail("connect");
	} else if ((server = accept(listener, NULL, NULL)) < 0) {
		fail("accept");
	} else {
		if (exchange_byte(client, server, 'q') || exchange_byte(server, client, 'a'))
			fail("one byte each way");
		made[OPEN] += 2;
		made[CLOSE] += 2;
	}
	if (client >= 0)
		close(client);
	if (server >= 0)
		close(server);
}

static void one_reset(unsigned long i)
{
	(void)i;
	one_connection(1);
}

static void one_fin(unsigned long i)
{
	(void)i;
	one_connection(0);
}

static int sender = -1;

static int open_udp(void)
{
	sender = socket(AF_INET, SOCK_DGRAM, 0);
	return sender < 0;
}

static void one_datagram(unsigned long i)
{
	struct sockaddr_in to = loopback((127u << 24 | 1u << 16) + (uint32_t)i % 65000 + 1, DISCARD_PORT);

	if (sendto(sender, "d", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
		fail("sendto");
	else
		made[DATAGRAM]++;
}

static int unix_listener = -1;
static struct sockaddr_un unix_name = { .sun_family = AF_UNIX };
static socklen_t unix_name_bytes;

static int listen_unix(void)
{
	int length = snprintf(unix_name.sun_path + 1, sizeof(unix_name.sun_path) - 1, "na-flood-%ld", (long)getpid());

	unix_name_bytes = (socklen_t)(sizeof(sa_family_t) + 1 + (size_t)length);
	unix_listener = socket(AF_UNIX, SOCK_STREAM, 0);
	return unix_listener < 0 || bind(unix_listener, (struct sockaddr *)&unix_name, unix_name_bytes) ||
	       listen(unix_listener, 16);
}

static void one_unix(unsigned long i)
{
	int client = socket(AF_UNIX, SOCK_STREAM, 0), server = -1;

	(void)i;
	if (client < 0 || connect(client, (struct sockaddr *)&unix_name, unix_name_bytes)) {
		fail("unix connect");
	} else {
		made[UNIX]++;
		server = accept(unix_listener, NULL, NULL);
		if (server < 0 || exchange_byte(client, server, 'u'))
			fail("unix accept");
	}
	if (client >= 0)
		close(client);
	if (server >= 0)
		close(server);
}

static const char *own_path;

static int nothing(void)
{
	return 0;
}

static void one_process(unsigned long i)
{
	pid_t child = fork();
	int status = -1;

	(void)i;
	if (!child) {
		execl(own_path, own_path, (char *)NULL);	/* not /proc/self/exe: that would name the process "exe" */
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status) {
		fail("process");
		return;
	}
	made[FORK]++;
	made[EXEC]++;
	made[EXIT]++;
}

static const struct kind {
	const char *name;
	int (*prepare)(void);
	void (*one)(unsigned long i);
} kinds[] = {
	{ "tcp", listen_tcp, one_reset },    { "fin", listen_tcp, one_fin },	    { "udp", open_udp, one_datagram },
	{ "unix", listen_unix, one_unix }, { "process", nothing, one_process },
};

static void run(const struct kind *kind, unsigned long count, unsigned long rate)
{
	uint64_t began_ns = now_ns();

	if (kind->prepare()) {
		fail(kind->name);
		return;
	}
	for (unsigned long i = 0; i < count && !stopping; i++) {
		if (rate) {
			uint64_t due_ns = began_ns + i * NS_PER_SECOND / rate;
			const struct timespec due = { (time_t)(due_ns / NS_PER_SECOND), (long)(due_ns % NS_PER_SECOND) };

			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		}
		kind->one(i);
	}
	/* its own end is an event too (socket_gone), and the next step may want another */
	if (sender >= 0)
		close(sender);
	sender = -1;
	if (listener >= 0)
		close(listener);
	listener = -1;
}

static int run_step(const char *step)
{
	char name[16];
	unsigned long count, rate = 0;

	if (sscanf(step, "%15[a-z]:%lu:%lu", name, &count, &rate) < 2)
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name))
			continue;
		run(&kinds[i], count, rate);
		return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	uint64_t began_ns = now_ns();
	const struct sigaction on_stop = { .sa_handler = stop, .sa_flags = SA_RESTART };

	if (argc < 2)
		return 0;	/* the process that `process` executes */
	sigaction(SIGTERM, &on_stop, NULL);
	own_path = argv[0];
	for (int i = 1; i < argc; i++) {
		if (run_step(argv[i])) {
			fprintf(stderr, "na-flood: not a step: %s\n", argv[i]);
			return 64;
		}
	}
	printf("{\"failed\": %lu, \"milliseconds\": %lu", failed, (unsigned long)((now_ns() - began_ns) / 1000000));
	for (int type = 0; type < TYPES; type++)
		printf(", \"%s\": %lu", type_names[type], made[type]);
	printf("}\n");
	return failed != 0;
}
