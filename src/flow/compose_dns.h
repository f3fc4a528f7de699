/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One DNS question and its answer as the bytes of a record. */
#ifndef NETAUDIT_FLOW_COMPOSE_DNS_H
#define NETAUDIT_FLOW_COMPOSE_DNS_H

#include "flow/compose.h"
#include "flow/lookup.h"

/* `opened`: the flow it went over. As the functions of compose.h: length or negative errno. */
ssize_t na_compose_dns(void *out, const struct na_lookup *lookup, const struct na_flow_event *opened,
		       const struct na_context *context);

#endif
