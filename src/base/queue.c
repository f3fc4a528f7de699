/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared-memory queue of queue.h.
 *
 * Shared header fields and their only writers:
 *   head, base, woken, refused  the putting process
 *   tail, wanted                the taking process
 * A frame at offset `o` lies at data[(o - base) % capacity]. The writer moves `base` to `head`
 * only while head == tail: no frame exists then, so no reader can be looking at one, and the
 * release store of the next `head` publishes the new base with the frame.
 *
 * Waking: a reader that found nothing raises `wanted`; a writer that sees wanted != woken signals
 * the eventfd and only then notes it in `woken`. A kill between the two costs one extra wake-up,
 * never a missing one; a ticket instead of a flag keeps a late writer from cancelling a newer wish.
 *
 * Either side may be another user: each treats what the other wrote as hostile and checks it.
 */
#include "base/queue.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define CACHE_LINE 64
#define HEADER_BYTES 4096
#define SKIP_LENGTH UINT32_MAX		/* nothing but padding until the end of the memory */
#define KEEP_BYTES (UINT64_C(1) << 20)	/* memory kept after a burst was worked off */
#define GIVE_BACK_BYTES (UINT64_C(1) << 20)	/* taken memory is given back in pieces of about this size */

struct shared_header {
	_Alignas(CACHE_LINE) _Atomic uint64_t head;
	_Atomic uint64_t base;
	_Atomic uint64_t woken;
	_Atomic uint64_t refused;
	_Atomic uint64_t reached;	/* highest data index written since memory was last given back */
	_Alignas(CACHE_LINE) _Atomic uint64_t tail;
	_Atomic uint64_t wanted;
};

struct frame {
	uint32_t length;	/* of `bytes`, or SKIP_LENGTH */
	uint32_t check;
	uint8_t bytes[];
};

_Static_assert(sizeof(struct shared_header) <= HEADER_BYTES, "the header fits its page");
_Static_assert(sizeof(struct frame) == 8, "frames are multiples of 8 bytes");

struct na_queue {
	struct shared_header *header;
	uint8_t *data;
	uint64_t capacity;
	uint64_t given_back;	/* writer only: memory of offsets below this is given back, or in use again */
	int wait_fd;
};

#define load(field) atomic_load_explicit(&(field), memory_order_acquire)
#define store(field, value) atomic_store_explicit(&(field), (value), memory_order_release)

static uint64_t frame_bytes(uint32_t length)
{
	return (sizeof(struct frame) + (uint64_t)length + 7) & ~UINT64_C(7);
}

/*
 * Guards against damaged memory, not against an adversary (who could compute it). The offset is
 * mixed in, so a frame left over from an earlier round is not taken for a new one.
 */
static uint32_t frame_check(uint64_t offset, uint32_t length, const uint8_t *bytes)
{
	const uint64_t multiplier = UINT64_C(0x9e3779b97f4a7c15);	/* 2^64 / golden ratio, odd */
	uint64_t sum = (offset ^ ((uint64_t)length << 32)) * multiplier;
	uint32_t covered = length == SKIP_LENGTH ? 0 : length;

	for (uint32_t at = 0; at < covered; at += 8) {
		uint64_t word = 0;

		memcpy(&word, bytes + at, covered - at < 8 ? covered - at : 8);
		sum = (sum ^ word) * multiplier;
		sum ^= sum >> 32;
	}
	return (uint32_t)(sum ^ sum >> 32);
}

int na_queue_create(struct na_queue **result, size_t capacity_bytes)
{
	struct na_queue *queue;
	size_t capacity;
	void *memory;
	int error;

	if (capacity_bytes == 0 || capacity_bytes > SIZE_MAX / 4)
		return -EINVAL;
	capacity = (capacity_bytes + HEADER_BYTES - 1) / HEADER_BYTES * HEADER_BYTES;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	memory = mmap(NULL, HEADER_BYTES + capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		error = -errno;
		free(queue);
		return error;
	}
	queue->wait_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (queue->wait_fd < 0) {
		error = -errno;
		(void)munmap(memory, HEADER_BYTES + capacity);
		free(queue);
		return error;
	}
	queue->header = memory;
	queue->data = (uint8_t *)memory + HEADER_BYTES;
	queue->capacity = capacity;
	*result = queue;
	return 0;
}

void na_queue_destroy(struct na_queue *queue)
{
	if (!queue)
		return;
	(void)munmap(queue->header, HEADER_BYTES + queue->capacity);
	(void)close(queue->wait_fd);
	free(queue);
}

