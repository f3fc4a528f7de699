/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which name each thread asked its resolver for last: what its next connect may have been meant for. Bounded; what
 * falls out is not known. One thread.
 */
#ifndef NETAUDIT_ATTRIBUTE_NAMES_H
#define NETAUDIT_ATTRIBUTE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <netaudit/event.h>

#include "attribute/text.h"

#define NA_NAMES 8192
#define NA_NAME_TEXT_BYTES 256	/* with its end: no resolver takes a longer name */
#define NA_NAME_FRESH_NS UINT64_C(30000000000)

struct na_names;

struct na_names_thread {
	uint64_t start_ns;	/* of the thread */
	uint32_t pid, tid;
};

int na_names_create(struct na_names **names);	/* 0 or -ENOMEM */
void na_names_destroy(struct na_names *names);

/* The event's name as UTF-8, cut to what fits; "" when it has none. Untrusted text. */
void na_name_of_event(char out[NA_NAME_TEXT_BYTES], const struct na_name_event *event);
/* An address, for which nobody asks a resolver. */
bool na_name_is_address(const char *name);

/* A thread asked for this name; an address, or "": what it asked for before no longer counts. Without memory too. */
void na_names_asked(struct na_names *names, const struct na_name_event *event, const char *name);
/* What a thread asked for last, if that is fresh; NULL: nothing. Valid until the next call of the one above. */
const char *na_names_of_thread(const struct na_names *names, const struct na_names_thread *thread, uint64_t now_ns);

#endif
