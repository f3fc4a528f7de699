/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the queue promises: order, bounds, wake-ups, and a valid queue whichever side is killed when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/queue.h"

#define FRAME_OVERHEAD 8
#define PAGE 4096

static struct na_queue *new_queue(size_t capacity)
{
	struct na_queue *queue = NULL;

	assert_int_equal(na_queue_create(&queue, capacity), 0);
	return queue;
}

static int readable(const struct na_queue *queue)
{
	struct pollfd wait = { .fd = na_queue_wait_fd(queue), .events = POLLIN };

	return poll(&wait, 1, 0);
}

/* The content of message `number`: its length and every byte follow from the number. */
static uint32_t message(uint64_t number, uint8_t *out)
{
	uint32_t length = (uint32_t)(8 + number * 2654435761u % 600);

	memcpy(out, &number, sizeof(number));
	for (uint32_t at = 8; at < length; at++)
		out[at] = (uint8_t)(number * 31 + at);
	return length;
}

static void expect_message(const void *bytes, uint32_t length, uint64_t number)
{
	uint8_t expected[1024];

	assert_int_equal(length, message(number, expected));
	assert_memory_equal(bytes, expected, length);
}

static void test_empty_queue_has_nothing(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint64_t cursor = na_queue_tail(queue);
	const void *bytes;
	uint32_t length;

	(void)state;
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 0);
	assert_int_equal(na_queue_used_bytes(queue), 0);
	na_queue_destroy(queue);
}

static void test_messages_of_every_length_arrive_in_order(void **state)
{
	struct na_queue *queue = new_queue(3 * PAGE);
	uint64_t cursor = na_queue_tail(queue), taken = 0, put = 0;
	uint8_t text[1024];
	const void *bytes;
	uint32_t length;

	(void)state;
	while (taken < 20000) {
		while (na_queue_put(queue, text, message(put, text)) == 0)
			put++;
		/* Leaves some behind each round, so that the end of memory is crossed at many places. */
		for (uint64_t stop = put - taken % 7; taken < stop; taken++) {
			assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
			expect_message(bytes, length, taken);
		}
		na_queue_take(queue, cursor);
	}
	assert_true(na_queue_refused(queue) > 0);
	na_queue_destroy(queue);
}

static void test_empty_message_is_a_message(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint64_t cursor = na_queue_tail(queue);
	const void *bytes;
	uint32_t length = 99;

	(void)state;
	assert_int_equal(na_queue_put(queue, "", 0), 0);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
	assert_int_equal(length, 0);
	na_queue_destroy(queue);
}

static void test_full_queue_refuses_and_counts(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint8_t text[PAGE] = { 0 };

	(void)state;
	assert_int_equal(na_queue_put(queue, text, PAGE - FRAME_OVERHEAD), 0);
	assert_int_equal(na_queue_used_bytes(queue), PAGE);
	assert_int_equal(na_queue_put(queue, text, 1), -EAGAIN);
	assert_int_equal(na_queue_put(queue, text, 1), -EAGAIN);
	assert_int_equal(na_queue_refused(queue), 2);
	na_queue_destroy(queue);
}

static void test_too_long_is_told_apart_from_full(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint8_t text[PAGE] = { 0 };

	(void)state;
	assert_int_equal(na_queue_put(queue, text, PAGE - FRAME_OVERHEAD + 1), -EMSGSIZE);
	assert_int_equal(na_queue_put(queue, text, UINT32_MAX), -EMSGSIZE);
	assert_int_equal(na_queue_refused(queue), 0);
	na_queue_destroy(queue);
}

static void test_longest_message_fits_whenever_the_queue_is_empty(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint8_t text[PAGE] = { 0 };
	uint64_t cursor = na_queue_tail(queue);
	const void *bytes;
	uint32_t length;

	(void)state;
	for (uint32_t first = 1; first < 400; first++) {
		assert_int_equal(na_queue_put(queue, text, first), 0);
		assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
		na_queue_take(queue, cursor);
		assert_int_equal(na_queue_put(queue, text, PAGE - FRAME_OVERHEAD), 0);
		assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
		assert_int_equal(length, PAGE - FRAME_OVERHEAD);
		na_queue_take(queue, cursor);
	}
	na_queue_destroy(queue);
}

static void test_untaken_messages_are_there_for_the_next_reader(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint64_t cursor = na_queue_tail(queue);
	uint8_t text[1024];
	const void *bytes;
	uint32_t length;

	(void)state;
	for (uint64_t number = 0; number < 3; number++)
		assert_int_equal(na_queue_put(queue, text, message(number, text)), 0);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
	na_queue_take(queue, cursor);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);	/* read, not taken */
	cursor = na_queue_tail(queue);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
	expect_message(bytes, length, 1);
	na_queue_destroy(queue);
}

static void test_reader_is_woken_once_per_wish(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint64_t cursor = na_queue_tail(queue);
	const void *bytes;
	uint32_t length;

	(void)state;
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 0);
	assert_int_equal(readable(queue), 0);
	assert_int_equal(na_queue_put(queue, "a", 1), 0);
	assert_int_equal(readable(queue), 1);
	assert_int_equal(na_queue_put(queue, "b", 1), 0);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 0);
	assert_int_equal(readable(queue), 0);
	na_queue_take(queue, cursor);
	assert_int_equal(na_queue_put(queue, "c", 1), 0);
	assert_int_equal(readable(queue), 1);
	na_queue_destroy(queue);
}

