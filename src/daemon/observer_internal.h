/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the observer share. */
#ifndef NETAUDIT_DAEMON_OBSERVER_INTERNAL_H
#define NETAUDIT_DAEMON_OBSERVER_INTERNAL_H

#include <sys/types.h>

#include "base/clock.h"
#include "classify/catalogue_changes.h"
#include "daemon/observer.h"
#include "daemon/observer_probes.h"
#include "daemon/observer_tls.h"
#include "flow/compose.h"
#include "flow/datagram.h"
#include "flow/exchange.h"
#include "flow/hosts.h"
#include "flow/lookup.h"
#include "flow/merge.h"
#include "flow/table.h"
#include "target/addons.h"
#include "target/container.h"
#include "target/process.h"

struct na_pythons;

/* Processes of whose TLS something was seen without its flow: the last of them. */
#define NA_UNBOUND 256
struct na_unbound_process {
	uint64_t start_ns;
	uint32_t pid;
};
struct na_unbound {
	struct na_unbound_process of[NA_UNBOUND];
	size_t next;
};

struct na_observer {
	const struct na_observer_context *context;
	struct na_merge *merge;
	struct na_flow_table *flows;
	struct na_datagrams *datagrams;
	struct na_targets *targets;
	struct na_addons *addons;
	struct na_containers *containers;
	struct na_attributor *attributor;
	struct na_pythons *pythons;
	struct na_probes *probes;
	struct na_tls_libraries *tls_libraries;
	struct na_exchanges *exchanges;
	struct na_unbound unbound;
	struct na_lookups *lookups;
	struct na_hosts *hosts;
	const struct na_catalogue *catalogue;	/* in force: the daemon's, or own_catalogue */
	struct na_catalogue *own_catalogue;	/* read again since; NULL: never */
	bool catalogue_begun;
	uint64_t catalogue_wanted;	/* of the shared counter: that were dealt with */
	struct na_canary_watch {
		uint64_t heard, round;	/* the newest that was recorded; the one that is listened for */
		uint64_t said_ns, waiting_ns;	/* when it was recorded; when the next was first found over, or 0 */
		unsigned int seen;	/* of it: enum na_canary_sign */
	} canary;
	struct na_clock_pair clock;
	bool closes_lost;	/* since the last walk over the kernel's flows */
	bool scanning;		/* processes found now may not be known to the kernel yet */
	uint64_t handled_ns;			/* every event up to then has been handled */
	uint64_t next_progress_ns, next_heartbeat_ns, next_relays_ns;
};

/* observer_events.c: what an event becomes. */
void na_observer_handle(struct na_observer *observer, const struct na_event_header *event);
void na_observer_open(struct na_observer *observer, const struct na_flow_event *event);
void na_observer_take_over_datagram(struct na_observer *observer, const struct na_flow_event *event);
void na_observer_handle_progress(void *observer, const struct na_event_header *event);
void na_observer_report_datagram(void *observer, struct na_datagram_flow *flow,
				 const struct na_peer_counters *period, bool final);
/* The same with its author, which stays the flow's. */
/* Keeps the beginning of a stream that may carry DNS. */
void na_observer_expect_dns(struct na_observer *observer, struct na_flow *flow, const struct na_flow_event *event);
struct na_context na_observer_names_of_datagram(struct na_observer *observer, struct na_datagram_flow *flow);
/* Who did it, as the record says it, without its author. False: decided to be out of scope after all. */
bool na_observer_describe(struct na_observer *observer, const struct na_target *target, const struct na_task *task,
			  struct na_context *context);

/* observer_classify.c: whose the other end is. Needs context->author, where it is known. */
void na_observer_classify(const struct na_observer *observer, const struct na_flow_event *event,
			  struct na_context *context);
void na_observer_classify_local(struct na_context *context);
void na_observer_classify_exchange(const struct na_observer *observer, struct na_exchange *exchange);

/* observer_exchange.c: what is said inside TLS. */
int na_observer_open_exchanges(struct na_observer *observer);	/* 0 or negative errno */
void na_observer_close_exchanges(struct na_observer *observer);
void na_observer_message(struct na_observer *observer, const struct na_message_event *event);
/* The stack of an exchange that begins, or is answered, on a flow in clear text. */
void na_observer_exchange_author(struct na_observer *observer, struct na_flow *flow, const struct na_stack_event *event,
				 const struct na_attribution *author);

/* observer_dns.c: names that are asked for. */
int na_observer_open_lookups(struct na_observer *observer);	/* 0 or negative errno */
void na_observer_close_lookups(struct na_observer *observer);
void na_observer_dns(struct na_observer *observer, const struct na_dns_event *event);

