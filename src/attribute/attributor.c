// SPDX-License-Identifier: GPL-2.0-or-later
/* What each event means for attribution: whom to ask about it, and what later events will need of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "attribute/internal.h"

int na_attributor_create(struct na_attributor **out, const struct na_attributor_options *options)
{
	struct na_attributor *attributor = calloc(1, sizeof(*attributor));
	int err = 0;

	if (!attributor)
		return -ENOMEM;
	attributor->options = *options;
	err = na_digest_open(&attributor->digest);
	if (!err)
		err = na_requests_create(&attributor->requests);
	if (!err)
		err = na_names_create(&attributor->names);
	attributor->databases = na_databases_create();
	if (!err && options->kernel_code)
		err = na_natives_create(&attributor->natives,
					&(struct na_natives_options){ options->addons, options->kernel_code,
								      options->context });
	/* without an unwinder native code is told by nobody, but everything else is */
	if (err == -ENOMEM || !attributor->names || !attributor->databases) {
		na_attributor_destroy(attributor);
		return -ENOMEM;
	}
	*out = attributor;
	return 0;
}

void na_attributor_destroy(struct na_attributor *attributor)
{
	if (!attributor)
		return;
	na_known_remove_all(&attributor->known);
	na_requests_destroy(attributor->requests);
	na_natives_destroy(attributor->natives);
	na_digest_close(&attributor->digest);
	na_names_destroy(attributor->names);
	na_databases_destroy(attributor->databases);
	free(attributor);
}

static int keep_starter(struct na_attributor *attributor, const struct na_stack_event *event,
			const struct na_frames *frames, const struct na_attribution *attribution)
{
	enum na_starter starter = na_rules_of_starter(frames->view, frames->count, attribution->author);

	return na_known_add_thread(&attributor->known, event, starter, attribution);
}

static int keep_parent(struct na_attributor *attributor, const struct na_stack_event *event,
		       const struct na_acting *acting, const struct na_attribution *attribution)
{
	const struct na_known_process *starter =
		na_known_find_process(&attributor->known, event->task.pid, event->task.start_ns);
	bool executed = starter && starter->executed && !acting->server;
	struct na_known_process *process =
		na_known_use_process(&attributor->known, event->subject, event->subject_start_ns);

	if (!process)
		return -ENOMEM;
	process->forked_from = (struct na_known_process_key){ event->task.start_ns, event->task.pid, 0 };
	process->executed |= executed; /* a clone of a program of its own is one too */
	na_known_set_parent(process, attribution);
	return 0;
}

static bool asked(const struct na_acting *acting, const struct na_known_process *process, enum na_stack_status status)
{
	return acting->must_answer || status != NA_STACK_NO_PYTHON || (process && process->parent);
}

/* The instance that add-ons are looked for under; a process that is no Odoo's is one of its own. */
static int set_instance(struct na_known_process *process, const struct na_acting *acting)
{
	char own[48];

	if (acting->instance[0])
		return na_known_set_instance(process, acting->instance);
	snprintf(own, sizeof(own), "pid:%" PRIu32 ":%" PRIu64, process->key.pid, process->key.start_ns);
	return na_known_set_instance(process, own);
}

/*
 * An answer begins on an accepted connection: it is the controller's in which the thread was, if the server is one that
 * answers in the thread that handles the request. A service of an add-on's own is told by its frames.
 */
static const struct na_attribution *judge_answer(struct na_attributor *attributor, const struct na_stack_event *event,
						 const struct na_acting *acting, const struct na_frames *frames,
						 const struct na_origin *origin, const struct na_sight *sight)
{
	const struct na_verdict inbound = { .reason = NA_WHY_INBOUND, .deciding = NA_NO_FRAME };
	const struct na_attribution *controller =
		acting->request ? na_requests_answer(attributor->requests, event, acting->request) : NULL;

	if (!sight->serving) {
		na_attribution_release(controller);
		return na_attributor_judge(attributor, event, frames, origin);
	}
	/* its controller answers by itself, and may do more for this request when it has */
	if (sight->handling && acting->request)
		acting->request->provable = false;
	return controller ? controller : na_make_attribution(&inbound);
}

