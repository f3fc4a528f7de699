/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lays the calls of a C stack over the frames of a Python stack. */
#include "attribute/native.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PENDING 32	/* C stacks kept until the next event of their thread, which is the Python stack */
#define CALLS 256

struct na_natives {
	struct na_natives_options options;
	struct na_unwinder *unwinder;
	struct na_native_event pending[PENDING];	/* a thread id of 0: free */
	size_t next;
};

/* The frame after the activation that begins at `frame`. Before 3.11 each frame is an activation of its own. */
static size_t after_activation(const struct na_stack_frame *frames, size_t count, size_t frame, bool entries_known)
{
	while (frame < count && entries_known && !(frames[frame].flags & NA_FRAME_ENTRY))
		frame++;
	return frame < count ? frame + 1 : count;
}

static size_t add_place(struct na_native_place *places, size_t count, size_t max, size_t before,
			const struct na_native_mapping *mapping)
{
	const struct na_addon *addon = mapping ? mapping->owner : NULL;

	if (count == max) {
		places[count - 1].addon = NULL;
		return count;
	}
	if (count && places[count - 1].before == before && places[count - 1].addon == addon)
		return count;
	places[count] = (struct na_native_place){ before, addon, mapping ? mapping->path : NULL };
	return count + 1;
}

size_t na_native_places(const struct na_native_call *calls, size_t call_count, bool complete,
			const struct na_stack_frame *frames, size_t frame_count, struct na_native_place *places,
			size_t max)
{
	bool entries_known = false, evaluated = false;
	size_t frame = 0, count = 0;

	for (size_t i = 0; i < frame_count; i++)
		entries_known |= (frames[i].flags & NA_FRAME_ENTRY) != 0;
	/* beyond the last frame lie those of whoever ran before: a greenlet's stack goes on into its creator's */
	for (size_t i = 0; i < call_count && (frame < frame_count || !frame_count); i++) {
		evaluated |= calls[i].evaluates;
		if (calls[i].evaluates)
			frame = after_activation(frames, frame_count, frame, entries_known);
		else if (calls[i].mapping->owner)
			count = add_place(places, count, max, frame, calls[i].mapping);
	}
	if (frame_count && (!evaluated || (complete && frame < frame_count))) {
		places[0] = (struct na_native_place){ 0, NULL, NULL };
		return 1;
	}
	if (frame < frame_count)
		count = add_place(places, count, max, frame, NULL);
	return count;
}

int na_natives_create(struct na_natives **natives, const struct na_natives_options *options)
{
	struct na_natives *made = calloc(1, sizeof(*made));
	int error = made ? na_unwinder_create(&made->unwinder) : -ENOMEM;

	if (error) {
		free(made);
		return error;
	}
	made->options = *options;
	*natives = made;
	return 0;
}

void na_natives_destroy(struct na_natives *natives)
{
	if (natives)
		na_unwinder_destroy(natives->unwinder);
	free(natives);
}

void na_native_view_clear(struct na_native_view *view)
{
	na_native_process_free(view->process);
	*view = (struct na_native_view){ 0 };
}

void na_natives_on_native(struct na_natives *natives, const struct na_native_event *event)
{
	natives->pending[natives->next++ % PENDING] = *event;
}

/* The newest that came before this stack, of the same thread and occasion. NULL: none. */
static struct na_native_event *take_pending(struct na_natives *natives, const struct na_stack_event *event)
{
	for (size_t back = 1; back <= PENDING; back++) {
		struct na_native_event *pending = &natives->pending[(natives->next - back) % PENDING];

		if (pending->task.tid == event->task.tid && pending->task.pid == event->task.pid &&
		    pending->thread_start_ns == event->thread_start_ns && pending->flow == event->flow &&
		    pending->subject == event->subject && pending->reason == event->reason) {
			pending->task.tid = 0;
			return pending;
		}
	}
	return NULL;
}

struct asking {
	struct na_addons *addons;
	const char *instance;
	uint32_t pid;
};

static void *addon_of_file(void *context, const char *path)
{
	const struct asking *asking = context;
	struct na_owned owned = na_addons_of_file(asking->addons, asking->instance, asking->pid, path);

	return owned.owner == NA_OWNER_ADDON ? (void *)(uintptr_t)owned.addon : NULL;
}

static void tell_kernel(struct na_natives *natives, const struct na_native_process *process,
			const struct na_stack_event *event)
{
	struct na_native_code code = { .count = 0 };

	/* what is more than fits goes on as if it had not been told */
	if (!natives->options.kernel_code ||
	    (na_native_process_owned(process) && na_native_process_code(process, &code)))
		return;
	code.start_ns = event->task.start_ns;
	code.code_pages = event->code_pages;
	(void)natives->options.kernel_code(natives->options.context, event->task.pid, &code);
}

/* Whether it has an add-on's code now, or nobody can tell. `told`: the kernel knew what is code. */
static bool look(struct na_natives *natives, struct na_native_view *view, const char *instance,
		 const struct na_stack_event *event, bool told)
{
	struct asking asking = { natives->options.addons, instance, event->task.pid };
	struct na_native_process *process;

	if (view->code_pages != event->code_pages) {
		int error = na_native_process_read(&process, NULL, event->task.pid, event->task.start_ns, addon_of_file,
						   &asking);

		if (error == -ESRCH)	/* it is gone, or going: what it had counts */
			return view->process && na_native_process_owned(view->process);
		na_native_view_clear(view);
		*view = (struct na_native_view){ event->code_pages, error ? NULL : process };
		told = false;
	}
	if (!view->process)
		return true;
	if (!told)
		tell_kernel(natives, view->process, event);
	return na_native_process_owned(view->process);
}

size_t na_natives_of_stack(struct na_natives *natives, struct na_native_view *view, const char *instance,
			   const struct na_stack_event *event, struct na_native_place *places, size_t max)
{
	const struct na_native_event *pending = take_pending(natives, event);
	size_t frames = event->count < NA_STACK_FRAMES ? event->count : NA_STACK_FRAMES;
	struct na_native_call calls[CALLS];
	bool complete;
	size_t count;

	if (!look(natives, view, instance, event, !pending || !pending->unlisted))
		return 0;
	if (!pending || !view->process || pending->status == NA_STACK_BROKEN) {
		places[0] = (struct na_native_place){ 0, NULL, NULL };
		return 1;
	}
	count = na_unwind(natives->unwinder, view->process, pending, calls, CALLS, &complete);
	return na_native_places(calls, count, complete, event->frames, frames, places, max);
}
