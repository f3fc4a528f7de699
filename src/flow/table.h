/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream flows that are open: what user space knows about each beyond the kernel's events. A flow
 * missing here (its open was lost, or the observer was restarted) is still recorded at its close,
 * because close events are complete in themselves.
 */
#ifndef NETAUDIT_FLOW_TABLE_H
#define NETAUDIT_FLOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include "attribute/attribute.h"
#include "flow/client_hello.h"
#include "flow/tunnel.h"
#include "target/container.h"

#define NA_FLOW_AUTHORS 32	/* told for one flow; a connection of a pool meets every add-on there is */

struct na_flow_authors;

#define NA_FLOW_WRITERS 4

/* Exchanges of a flow that one author began, one after the other. */
struct na_flow_writer {
	uint64_t first, last;
	const struct na_attribution *author;	/* held; NULL: not used */
};

/* The last request on a flow in clear text, and when the one before it was answered. */
struct na_flow_exchange {
	uint64_t connection, number;	/* connection 0: there was none */
	uint64_t answered_ns;
	const struct na_attribution *next_author;	/* held: of request `next_number`, of which nothing is known yet */
	uint64_t next_number;
	bool by_turns;			/* of a protocol whose messages are of several writes, or of none */
	uint64_t begun_in;		/* with `by_turns`: in which exchange of the flow it began */
	struct na_flow_writer writer[NA_FLOW_WRITERS];	/* the newest first */
};

struct na_flow {
	uint64_t id;
	const char *instance;		/* interned: lives as long as the table; NULL: none */
	const char *worker, *via;	/* constants or NULL */
	const struct na_attribution *author;	/* held; NULL: not asked */
	const struct na_container *container;	/* lives as long as the observer; NULL: in none, or not known */
	struct na_flow_authors *others;	/* who else was told of; NULL: nobody */
	struct na_request request;	/* inbound: what is known of the requests on it */
	uint8_t remote[16];		/* as in struct na_flow_event; `family` 0: not known */
	uint16_t remote_port, family;
	struct na_flow_exchange exchange;
	struct na_client_hello *hello;	/* owned; NULL: none was seen */
	struct na_flow_event *opened;	/* owned; kept of what may carry DNS, else NULL */
	struct na_tunnel *tunnel;	/* owned; NULL: its other end is where it goes, as far as is known */
	uint8_t direction;		/* enum na_direction, as its first record says */
	uint64_t reported_ns;		/* when its last record was made */
	uint64_t seen_ns;		/* when a walk over the kernel's flows last met it */
};

struct na_flow_table;

int na_flow_table_create(struct na_flow_table **table);
void na_flow_table_destroy(struct na_flow_table *table);

/* The flow, made when missing. NULL: out of memory. */
struct na_flow *na_flow_add(struct na_flow_table *table, uint64_t id);
struct na_flow *na_flow_find(struct na_flow_table *table, uint64_t id);
void na_flow_remove(struct na_flow_table *table, struct na_flow *flow);
size_t na_flow_count(const struct na_flow_table *table);

/* Takes hold of the author the first record names. */
void na_flow_set_author(struct na_flow *flow, const struct na_attribution *author);
/*
 * Whether records have not named this author, or not for this database, and one must; up to NA_FLOW_AUTHORS. False too
 * when out of memory.
 */
bool na_flow_tell_author(struct na_flow *flow, const struct na_attribution *author);

/* `author` began this exchange of a flow that this host opened. */
void na_flow_note_writer(struct na_flow *flow, uint64_t number, const struct na_attribution *author);
/* Who began it, not held; 0: who connected. NULL: not seen, or too long ago. */
const struct na_attribution *na_flow_writer(const struct na_flow *flow, uint64_t number);

/* Visits every flow; `visit` may remove the one it is given. */
void na_flow_each(struct na_flow_table *table, void (*visit)(void *context, struct na_flow *flow), void *context);

/* One copy per distinct text. NULL when out of memory or past the bound on distinct texts. */
const char *na_flow_intern(struct na_flow_table *table, const char *text);

#endif
