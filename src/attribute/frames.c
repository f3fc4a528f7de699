// SPDX-License-Identifier: GPL-2.0-or-later
/* One array of frames out of two views of the stack. */
#include "attribute/frames.h"

void na_frames_look_up(struct na_frames *frames, const struct na_known *known, const struct na_stack_event *event,
		       void (*state)(void *context, struct na_known_code *code), void *context)
{
	static const struct na_statement undescribed = { .says = NA_SAYS_UNDESCRIBED };

	frames->count = event->count < NA_STACK_FRAMES ? event->count : NA_STACK_FRAMES;
	frames->python = frames->count;
	for (size_t i = 0; i < frames->count; i++) {
		struct na_known_code *code = na_known_find_code(known, event->frames[i].code);

		/* an id of another process would be somebody else's code */
		if (code && (code->process->key.pid != event->task.pid ||
			     code->process->key.start_ns != event->task.start_ns))
			code = NULL;
		if (code)
			state(context, code);
		frames->code[i] = code;
		frames->object[i] = NULL;
		frames->view[i] = (struct na_frame_view){ code ? &code->statement : &undescribed,
							  event->frames[i].flags };
		frames->instruction[i] = event->frames[i].instruction;
	}
}

static struct na_statement of_place(const struct na_native_place *place)
{
	if (place->addon && !place->addon->base)
		return (struct na_statement){ .says = NA_SAYS_ADDON, .addon = place->addon,
					      .evidence = NA_EVIDENCE_NATIVE_OBJECT, .traits = NA_TRAIT_NATIVE };
	return (struct na_statement){ .says = place->addon ? NA_SAYS_NOBODY : NA_SAYS_UNDESCRIBED,
				      .traits = NA_TRAIT_NATIVE };
}

/* From the outermost inwards, so that each frame is moved once. */
void na_frames_add_native(struct na_frames *frames, const struct na_native_place *places, size_t count)
{
	size_t from = frames->count, to = frames->count + count;

	frames->count = to;
	for (size_t i = count; i-- > 0;) {
		while (from > places[i].before) {
			from--;
			to--;
			frames->view[to] = frames->view[from];
			frames->code[to] = frames->code[from];
			frames->object[to] = frames->object[from];
			frames->instruction[to] = frames->instruction[from];
		}
		to--;
		frames->native[i] = of_place(&places[i]);
		frames->view[to] = (struct na_frame_view){ &frames->native[i], NA_FRAME_ENTRY };
		frames->code[to] = NULL;
		frames->object[to] = places[i].path;
		frames->instruction[to] = -1;
	}
}
