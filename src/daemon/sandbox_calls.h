/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which system calls each process may make: data for sandbox.c, by name, so that a call the
 * architecture does not have is simply skipped.
 */
#ifndef NETAUDIT_DAEMON_SANDBOX_CALLS_H
#define NETAUDIT_DAEMON_SANDBOX_CALLS_H

#include <stddef.h>

/* How an allowed call may be made. */
enum na_call_limit {
	NA_CALL_ANY,
	NA_CALL_NOT_EXECUTABLE,	/* third argument without PROT_EXEC */
	NA_CALL_READ_ONLY,	/* openat(2) that changes nothing */
	NA_CALL_THREAD,		/* clone(2) of a thread, not of a process */
	NA_CALL_ABSENT,		/* as if the kernel had none: libraries use what it replaced, whose arguments a filter sees */
	NA_CALL_UNDUMPABLE,	/* prctl(PR_SET_DUMPABLE, 0) only */
};

struct na_call_rule {
	const char *name;
	unsigned int components;	/* bits: 1 << enum na_component */
	enum na_call_limit limit;
};

/* The supervisor, the observer and the spawner of readers: everything except these. */
extern const struct na_call_rule na_refused_calls[];
extern const size_t na_refused_calls_count;

/* The journal, the signer, the canary, the reader and the web: these and nothing else. */
extern const struct na_call_rule na_allowed_calls[];
extern const size_t na_allowed_calls_count;

#endif
