// SPDX-License-Identifier: GPL-2.0-or-later
/* From the innermost frame outwards: the first frame that settles it decides, the others only tell the chain. */
#include "attribute/rules.h"

#include <string.h>

static const char *const status_reasons[] = {
	[NA_STACK_TRUNCATED] = NA_WHY_TRUNCATED,
	[NA_STACK_BROKEN] = NA_WHY_BROKEN,
	[NA_STACK_NO_PYTHON] = NA_WHY_NO_PYTHON,
	[NA_STACK_NO_STATE] = NA_WHY_NO_STATE,
	[NA_STACK_BUSY] = NA_WHY_BUSY,
	[NA_STACK_CODE_LOST] = NA_WHY_CODE_LOST,
};

struct walk {
	struct na_verdict *verdict;
	const struct na_frame_view *frames;
	size_t count;
	bool entries_known;	/* the interpreter tells which frames were called from C */
	bool settled;
};

static unsigned int traits_at(const struct walk *walk, size_t i)
{
	return i < walk->count ? walk->frames[i].statement->traits : 0;
}

/* A body that the importer did not call is text run by exec or eval, which can be given any globals and file name. */
static bool is_text(const struct walk *walk, size_t i)
{
	unsigned int traits = traits_at(walk, i);
	enum na_says says = walk->frames[i].statement->says;

	if (says == NA_SAYS_LIBRARY || says == NA_SAYS_ODOO)
		return false;
	if (traits & NA_TRAIT_COMPREHENSION)
		return says != NA_SAYS_ADDON;
	return (traits & NA_TRAIT_BODY) && !(traits_at(walk, i + 1) & NA_TRAIT_IMPORTER);
}

/* The main module of `python -c` or of a script named by a relative path: a program like any other. */
static bool is_program(const struct walk *walk, size_t i)
{
	return i + 1 == walk->count && walk->frames[i].statement->says == NA_SAYS_NOBODY &&
	       (traits_at(walk, i) & NA_TRAIT_PROGRAM);
}

static void add_to_chain(struct na_verdict *verdict, const struct na_addon *addon)
{
	if (!addon || (verdict->chain_count && !strcmp(verdict->chain[verdict->chain_count - 1]->name, addon->name)))
		return;
	if (verdict->chain_count == NA_ATTRIBUTION_CHAIN)
		verdict->chain_truncated = true;
	else
		verdict->chain[verdict->chain_count++] = addon;
}

static void settle_unknown(struct walk *walk, size_t i, const char *reason)
{
	const struct na_statement *statement = walk->frames[i].statement;
	struct na_verdict *verdict = walk->verdict;

	if (walk->settled)
		return;
	walk->settled = true;
	verdict->reason = reason;
	verdict->deciding = i;
	verdict->disagree = statement->says == NA_SAYS_CONFLICT;
	verdict->nobody = statement->says == NA_SAYS_NOBODY;
	verdict->claim = statement->says == NA_SAYS_CLAIM ? statement->addon : NULL;
}

static void settle(struct walk *walk, size_t i)
{
	const struct na_statement *statement = walk->frames[i].statement;
	struct na_verdict *verdict = walk->verdict;

	if (walk->settled)
		return;
	walk->settled = true;
	verdict->author = NA_AUTHOR_ADDON;
	verdict->evidence = statement->evidence;
	verdict->addon = statement->addon;
	verdict->disagree = statement->disagree;
	verdict->deciding = i;
}

/*
 * Text that an add-on itself runs is that add-on's, if it does not call itself another's. Returns the frame that runs
 * it, or NA_NO_FRAME.
 */
static size_t runner_of(const struct walk *walk, size_t first)
{
	const struct na_frame_view *frames = walk->frames;
	size_t end = first;

	while (end < walk->count && is_text(walk, end))
		end++;
	if (end == walk->count || frames[end].statement->says != NA_SAYS_ADDON)
		return NA_NO_FRAME;
	/* exec and eval are C functions: a frame that another frame called directly was not run by them */
	if (!(traits_at(walk, end - 1) & NA_TRAIT_BODY) ||
	    (walk->entries_known && !(frames[end - 1].flags & NA_FRAME_ENTRY)))
		return NA_NO_FRAME;
	for (size_t i = first; i < end; i++) {
		const struct na_statement *statement = frames[i].statement;

		if (statement->says == NA_SAYS_CONFLICT ||
		    (statement->addon && strcmp(statement->addon->name, frames[end].statement->addon->name) != 0))
			return NA_NO_FRAME;
	}
	return end;
}

