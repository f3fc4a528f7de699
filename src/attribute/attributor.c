// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts the rules to work: looks up what an event refers to, asks the rules, and keeps what later events will need. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/frames.h"
#include "attribute/make.h"
#include "base/clock.h"

#define GENERATIONS 8	/* of clones: the master, its worker, what that forked */
#define LEARN_AGAIN_NS NA_NS_PER_SECOND	/* add-ons may be installed while Odoo runs */

struct na_attributor {
	struct na_attributor_options options;
	struct na_known known;
	struct na_natives *natives;	/* NULL: nobody tells the kernel what is code */
	struct na_digest digest;
};

int na_attributor_create(struct na_attributor **out, const struct na_attributor_options *options)
{
	struct na_attributor *attributor = calloc(1, sizeof(*attributor));
	int err = 0;

	if (!attributor)
		return -ENOMEM;
	attributor->options = *options;
	err = na_digest_open(&attributor->digest);
	if (!err && options->kernel_code)
		err = na_natives_create(&attributor->natives, &(struct na_natives_options){
			options->addons, options->kernel_code, options->context });
	/* without an unwinder native code is told by nobody, but everything else is */
	if (err == -ENOMEM) {
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
	na_natives_destroy(attributor->natives);
	na_digest_close(&attributor->digest);
	free(attributor);
}

/* ---- what the frames are ---- */

static void learn(struct na_attributor *attributor, struct na_known_process *process, uint64_t now_ns)
{
	if (process->learned_ns && now_ns - process->learned_ns < LEARN_AGAIN_NS)
		return;
	process->learned_ns = now_ns;
	na_addons_learn(attributor->options.addons, process->instance, process->key.pid);
}

/*
 * Whether a name that stands alone is the module's. Told once for each dictionary, since looking takes long. A process
 * that cannot be asked (any more) may have been cloned from one that can.
 */
static bool is_module(struct na_attributor *attributor, const struct na_known_code *code)
{
	const struct na_attributor_options *options = &attributor->options;
	const struct na_known_process *process = code->process;
	int known = -1;

	for (const struct na_known_code *other = process->codes; other; other = other->next)
		if (other != code && other->globals == code->globals && other->stated_for == process->generation &&
		    !strcmp(other->module, code->module))
			return !(other->statement.traits & NA_TRAIT_NOT_MODULE);
	for (int i = 0; i < GENERATIONS && options->is_module && known < 0 && process; i++) {
		known = options->is_module(options->context, process->key.pid, code->globals, code->module);
		process = process->executed ? NULL :
			na_known_find_process(&attributor->known, process->forked_from.pid, process->forked_from.start_ns);
	}
	return known != 0;
}

static void state(struct na_attributor *attributor, struct na_known_code *code, uint64_t now_ns)
{
	struct na_known_process *process = code->process;
	struct na_addons *addons = attributor->options.addons;
	struct na_witnesses witnesses = { .file = code->file, .module = code->module, .function = code->function };

	if (code->stated_for == process->generation)
		return;
	learn(attributor, process, now_ns);
	if (code->file[0] == '/')
		witnesses.of_file = na_addons_of_file(addons, process->instance, process->key.pid, code->file);
	if (code->module[0])
		witnesses.of_module = na_addons_of_module(addons, process->instance, process->key.pid, code->module);
	code->statement = na_frame_says(&witnesses);
	if (code->statement.says == NA_SAYS_ADDON && code->statement.evidence == NA_EVIDENCE_MODULE_GLOBALS &&
	    !is_module(attributor, code))
		code->statement = na_frame_says_falsely(&code->statement);
	code->stated_for = process->generation;
}

struct stating {
	struct na_attributor *attributor;
	uint64_t now_ns;
};

static void state_one(void *context, struct na_known_code *code)
{
	const struct stating *stating = context;

	state(stating->attributor, code, stating->now_ns);
}

/* The native code of what this process was cloned from, as it was looked at. NULL: it executed its own program. */
static struct na_native_view *view_of_parent(struct na_attributor *attributor, const struct na_known_process *process)
{
	for (int i = 0; i < GENERATIONS && process && !process->executed; i++) {
		struct na_known_process *parent = na_known_find_process(&attributor->known, process->forked_from.pid,
									process->forked_from.start_ns);

		if (parent && parent->native.process)
			return &parent->native;
		process = parent;
	}
	return NULL;
}

/* A clone has its parent's code where the parent has it, and may be gone before it is looked at. */
static size_t native_places(struct na_attributor *attributor, struct na_known_process *process,
			    const struct na_stack_event *event, struct na_native_place *places)
{
	struct na_native_view *own = &process->native;
	struct na_native_view *parents = own->process ? NULL : view_of_parent(attributor, process);
	bool same = parents && parents->code_pages == event->code_pages;
	size_t count = na_natives_of_stack(attributor->natives, same ? parents : own, process->instance, event, places,
					   NA_NATIVE_PLACES);

	if (same || own->process || !parents || !na_native_process_owned(parents->process))
		return count;
	places[0] = (struct na_native_place){ 0, NULL, NULL };	/* gone, and its parent had an add-on's code */
	return 1;
}

static void look_up(struct na_attributor *attributor, struct na_known_process *process,
		    const struct na_stack_event *event, struct na_frames *frames)
{
	struct stating stating = { attributor, event->header.time_ns };
	struct na_native_place places[NA_NATIVE_PLACES];

	na_frames_look_up(frames, &attributor->known, event, state_one, &stating);
	if (attributor->natives && event->status != NA_STACK_NO_PYTHON)
		na_frames_add_native(frames, places, native_places(attributor, process, event, places));
}

/* ---- attributions ---- */

/* Read from the process once for each place that calls, because that is slow. */
static uint32_t line_of(struct na_attributor *attributor, const struct na_stack_event *event,
			struct na_known_code *code, int32_t instruction)
{
	const struct na_attributor_options *options = &attributor->options;

	if (!options->line || instruction < 0)
		return code->first_line;
	if (!code->line || code->line_of != instruction) {
		code->line =
			options->line(options->context, &event->task, code->address, instruction, code->first_line);
		code->line_of = instruction;
	}
	return code->line;
}

static void describe_deciding(struct na_attributor *attributor, struct na_attribution *attribution,
			      const struct na_stack_event *event, const struct na_frames *frames, size_t deciding)
{
	struct na_known_code *code = frames->code[deciding];

	if (frames->object[deciding])
		attribution->file = strdup(frames->object[deciding]);
	if (!code)
		return;
	attribution->file = strdup(code->file);
	attribution->function = strdup(code->function);
	attribution->line = line_of(attributor, event, code, frames->instruction[deciding]);
}

static struct na_origin origin_of(const struct na_attributor *attributor, const struct na_task *task,
				  uint64_t thread_start_ns, const struct na_acting *acting,
				  const struct na_known_process *process)
{
	const struct na_known_thread *thread =
		na_known_find_thread(&attributor->known, task->pid, task->tid, thread_start_ns);

	return (struct na_origin){
		.server = acting->server,
		.odoo_scope = acting->must_answer,
		.main_thread = task->tid == task->pid,
		.inbound = acting->inbound,
		.executed = process && process->executed,
		.thread = thread ? thread->starter : NA_STARTER_UNSEEN,
		.thread_parent = thread ? thread->parent : NULL,
		.process_parent = process ? process->parent : NULL,
	};
}

/* NULL: no memory. */
static struct na_attribution *answer(struct na_attributor *attributor, const struct na_stack_event *event,
				     const struct na_frames *frames, const struct na_origin *origin)
{
	struct na_verdict verdict;
	const struct na_attribution *parent;
	struct na_attribution *attribution;

	na_rules_of_frames(&verdict, frames->view, frames->count, event->status);
	parent = na_rules_of_origin(&verdict, origin, event->status);
	if (parent)
		return na_make_inherited(parent, verdict.evidence);
	attribution = na_make_attribution(&verdict);
	if (!attribution)
		return NULL;
	if (verdict.deciding != NA_NO_FRAME)
		describe_deciding(attributor, attribution, event, frames, verdict.deciding);
	if (frames->python)
		na_digest_frames(&attributor->digest, attribution, frames);
	return attribution;
}

/* ---- events ---- */

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
	process->executed |= executed;	/* a clone of a program of its own is one too */
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

const struct na_attribution *na_attributor_on_stack(struct na_attributor *attributor,
						    const struct na_stack_event *event, const struct na_acting *acting)
{
	struct na_known_process *process =
		na_known_find_process(&attributor->known, event->task.pid, event->task.start_ns);
	struct na_attribution *attribution;
	struct na_origin origin;
	struct na_frames frames;
	int err;

	if (!asked(acting, process, event->status))
		return NULL;
	process = na_known_use_process(&attributor->known, event->task.pid, event->task.start_ns);
	if (!process || set_instance(process, acting))
		return NULL;
	origin = origin_of(attributor, &event->task, event->thread_start_ns, acting, process);
	look_up(attributor, process, event, &frames);
	attribution = answer(attributor, event, &frames, &origin);
	if (!attribution)
		return NULL;
	if (event->reason == NA_STACK_WRITE)
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
	return NULL;	/* NOLINT(clang-analyzer-unix.Malloc): whoever holds it is not followed */
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
	origin = origin_of(attributor, task, 0, acting, process);
	if (acting->inbound && (acting->server || python))
		verdict.reason = NA_WHY_INBOUND;
	else if (!python)
		parent = na_rules_of_origin(&verdict, &origin, NA_STACK_NO_PYTHON);
	return parent ? na_make_inherited(parent, verdict.evidence) : na_make_attribution(&verdict);
}

void na_attributor_forget_flow(struct na_attributor *attributor, uint64_t flow)
{
	struct na_known_flow *known = na_known_find_flow(&attributor->known, flow);

	if (known)
		na_known_remove_flow(&attributor->known, known);
}

int na_attributor_on_code(struct na_attributor *attributor, const struct na_code_event *event)
{
	int err = na_known_add_code(&attributor->known, event);

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
	na_known_drop_codes(&attributor->known, process);
	return 0;
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
