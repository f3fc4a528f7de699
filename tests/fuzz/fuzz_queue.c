/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the queue's shared memory as a process at its other end could leave it: every field of the header and every
 * byte of the frames. Neither side may touch memory beyond it, and no frame handed out reaches outside.
 *
 * The queue's memory ends at a page nobody may touch, so that one byte too far is seen.
 */
#include <sys/mman.h>

static void *map_with_guard(void *address, size_t bytes, int protection, int flags, int fd, long offset);
#define mmap map_with_guard
#include "../../src/base/queue.c"
#undef mmap

#include "fuzz.h"

#define CAPACITY HEADER_BYTES

static void *map_with_guard(void *address, size_t bytes, int protection, int flags, int fd, long offset)
{
	uint8_t *memory = mmap(address, bytes + HEADER_BYTES, protection, flags, fd, offset);

	REQUIRE((void *)memory != MAP_FAILED && mprotect(memory + bytes, HEADER_BYTES, PROT_NONE) == 0);
	return memory;
}

/* Small numbers are offsets that could be; large ones could not. */
static uint64_t offset_of(struct fuzz_input *input)
{
	uint16_t near;
	uint64_t far;

	fuzz_take(input, &near, sizeof(near));
	if (near < 4 * CAPACITY)
		return near;
	fuzz_take(input, &far, sizeof(far));
	return far;
}

static void spoil(struct na_queue *queue, struct fuzz_input *input)
{
	uint8_t which = fuzz_byte(input);

	if (which & 1)
		queue->header->head = offset_of(input);
	if (which & 2)
		queue->header->base = offset_of(input);
	if (which & 4)
		queue->header->tail = offset_of(input);
	if (which & 8)
		queue->header->reached = offset_of(input);
	if (which & 16) {
		queue->header->wanted = offset_of(input);
		queue->header->woken = offset_of(input);
	}
	if (which & 32) {
		uint64_t at = offset_of(input) % (CAPACITY - 16);

		fuzz_take(input, queue->data + at, 16);
	}
}

static void put(struct na_queue *queue, struct fuzz_input *input)
{
	static const uint8_t bytes[2 * CAPACITY];
	uint16_t length;

	fuzz_take(input, &length, sizeof(length));
	(void)na_queue_put(queue, bytes, length % sizeof(bytes));
}

static void take_all(struct na_queue *queue)
{
	uint64_t cursor = na_queue_tail(queue);
	const void *bytes;
	uint32_t length;

	for (int i = 0; i < 1024 && na_queue_next(queue, &cursor, &bytes, &length) == 1; i++) {
		REQUIRE((const uint8_t *)bytes >= queue->data);
		REQUIRE((const uint8_t *)bytes + length <= queue->data + CAPACITY);
	}
	na_queue_take(queue, cursor);
	(void)na_queue_used_bytes(queue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	static struct na_queue *queue;

	if (!queue)
		REQUIRE(na_queue_create(&queue, CAPACITY) == 0 && queue);
	memset(queue->header, 0, HEADER_BYTES + CAPACITY);
	while (input.left > 0) {
		switch (fuzz_byte(&input) % 4) {
		case 0:
			spoil(queue, &input);
			break;
		case 1:
			take_all(queue);
			break;
		default:
			put(queue, &input);
		}
	}
	take_all(queue);
	return 0;
}
