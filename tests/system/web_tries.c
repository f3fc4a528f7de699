/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into a process of `netaudit web`: on SIGUSR2 it tries, from inside, what must not be possible there, and
 * writes "tried NAME: ERROR" for each to standard error. The journal's file is named by WEB_TRIES_JOURNAL.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *journal;

static long try_inet(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static long try_inet6(void) { return socket(AF_INET6, SOCK_DGRAM, 0); }
static long try_unix(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }
static long try_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect(0, (struct sockaddr *)&to, sizeof(to));
}
static long try_write_journal(void) { return open(journal, O_RDWR); }
static long try_create(void) { return open("/tmp/web-tries", O_WRONLY | O_CREAT, 0600); }
static long try_unlink(void) { return unlink(journal); }
static long try_execute(void)
{
	char *const nothing[] = { NULL };

	return execve("/bin/true", nothing, nothing);
}
static long try_ptrace(void) { return syscall(SYS_ptrace, 0, 0, 0, 0); }
static long try_uring(void) { return syscall(SYS_io_uring_setup, 1, NULL); }

static const struct {
	const char *name;
	long (*attempt)(void);
} tries[] = {
	{ "inet", try_inet },	      { "inet6", try_inet6 },	{ "unix", try_unix },	    { "connect", try_connect },
	{ "write", try_write_journal }, { "create", try_create }, { "unlink", try_unlink }, { "ptrace", try_ptrace },
	{ "io_uring", try_uring },    { "execute", try_execute },
};

static void try_all(int number)
{
	char line[96];

	(void)number;
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		long result = tries[i].attempt();
		int length = snprintf(line, sizeof(line), "tried %d %s: %s\n", (int)getpid(), tries[i].name,
				      result < 0 ? strerrorname_np(errno) : "DONE");

		if (write(STDERR_FILENO, line, (size_t)length) < 0)
			_exit(1);
	}
}

__attribute__((constructor)) static void begin(void)
{
	struct sigaction action = { .sa_handler = try_all, .sa_flags = SA_RESTART };

	journal = getenv("WEB_TRIES_JOURNAL");
	(void)sigaction(SIGUSR2, &action, NULL);
}
