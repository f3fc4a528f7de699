// SPDX-License-Identifier: GPL-2.0-or-later
/* What each frame of a stack is: its code object's witnesses are asked once, native code is put in between. */
#include <string.h>

#include "attribute/internal.h"
#include "base/clock.h"

#define LEARN_AGAIN_NS NA_NS_PER_SECOND /* add-ons may be installed while Odoo runs */

static void learn(struct na_attributor *attributor, struct na_known_process *process, uint64_t now_ns)
{
	if (process->learned_ns && now_ns - process->learned_ns < LEARN_AGAIN_NS)
		return;
	process->learned_ns = now_ns;
	na_addons_learn(attributor->options.addons, process->instance, process->key.pid);
}

/* NULL: not seen, or it executed its own program. */
static const struct na_known_process *cloned_from(const struct na_attributor *attributor,
						  const struct na_known_process *process)
{
	if (process->executed)
		return NULL;
	return na_known_find_process(&attributor->known, process->forked_from.pid, process->forked_from.start_ns);
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
	for (int i = 0; i < NA_CLONES && options->is_module && known < 0 && process; i++) {
		known = options->is_module(options->context, process->key.pid, code->globals, code->module);
		process = cloned_from(attributor, process);
	}
	return known != 0;
}

/*
 * From 3.12 on the interpreter puts a frame of its own between a class that is called and the `__init__` it calls,
 * once the place is hot. It runs a code object that is part of the interpreter's file; another of that name does not
 * count.
 */
static bool is_constructor(struct na_attributor *attributor, const struct na_known_code *code)
{
	const struct na_attributor_options *options = &attributor->options;
	const struct na_known_process *process = code->process;
	int known = -1;

	if (!options->is_static || strcmp(code->file, "__init__") != 0 || strcmp(code->function, "__init__") != 0)
		return false;
	for (int i = 0; i < NA_CLONES && known < 0 && process; i++) {
		known = options->is_static(options->context, process->key.pid, code->address);
		process = cloned_from(attributor, process);
	}
	return known > 0;
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
	if (code->statement.says == NA_SAYS_NOBODY && is_constructor(attributor, code))
		code->statement = (struct na_statement){ .says = NA_SAYS_LIBRARY };
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
	for (int i = 0; i < NA_CLONES && process && !process->executed; i++) {
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
	places[0] = (struct na_native_place){ 0, NULL, NULL }; /* gone, and its parent had an add-on's code */
	return 1;
}

void na_attributor_look_up(struct na_attributor *attributor, struct na_known_process *process,
			   const struct na_stack_event *event, struct na_frames *frames)
{
	struct stating stating = { attributor, event->header.time_ns };
	struct na_native_place places[NA_NATIVE_PLACES];

	na_frames_look_up(frames, &attributor->known, event, state_one, &stating);
	if (attributor->natives && event->status != NA_STACK_NO_PYTHON)
		na_frames_add_native(frames, places, native_places(attributor, process, event, places));
}
