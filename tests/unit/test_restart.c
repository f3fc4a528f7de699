/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The restart rules: who is started again, how soon, and when the daemon gives up with which code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "base/clock.h"
#include "daemon/exit_codes.h"
#include "daemon/restart.h"
#include "journal/process.h"
#include "signer/signer.h"

#define EXITED(status) ((status) << 8)	/* as wait(2) encodes it on Linux */

static void test_a_worker_that_was_ready_starts_at_once(void **state)
{
	struct na_restart_state restarts = { 0 };
	struct na_restart_decision decision;

	(void)state;
	decision = na_restart_decide(&restarts, NA_OBSERVER, SIGSEGV, true, 60 * NA_NS_PER_SECOND);
	assert_false(decision.give_up);
	assert_int_equal(decision.delay_ns, 0);
	decision = na_restart_decide(&restarts, NA_OBSERVER, SIGSEGV, true, NA_NS_PER_MS);
	assert_int_equal(decision.delay_ns, 100 * NA_NS_PER_MS);
}

static void test_failing_at_start_backs_off_and_gives_up_the_fifth_time(void **state)
{
	static const uint64_t delays_ms[] = { 0, 100, 400, 1600 };
	struct na_restart_state restarts = { 0 };
	struct na_restart_decision decision;

	(void)state;
	for (int i = 0; i < NA_RESTART_ATTEMPTS - 1; i++) {
		decision = na_restart_decide(&restarts, NA_OBSERVER, EXITED(1), false, 0);
		assert_false(decision.give_up);
		assert_int_equal(decision.delay_ns, delays_ms[i] * NA_NS_PER_MS);
	}
	decision = na_restart_decide(&restarts, NA_OBSERVER, EXITED(1), false, 0);
	assert_true(decision.give_up);
	assert_false(decision.explained);
	assert_int_equal(decision.exit_code, NA_EXIT_INTERNAL);
}

static void test_being_ready_once_forgives_what_was_before(void **state)
{
	struct na_restart_state restarts = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_false(na_restart_decide(&restarts, NA_SIGNER, SIGABRT, i % 4 == 3, 0).give_up);
}

static void test_kills_never_make_the_daemon_give_up(void **state)
{
	struct na_restart_state restarts = { 0 };
	struct na_restart_decision decision;

	(void)state;
	for (int i = 0; i < 100; i++) {
		decision = na_restart_decide(&restarts, NA_JOURNAL, SIGKILL, false, 0);
		assert_false(decision.give_up);
		assert_true(decision.delay_ns <= 5 * NA_NS_PER_SECOND);
	}
	assert_int_equal(decision.delay_ns, 5 * NA_NS_PER_SECOND);
}

static void test_a_refusal_is_final_and_explained_by_itself(void **state)
{
	struct na_restart_state restarts = { 0 };
	struct na_restart_decision decision;

	(void)state;
	decision = na_restart_decide(&restarts, NA_JOURNAL, EXITED(NA_JOURNAL_EXIT_REFUSED), false, 0);
	assert_true(decision.give_up && decision.explained);
	assert_int_equal(decision.exit_code, NA_EXIT_FOREIGN);
	decision = na_restart_decide(&restarts, NA_SIGNER, EXITED(NA_SIGNER_EXIT_REFUSED), false, 0);
	assert_true(decision.give_up && decision.explained);
	assert_int_equal(decision.exit_code, NA_EXIT_FOREIGN);
}

static void test_a_full_disk_ends_the_start_but_not_a_running_daemon(void **state)
{
	struct na_restart_state restarts = { 0 };
	struct na_restart_decision decision = { 0 };

	(void)state;
	for (int i = 0; i < NA_RESTART_ATTEMPTS; i++)
		decision = na_restart_decide(&restarts, NA_JOURNAL, EXITED(NA_JOURNAL_EXIT_IO), false, 0);
	assert_true(decision.give_up);
	assert_int_equal(decision.exit_code, NA_EXIT_IO);
	restarts = (struct na_restart_state){ 0 };
	(void)na_restart_decide(&restarts, NA_JOURNAL, EXITED(NA_JOURNAL_EXIT_IO), true, NA_NS_PER_SECOND);
	for (int i = 0; i < 1000; i++)
		assert_false(na_restart_decide(&restarts, NA_JOURNAL, EXITED(NA_JOURNAL_EXIT_IO), false, 0).give_up);
}

static void test_a_tail_that_does_not_verify_has_its_own_code(void **state)
{
	struct na_restart_state restarts = { 0 };
	struct na_restart_decision decision = { 0 };

	(void)state;
	for (int i = 0; i < NA_RESTART_ATTEMPTS; i++)
		decision = na_restart_decide(&restarts, NA_JOURNAL, EXITED(NA_JOURNAL_EXIT_TAIL), false, 0);
	assert_true(decision.give_up);
	assert_int_equal(decision.exit_code, NA_EXIT_TAIL);
}

static void test_the_signers_end_is_not_the_journals_fault(void **state)
{
	struct na_restart_state restarts = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_false(na_restart_decide(&restarts, NA_JOURNAL, EXITED(NA_JOURNAL_EXIT_SIGNER), false, 0).give_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_worker_that_was_ready_starts_at_once),
		cmocka_unit_test(test_failing_at_start_backs_off_and_gives_up_the_fifth_time),
		cmocka_unit_test(test_being_ready_once_forgives_what_was_before),
		cmocka_unit_test(test_kills_never_make_the_daemon_give_up),
		cmocka_unit_test(test_a_refusal_is_final_and_explained_by_itself),
		cmocka_unit_test(test_a_full_disk_ends_the_start_but_not_a_running_daemon),
		cmocka_unit_test(test_a_tail_that_does_not_verify_has_its_own_code),
		cmocka_unit_test(test_the_signers_end_is_not_the_journals_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
