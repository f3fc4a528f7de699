/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of one stack as the rules want them: code objects looked up and stated, native code of add-ons put in
 * between.
 */
#ifndef NETAUDIT_ATTRIBUTE_FRAMES_H
#define NETAUDIT_ATTRIBUTE_FRAMES_H

#include "attribute/known.h"
#include "attribute/native.h"

#define NA_FRAMES_MOST (NA_STACK_FRAMES + NA_NATIVE_PLACES)

struct na_frames {
	struct na_frame_view view[NA_FRAMES_MOST];
	struct na_known_code *code[NA_FRAMES_MOST];	/* NULL: native code, or never described */
	int32_t instruction[NA_FRAMES_MOST];
	size_t count;
	size_t python;					/* how many of them are Python's */
	const char *object[NA_FRAMES_MOST]; /* path of native code, NULL: none; as long as its na_native_view */
	struct na_statement native[NA_NATIVE_PLACES];	/* what `view` points to for native code */
};

/* `state` is called for each code object that is there. */
void na_frames_look_up(struct na_frames *frames, const struct na_known *known, const struct na_stack_event *event,
		       void (*state)(void *context, struct na_known_code *code), void *context);

/* Places are in order of their frames, as from na_natives_of_stack(); at most NA_NATIVE_PLACES. Once. */
void na_frames_add_native(struct na_frames *frames, const struct na_native_place *places, size_t count);

#endif