static void test_damaged_frames_are_refused(void **state)
{
	/* Offsets from the first content byte: length, check, first and last content byte. */
	static const int offsets[] = { -8, -7, -5, -4, -1, 0, 99 };

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct na_queue *queue = new_queue(PAGE);
		uint64_t cursor = na_queue_tail(queue);
		uint8_t text[100] = "what was written";
		const void *bytes;
		uint32_t length;

		assert_int_equal(na_queue_put(queue, text, sizeof(text)), 0);
		assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
		((uint8_t *)(uintptr_t)bytes)[offsets[i]] ^= 0x40;
		cursor = na_queue_tail(queue);
		assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), -EBADMSG);
		assert_int_equal(cursor, na_queue_tail(queue));
		na_queue_destroy(queue);
	}
}

static void test_offsets_that_cannot_be_are_refused(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint64_t cursor = na_queue_tail(queue) - 8;
	const void *bytes;
	uint32_t length;

	(void)state;
	assert_int_equal(na_queue_put(queue, "x", 1), 0);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), -EBADMSG);
	cursor = 1 << 20;
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), -EBADMSG);
	/* A reader that claims to have taken what was never written must not make the writer overwrite. */
	na_queue_take(queue, 1 << 20);
	assert_int_equal(na_queue_put(queue, "y", 1), -EBADMSG);
	na_queue_destroy(queue);
}

/* The header is the page before the first frame, and `head` is its first field: see queue.c. */
static void test_a_head_that_cannot_be_is_refused_by_the_writer(void **state)
{
	struct na_queue *queue = new_queue(PAGE);
	uint64_t cursor = na_queue_tail(queue);
	const void *bytes;
	uint32_t length;

	(void)state;
	assert_int_equal(na_queue_put(queue, "x", 1), 0);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
	*(uint64_t *)((uintptr_t)bytes - 8 - PAGE) += 3;
	assert_int_equal(na_queue_put(queue, "y", 1), -EBADMSG);
	assert_int_equal(na_queue_refused(queue), 1);
	na_queue_destroy(queue);
}

/* Each process's progress, and what it expects next, survives it here. */
struct progress {
	volatile uint64_t next_put;	/* written by the writer after its put */
	volatile uint64_t taken;	/* by the reader just before its take */
	volatile uint64_t failed;
};

static void pause_briefly(uint64_t number)
{
	if (number % 64 == 0)
		(void)sched_yield();
}

static void writer(struct na_queue *queue, struct progress *progress)
{
	uint8_t text[1024];

	/* A kill between put and the note repeats one number; the reader allows exactly that. */
	for (uint64_t number = progress->next_put;; number++) {
		uint32_t length = message(number, text);

		while (na_queue_put(queue, text, length) == -EAGAIN)
			(void)sched_yield();
		progress->next_put = number + 1;
		pause_briefly(number);
	}
}

/* Returns the number the message at hand holds, or UINT64_MAX when its content is not as written. */
static uint64_t check_message(const void *bytes, uint32_t length)
{
	uint8_t expected[1024];
	uint64_t number;

	if (length < sizeof(number))
		return UINT64_MAX;
	memcpy(&number, bytes, sizeof(number));
	if (message(number, expected) != length || memcmp(bytes, expected, length) != 0)
		return UINT64_MAX;
	return number;
}

/* Reads batches; `taken` counts messages done with, so that a repeat after a kill is recognised. */
static void reader(struct na_queue *queue, struct progress *progress)
{
	uint64_t cursor = na_queue_tail(queue), expected = progress->taken;
	int unsure = 1;	/* killed between note and take, the first batch may repeat up to a batch */

	for (;;) {
		struct pollfd wait = { .fd = na_queue_wait_fd(queue), .events = POLLIN };
		const void *bytes;
		uint32_t length;
		int batch = 0, got = 0;

		while (batch < 50 && (got = na_queue_next(queue, &cursor, &bytes, &length)) == 1) {
			uint64_t number = check_message(bytes, length);

			if (number == UINT64_MAX || number > expected || (number + 1 < expected && !unsure)) {
				progress->failed = 1;
				return;
			}
			/* number + 1 == expected: the writer was killed before it noted its put. */
			if (number == expected)
				unsure = 0;
			expected = number + 1;
			batch++;
		}
		if (got < 0) {
			progress->failed = 2;
			return;
		}
		progress->taken = expected;
		na_queue_take(queue, cursor);
		if (batch == 0)
			(void)poll(&wait, 1, -1);
	}
}

static pid_t start(void (*run)(struct na_queue *, struct progress *), struct na_queue *queue, struct progress *progress)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		run(queue, progress);
		_exit(0);
	}
	return pid;
}

