/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C stack of this very process, picked apart as the kernel would and followed by call frame information: the same
 * return addresses as the C library's own unwinder finds, whatever else lies on the stack.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/native.h"
#include "target/procfs.h"

#define CALLS 64

struct seen {
	struct na_native_event event;
	void *truth[CALLS];
	int depth;
};

static struct na_native_process *self;
static uint64_t started_ns;
static struct na_native_code code;

static bool is_code(uint64_t word)
{
	for (size_t i = 0; i < code.count; i++)
		if (word >= code.range[i].start && word < code.range[i].end)
			return true;
	return false;
}

/* What the kernel does: registers, and the words that look like addresses of code or of the stack. */
__attribute__((noinline, no_sanitize("address"))) static void look(struct seen *seen, const uint64_t *top)
{
	struct na_native_event *event = &seen->event;
	ucontext_t context;

	assert_int_equal(getcontext(&context), 0);
	seen->depth = backtrace(seen->truth, CALLS);
	event->instruction = (uint64_t)context.uc_mcontext.gregs[REG_RIP];
	event->stack = (uint64_t)context.uc_mcontext.gregs[REG_RSP];
	event->frame = (uint64_t)context.uc_mcontext.gregs[REG_RBP];
	for (const uint64_t *at = (const uint64_t *)event->stack; at < top; at++) {
		uint64_t distance = (uint64_t)at - event->stack;

		if (distance >= NA_NATIVE_STACK_BYTES || event->count == NA_NATIVE_WORDS)
			break;
		if (!is_code(*at) && *at - event->stack >= NA_NATIVE_STACK_BYTES)
			continue;
		event->slot[event->count] = (uint16_t)(distance / 8);
		event->word[event->count++] = *at;
	}
}

/* Frames of several kinds: with room on the stack, with a size only known now, called back by the C library. */
static struct seen *current;
static const uint64_t *current_top;

__attribute__((noinline)) static int compare(const void *a, const void *b)
{
	if (!current->depth)
		look(current, current_top);
	return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static int with_array(size_t count)
{
	int *numbers = __builtin_alloca(count * sizeof(*numbers));

	for (size_t i = 0; i < count; i++)
		numbers[i] = (int)(count - i);
	qsort(numbers, count, sizeof(*numbers), compare);
	return numbers[0];
}

__attribute__((noinline)) static int deep(int left)
{
	volatile char room[100];

	room[0] = (char)left;
	return left ? deep(left - 1) + room[0] : with_array(40) + room[0];
}

/* Leaves return addresses on the stack that nobody will return to. */
__attribute__((noinline)) static int litter(int left)
{
	volatile int room[8];

	room[0] = left;
	return left ? litter(left - 1) + room[0] : room[0];
}

static void *thread(void *argument)
{
	const uint64_t here = 0;

	current = argument;
	current_top = &here;
	(void)litter(60);
	(void)deep(5);
	return NULL;
}

static void follow(const struct na_native_event *event, struct na_native_call *calls, size_t *count, bool *complete)
{
	struct na_unwinder *unwinder;

	assert_int_equal(na_unwinder_create(&unwinder), 0);
	*count = na_unwind(unwinder, self, event, calls, CALLS, complete);
	na_unwinder_destroy(unwinder);
}

__attribute__((unused)) static void test_chain_is_the_one_the_library_finds(void **state)
{
	struct seen seen = { .depth = 0 };
	struct na_native_call calls[CALLS];
	bool complete;
	size_t count;

	(void)state;
	thread(&seen);
	assert_true(seen.depth > 10);
	follow(&seen.event, calls, &count, &complete);
	/* the words end in thread(): look, compare, the sort's own, with_array, deep six times, thread */
	assert_true(count >= 11);
	assert_true(count <= (size_t)seen.depth);
	for (size_t i = 1; i < count; i++)
		assert_ptr_equal((void *)calls[i].address, seen.truth[i]);
	for (size_t i = 0; i < count; i++)
		assert_false(calls[i].evaluates);
}

__attribute__((unused)) static void test_a_missing_word_ends_the_chain(void **state)
{
	struct seen seen = { .depth = 0 };
	struct na_native_call calls[CALLS];
	bool complete;
	size_t count, at = 0;

	(void)state;
	thread(&seen);
	/* the return address from with_array() to deep() is not there */
	while (at < seen.event.count && (void *)seen.event.word[at] != seen.truth[seen.depth > 8 ? 6 : 0])
		at++;
	assert_true(at < seen.event.count);
	memmove(&seen.event.word[at], &seen.event.word[at + 1], (seen.event.count - at - 1) * sizeof(seen.event.word[0]));
	memmove(&seen.event.slot[at], &seen.event.slot[at + 1], (seen.event.count - at - 1) * sizeof(seen.event.slot[0]));
	seen.event.count--;
	follow(&seen.event, calls, &count, &complete);
	assert_false(complete);
	assert_true(count <= 6);
	for (size_t i = 1; i < count; i++)
		assert_ptr_equal((void *)calls[i].address, seen.truth[i]);
}

/* Marsaglia's xorshift: the same every time. */
static uint64_t invent(void)
{
	static uint64_t last = 88172645463325252;

	last ^= last << 13;
	last ^= last >> 7;
	last ^= last << 17;
	return last;
}

static void test_garbage_leads_nowhere(void **state)
{
	struct na_native_event event = { .count = UINT16_MAX };
	struct na_native_call calls[CALLS];
	bool complete;
	size_t count;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		__u64 *words = &event.instruction;

		for (int i = 0; i < 3; i++)
			words[i] = invent() >> invent() % 64;
		if (round % 2)
			event.instruction = (uint64_t)follow;
		for (size_t i = 0; i < NA_NATIVE_WORDS; i++) {
			event.slot[i] = (uint16_t)(round % 3 ? i : invent());
			event.word[i] = round % 5 ? (uint64_t)follow + invent() % 4096 : invent();
		}
		follow(&event, calls, &count, &complete);
		assert_true(count <= CALLS);
	}
}

