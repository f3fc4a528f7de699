/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that wait for their response: messages of the kernel's parser become exchanges. A response
 * belongs to the request of the same number on the same connection, and to no other. Bounded; one thread.
 */
#ifndef NETAUDIT_FLOW_EXCHANGE_H
#define NETAUDIT_FLOW_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include "flow/compose.h"

#define NA_EXCHANGES_MOST 4096		/* waiting: beyond, the oldest is told without its response */

/* One request, with what is known of its response. */
struct na_exchange {
	uint64_t begun_ns, ended_ns;	/* the request's `begun_ns`; when the last that is known was */
	bool answered;			/* `response` is there */
	bool author_to_come;		/* see na_exchanges_expect_author() */
	bool over;			/* nothing but its author is waited for */
	struct na_message_event request, response;
	struct na_context who;		/* its process, as it was then; the author is held */
};

/* Called once for each; what it is given may be changed, and is gone afterwards. */
typedef void na_exchange_fn(void *context, struct na_exchange *exchange);

struct na_exchanges;

/* 0 or -ENOMEM. */
int na_exchanges_create(struct na_exchanges **exchanges, na_exchange_fn *report, void *context);
void na_exchanges_destroy(struct na_exchanges *exchanges);	/* tells nothing any more */

/* Whether this is the first that is heard of a request: then the caller describes who it was. */
bool na_exchanges_is_new(const struct na_exchanges *exchanges, const struct na_message_event *event);
/* Events, in time order. `who`: of a new request; its author is taken over. 0, or -ENOMEM: it is not kept. */
int na_exchanges_message(struct na_exchanges *exchanges, const struct na_message_event *event,
			 const struct na_context *who);
/*
 * Of a request that was just told of: the stack of whoever begins it, or answers it, is still to come. An answer's may
 * come after the answer itself: such an exchange waits for it until na_exchanges_settle().
 */
void na_exchanges_expect_author(struct na_exchanges *exchanges, const struct na_message_event *event);
/* That stack came at `time_ns`: the author, of whom a hold is taken. Whoever expects none has none changed. */
void na_exchanges_author(struct na_exchanges *exchanges, uint64_t connection, uint64_t number,
			 const struct na_attribution *author, uint64_t time_ns);
/* Those that were over before `before_ns` are told without it. */
void na_exchanges_settle(struct na_exchanges *exchanges, uint64_t before_ns);
/* Nothing more will come: what waits is told as it is. A flow, a process, or (flow 0, process 0) everything. */
void na_exchanges_end(struct na_exchanges *exchanges, uint64_t flow, uint32_t pid);
size_t na_exchanges_waiting(const struct na_exchanges *exchanges);

#endif
