/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes in program files, attached while the daemon runs: one program of the BPF object at one place of one file, for
 * every process that has that file mapped. The supervisor's side holds them (attaching takes CAP_SYS_ADMIN); the
 * observer's side inherits only the list of them. Not thread-safe.
 */
#ifndef NETAUDIT_CAPTURE_PROBES_H
#define NETAUDIT_CAPTURE_PROBES_H

#include "capture/capture.h"

#define NA_PROBES 256	/* held at once; a descriptor each */

/* Which program runs, and how: nobody outside names one otherwise. */
enum na_probe_slot {
	NA_PROBE_PYTHON_AUDIT,
	NA_PROBE_TLS_WRITE,	/* these four: cookie is NA_TRANSFER_COOKIE() */
	NA_PROBE_TLS_WRITTEN,
	NA_PROBE_TLS_READ,
	NA_PROBE_TLS_HAS_READ,
	NA_PROBE_TLS_CONTROL,
	NA_PROBE_TLS_FREE,
	NA_PROBE_SLOTS
};

/* Two are the same when all members are. */
struct na_probe {
	uint64_t slot;		/* enum na_probe_slot */
	uint64_t device, inode;	/* as fstat(2) has them */
	uint64_t offset;	/* in the file, of the instruction */
	uint64_t semaphore;	/* in the file, of a 16-bit number the kernel raises while attached; 0: none */
	uint64_t cookie;	/* handed to the program: 5.15 and later; 0: none */
};

/*
 * Whether a return probe can do no harm. From 6.11 on a return passes through a system call on x86-64, which a
 * program's own seccomp filter may answer by killing it; 6.14 lets it pass, and so do later 6.12 and 6.13.
 */
bool na_probe_returns_are_safe(void);
bool na_probe_returns_are_safe_on(const char *release);	/* as in uname(2) */

/* "python:audit" */
const char *na_probe_slot_name(uint64_t slot);

/*
 * Attaches to the file `fd` (O_PATH is enough; it may be deleted) after having looked that it is the one meant: a
 * regular file of that device and inode, long enough. 0 also when that probe is held already; -EINVAL: not such a file
 * or request; -ESTALE: another file; -ENOSPC: too many; -ENOTSUP: this kernel has no such probes, or no cookies; else
 * the kernel's errno.
 */
int na_capture_attach_probe(struct na_capture *capture, const struct na_probe *probe, int fd);
int na_capture_release_probe(struct na_capture *capture, const struct na_probe *probe);	/* 0 or -ENOENT */
size_t na_capture_probes(const struct na_capture *capture);

/*
 * After fork, in a process that is not to hold probes: closes them and copies what they are, at most NA_PROBES. As long
 * as this is not done they stay attached when the other process releases them. Returns their number.
 */
size_t na_capture_disown_probes(struct na_capture *capture, struct na_probe probes[NA_PROBES]);

#endif
