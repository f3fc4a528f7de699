/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lives of processes: forked, executed, ended; one that connects within its millisecond; flows held open for long. */
#include "blink.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_process(const char *event, pid_t pid, const char *comm, pid_t parent)
{
	struct na_line line;

	na_line_begin(&line, "process", event);
	na_line_text(&line, "event", event);
	na_line_number(&line, "pid", pid);
	na_line_text(&line, "comm", comm);
	if (parent)
		na_line_number(&line, "parent_pid", parent);
	na_line_write(&line);
}

/* The kernel names a process after the file it was started by: a link each makes a name each. */
static void make_link(char *path, size_t bytes, const char *name)
{
	snprintf(path, bytes, "%s/%s", na_settings.folder, name);
	if (symlink(na_settings.blink, path) && errno != EEXIST)
		na_die("link %s", path);
}

static void execute_only(void *argument)
{
	const char *path = argument;
	char *const arguments[] = { argument, NULL };

	execv(path, arguments);
	na_die("execute %s", path);
}

static void run_executed(unsigned int index)
{
	char path[128], name[NA_NAME_BYTES];

	snprintf(name, sizeof(name), "exec-%05u", index);
	make_link(path, sizeof(path), name);
	pid_t pid = na_spawn("executes", execute_only, path);

	na_wait(pid);
	write_process("exec", pid, name, 0);
	unlink(path);
}

static void nothing(void *argument)
{
	(void)argument;
}

/* vfork: the parent goes on when the child has become another program. Returns how long it lived, in microseconds. */
static uint64_t run_blink(unsigned int index, const struct na_server *server, int report[2])
{
	char path[128], name[NA_NAME_BYTES], port[8];
	struct na_owner owner;
	struct na_blink_report from;

	snprintf(name, sizeof(name), "blink-%05u", index);
	snprintf(port, sizeof(port), "%u", na_port(&server->address));
	make_link(path, sizeof(path), name);
	char *const arguments[] = { path, port, NULL };
	char *const environment[] = { NULL };

	na_owner_here(&owner);
	uint64_t begun = na_now_us();
	pid_t pid = vfork();

	if (!pid) {
		dup2(report[1], NA_BLINK_REPORT);
		execve(path, arguments, environment);
		_exit(127);
	}
	if (pid < 0 || read(report[0], &from, sizeof(from)) != sizeof(from) || from.error)
		na_die("%s", name);
	write_process("fork", pid, owner.comm, owner.pid);
	write_process("exec", pid, name, 0);
	na_wait(pid);
	uint64_t lived = na_now_us() - begun;
	struct na_call call = {
		.kind = "blink", .family = AF_INET, .protocol = IPPROTO_TCP, .fast_open = 0, .local = server->address,
		.remote = server->address, .result = "closed", .error = 0, .begun_us = from.begun_us,
		.opened_us = from.opened_us, .owner = owner,
	};

	call.owner.pid = call.owner.tid = pid;
	memcpy(call.owner.comm, name, sizeof(name));
	na_set_port(&call.local, from.port);
	na_call_write(&call);
	unlink(path);
	return lived;
}

static int by_size(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

static void run_blinks(void *argument)
{
	struct na_server *server = argument;
	uint64_t *lived = calloc(server->count, sizeof(*lived));
	int report[2];

	if (!lived || pipe2(report, O_CLOEXEC))
		na_die("pipe");
	na_net_enter(server->place);
	for (unsigned int i = 0; i < server->count; i++)
		lived[i] = run_blink(i, server, report);
	qsort(lived, server->count, sizeof(*lived), by_size);
	printf("blink: half of the processes lived under %llu us, from before vfork to after wait\n",
	       (unsigned long long)lived[server->count / 2]);
	fflush(stdout);
	free(lived);
}

void na_kinds_process(void)
{
	struct na_server server = {
		.kind = "blink", .family = AF_INET, .protocol = IPPROTO_TCP, .silent = true, .place = NA_PLACE_A,
		.count = na_settings.count,
	};

	if (na_wanted("fork"))
		for (unsigned int i = 0; i < na_settings.count; i++)
			na_wait(na_spawn("forked", nothing, NULL));
	if (na_wanted("exec"))
		for (unsigned int i = 0; i < na_settings.count; i++)
			run_executed(i);
	if (!na_wanted("blink"))
		return;
	na_server_start(&server, NA_TARGET_LOOPBACK, false);
	na_wait(na_spawn("blinks", run_blinks, &server));
	na_server_wait(&server);
}

static struct na_server held_server;
static pid_t holder;

/* Sends a part, is quiet for longer than the auditor's progress interval, sends the rest. */
static void hold_open(void *argument)
{
	struct na_server *server = argument;
	struct na_request request = { .bytes_up = 5000, .bytes_down = 7000, .ending = NA_END_CLIENT_FIN };
	struct na_call call = {
		.kind = "progress", .family = server->family, .protocol = server->protocol, .fast_open = 0,
		.remote = server->address, .result = "closed", .error = 0,
	};
	socklen_t bytes = sizeof(call.local);
	int descriptor = socket(server->family, SOCK_STREAM | SOCK_CLOEXEC, server->protocol);

	na_net_enter(NA_PLACE_A);
	na_owner_here(&call.owner);
	call.begun_us = na_now_us();
	if (descriptor < 0 ||
	    connect(descriptor, (struct sockaddr *)&server->address, na_address_bytes(&server->address)))
		na_die("progress: connect");
	call.opened_us = na_now_us();
	getsockname(descriptor, (struct sockaddr *)&call.local, &bytes);
	if (send(descriptor, &request, sizeof(request), 0) != sizeof(request))
		na_die("progress: send");
	na_send_all(descriptor, 1000, false, server->protocol);
	poll(NULL, 0, (int)na_settings.hold_seconds * 1000);
	na_send_all(descriptor, 4000, false, server->protocol);
	if (!na_receive_all(descriptor, request.bytes_down, false))
		na_die("progress: receive");
	call.bytes_out = sizeof(request) + request.bytes_up;
	call.bytes_in = request.bytes_down;
	close(descriptor);
	call.closed_us = na_now_us();
	na_call_write(&call);
}

void na_kinds_progress_begin(void)
{
	held_server = (struct na_server){
		.kind = "progress", .family = AF_INET, .protocol = IPPROTO_TCP, .place = NA_PLACE_A, .count = 1,
	};
	if (!na_settings.hold_seconds || !na_wanted("progress"))
		return;
	na_server_start(&held_server, NA_TARGET_LOOPBACK, false);
	holder = na_spawn("holds-open", hold_open, &held_server);
}

void na_kinds_progress_end(void)
{
	if (!holder)
		return;
	na_wait(holder);
	na_server_wait(&held_server);
}
