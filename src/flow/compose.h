/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an event, and what is known about its process, to the canonical bytes of one record.
 * Pure: no I/O but the nonce. Each returns the length in bytes or negative errno.
 */
#ifndef NETAUDIT_FLOW_COMPOSE_H
#define NETAUDIT_FLOW_COMPOSE_H

#include <stdbool.h>
#include <sys/types.h>

#include <netaudit/event.h>
#include <netaudit/record.h>
#include "attribute/attribute.h"
#include "base/clock.h"
#include "flow/client_hello.h"
#include "flow/hosts.h"
#include "flow/tunnel.h"
#include "target/container.h"

#define NA_COMPOSE_BYTES 32768	/* enough for any record, also when escaping makes names six times as long */

/* What user space adds to a kernel event. Borrowed strings; NULL: not said. */
struct na_context {
	const struct na_clock_pair *clock;
	const char *instance;
	const char *worker;
	const char *via;
	const struct na_attribution *author;	/* NULL: not asked */
	const struct na_container *container;	/* NULL: in none, or not known */
	const char *bucket, *component;		/* of the other end, by the catalogue */
	const struct na_host_names *dns_names;	/* what DNS answers called its address; NULL: not known, or not asked */
	const struct na_client_hello *hello;	/* of the flow; NULL: none was seen */
	const struct na_tunnel *tunnel;		/* the other end is a proxy's, and this what it is to reach; NULL: none */
	bool dns_disagrees;			/* the name its thread had asked for is none of them */
	bool names_disagree;			/* what is known of its names does not lead to one component */
};

ssize_t na_compose_open(void *out, const struct na_flow_event *event, const struct na_context *context);
/* kind "progress" or "close" */
ssize_t na_compose_counters(void *out, enum na_record_kind kind, const struct na_flow_event *event,
			    const struct na_context *context);
/* One period of a datagram flow: `opened` is its first event, `period` what happened in it. */
ssize_t na_compose_datagram(void *out, const struct na_flow_event *opened, const struct na_peer_counters *period,
			    bool final, const struct na_context *context);
/* kind "author": the open flow `flow` is used by another author than before; `event` is the stack that shows it. */
ssize_t na_compose_author(void *out, const struct na_stack_event *event, const struct na_context *context);
/* kind "resolve"; `host` "": what was asked for could not be read. */
ssize_t na_compose_resolve(void *out, const struct na_name_event *event, const char *host,
			   const struct na_context *context);
ssize_t na_compose_unix(void *out, const struct na_unix_event *event, const struct na_context *context);
ssize_t na_compose_process(void *out, const struct na_process_event *event, const struct na_context *context);

/* What was counted but not recorded since the last such record. */
struct na_loss_report {
	uint64_t counts[NA_EVENT_TYPES][NA_LOSS_REASONS];	/* new since last time */
	uint64_t missed_programs;
	uint64_t refused_records;	/* the queue to the journal was full */
	uint64_t dropped_events;	/* the observer itself could not handle them */
	bool uncounted_possible;
	const struct na_loss_key *keys;
	const struct na_loss_value *values;
	int destinations;		/* at most NA_LOSS_DESTINATIONS */
};
#define NA_LOSS_DESTINATIONS 64
ssize_t na_compose_lost(void *out, const struct na_loss_report *report, const struct na_clock_pair *clock);

ssize_t na_compose_clock(void *out, int64_t step_us, const struct na_clock_pair *clock);

/* What the kernel should tell of a round of the canary. */
enum na_canary_sign {
	NA_CANARY_CONNECT = 1 << 0,
	NA_CANARY_ACCEPT = 1 << 1,
	NA_CANARY_CLIENT_CLOSE = 1 << 2,	/* with its bytes, both ways */
	NA_CANARY_SERVER_CLOSE = 1 << 3,
	NA_CANARY_DATAGRAM = 1 << 4,
	NA_CANARY_ROUND = 1 << 5,		/* there was a round at all */
	NA_CANARY_ALL = (1 << 6) - 1,
};

/* `seen`: of enum na_canary_sign. `error`: errno of the canary itself, or 0. */
ssize_t na_compose_canary(void *out, uint64_t round, unsigned int seen, int error, const struct na_clock_pair *clock);

struct na_heartbeat {
	const char *backend;
	uint64_t events, lost_ring, lost_map, missed_programs, refused_records;
	uint64_t names_evicted;	/* of addresses: hosts.h */
	uint64_t flows_open, processes_in_scope, queue_used_bytes;
	uint32_t hooks, hooks_detached;
	uint32_t probes, probes_failed;	/* in program files: attached; wanted, but refused */
};
ssize_t na_compose_heartbeat(void *out, const struct na_heartbeat *heartbeat, const struct na_clock_pair *clock);

#endif