static void *owner_of_libc(void *context, const char *path)
{
	return strstr(path, "/libc.so") ? context : NULL;
}

__attribute__((unused)) static void test_mappings_have_owners(void **state)
{
	struct na_native_process *process;
	struct seen seen = { .depth = 0 };
	struct na_native_call calls[CALLS];
	struct na_unwinder *unwinder;
	bool complete, sorted = false;
	size_t count;
	int mark;

	(void)state;
	assert_false(na_native_process_owned(self));
	assert_int_equal(na_native_process_read(&process, NULL, (uint32_t)getpid(), started_ns, owner_of_libc, &mark), 0);
	assert_true(na_native_process_owned(process));
	thread(&seen);
	assert_int_equal(na_unwinder_create(&unwinder), 0);
	count = na_unwind(unwinder, process, &seen.event, calls, CALLS, &complete);
	for (size_t i = 0; i < count; i++)
		sorted |= calls[i].mapping->owner == &mark;
	assert_true(sorted);	/* qsort() of the C library was on the stack */
	na_unwinder_destroy(unwinder);
	na_native_process_free(process);
}

static void test_no_process_is_an_error(void **state)
{
	struct na_native_process *process;

	(void)state;
	assert_int_equal(na_native_process_read(&process, NULL, UINT32_MAX, 1, NULL, NULL), -ESRCH);
}

static int set_up(void **state)
{
	int self_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct na_proc_stat stat;

	(void)state;
	if (na_proc_stat(self_fd, &stat))
		return -1;
	close(self_fd);
	started_ns = stat.start_ticks * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
	if (na_native_process_read(&self, NULL, (uint32_t)getpid(), started_ns, NULL, NULL))
		return -1;
	return na_native_process_code(self, &code);
}

static int tear_down(void **state)
{
	(void)state;
	na_native_process_free(self);
	return 0;
}

/* The sanitizer stands between us and backtrace(), with frames of its own, and keeps arrays off the stack. */
#ifdef __SANITIZE_ADDRESS__
#define NEEDS_OWN_STACK(test) cmocka_unit_test(skipped)

static void skipped(void **state)
{
	(void)state;
	print_message("skip: the address sanitizer has frames of its own on the stack\n");
	skip();
}
#else
#define NEEDS_OWN_STACK(test) cmocka_unit_test(test)
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		NEEDS_OWN_STACK(test_chain_is_the_one_the_library_finds),
		NEEDS_OWN_STACK(test_a_missing_word_ends_the_chain),
		NEEDS_OWN_STACK(test_mappings_have_owners),
		cmocka_unit_test(test_garbage_leads_nowhere),
		cmocka_unit_test(test_no_process_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
