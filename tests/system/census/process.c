/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and threads of the census: made, named, spread over the work and written down. */
#include "workload.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
#define THREADS 4

uint64_t na_random(uint64_t *state)
{
	uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));	/* splitmix64 */

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

/* Depends on the operation alone, so that the same operation is the same however threads run. */
uint64_t na_random_seed(const char *kind, uint64_t index)
{
	uint64_t state = na_settings.seed ^ (index * UINT64_C(0x2545f4914f6cdd1d));

	for (; *kind; kind++)
		state = state * 31 + (unsigned char)*kind;
	na_random(&state);
	return state;
}

void na_name_thread(const char *name)
{
	prctl(PR_SET_NAME, name);
}

void na_drop_user(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		na_die("become nobody");
}

pid_t na_spawn(const char *name, na_body *body, void *argument)
{
	struct na_line line;
	struct na_owner owner;
	pid_t pid = fork();

	if (pid < 0)
		na_die("fork");
	if (!pid) {
		na_name_thread(name);
		body(argument);
		_exit(0);
	}
	na_owner_here(&owner);
	na_line_begin(&line, "process", "fork");
	na_line_text(&line, "event", "fork");
	na_line_number(&line, "pid", pid);
	na_line_number(&line, "parent_pid", owner.pid);
	na_line_text(&line, "comm", owner.comm);
	na_line_write(&line);
	return pid;
}

void na_wait(pid_t pid)
{
	struct na_line line;
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			na_die("wait for %d", pid);
	na_line_begin(&line, "process", "exit");
	na_line_text(&line, "event", "exit");
	na_line_number(&line, "pid", pid);
	na_line_number(&line, "status", status);
	na_line_write(&line);
	if (status)
		na_die("process %d ended with wait status %d", pid, status);
}

/* One share of a kind's operations: [first, first + count) */
struct share {
	const char *kind;
	enum na_place place;
	bool drop_user;
	na_operation *operation;
	void *argument;
	uint64_t first;
	uint64_t count;
};

static void enter(const struct share *share)
{
	na_net_enter(share->place);
	if (share->drop_user)
		na_drop_user();
}

static void run_one_by_one(void *argument)
{
	const struct share *share = argument;

	enter(share);
	for (uint64_t i = 0; i < share->count; i++)
		share->operation(share->argument, share->first + i);
}

struct thread_share {
	struct share share;
	pthread_t thread;
	char name[NA_NAME_BYTES];
};

static void *run_thread(void *argument)
{
	struct thread_share *mine = argument;

	na_name_thread(mine->name);
	for (uint64_t i = 0; i < mine->share.count; i++)
		mine->share.operation(mine->share.argument, mine->share.first + i);
	return NULL;
}

static void run_in_threads(void *argument)
{
	struct share *share = argument;
	struct thread_share part[THREADS];
	uint64_t first = share->first, left = share->count;

	enter(share);
	for (unsigned int i = 0; i < THREADS; i++) {
		part[i].share = *share;
		part[i].share.first = first;
		part[i].share.count = left / (THREADS - i);
		first += part[i].share.count;
		left -= part[i].share.count;
		snprintf(part[i].name, sizeof(part[i].name), "thread-%u", i);
		if (pthread_create(&part[i].thread, NULL, run_thread, &part[i]))
			na_die("create thread");
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(part[i].thread, NULL);
}

void na_run_clients(const char *kind, enum na_place place, bool may_drop_user, na_operation *operation,
		    void *argument, uint64_t count)
{
	struct share share = { kind, place, false, operation, argument, 0, count / 3 };
	char name[NA_NAME_BYTES];
	pid_t long_lived, threaded;

	snprintf(name, sizeof(name), "l-%.12s", kind);
	long_lived = na_spawn(name, run_one_by_one, &share);
	share.first += share.count;
	share.drop_user = may_drop_user;
	snprintf(name, sizeof(name), "t-%.12s", kind);
	threaded = na_spawn(name, run_in_threads, &share);
	for (uint64_t i = share.first + share.count; i < count; i++) {
		struct share one = { kind, place, may_drop_user && i % 2, operation, argument, i, 1 };

		snprintf(name, sizeof(name), "s-%.8s%03u", kind, (unsigned int)(i % 1000));
		na_wait(na_spawn(name, run_one_by_one, &one));
	}
	na_wait(long_lived);
	na_wait(threaded);
}