static const struct na_database *database_of(const struct na_attribution *parent)
{
	return parent ? &parent->database : NULL;
}

static struct na_database_facts facts_of_database(const struct na_attributor *attributor,
						  const struct na_stack_event *event, const struct na_acting *acting,
						  const struct na_known_process *process, const struct na_frames *frames,
						  const struct na_origin *origin, const struct na_sight *sight)
{
	return (struct na_database_facts){
		.event = event,
		.serves = acting->server && (sight->serving || na_rules_is_servers_thread(frames->view, frames->count,
											   event->status)),
		.thread_parent = database_of(origin->thread_parent),
		.process_parent = acting->server ? NULL : database_of(origin->process_parent),
		.configured = acting->server ? na_addons_database(attributor->options.addons, process->instance,
								  event->task.pid, event->task.parent_pid) : NULL,
	};
}

void na_attributor_on_database(struct na_attributor *attributor, const struct na_task *task, uint64_t flow,
			       const char *name)
{
	struct na_known_process *process = na_known_use_process(&attributor->known, task->pid, task->start_ns);

	if (process)
		na_databases_connected(attributor->databases, &process->databases, flow, name);
}

void na_attributor_database_closed(struct na_attributor *attributor, uint64_t flow)
{
	na_databases_closed(attributor->databases, flow);
}

const struct na_attribution *na_attributor_on_stack(struct na_attributor *attributor,
						    const struct na_stack_event *event, const struct na_acting *acting)
{
	struct na_known_process *process =
		na_known_find_process(&attributor->known, event->task.pid, event->task.start_ns);
	const struct na_attribution *attribution;
	struct na_sight sight = { .controller = NA_NO_FRAME };
	struct na_database_facts facts;
	struct na_origin origin;
	struct na_frames frames;
	bool answer;
	int err;

	if (!asked(acting, process, event->status))
		return NULL;
	process = na_known_use_process(&attributor->known, event->task.pid, event->task.start_ns);
	if (!process || set_instance(process, acting))
		return NULL;
	origin = na_attributor_origin(attributor, &event->task, event->thread_start_ns, acting, process);
	na_attributor_look_up(attributor, process, event, &frames);
	if (acting->server)
		na_rules_of_route(&sight, frames.view, frames.count, event->status, origin.main_thread);
	if (sight.controller != NA_NO_FRAME)
		na_attributor_see_route(attributor, event, &frames, &sight);
	answer = event->reason == NA_STACK_WRITE && acting->inbound;
	attribution = answer ? judge_answer(attributor, event, acting, &frames, &origin, &sight) :
			       na_attributor_judge(attributor, event, &frames, &origin);
	facts = facts_of_database(attributor, event, acting, process, &frames, &origin, &sight);
	attribution = na_attributor_add_database(attributor, process, attribution, &facts);
	if (!attribution || event->reason == NA_STACK_WRITE)
		return attribution;
	if (event->reason == NA_STACK_THREAD)
		err = keep_starter(attributor, event, &frames, attribution);
	else if (event->reason == NA_STACK_PROCESS)
		err = keep_parent(attributor, event, acting, attribution);
	else
		err = na_known_add_flow(&attributor->known, event->flow, attribution);
	if (!err && (event->reason == NA_STACK_CONNECT || event->reason == NA_STACK_DATAGRAM))
		return attribution;
	na_attribution_release(attribution);
	return NULL; /* NOLINT(clang-analyzer-unix.Malloc): whoever holds it is not followed */
}

const struct na_attribution *na_attributor_of_flow(struct na_attributor *attributor, uint64_t flow,
						   const struct na_task *task, const struct na_acting *acting)
{
	const struct na_known_flow *known = na_known_find_flow(&attributor->known, flow);
	const struct na_known_process *process = na_known_find_process(&attributor->known, task->pid, task->start_ns);
	struct na_verdict verdict = { .reason = NA_WHY_NO_STACK, .deciding = NA_NO_FRAME };
	const struct na_attribution *parent = NULL;
	bool python = process && process->codes;
	struct na_origin origin;

	if (known)
		return na_attribution_hold(known->attribution);
	if (!asked(acting, process, NA_STACK_NO_PYTHON) && !python)
		return NULL;
	origin = na_attributor_origin(attributor, task, 0, acting, process);
	if (acting->inbound && (acting->server || python))
		verdict.reason = NA_WHY_INBOUND;
	else if (!python)
		parent = na_rules_of_origin(&verdict, &origin, NA_STACK_NO_PYTHON);
	return parent ? na_make_inherited(parent, verdict.evidence) : na_make_attribution(&verdict);
}