static void kill_and_reap(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_killing_either_side_at_any_moment_loses_and_tears_nothing(void **state)
{
	struct na_queue *queue = new_queue(4 * PAGE);
	struct progress *progress = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t writing, reading;
	struct timespec step = { .tv_nsec = 100000 };

	(void)state;
	assert_ptr_not_equal(progress, MAP_FAILED);
	srandom(20240607);
	writing = start(writer, queue, progress);
	reading = start(reader, queue, progress);
	for (int round = 0; round < 400 && !progress->failed; round++) {
		uint64_t before = progress->taken;
		long choice = random() % 3;

		step.tv_nsec = random() % 2000000;
		nanosleep(&step, NULL);
		if (choice != 0) {
			kill_and_reap(writing);
			writing = start(writer, queue, progress);
		}
		if (choice != 1) {
			kill_and_reap(reading);
			reading = start(reader, queue, progress);
		}
		/* Both sides work again after every kill: neither waits for a wake-up that was lost. */
		step.tv_nsec = 100000;
		for (int wait = 0; progress->taken == before && !progress->failed; wait++) {
			assert_true(wait < 300000);
			nanosleep(&step, NULL);
		}
	}
	kill_and_reap(writing);
	kill_and_reap(reading);
	assert_int_equal(progress->failed, 0);
	assert_true(progress->taken > 0);
	(void)munmap(progress, PAGE);
	na_queue_destroy(queue);
}

static void test_memory_of_a_burst_is_given_back(void **state)
{
	const size_t capacity = 16u << 20;
	struct na_queue *queue = new_queue(capacity);
	uint64_t cursor = na_queue_tail(queue);
	uint8_t text[4088] = { 1 };
	unsigned char resident;
	const void *bytes, *last = NULL;
	uint32_t length;

	(void)state;
	while (na_queue_put(queue, text, sizeof(text)) == 0)
		;
	while (na_queue_next(queue, &cursor, &bytes, &length) == 1)
		last = bytes;
	assert_non_null(last);
	na_queue_take(queue, cursor);
	last = (const void *)((uintptr_t)last & ~(uintptr_t)(PAGE - 1));
	assert_int_equal(mincore((void *)(uintptr_t)last, PAGE, &resident), 0);
	assert_int_equal(resident & 1, 1);
	assert_int_equal(na_queue_put(queue, text, 1), 0);
	assert_int_equal(mincore((void *)(uintptr_t)last, PAGE, &resident), 0);
	assert_int_equal(resident & 1, 0);
	assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
	assert_int_equal(length, 1);
	na_queue_destroy(queue);
}

/* How many pages of the queue's memory hold something, found from where a message of it lies. */
static size_t resident_pages(const void *lowest, size_t capacity)
{
	static unsigned char resident[(16u << 20) / PAGE];
	const uintptr_t start = (uintptr_t)lowest & ~(uintptr_t)(PAGE - 1);
	size_t count = 0;

	assert_true(capacity <= sizeof(resident) * PAGE);
	assert_int_equal(mincore((void *)start, capacity, resident), 0);
	for (size_t page = 0; page < capacity / PAGE; page++)
		count += resident[page] & 1;
	return count;
}

static void test_a_queue_that_is_never_empty_keeps_few_pages_and_every_message(void **state)
{
	enum { CAPACITY = 16 << 20, WAITING = 300, MESSAGES = 200000 };	/* about 62 MB: several times round */
	struct na_queue *queue = new_queue(CAPACITY);
	uint64_t cursor = na_queue_tail(queue), taken = 0;
	const void *bytes, *lowest = NULL;
	uint8_t text[1024];
	uint32_t length;

	(void)state;
	for (uint64_t put = 0; put < MESSAGES; put++) {
		assert_int_equal(na_queue_put(queue, text, message(put, text)), 0);
		if (put < WAITING)
			continue;
		assert_int_equal(na_queue_next(queue, &cursor, &bytes, &length), 1);
		expect_message(bytes, length, taken++);
		na_queue_take(queue, cursor);
		if (!lowest)
			lowest = bytes;
	}
	assert_true(resident_pages(lowest, CAPACITY) * PAGE <= 3u << 20);
	na_queue_destroy(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_queue_has_nothing),
		cmocka_unit_test(test_messages_of_every_length_arrive_in_order),
		cmocka_unit_test(test_empty_message_is_a_message),
		cmocka_unit_test(test_full_queue_refuses_and_counts),
		cmocka_unit_test(test_too_long_is_told_apart_from_full),
		cmocka_unit_test(test_longest_message_fits_whenever_the_queue_is_empty),
		cmocka_unit_test(test_untaken_messages_are_there_for_the_next_reader),
		cmocka_unit_test(test_reader_is_woken_once_per_wish),
		cmocka_unit_test(test_damaged_frames_are_refused),
		cmocka_unit_test(test_offsets_that_cannot_be_are_refused),
		cmocka_unit_test(test_a_head_that_cannot_be_is_refused_by_the_writer),
		cmocka_unit_test(test_killing_either_side_at_any_moment_loses_and_tears_nothing),
		cmocka_unit_test(test_memory_of_a_burst_is_given_back),
		cmocka_unit_test(test_a_queue_that_is_never_empty_keeps_few_pages_and_every_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
