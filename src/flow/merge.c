// SPDX-License-Identifier: GPL-2.0-or-later
/* A binary heap of event slots, oldest first; equal times keep their order of arrival. */
#include "flow/merge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

union small {
	struct na_flow_event flow;
	struct na_unix_event unix_connect;
	struct na_process_event process;
};

union large {
	struct na_code_event code;
	struct na_stack_event stack;
	struct na_message_event message;
};

/* Stacks are seven times as large as most events: sizes of their own keep a backlog of connects small. */
enum size { SMALL, LARGE, LARGEST, SIZES };

static const size_t slot_bytes[SIZES] = {
	[SMALL] = sizeof(union small),
	[LARGE] = sizeof(union large),
	[LARGEST] = sizeof(struct na_native_event),
};

union slot {
	struct na_event_header header;
	union slot *next_free;
};

struct entry {
	uint64_t time_ns;
	uint64_t arrival;
	union slot *slot;
};

struct na_merge {
	struct entry *heap;
	size_t used, capacity;
	uint64_t arrivals;
	union slot *free_slots[SIZES];
	union slot *handed_out;
};

static enum size size_of(uint32_t bytes)
{
	enum size size = SMALL;

	while (size < LARGEST && bytes > slot_bytes[size])
		size++;
	return size;
}

int na_merge_create(struct na_merge **merge)
{
	*merge = calloc(1, sizeof(**merge));
	return *merge ? 0 : -ENOMEM;
}

void na_merge_destroy(struct na_merge *merge)
{
	if (!merge)
		return;
	for (size_t i = 0; i < merge->used; i++)
		free(merge->heap[i].slot);
	free(merge->handed_out);
	for (int size = 0; size < SIZES; size++) {
		while (merge->free_slots[size]) {
			union slot *slot = merge->free_slots[size];

			merge->free_slots[size] = slot->next_free;
			free(slot);
		}
	}
	free(merge->heap);
	free(merge);
}

static int older(const struct entry *a, const struct entry *b)
{
	return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->arrival < b->arrival;
}

static union slot *take_slot(struct na_merge *merge, enum size size)
{
	union slot *slot = merge->free_slots[size];

	if (!slot)
		return malloc(slot_bytes[size]);
	merge->free_slots[size] = slot->next_free;
	return slot;
}

static int make_room(struct na_merge *merge)
{
	size_t capacity = merge->capacity ? 2 * merge->capacity : 256;
	struct entry *heap;

	if (merge->used < merge->capacity)
		return 0;
	heap = realloc(merge->heap, capacity * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	merge->heap = heap;
	merge->capacity = capacity;
	return 0;
}

int na_merge_add(struct na_merge *merge, const struct na_event_header *event)
{
	bool fits = event->size <= slot_bytes[LARGEST] && !make_room(merge);
	union slot *slot = fits ? take_slot(merge, size_of(event->size)) : NULL;
	struct entry added;
	size_t at = merge->used;

	if (!slot)
		return -ENOMEM;
	memcpy(slot, event, event->size);
	added = (struct entry){ event->time_ns, merge->arrivals++, slot };
	merge->used++;
	while (at && older(&added, &merge->heap[(at - 1) / 2])) {
		merge->heap[at] = merge->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	merge->heap[at] = added;
	return 0;
}

static void remove_oldest(struct na_merge *merge)
{
	struct entry moved = merge->heap[--merge->used];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < merge->used) {
		if (child + 1 < merge->used && older(&merge->heap[child + 1], &merge->heap[child]))
			child++;
		if (!older(&merge->heap[child], &moved))
			break;
		merge->heap[at] = merge->heap[child];
		at = child;
	}
	merge->heap[at] = moved;
}

const struct na_event_header *na_merge_next(struct na_merge *merge, uint64_t until_ns)
{
	if (merge->handed_out) {
		enum size size = size_of(merge->handed_out->header.size);

		merge->handed_out->next_free = merge->free_slots[size];
		merge->free_slots[size] = merge->handed_out;
		merge->handed_out = NULL;
	}
	if (!merge->used || merge->heap[0].time_ns > until_ns)
		return NULL;
	merge->handed_out = merge->heap[0].slot;
	remove_oldest(merge);
	return &merge->handed_out->header;
}

size_t na_merge_held(const struct na_merge *merge)
{
	return merge->used;
}