const struct na_attribution *na_attributor_of_process(const struct na_attributor *attributor,
						      const struct na_task *task)
{
	const struct na_known_process *process = na_known_find_process(&attributor->known, task->pid, task->start_ns);

	if (!process || !process->parent)
		return NULL;
	return na_make_inherited(process->parent, process->parent->author == NA_AUTHOR_UNKNOWN ? NA_EVIDENCE_NONE :
						  NA_EVIDENCE_PROCESS_PARENT);
}

void na_attributor_forget_flow(struct na_attributor *attributor, uint64_t flow)
{
	struct na_known_flow *known = na_known_find_flow(&attributor->known, flow);

	if (known)
		na_known_remove_flow(&attributor->known, known);
}

int na_attributor_on_code(struct na_attributor *attributor, const struct na_code_event *event)
{
	bool known = na_known_find_code(&attributor->known, event->code) != NULL;
	int err = na_known_add_code(&attributor->known, event);

	if (known)
		na_digest_forget(&attributor->digest);
	if (attributor->known.dropped_codes && attributor->options.forgot)
		attributor->options.forgot(attributor->options.context);
	attributor->known.dropped_codes = false;
	return err;
}

/*
 * The kernel asks for the stack of a program without Python once. What a shell starts later is told by its being
 * forked alone.
 */
static int inherit(struct na_attributor *attributor, const struct na_process_event *event)
{
	const struct na_task *task = &event->task;
	const struct na_known_process *parent =
		na_known_find_process(&attributor->known, task->parent_pid, event->parent_start_ns);
	const struct na_attribution *author;
	struct na_known_process *process;

	if (!parent || !parent->executed || !parent->parent || parent->codes ||
	    na_known_find_process(&attributor->known, task->pid, task->start_ns))
		return 0;
	author = na_attribution_hold(parent->parent);
	process = na_known_use_process(&attributor->known, task->pid, task->start_ns);
	if (process) {
		process->executed = true;
		na_known_set_parent(process, author);
	}
	na_attribution_release(author);
	return process ? 0 : -ENOMEM;
}

int na_attributor_on_process(struct na_attributor *attributor, const struct na_process_event *event)
{
	const struct na_task *task = &event->task;
	struct na_known_process *process = na_known_find_process(&attributor->known, task->pid, task->start_ns);

	if (event->header.type == NA_EVENT_EXIT && process)
		na_known_remove_process(&attributor->known, process);
	if (event->header.type == NA_EVENT_FORK)
		return inherit(attributor, event);
	if (event->header.type != NA_EVENT_EXEC)
		return 0;
	if (!process)
		process = na_known_use_process(&attributor->known, task->pid, task->start_ns);
	if (!process)
		return -ENOMEM;
	process->executed = true;
	process->databases = (struct na_database_uses){ 0 };
	na_known_drop_codes(&attributor->known, process);
	return 0;
}

void na_attributor_on_name(struct na_attributor *attributor, const struct na_name_event *event, const char *name)
{
	na_names_asked(attributor->names, event, name);
}

void na_attributor_on_native(struct na_attributor *attributor, const struct na_native_event *event)
{
	if (attributor->natives)
		na_natives_on_native(attributor->natives, event);
}

struct na_attributor_sizes na_attributor_sizes(const struct na_attributor *attributor)
{
	const struct na_known *known = &attributor->known;

	return (struct na_attributor_sizes){ HASH_COUNT(known->codes), HASH_COUNT(known->processes),
					     HASH_COUNT(known->threads), HASH_COUNT(known->flows) };
}
