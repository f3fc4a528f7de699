/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagram flows between their first datagram and the end of their socket. The counters are the
 * kernel's; here is who began each flow, and what earlier records have already said of it.
 */
#ifndef NETAUDIT_FLOW_DATAGRAM_H
#define NETAUDIT_FLOW_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include "attribute/attribute.h"
#include "capture/capture.h"

struct na_datagram_flow {
	struct na_flow_event opened;
	const char *instance, *worker, *via;	/* interned or constants; NULL: none */
	struct na_acting acting;		/* whom to ask for its author; instance "" or interned */
	bool asked;
	const struct na_container *container;	/* NULL: in none, or not known */
	const struct na_attribution *author;	/* held, from the first report on; NULL: not asked */
	struct na_peer_counters reported;
	uint64_t reported_ns;
	struct na_datagram_flow *next;		/* of the same socket */
};

/* `period` holds what happened since the last report; `final`: the flow is over. */
typedef void na_datagram_report_fn(void *context, struct na_datagram_flow *flow,
				   const struct na_peer_counters *period, bool final);

struct na_datagrams;

int na_datagrams_create(struct na_datagrams **datagrams, struct na_capture *capture, na_datagram_report_fn *report,
			void *context);
void na_datagrams_destroy(struct na_datagrams *datagrams);

/*
 * A flow began, or is taken over from an observer that died (what that one had said is not said again; the
 * flow's event may still come, and knows more). Returns it for the caller to name its author, or NULL: no
 * memory.
 */
struct na_datagram_flow *na_datagrams_begin(struct na_datagrams *datagrams, const struct na_flow_event *event,
					    bool taken_over);

/* NULL: it is not followed. Valid until its socket is gone or time passes (na_datagrams_tick). */
struct na_datagram_flow *na_datagrams_find(struct na_datagrams *datagrams, uint64_t socket, uint64_t flow);

/* Decided to be out of scope: the kernel stops counting it. */
void na_datagrams_refuse(struct na_datagrams *datagrams, const struct na_flow_event *event);

/* Whoever really uses the socket, for flows that were noticed before anybody had. */
void na_datagrams_claim(struct na_datagrams *datagrams, uint64_t socket, const struct na_task *task);

/* The socket, last used by `task`, is gone: its flows are reported a last time and forgotten. */
void na_datagrams_socket_gone(struct na_datagrams *datagrams, uint64_t socket, const struct na_task *task);

/* Reports flows whose last report is `period_ns` old and that moved since; ends those idle for ten periods. */
void na_datagrams_tick(struct na_datagrams *datagrams, uint64_t now_ns, uint64_t period_ns);

/* Has the kernel forget flows whose first event was lost: nobody knows them, and if they go on they begin anew. */
void na_datagrams_forget_lost(struct na_datagrams *datagrams);

/* Reports everything that moved, as at the end of a period: before a clean stop. */
void na_datagrams_flush(struct na_datagrams *datagrams);

size_t na_datagrams_count(const struct na_datagrams *datagrams);

#endif