static void meet_text(struct walk *walk, size_t i)
{
	enum na_says says = walk->frames[i].statement->says;
	size_t runner = runner_of(walk, i);

	if (runner != NA_NO_FRAME)
		settle(walk, runner);
	else if (says == NA_SAYS_CONFLICT)
		settle_unknown(walk, i, NA_WHY_CONFLICT);
	else
		settle_unknown(walk, i, says == NA_SAYS_NOBODY ? NA_WHY_NOBODY : NA_WHY_CLAIM);
}

/* Returns false where what lies further out did not call what was met. */
static bool meet(struct walk *walk, size_t i)
{
	const struct na_statement *statement = walk->frames[i].statement;
	struct na_verdict *verdict = walk->verdict;

	add_to_chain(verdict, statement->addon);
	add_to_chain(verdict, statement->other);
	if (statement->traits & NA_TRAIT_FINALIZER) {
		settle_unknown(walk, i, NA_WHY_FINALIZER);
		return false;
	}
	if (statement->traits & NA_TRAIT_POOL) {
		settle_unknown(walk, i, NA_WHY_POOL);
		return false;
	}
	if (is_program(walk, i))
		return true;
	if (is_text(walk, i)) {
		meet_text(walk, i);
		return true;
	}
	switch (statement->says) {
	case NA_SAYS_UNDESCRIBED:
		verdict->chain_truncated = true;
		settle_unknown(walk, i, statement->traits & NA_TRAIT_NATIVE ? NA_WHY_NATIVE : NA_WHY_UNDESCRIBED);
		break;
	case NA_SAYS_NOBODY:
		settle_unknown(walk, i, NA_WHY_NOBODY);
		break;
	case NA_SAYS_CLAIM:
		settle_unknown(walk, i, statement->traits & NA_TRAIT_NOT_MODULE ? NA_WHY_NOT_MODULE : NA_WHY_CLAIM);
		break;
	case NA_SAYS_CONFLICT:
		settle_unknown(walk, i, NA_WHY_CONFLICT);
		break;
	case NA_SAYS_ADDON:
		settle(walk, i);
		break;
	case NA_SAYS_ODOO:
		if (!walk->settled && !verdict->odoo) {
			verdict->odoo = true;
			verdict->deciding = i;
		}
		break;
	case NA_SAYS_LIBRARY:
		break;
	}
	return true;
}

void na_rules_of_frames(struct na_verdict *verdict, const struct na_frame_view *frames, size_t count,
			enum na_stack_status status)
{
	struct walk walk = { .verdict = verdict, .frames = frames, .count = count };

	*verdict = (struct na_verdict){ .deciding = NA_NO_FRAME, .chain_truncated = status != NA_STACK_COMPLETE };
	for (size_t i = 0; i < count; i++)
		walk.entries_known |= (frames[i].flags & NA_FRAME_ENTRY) != 0;
	for (size_t i = 0; i < count; i++)
		if (!meet(&walk, i))
			break;
	if (walk.settled)
		return;
	if (status != NA_STACK_COMPLETE) {
		verdict->reason = status < sizeof(status_reasons) / sizeof(*status_reasons) ? status_reasons[status] :
											      NA_WHY_BROKEN;
		return;
	}
	verdict->ask = true;
	verdict->root = count ? traits_at(&walk, count - 1) : 0;
	while (count && (traits_at(&walk, count - 1) & NA_TRAIT_THREADING))
		count--;
	verdict->target = count ? traits_at(&walk, count - 1) : 0;
}

void na_rules_of_witness(struct na_verdict *verdict, enum na_stack_witness witness)
{
	if (witness != NA_WITNESS_DISAGREES)
		return;
	verdict->author = NA_AUTHOR_UNKNOWN;
	verdict->reason = NA_WHY_CHANGED;
	verdict->addon = NULL;
	verdict->claim = NULL;
	verdict->nobody = verdict->ask = verdict->odoo = false;
}
