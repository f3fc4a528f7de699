/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the kernel is told what a process has of code: this very process's stacks, with numbers of pages made up. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "attribute/native.h"
#include "target/addons.h"
#include "target/procfs.h"

struct fixture {
	struct na_addons *addons;
	struct na_natives *natives;
	struct na_native_view view;
	struct na_stack_event stack;
	struct na_native_code told;
	int times;
};

static int note(void *context, uint32_t pid, const struct na_native_code *code)
{
	struct fixture *fixture = context;

	assert_int_equal(pid, getpid());
	fixture->told = *code;
	fixture->times++;
	return 0;
}

static size_t see(struct fixture *fixture, uint64_t code_pages)
{
	struct na_native_place places[NA_NATIVE_PLACES];
	size_t count;

	fixture->stack.code_pages = code_pages;
	count = na_natives_of_stack(fixture->natives, &fixture->view, "instance", &fixture->stack, places,
				    NA_NATIVE_PLACES);
	if (count) {
		assert_int_equal(count, 1);
		assert_int_equal(places[0].before, 0);
		assert_null(places[0].addon);
	}
	return count;
}

/* The C stack that the kernel sends before, of the same occasion. */
static void see_native(struct fixture *fixture, bool unlisted)
{
	struct na_native_event event = { .thread_start_ns = fixture->stack.thread_start_ns, .unlisted = unlisted };

	event.task = fixture->stack.task;
	event.reason = fixture->stack.reason;
	na_natives_on_native(fixture->natives, &event);
}

static void test_told_once_for_each_number_of_pages(void **state)
{
	struct fixture *fixture = *state;

	see_native(fixture, true);
	assert_int_equal(see(fixture, 100), 0);
	assert_int_equal(fixture->times, 1);
	assert_int_equal(fixture->told.code_pages, 100);
	assert_int_equal(fixture->told.start_ns, fixture->stack.task.start_ns);
	assert_int_equal(fixture->told.count, 0);	/* nothing of an add-on: C stacks are not wanted */
	assert_int_equal(see(fixture, 100), 0);
	assert_int_equal(fixture->times, 1);
	see_native(fixture, true);
	assert_int_equal(see(fixture, 101), 0);
	assert_int_equal(fixture->times, 2);
	assert_int_equal(fixture->told.code_pages, 101);
}

/* A clone made before the kernel was told, or an entry that had no room. */
static void test_told_again_when_the_kernel_does_not_know(void **state)
{
	struct fixture *fixture = *state;

	see_native(fixture, true);
	assert_int_equal(see(fixture, 100), 0);
	see_native(fixture, true);
	assert_int_equal(see(fixture, 100), 0);
	assert_int_equal(fixture->times, 2);
	assert_int_equal(fixture->told.code_pages, 100);
	see_native(fixture, false);
	assert_int_equal(see(fixture, 100), 0);
	assert_int_equal(fixture->times, 2);
}

static void test_a_process_that_is_gone_is_not_told_of(void **state)
{
	struct fixture *fixture = *state;

	fixture->stack.task.start_ns -= UINT64_C(1000000000);	/* its number is ours now */
	see_native(fixture, true);
	assert_int_equal(see(fixture, 100), 0);
	assert_int_equal(fixture->times, 0);
	assert_null(fixture->view.process);
}

static int set_up(void **state)
{
	static struct fixture own;
	struct fixture *fixture = &own;
	int self_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct na_proc_stat stat;

	memset(fixture, 0, sizeof(*fixture));
	if (na_proc_stat(self_fd, &stat))
		return -1;
	close(self_fd);
	fixture->stack.task.pid = fixture->stack.task.tid = (uint32_t)getpid();
	fixture->stack.task.start_ns = stat.start_ticks * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
	fixture->stack.reason = NA_STACK_CONNECT;
	if (na_addons_create(&fixture->addons, NULL) ||
	    na_natives_create(&fixture->natives,
			      &(struct na_natives_options){ fixture->addons, note, fixture }))
		return -1;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	na_native_view_clear(&fixture->view);
	na_natives_destroy(fixture->natives);
	na_addons_destroy(fixture->addons);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_told_once_for_each_number_of_pages),
		TEST(test_told_again_when_the_kernel_does_not_know),
		TEST(test_a_process_that_is_gone_is_not_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
