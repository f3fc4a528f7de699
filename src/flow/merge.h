/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts events of two rings into one order of time. Events are held back until nothing older can
 * still appear, so a close never overtakes its open. One thread; owns copies of the events.
 */
#ifndef NETAUDIT_FLOW_MERGE_H
#define NETAUDIT_FLOW_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>

struct na_merge;

int na_merge_create(struct na_merge **merge);
void na_merge_destroy(struct na_merge *merge);

/* Copies `event`. 0 or -ENOMEM. */
int na_merge_add(struct na_merge *merge, const struct na_event_header *event);

/* The oldest event not younger than `until_ns`, valid until the next call; NULL when there is none. */
const struct na_event_header *na_merge_next(struct na_merge *merge, uint64_t until_ns);

size_t na_merge_held(const struct na_merge *merge);

#endif
