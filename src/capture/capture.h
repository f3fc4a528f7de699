/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture: the programs in the kernel, their hooks, and what comes out of them.
 *
 * The supervisor opens a capture and keeps it; the observer inherits it over fork and drains it.
 * Closing the supervisor's copy detaches everything, an observer's death detaches nothing.
 * Not thread-safe. Functions return 0 or negative errno unless they say otherwise.
 */
#ifndef NETAUDIT_CAPTURE_H
#define NETAUDIT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include <netaudit/native.h>
#include <netaudit/python.h>
#include <netaudit/switches.h>
#include "base/error.h"

enum na_backend { NA_BACKEND_AUTO, NA_BACKEND_FENTRY, NA_BACKEND_KPROBE, NA_BACKEND_TRACEPOINT, NA_BACKENDS };

struct na_capture_options {
	enum na_backend backend;	/* AUTO: the first that this kernel accepts, in the order above */
	bool scope_host;
	uint32_t ring_kib;		/* high-value events; rounded up to a power of two pages */
	uint32_t bulk_ring_kib;
	uint32_t max_sockets;
	uint32_t max_peers;
	uint32_t max_processes;
	const char *cgroup_root;	/* NULL: where cgroup v2 is mounted */
	struct na_switches switches;	/* in force from the first event on */
	const uint8_t *body_key;	/* NA_BODY_KEY_BYTES, copied: of the hash of bodies inside TLS; NULL: zeros */
};

#define NA_BODY_KEY_BYTES 16

struct na_capture;

/* Loads and attaches. On failure *error says what is missing and what to do; code -ENOSYS: this kernel cannot. */
int na_capture_open(struct na_capture **capture, const struct na_capture_options *options, struct na_error *error);
void na_capture_close(struct na_capture *capture);

/* From now on, in the kernel. */
int na_capture_switch(struct na_capture *capture, const struct na_switches *switches);

enum na_backend na_capture_backend(const struct na_capture *capture);
/* "fentry", "kprobe", "tracepoint"; "auto" */
const char *na_backend_name(enum na_backend backend);
/* Why stronger backends were not taken; "" when none was tried. */
const char *na_capture_fallback_reason(const struct na_capture *capture);
/* Which build of the programs the kernel took: "direct reads" (6.2+, the cheapest), "current", "before 5.12". Static. */
const char *na_capture_object(const struct na_capture *capture);
/* Comma-separated names of the attached programs, and of the optional ones this kernel has no hook for. */
const char *na_capture_hooks(const struct na_capture *capture);
const char *na_capture_missing_hooks(const struct na_capture *capture);
/* True where a program that interrupts another can be dropped without being counted (docs/hooks.md). */
bool na_capture_uncounted_misses(const struct na_capture *capture);

/* ---- observer side: after fork ---- */

#define NA_RINGS 3	/* high-value events; bulk; stacks */

typedef void na_event_fn(void *context, const struct na_event_header *event);

/* Maps the rings into this process. */
int na_capture_start_draining(struct na_capture *capture, na_event_fn *handle, void *context);
/*
 * Hands over what the rings hold, but at most `most` events of each, so that whoever drains gets to other things too.
 * *complete_ns: of what was submitted by now, everything older has been handed over; it is the time of this call unless
 * a ring holds more. Returns the number of events or negative errno.
 */
int na_capture_drain(struct na_capture *capture, unsigned int most, uint64_t *complete_ns);
/* Each polls readable when its ring has something. */
void na_capture_poll_fds(const struct na_capture *capture, int fds[NA_RINGS]);

/* Sockets already open, as NA_EVENT_OPEN and NA_EVENT_DATAGRAM marked pre-existing. Returns their number. */
int na_capture_existing(struct na_capture *capture, na_event_fn *handle, void *context);
/*
 * Relays that serve somebody in scope already. Announce each connection to this host that a process in scope had made,
 * then let the kernel look for its other end, and for unix sockets.
 */