/* The queue is empty: start again at the front, and give back what a burst had touched. */
static void restart_at_front(struct na_queue *queue, uint64_t head)
{
	struct shared_header *header = queue->header;

	store(header->base, head);
	if (load(header->reached) > KEEP_BYTES) {
		/* Best effort: memory that stays is only memory. */
		(void)madvise(queue->data + KEEP_BYTES, queue->capacity - KEEP_BYTES, MADV_REMOVE);
		store(header->reached, 0);
	}
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * What the reader has taken is given back, so that a queue that is never quite empty keeps few pages too. By the
 * writer, who alone knows that it has not written there again; a reader never looks at what is before the tail.
 */
static void give_back_taken(struct na_queue *queue, uint64_t head, uint64_t tail)
{
	uint64_t base = load(queue->header->base), from = later(queue->given_back, base), start, end;

	if (head - base > queue->capacity)
		from = later(from, head - queue->capacity);	/* older memory holds newer frames */
	if (tail < from || tail - from < GIVE_BACK_BYTES)
		return;
	start = ((from - base) % queue->capacity + HEADER_BYTES - 1) & ~(uint64_t)(HEADER_BYTES - 1);
	end = ((from - base) % queue->capacity + (tail - from)) & ~(uint64_t)(HEADER_BYTES - 1);
	if (end > queue->capacity)
		end = queue->capacity;	/* the rest, at the front, comes next */
	queue->given_back = from - (from - base) % queue->capacity + end;
	if (start < end)
		(void)madvise(queue->data + start, end - start, MADV_REMOVE);
}

static void write_frame(struct na_queue *queue, uint64_t offset, const void *bytes, uint32_t length)
{
	uint64_t index = (offset - load(queue->header->base)) % queue->capacity;
	struct frame *frame = (struct frame *)(queue->data + index);

	frame->length = length;
	frame->check = frame_check(offset, length, bytes);
	if (length != SKIP_LENGTH) {
		memcpy(frame->bytes, bytes, length);
		if (index + frame_bytes(length) > load(queue->header->reached))
			store(queue->header->reached, index + frame_bytes(length));
	}
}

static void wake_reader(struct na_queue *queue)
{
	struct shared_header *header = queue->header;
	uint64_t wanted = atomic_load(&header->wanted);
	static const uint64_t one = 1;

	if (wanted == load(header->woken))
		return;
	/* EAGAIN means the counter is at its maximum: the reader is awake anyway. */
	if (write(queue->wait_fd, &one, sizeof(one)) == (ssize_t)sizeof(one) || errno == EAGAIN)
		store(header->woken, wanted);
}

int na_queue_put(struct na_queue *queue, const void *bytes, uint32_t length)
{
	struct shared_header *header = queue->header;
	uint64_t head = load(header->head), used = head - load(header->tail);
	uint64_t needed = frame_bytes(length), skip = 0, left;

	if (length == SKIP_LENGTH || needed > queue->capacity)
		return -EMSGSIZE;
	if (used > queue->capacity || (head - load(header->base)) % 8 != 0) {
		atomic_fetch_add_explicit(&header->refused, 1, memory_order_relaxed);
		return -EBADMSG;
	}
	if (used == 0)
		restart_at_front(queue, head);
	else
		give_back_taken(queue, head, head - used);
	left = queue->capacity - (head - load(header->base)) % queue->capacity;
	if (left < needed)
		skip = left;
	if (skip + needed > queue->capacity - used) {
		atomic_fetch_add_explicit(&header->refused, 1, memory_order_relaxed);
		wake_reader(queue);
		return -EAGAIN;
	}
	if (skip)
		write_frame(queue, head, NULL, SKIP_LENGTH);
	write_frame(queue, head + skip, bytes, length);
	/* Sequentially consistent, with the load in wake_reader(): either we see the wish or the reader sees the head. */
	atomic_store(&header->head, head + skip + needed);
	wake_reader(queue);
	return 0;
}

uint64_t na_queue_tail(const struct na_queue *queue)
{
	return load(queue->header->tail);
}

/* Nothing there: say that a wake-up is wanted, then look once more. Returns the head seen last. */
static uint64_t want_wake(struct na_queue *queue)
{
	struct shared_header *header = queue->header;
	uint64_t count;

	/* Emptied before the wish, so that a signal for this wish is never the one thrown away. */
	if (read(queue->wait_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return load(header->head);
	atomic_store(&header->wanted, load(header->wanted) + 1);
	return atomic_load(&header->head);
}

/* Reads the frame at `offset` and checks all of it; the length is read once, because it may change. */
static int read_frame(const struct na_queue *queue, uint64_t offset, uint64_t available, const struct frame **found,
		      uint32_t *length)
{
	uint64_t index = (offset - load(queue->header->base)) % queue->capacity;
	const struct frame *frame = (const struct frame *)(queue->data + index);
	uint32_t claimed, check;

	if (index % 8 != 0 || available < sizeof(*frame))
		return -EBADMSG;
	claimed = *(const volatile uint32_t *)&frame->length;
	check = *(const volatile uint32_t *)&frame->check;
	if (claimed != SKIP_LENGTH && (frame_bytes(claimed) > available || frame_bytes(claimed) > queue->capacity - index))
		return -EBADMSG;
	if (check != frame_check(offset, claimed, frame->bytes))
		return -EBADMSG;
	*found = frame;
	*length = claimed;
	return 0;
}

int na_queue_next(struct na_queue *queue, uint64_t *cursor, const void **bytes, uint32_t *length)
{
	uint64_t head = load(queue->header->head), at = *cursor;
	const struct frame *frame;
	int error;

	if (at == head)
		head = want_wake(queue);
	if (at == head)
		return 0;
	if (head - at > queue->capacity)
		return -EBADMSG;
	error = read_frame(queue, at, head - at, &frame, length);
	if (error)
		return error;
	if (*length == SKIP_LENGTH) {
		/* A skip is always published together with the frame after it, which starts at the front. */
		at += queue->capacity - (uint64_t)((const uint8_t *)frame - queue->data);
		if (at >= head || head - at > queue->capacity)
			return -EBADMSG;
		error = read_frame(queue, at, head - at, &frame, length);
		if (error)
			return error;
		if (*length == SKIP_LENGTH)
			return -EBADMSG;
	}
	*bytes = frame->bytes;
	*cursor = at + frame_bytes(*length);
	return 1;
}

void na_queue_take(struct na_queue *queue, uint64_t cursor)
{
	store(queue->header->tail, cursor);
}

int na_queue_wait_fd(const struct na_queue *queue)
{
	return queue->wait_fd;
}

uint64_t na_queue_used_bytes(const struct na_queue *queue)
{
	uint64_t tail = load(queue->header->tail);

	return load(queue->header->head) - tail;
}

uint64_t na_queue_refused(const struct na_queue *queue)
{
	return load(queue->header->refused);
}
