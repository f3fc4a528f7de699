// SPDX-License-Identifier: GPL-2.0-or-later
/* What the frames of a stack say together: asks the rules, and makes an attribution of their verdict. */
#include <stdlib.h>
#include <string.h>

#include "attribute/internal.h"

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

static void describe(struct na_attribution *attribution, const struct na_frames *frames, size_t i)
{
	const struct na_known_code *code = frames->code[i];

	if (frames->object[i])
		attribution->file = strdup(frames->object[i]);
	if (!code)
		return;
	attribution->file = strdup(code->file);
	attribution->function = strdup(code->function);
	attribution->line = code->first_line;
}

struct na_origin na_attributor_origin(const struct na_attributor *attributor, const struct na_task *task,
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

/*
 * The interpreter's own announcement, and what it says of the destination: the name this thread had asked for before it
 * announced the connect. A connect of native code is not announced, and may have had another name in mind.
 */
static void add_announced(const struct na_attributor *attributor, struct na_attribution *attribution,
			  const struct na_stack_event *event)
{
	const struct na_names_thread thread = { event->thread_start_ns, event->task.pid, event->task.tid };
	const char *name = event->reason == NA_STACK_CONNECT && event->witness == NA_WITNESS_AGREES ?
		na_names_of_thread(attributor->names, &thread, event->header.time_ns) : NULL;

	if (event->witness != NA_WITNESS_NONE)
		attribution->witness = (enum na_stack_witness)event->witness;
	attribution->resolved = name ? strdup(name) : NULL;
}

const struct na_attribution *na_attributor_judge(struct na_attributor *attributor, const struct na_stack_event *event,
						 const struct na_frames *frames, const struct na_origin *origin)
{
	struct na_verdict verdict;
	const struct na_attribution *parent;
	struct na_attribution *attribution;

	na_rules_of_frames(&verdict, frames->view, frames->count, event->status);
	na_rules_of_witness(&verdict, (enum na_stack_witness)event->witness);
	parent = na_rules_of_origin(&verdict, origin, event->status);
	attribution = parent ? na_make_inherited(parent, verdict.evidence) : na_make_attribution(&verdict);
	if (!attribution)
		return NULL;
	add_announced(attributor, attribution, event);
	if (parent)
		return attribution;
	if (verdict.deciding != NA_NO_FRAME) {
		size_t deciding = verdict.deciding;

		describe(attribution, frames, deciding);
		if (frames->code[deciding])
			attribution->line =
				line_of(attributor, event, frames->code[deciding], frames->instruction[deciding]);
	}
	if (frames->python)
		na_digest_frames(&attributor->digest, attribution, frames);
	return attribution;
}

const struct na_attribution *na_attributor_add_database(struct na_attributor *attributor,
							struct na_known_process *process,
							const struct na_attribution *attribution,
							const struct na_database_facts *facts)
{
	struct na_attribution *own = (struct na_attribution *)attribution;

	if (attribution && attribution->holders > 1) {
		own = na_make_copy(attribution);
		na_attribution_release(attribution);
	}
	process->databases.unseen |= process->key.start_ns < attributor->options.began_ns;
	if (own)
		own->database = na_databases_of_stack(attributor->databases, &process->databases, facts);
	return own;
}

/* The controller as a whole decides, not the line at which it happened to call somebody. */
void na_attributor_see_route(struct na_attributor *attributor, const struct na_stack_event *event,
			     const struct na_frames *frames, const struct na_sight *sight)
{
	const struct na_statement *statement = frames->view[sight->controller].statement;
	const struct na_known_code *code = frames->code[sight->controller];
	const struct na_controller controller = {
		.addon = statement->addon,
		.file = code ? code->file : frames->object[sight->controller],
		.function = code ? code->function : NULL,
		.line = code ? code->first_line : 0,
	};
	struct na_attribution *attribution = NULL;

	if (!na_requests_is_known(attributor->requests, event, &controller)) {
		attribution = na_make_route(statement);
		if (!attribution)
			return;
		describe(attribution, frames, sight->controller);
	}
	na_requests_see(attributor->requests, event, attribution);
}
