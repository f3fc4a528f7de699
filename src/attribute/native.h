/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where native code of add-ons lies between the Python frames of a stack. A C stack and a Python stack are two views of
 * one thing: each activation of the interpreter on the first is a group of frames on the second, up to the frame that
 * was called from C.
 */
#ifndef NETAUDIT_ATTRIBUTE_NATIVE_H
#define NETAUDIT_ATTRIBUTE_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include "attribute/attribute.h"
#include "target/native.h"

#define NA_NATIVE_PLACES 16

/* Native code called by the frame `before`, innermost place first. */
struct na_native_place {
	size_t before;			/* index of the next outer frame; the number of frames: called by none of them */
	const struct na_addon *addon;	/* NULL: what is there could not be told */
	const char *path;		/* of the object, as the process sees it; as long as its na_native_view */
};

/*
 * Calls are innermost first and their mappings' owners add-ons. Where the chain of calls ends before the frames do, a
 * place without an add-on says so. A `complete` chain that does, and one without an activation, are of an interpreter
 * whose loop is not recognised: then one such place before the first frame is all that can be said.
 * Returns how many places were written, at most `max` (which must not be 0); what does not fit makes the last one a
 * place without an add-on. Pure.
 */
size_t na_native_places(const struct na_native_call *calls, size_t call_count, bool complete,
			const struct na_stack_frame *frames, size_t frame_count, struct na_native_place *places,
			size_t max);

/* What is known of the native code of one process. */
struct na_native_view {
	uint64_t code_pages;		/* na_stack_event when it was looked at; 0: never */
	struct na_native_process *process;	/* NULL: not read, or could not be */
};

struct na_natives;	/* unwinder, and C stacks whose Python stacks are still to come */

/*
 * `kernel_code` tells the kernel what a process has of code, as na_capture_set_native() does.
 * 0 or negative errno.
 */
struct na_natives_options {
	struct na_addons *addons;	/* borrowed */
	int (*kernel_code)(void *context, uint32_t pid, const struct na_native_code *code);
	void *context;
};

int na_natives_create(struct na_natives **natives, const struct na_natives_options *options);
void na_natives_destroy(struct na_natives *natives);

/* The C stack of a Python stack that comes next. */
void na_natives_on_native(struct na_natives *natives, const struct na_native_event *event);

/*
 * Native code among the frames of this stack: reads the process's mappings again when code was mapped since, tells the
 * kernel when it does not know, then follows the C stack that came before. A process without an add-on's native code
 * has no places. One that has some, and no C stack came, or that has too much code to look at, has one place: nothing
 * can be told before the first frame.
 */
size_t na_natives_of_stack(struct na_natives *natives, struct na_native_view *view, const char *instance,
			   const struct na_stack_event *event, struct na_native_place *places, size_t max);

void na_native_view_clear(struct na_native_view *view);

#endif