/* observer_hello.c: TLS as it is seen on the wire. */
void na_observer_hello(struct na_observer *observer, const struct na_message_event *event);
void na_observer_unbound(struct na_observer *observer, const struct na_task *task);
bool na_observer_is_unbound(const struct na_observer *observer, const struct na_task *task);

/* observer_author.c: who made it. */
int na_observer_open_authors(struct na_observer *observer);	/* 0 or negative errno */
void na_observer_close_authors(struct na_observer *observer);
/* Whether, and whom, to ask for the author of what `task` did. `context` is of na_observer_describe(). */
bool na_observer_asks(struct na_acting *acting, const struct na_target *target, const struct na_task *task,
		      const struct na_context *context, bool inbound);
/* The author of a flow that begins, to be released by the caller; counted for status. NULL: not asked. */
const struct na_attribution *na_observer_author(struct na_observer *observer, uint64_t flow, const struct na_task *task,
						const struct na_acting *acting);
/* Records of the add-ons that were met since the last call. */
void na_observer_report_addons(struct na_observer *observer);
void na_observer_stack(struct na_observer *observer, const struct na_stack_event *event);
void na_observer_code(struct na_observer *observer, const struct na_code_event *event);
void na_observer_process_authors(struct na_observer *observer, const struct na_process_event *event);

/* observer_python.c: which processes run Python, and how theirs is laid out. */
/* 0 or -ENOMEM */
int na_pythons_create(struct na_pythons **pythons, struct na_capture *capture, struct na_probes *probes);
void na_pythons_destroy(struct na_pythons *pythons);
/* Looks at a process now, and again while its interpreter starts. `fresh`: it has only just executed its program. */
void na_pythons_look(struct na_pythons *pythons, uint32_t pid, uint64_t start_ns, bool fresh);
void na_pythons_look_due(struct na_pythons *pythons, uint64_t now_ns);
uint64_t na_pythons_next_ns(const struct na_pythons *pythons);	/* when one is due; UINT64_MAX: none */
void na_pythons_fork(struct na_pythons *pythons, const struct na_process_event *event);
void na_pythons_forget(struct na_pythons *pythons, uint32_t pid);
/* The line an instruction stands for, or `first_line`. */
uint32_t na_pythons_line(const struct na_pythons *pythons, const struct na_task *task, uint64_t address,
			 int32_t instruction, uint32_t first_line);
/* As na_python_is_module(); -ENOENT: it is not known to run Python. */
int na_pythons_is_module(const struct na_pythons *pythons, uint32_t pid, uint64_t globals, const char *name);
/* As na_python_is_static(); -ENOENT as above. */
int na_pythons_is_static(const struct na_pythons *pythons, uint32_t pid, uint64_t address);

/* observer_existing.c: what was there before this observer. 0 or negative errno. */
int na_observer_find_existing(struct na_observer *observer);

/* observer_life.c: once a second. */
void na_observer_tick(struct na_observer *observer);

/* observer_requests.c: also once a second: records an operator asked for. */
void na_observer_take_requests(struct na_observer *observer);

/* observer_catalogue.c: what came of reading the catalogue again. */
struct na_catalogue_news {
	const char *hash;		/* of what is in force now; NULL: it could not be read, and the old one is */
	char previous[NA_CATALOGUE_HASH_BYTES];	/* "": not known */
	struct na_catalogue_changes changes;
	struct na_error error;		/* why it could not be read */
};

/* Reads the files. A catalogue that cannot be read leaves the old one in force. Also logged. */
void na_observer_read_catalogue(struct na_observer *observer, struct na_catalogue_news *news);
/* Members "changed" and "weaker" of its record. `news` may be NULL. */
struct na_canonical;
void na_observer_put_catalogue_notes(struct na_canonical *c, const char *key, const struct na_catalogue_news *news);
/* Also once a second: whether it is to be read again; the first time, whether it is that of the last end. */
void na_observer_catalogue_tick(struct na_observer *observer);

/*
 * observer_canary.c: its calls show that capture works, and are no traffic. True: the event is its, and has been
 * taken.
 */
bool na_observer_canary(struct na_observer *observer, const struct na_event_header *event);
void na_observer_canary_tick(struct na_observer *observer, uint64_t now_ns);

/* observer_losses.c: also once a second. */
void na_observer_report_losses(struct na_observer *observer);

/* Queues one composed record; counts it when the queue is full or the composer failed. */
void na_observer_queue(struct na_observer *observer, const void *record, ssize_t length);

/* Counts what could not be handled, so that a `lost` record says it, and logs why. */
void na_observer_dropped(struct na_observer *observer, const char *why);

#endif
