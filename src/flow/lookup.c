// SPDX-License-Identifier: GPL-2.0-or-later
/* One table: what waits, by flow and question. */
#include "flow/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Compared as bytes: no padding. */
struct question {
	uint64_t flow;
	uint16_t id, type, class, reserved;
	char name[NA_DNS_NAME_BYTES];
};

struct waiting {
	struct question question;
	struct na_lookup lookup;
	UT_hash_handle hh;
};

struct na_lookups {
	na_lookup_fn *report;
	void *context;
	struct waiting *waiting;	/* in order of arrival, as uthash keeps it */
};

int na_lookups_create(struct na_lookups **lookups, na_lookup_fn *report, void *context)
{
	*lookups = calloc(1, sizeof(**lookups));
	if (!*lookups)
		return -ENOMEM;
	(*lookups)->report = report;
	(*lookups)->context = context;
	return 0;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

static void drop(struct na_lookups *lookups, struct waiting *waiting)
{
	HASH_DEL(lookups->waiting, waiting);
	free(waiting);
}

void na_lookups_destroy(struct na_lookups *lookups)
{
	if (!lookups)
		return;
	while (lookups->waiting)
		drop(lookups, lookups->waiting);
	free(lookups);
}

static void tell(struct na_lookups *lookups, struct waiting *waiting)
{
	lookups->report(lookups->context, &waiting->lookup);
	drop(lookups, waiting);
}

static struct waiting *find(const struct na_lookups *lookups, const struct question *question)
{
	struct waiting *waiting;

	HASH_FIND(hh, lookups->waiting, question, sizeof(*question), waiting);
	return waiting;
}

static struct waiting *add(struct na_lookups *lookups, const struct question *question,
			   const struct na_dns_event *event)
{
	struct waiting *waiting;

	if (HASH_COUNT(lookups->waiting) >= NA_LOOKUPS_MOST)
		tell(lookups, lookups->waiting);
	waiting = calloc(1, sizeof(*waiting));
	if (!waiting)
		return NULL;
	waiting->question = *question;
	waiting->lookup.flow = event->flow;
	waiting->lookup.socket = event->socket;
	waiting->lookup.dns = event->dns;
	HASH_ADD(hh, lookups->waiting, question, sizeof(waiting->question), waiting);
	if (!waiting->hh.tbl) {	/* no memory for the table: it was not added */
		free(waiting);
		return NULL;
	}
	return waiting;
}

int na_lookups_message(struct na_lookups *lookups, const struct na_dns_event *event)
{
	struct question question = {
		.flow = event->flow, .id = event->dns.id, .type = event->dns.type, .class = event->dns.class,
	};
	struct waiting *waiting;
	struct na_lookup *lookup;

	memcpy(question.name, event->dns.name, sizeof(question.name));
	waiting = find(lookups, &question);
	if (!waiting)
		waiting = add(lookups, &question, event);
	if (!waiting)
		return -ENOMEM;
	lookup = &waiting->lookup;
	lookup->heard_ns = event->header.time_ns;
	if (!(event->dns.flags & NA_DNS_RESPONSE)) {
		if (!lookup->queries++)
			lookup->asked_ns = event->header.time_ns;
	} else if (!lookup->responses++) {
		lookup->answered_ns = event->header.time_ns;
		lookup->dns = event->dns;
	}
	return 0;
}

void na_lookups_tick(struct na_lookups *lookups, uint64_t now_ns)
{
	struct waiting *waiting, *next;

	HASH_ITER(hh, lookups->waiting, waiting, next) {
		uint64_t wait_ns = waiting->lookup.responses ? NA_LOOKUP_SETTLE_NS : NA_LOOKUP_PATIENCE_NS;

		if (waiting->lookup.heard_ns + wait_ns < now_ns)
			tell(lookups, waiting);
	}
}

void na_lookups_end(struct na_lookups *lookups, uint64_t socket)
{
	struct waiting *waiting, *next;

	HASH_ITER(hh, lookups->waiting, waiting, next)
		if (!socket || waiting->lookup.socket == socket)
			tell(lookups, waiting);
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

size_t na_lookups_waiting(const struct na_lookups *lookups)
{
	return HASH_COUNT(lookups->waiting);
}
