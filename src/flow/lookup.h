/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS questions that wait for their answer: messages of the kernel's parser become lookups. An answer belongs to the
 * question of the same flow, number, type and name, and to no other. Bounded; one thread.
 */
#ifndef NETAUDIT_FLOW_LOOKUP_H
#define NETAUDIT_FLOW_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include "base/clock.h"

#define NA_LOOKUPS_MOST 4096			/* waiting: beyond, the oldest is told as it is */
#define NA_LOOKUP_PATIENCE_NS (8 * NA_NS_PER_SECOND)	/* a flow that nothing moves on is kept for longer */
/* An answer may come before it is known who had asked: the stack is taken when sending is over. */
#define NA_LOOKUP_SETTLE_NS (250 * NA_NS_PER_MS)

/* One question, with what is known of its answer. */
struct na_lookup {
	uint64_t flow, socket;
	uint64_t asked_ns;	/* first; 0: that was not seen */
	uint64_t heard_ns;	/* the last that was */
	uint64_t answered_ns;	/* first; 0: there was no answer */
	uint32_t queries, responses;
	struct na_dns dns;	/* of the first answer, else of the question */
};

/* Called once for each; what it is given is gone afterwards. */
typedef void na_lookup_fn(void *context, const struct na_lookup *lookup);

struct na_lookups;

/* 0 or -ENOMEM. */
int na_lookups_create(struct na_lookups **lookups, na_lookup_fn *report, void *context);
void na_lookups_destroy(struct na_lookups *lookups);	/* tells nothing any more */

/* Events, in time order. 0, or -ENOMEM: it is not kept. */
int na_lookups_message(struct na_lookups *lookups, const struct na_dns_event *event);
/* Tells what was answered, and what has waited in vain. */
void na_lookups_tick(struct na_lookups *lookups, uint64_t now_ns);
/* Nothing more will come on this socket (0: on any): what waits is told as it is. */
void na_lookups_end(struct na_lookups *lookups, uint64_t socket);
size_t na_lookups_waiting(const struct na_lookups *lookups);

#endif
