// SPDX-License-Identifier: GPL-2.0-or-later
/* The second half of the rules: who started the thread or process, where its own frames name nobody. */
#include <string.h>

#include "attribute/rules.h"

enum na_starter na_rules_of_starter(const struct na_frame_view *frames, size_t count, enum na_author resolved)
{
	size_t i = 0;

	while (i < count && (frames[i].statement->traits & NA_TRAIT_THREADING))
		i++;
	if (!i)
		return NA_STARTER_NATIVE;
	if (resolved == NA_AUTHOR_UNKNOWN)
		return NA_STARTER_UNKNOWN;
	if (resolved == NA_AUTHOR_LIBRARY)
		return NA_STARTER_SHARED;
	if (i == count)	/* nothing but a thread's own frames: the new one is whose this one is */
		return resolved == NA_AUTHOR_ADDON ? NA_STARTER_ADDON : NA_STARTER_ODOO;
	if (resolved == NA_AUTHOR_ADDON)
		return frames[i].statement->says == NA_SAYS_ADDON ? NA_STARTER_ADDON : NA_STARTER_SHARED;
	return frames[i].statement->says == NA_SAYS_ODOO ? NA_STARTER_ODOO : NA_STARTER_SHARED;
}

static const struct na_attribution *unknown(struct na_verdict *verdict, const char *reason)
{
	verdict->author = NA_AUTHOR_UNKNOWN;
	verdict->reason = reason;
	verdict->deciding = NA_NO_FRAME;
	return NULL;
}

static const struct na_attribution *odoo(struct na_verdict *verdict, enum na_evidence_kind evidence)
{
	verdict->author = NA_AUTHOR_ODOO;
	verdict->evidence = evidence;
	return NULL;
}

static const struct na_attribution *parent(struct na_verdict *verdict, enum na_evidence_kind evidence,
					   const struct na_attribution *answer)
{
	verdict->evidence = evidence;
	return answer;
}

static const struct na_attribution *of_thread(struct na_verdict *verdict, const struct na_origin *origin)
{
	static const char *const reasons[] = {
		[NA_STARTER_UNSEEN] = NA_WHY_THREAD_UNSEEN,
		[NA_STARTER_ADDON] = NA_WHY_THREAD_UNKNOWN,
		[NA_STARTER_SHARED] = NA_WHY_SHARED_THREAD,
		[NA_STARTER_NATIVE] = NA_WHY_NATIVE_THREAD,
		[NA_STARTER_UNKNOWN] = NA_WHY_THREAD_UNKNOWN,
	};

	if (origin->thread == NA_STARTER_UNSEEN && verdict->odoo && (verdict->target & NA_TRAIT_SERVER))
		return odoo(verdict, NA_EVIDENCE_PYTHON_STACK);
	if (origin->thread != NA_STARTER_UNSEEN && !(verdict->root & NA_TRAIT_THREADING))
		return unknown(verdict, NA_WHY_NATIVE_THREAD);
	if (origin->thread == NA_STARTER_ADDON && origin->thread_parent)
		return parent(verdict, NA_EVIDENCE_THREAD_PARENT, origin->thread_parent);
	if (origin->thread == NA_STARTER_ODOO)
		return odoo(verdict, verdict->odoo ? NA_EVIDENCE_PYTHON_STACK : NA_EVIDENCE_THREAD_PARENT);
	return unknown(verdict, reasons[origin->thread]);
}

static const struct na_attribution *of_main_thread(struct na_verdict *verdict, const struct na_origin *origin)
{
	if (!verdict->odoo && origin->odoo_scope)
		return unknown(verdict, NA_WHY_LIBRARIES);
	if (!(verdict->root & (NA_TRAIT_PROGRAM | NA_TRAIT_SERVER)))
		return unknown(verdict, NA_WHY_UNROOTED);
	if (verdict->odoo)
		return odoo(verdict, NA_EVIDENCE_PYTHON_STACK);
	verdict->author = NA_AUTHOR_LIBRARY;
	verdict->evidence = NA_EVIDENCE_PYTHON_STACK;
	return NULL;
}

/* A program of its own does what whoever started it wanted, as far as its own frames do not speak against that. */
static bool may_inherit(const struct na_verdict *verdict, const struct na_attribution *process_parent)
{
	if (!process_parent || process_parent->author == NA_AUTHOR_UNKNOWN)
		return false;
	if (verdict->claim)
		return process_parent->author == NA_AUTHOR_ADDON &&
		       !strcmp(verdict->claim->name, process_parent->addon->name);
	/* that a library's program started this one says nothing about Python code in here */
	return (verdict->ask || (verdict->nobody && !verdict->chain_count)) &&
	       process_parent->author != NA_AUTHOR_LIBRARY;
}

static const struct na_attribution *without_python(struct na_verdict *verdict, const struct na_origin *origin)
{
	if (origin->executed && origin->process_parent) {
		if (origin->process_parent->author != NA_AUTHOR_UNKNOWN)
			return parent(verdict, NA_EVIDENCE_PROCESS_PARENT, origin->process_parent);
		return unknown(verdict, NA_WHY_PROCESS_UNKNOWN);
	}
	return unknown(verdict, NA_WHY_PROCESS_UNSEEN);
}

const struct na_attribution *na_rules_of_origin(struct na_verdict *verdict, const struct na_origin *origin,
						enum na_stack_status status)
{
	const struct na_attribution *answer = NULL;
	bool no_frames = status == NA_STACK_NO_PYTHON || status == NA_STACK_NO_STATE;

	if (verdict->author == NA_AUTHOR_ADDON)
		return NULL;
	if (no_frames && !origin->server && (origin->executed || status == NA_STACK_NO_PYTHON))
		return without_python(verdict, origin);
	if (verdict->ask && !origin->main_thread)
		answer = of_thread(verdict, origin);
	if (answer)
		return answer;
	if (!origin->server && origin->executed && may_inherit(verdict, origin->process_parent))
		return parent(verdict, NA_EVIDENCE_PROCESS_PARENT, origin->process_parent);
	if (origin->inbound && (verdict->ask || no_frames))
		return unknown(verdict, NA_WHY_INBOUND);
	return verdict->ask && origin->main_thread ? of_main_thread(verdict, origin) : NULL;
}
