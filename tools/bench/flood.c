/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flood of TCP connections on loopback, both ends in this one thread: connect, accept, close, over and over.
 *
 *   flood --count N | --seconds S  [--rate PER_SECOND] [--cpu NUMBER]
 *
 * Every second connection ends with a reset, the others with FIN. Prints one line of JSON when done: connections made,
 * wall and processor time. The handshake on loopback runs inside connect(2), so the thread's processor time holds all
 * of the kernel's work for both ends, and whatever hooks on it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND UINT64_C(1000000000)
/* A closed connection keeps its client port for a while: with many addresses the ports never run short. */
#define SERVER_ADDRESSES 200
#define AT_ONCE 50

struct flood {
	uint64_t count;		/* 0: until `seconds` are over */
	uint64_t seconds;
	uint64_t rate;		/* connections per second; 0: as fast as it goes */
	int cpu;		/* -1: any */
	int listener;
	struct sockaddr_in server;
};

static void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

static void listen_on_loopback(struct flood *flood)
{
	socklen_t length = sizeof(flood->server);

	flood->server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
	flood->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (flood->listener < 0 || bind(flood->listener, (struct sockaddr *)&flood->server, length) ||
	    listen(flood->listener, 16) || getsockname(flood->listener, (struct sockaddr *)&flood->server, &length))
		die("cannot listen");
}

static void connect_and_close(struct flood *flood, uint64_t number)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

	if (client < 0)
		die("cannot make a socket");
	flood->server.sin_addr.s_addr = htonl(0x7f010001 + (uint32_t)(number / 2 % SERVER_ADDRESSES));
	if (connect(client, (struct sockaddr *)&flood->server, sizeof(flood->server)))
		die("cannot connect");
	server = accept4(flood->listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		die("cannot accept");
	if (number % 2 && setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)))
		die("cannot ask for a reset");
	close(client);
	close(server);
}

/* Sleeping costs as much as a connection: many go at once. Behind the plan it does not wait, it catches up. */
static void wait_for_turn(const struct flood *flood, uint64_t begun_ns, uint64_t number)
{
	uint64_t due_ns = begun_ns + number / flood->rate * NS_PER_SECOND +
			  number % flood->rate * NS_PER_SECOND / flood->rate;
	struct timespec due = { .tv_sec = (time_t)(due_ns / NS_PER_SECOND), .tv_nsec = (long)(due_ns % NS_PER_SECOND) };

	if (number % AT_ONCE == 0 && now_ns(CLOCK_MONOTONIC) < due_ns)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static void run(struct flood *flood)
{
	uint64_t wall_ns = now_ns(CLOCK_MONOTONIC), cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID), number = 0;
	uint64_t until_ns = wall_ns + flood->seconds * NS_PER_SECOND;

	while (flood->count ? number < flood->count : now_ns(CLOCK_MONOTONIC) < until_ns) {
		if (flood->rate)
			wait_for_turn(flood, wall_ns, number);
		connect_and_close(flood, number++);
	}
	printf("{\"connections\": %" PRIu64 ", \"wall_ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64 "}\n", number,
	       now_ns(CLOCK_MONOTONIC) - wall_ns, now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns);
}

static uint64_t number_argument(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end) {
		fprintf(stderr, "flood: not a whole number: %s\n", text);
		exit(64);
	}
	return value;
}

int main(int argc, char **argv)
{
	struct flood flood = { .cpu = -1 };
	cpu_set_t cpus;

	for (int i = 1; i + 1 < argc; i += 2) {
		uint64_t value = number_argument(argv[i + 1]);

		if (!strcmp(argv[i], "--count"))
			flood.count = value;
		else if (!strcmp(argv[i], "--seconds"))
			flood.seconds = value;
		else if (!strcmp(argv[i], "--rate"))
			flood.rate = value;
		else if (!strcmp(argv[i], "--cpu"))
			flood.cpu = (int)value;
	}
	if (!flood.count == !flood.seconds) {
		fprintf(stderr, "usage: flood --count N | --seconds S [--rate PER_SECOND] [--cpu NUMBER]\n");
		return 64;
	}
	if (flood.cpu >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET((size_t)flood.cpu, &cpus);
		if (sched_setaffinity(0, sizeof(cpus), &cpus))
			die("cannot stay on one processor");
	}
	listen_on_loopback(&flood);
	run(&flood);
	return 0;
}
