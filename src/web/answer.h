/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front's side of a question: has a reader answer it, in its turn and in time. Thread-safe. */
#ifndef NETAUDIT_WEB_ANSWER_H
#define NETAUDIT_WEB_ANSWER_H

#include <microhttpd.h>

#include "web/web.h"

/*
 * Sends the question, waits for the page, or for the start of a streamed one. Returns 0 with a response to be queued
 * and destroyed, -EBUSY when too many are asked for already, or another negative errno.
 */
int na_web_answer(int channel, const struct na_web_question *question, struct MHD_Response **response,
		  unsigned int *status);

#endif