int na_capture_expect_relay(struct na_capture *capture, const struct na_flow_event *event);
int na_capture_find_relays(struct na_capture *capture);
/* Stops waiting for relays that have not come in time (bpf/relay.h); to be called every now and then. */
void na_capture_forget_relays(struct na_capture *capture, uint64_t now_ns);
/* Counters of every open stream flow, as NA_EVENT_PROGRESS; datagram sockets with flow 0. Returns their number. */
int na_capture_progress(struct na_capture *capture, na_event_fn *handle, void *context);

/*
 * Scope of a process; NA_SCOPE_NONE removes it. NONE never replaces RELAY. With `only_known`, a process the kernel
 * has no entry for is left alone: it has exited, and its number may be another's soon.
 */
int na_capture_set_scope(struct na_capture *capture, uint32_t pid, enum na_scope scope, bool only_known);
enum na_scope na_capture_get_scope(struct na_capture *capture, uint32_t pid);

/*
 * How the interpreter of a process is laid out: from now on its stacks are walked. A fork inherits it, an exec ends it.
 * `start_ns` may be rounded down to 10 ms, as /proc tells it. -ESRCH: the process of that start time is not the one
 * that has the number now; -EINVAL: an offset is beyond what is ever read.
 */
int na_capture_set_python(struct na_capture *capture, uint32_t pid, const struct na_python *python);
/* Processes the kernel knows the interpreter of, with their start as it was told: also from before this observer. */
typedef void na_python_fn(void *context, uint32_t pid, uint64_t start_ns);
void na_capture_each_python(const struct na_capture *capture, na_python_fn *visit, void *context);
/*
 * What a process whose stacks are walked has of code. Until this is told, and from when its number of pages is another,
 * C stacks are told as well (NA_EVENT_NATIVE, unlisted); after that only where there is a list (`code->count`).
 * A fork inherits it, an exec ends it. 0; -ESRCH: stacks of such a process are not walked; other negative errno: the
 * kernel does as if it had not been told.
 */
int na_capture_set_native(struct na_capture *capture, uint32_t pid, const struct na_native_code *code);
/* Code objects are described again at their next use: for an observer that has not heard what was said before. */
void na_capture_forget_codes(struct na_capture *capture);

/* Counters of a datagram flow; `forget` removes it in the same step (exact on 5.14+, else within one update). */
int na_capture_peer(struct na_capture *capture, const struct na_peer_key *key, struct na_peer_counters *counters,
		    bool forget);

/* All datagram flows the kernel counts now. The visitor must not remove any. Returns their number. */
typedef void na_peer_fn(void *context, const struct na_peer_key *key, const struct na_peer_counters *counters);
int na_capture_each_peer(struct na_capture *capture, na_peer_fn *visit, void *context);

/* What records have said of a datagram flow; kept outside the observer, so that the next one does not say it again. */
void na_capture_set_said(struct na_capture *capture, const struct na_peer_counters *counters);
bool na_capture_get_said(struct na_capture *capture, uint64_t flow, struct na_peer_counters *counters);
void na_capture_forget_said(struct na_capture *capture, uint64_t flow);

/* Totals since attach: handed over (NA_LOSS_NONE) or lost, by type and reason. */
int na_capture_counts(struct na_capture *capture, uint64_t counts[NA_EVENT_TYPES][NA_LOSS_REASONS]);
/* Takes up to `max` per-destination losses out of the kernel. Returns their number. */
int na_capture_take_losses(struct na_capture *capture, struct na_loss_key *keys, struct na_loss_value *values, int max);
/* How many events may have been missed because a program was shut out: recursion_misses, second copies considered. */
uint64_t na_capture_missed_programs(const struct na_capture *capture);
/* Attached programs. */
int na_capture_hook_count(const struct na_capture *capture);
/* Programs whose hook is gone although we hold it: 0 while all is well. */
int na_capture_detached(const struct na_capture *capture);

#endif
