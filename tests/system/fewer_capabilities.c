/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into netaudit-bpf, makes one of its processes forget one capability it would keep: NETAUDIT_WITHOUT is
 * "COMM NUMBER", as in "na-observer 19". With NETAUDIT_DEAF the signer does not hear when it is asked to stop.
 * Everything else is the daemon's own.
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <cap-ng.h>

static char here[17];	/* name of this process; looked at while it still may */

/* The first thing each process does with its privileges. */
void capng_clear(capng_select_t set)
{
	void (*real)(capng_select_t) = (void (*)(capng_select_t))dlsym(RTLD_NEXT, "capng_clear");

	prctl(PR_GET_NAME, here, 0, 0, 0);
	real(set);
}

int capng_update(capng_act_t action, capng_type_t type, unsigned int capability)
{
	int (*real)(capng_act_t, capng_type_t, unsigned int) =
		(int (*)(capng_act_t, capng_type_t, unsigned int))dlsym(RTLD_NEXT, "capng_update");
	const char *without = getenv("NETAUDIT_WITHOUT");
	unsigned int number;
	char comm[17];

	if (without && sscanf(without, "%16s %u", comm, &number) == 2 && number == capability && !strcmp(here, comm))
		return 0;
	return real(action, type, capability);
}

/* The signer waits for two: for a request, and to be stopped. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	static int (*real)(struct pollfd *, nfds_t, int);

	if (!real)
		real = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
	return real(fds, getenv("NETAUDIT_DEAF") && !strcmp(here, "na-signer") ? 1 : count, timeout_ms);
}
