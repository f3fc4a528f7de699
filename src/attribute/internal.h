/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the attributor share. */
#ifndef NETAUDIT_ATTRIBUTE_INTERNAL_H
#define NETAUDIT_ATTRIBUTE_INTERNAL_H

#include "attribute/frames.h"
#include "attribute/make.h"
#include "attribute/names.h"
#include "attribute/requests.h"

#define NA_CLONES 8 /* generations: the master, its worker, what that forked */

struct na_attributor {
	struct na_attributor_options options;
	struct na_known known;
	struct na_requests *requests;
	struct na_natives *natives; /* NULL: nobody tells the kernel what is code */
	struct na_digest digest;
	struct na_names *names;
	struct na_databases *databases;
};

/* state.c: what each frame of a stack is. */
void na_attributor_look_up(struct na_attributor *attributor, struct na_known_process *process,
			   const struct na_stack_event *event, struct na_frames *frames);

/* judge.c: what the frames say together. */
struct na_origin na_attributor_origin(const struct na_attributor *attributor, const struct na_task *task,
				      uint64_t thread_start_ns, const struct na_acting *acting,
				      const struct na_known_process *process);
/* One holder, the caller; NULL: no memory. */
const struct na_attribution *na_attributor_judge(struct na_attributor *attributor, const struct na_stack_event *event,
						 const struct na_frames *frames, const struct na_origin *origin);
/*
 * What was just judged of this stack, with the database that the call was made for. Takes over the hold, and returns
 * one; NULL: no memory.
 */
const struct na_attribution *na_attributor_add_database(struct na_attributor *attributor,
							struct na_known_process *process,
							const struct na_attribution *attribution,
							const struct na_database_facts *facts);
/* Remembers in which controller the thread is; `sight` is what na_rules_of_route() says of the frames. */
void na_attributor_see_route(struct na_attributor *attributor, const struct na_stack_event *event,
			     const struct na_frames *frames, const struct na_sight *sight);

#endif
