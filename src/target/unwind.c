/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows a C stack: from the registers, by what the tables say, through the words the kernel sent. Each caller's place
 * is computed from its callee's, so that return addresses left behind by earlier calls are never met.
 */
#include "target/native.h"

#include "target/native_internal.h"

/* The word at this address of the stack. False: it was none that the kernel took for an address. */
static bool word_at(const struct na_native_event *event, uint64_t address, uint64_t *word)
{
	uint64_t distance = address - event->stack;
	size_t low = 0, high = event->count < NA_NATIVE_WORDS ? event->count : NA_NATIVE_WORDS;

	if (address < event->stack || distance % 8 || distance >= NA_NATIVE_STACK_BYTES)
		return false;
	distance /= 8;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (event->slot[middle] < distance)
			low = middle + 1;
		else
			high = middle;
	}
	if (low >= event->count || low >= NA_NATIVE_WORDS || event->slot[low] != distance)
		return false;
	*word = event->word[low];
	return true;
}

struct registers {
	uint64_t instruction, stack, frame;
	bool frame_known;
};

/* From a function to its caller. False: the tables or the words end here. */
static bool go_up(const struct na_native_event *event, const struct na_native_step *step, struct registers *registers)
{
	uint64_t frame_address, saved;

	if (step->from_frame_pointer && !registers->frame_known)
		return false;
	frame_address = (step->from_frame_pointer ? registers->frame : registers->stack) + (uint64_t)step->frame_offset;
	if (frame_address <= registers->stack)
		return false;	/* a stack grows downwards: anything else would go round in circles */
	if (!word_at(event, frame_address + (uint64_t)step->return_at, &registers->instruction))
		return false;
	if (step->frame_pointer_saved) {
		registers->frame_known = word_at(event, frame_address + (uint64_t)step->frame_pointer_at, &saved);
		registers->frame = registers->frame_known ? saved : 0;
	}
	registers->stack = frame_address;
	return true;
}

/* The object at this address and what its table says there. NULL: nothing that can be followed. */
static const struct na_native_mapping *step_at(struct na_unwinder *unwinder, const struct na_native_process *process,
					       uint64_t address, struct na_native_step *step)
{
	const struct na_native_mapping *mapping = na_native_mapping_at(process, address);
	struct na_native_object *object = mapping ? na_native_object_of(unwinder, process, &mapping->at) : NULL;

	if (!object || !na_native_object_step(object, address - mapping->at.start + mapping->at.offset, step))
		return NULL;
	return mapping;
}

/*
 * Where a thread or process is started, the C library is in a few instructions of assembly without a table, because
 * the child comes out of them as well: glibc's vfork() has popped its return address into the first argument's
 * register, clone() and clone3() of glibc and musl leave it on the stack's top. False: it is elsewhere.
 */
static bool leave_start(struct na_unwinder *unwinder, const struct na_native_process *process,
			const struct na_native_event *event, struct registers *registers)
{
	const struct na_native_mapping *mapping = na_native_mapping_at(process, registers->instruction);
	struct na_native_step step;
	uint64_t word;

	if ((event->reason != NA_STACK_THREAD && event->reason != NA_STACK_PROCESS) || !mapping || mapping->owner)
		return false;
	if (step_at(unwinder, process, event->argument - 1, &step)) {
		registers->instruction = event->argument;
		return true;
	}
	if (!word_at(event, registers->stack, &word) || !step_at(unwinder, process, word - 1, &step))
		return false;
	registers->instruction = word;
	registers->stack += 8;
	return true;
}

size_t na_unwind(struct na_unwinder *unwinder, const struct na_native_process *process,
		 const struct na_native_event *event, struct na_native_call *calls, size_t max, bool *complete)
{
	struct registers registers = { event->instruction, event->stack, event->frame, true };
	bool left_start = false;
	size_t count = 0;

	*complete = false;
	while (count < max) {
		/* a return address may be the first of the next function, when the call never returns */
		uint64_t address = registers.instruction - (count || left_start ? 1 : 0);
		struct na_native_step step;
		const struct na_native_mapping *mapping = step_at(unwinder, process, address, &step);

		if (!mapping && !count && !left_start) {
			left_start = leave_start(unwinder, process, event, &registers);
			if (left_start)
				continue;
		}
		if (!mapping)
			break;
		calls[count++] = (struct na_native_call){ registers.instruction, mapping, step.evaluates };
		if (step.outermost)
			*complete = true;
		if (step.outermost || !go_up(event, &step, &registers))
			break;
	}
	return count;
}
