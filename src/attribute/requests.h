/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which controller each thread was last seen in, until it writes the answer to a request. A thread handles one request
 * at a time here (na_rules_of_route() sees to that), so what was seen since the last answer is of this one.
 */
#ifndef NETAUDIT_ATTRIBUTE_REQUESTS_H
#define NETAUDIT_ATTRIBUTE_REQUESTS_H

#include "attribute/attribute.h"

#define NA_REQUESTS_MOST 4096 /* threads */

struct na_requests;

int na_requests_create(struct na_requests **requests); /* 0 or -ENOMEM */
void na_requests_destroy(struct na_requests *requests);

struct na_controller {
	const struct na_addon *addon;
	const char *file, *function;	/* borrowed; NULL: native code has no function */
	uint32_t line;
};

/* Whether the acting thread of `event` was in this controller when it was last seen in any. */
bool na_requests_is_known(const struct na_requests *requests, const struct na_stack_event *event,
			  const struct na_controller *controller);

/* It is in a controller. Takes `attribution` over, which says so; NULL: in the one it was last seen in. */
void na_requests_see(struct na_requests *requests, const struct na_stack_event *event,
		     const struct na_attribution *attribution);

/*
 * The thread writes an answer: whose controller it was in since `request` began, held by the caller; NULL: it was seen
 * in none, or in more than one, or what it answers is not known. What was seen is forgotten.
 */
const struct na_attribution *na_requests_answer(struct na_requests *requests, const struct na_stack_event *event,
						struct na_request *request);

#endif
