/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table over time: bounded whatever happens, whole after any order of events, sound while the real /proc churns.
 */
#include "test_target_root.h"

#include <signal.h>
#include <sys/wait.h>

/* The kernel reports the exec of everyone, but no exit of those that were let go. */
static void test_processes_that_are_let_go_do_not_pile_up(void **state)
{
	struct root *root = root_new(false);
	const struct na_target *last = NULL;

	(void)state;
	put_master(root);
	assert_int_equal(na_targets_scan(root->targets), 0);
	for (uint32_t pid = 1000; pid < 1000 + 3 * NA_RETIRED_KEPT; pid++)
		last = send_exec(root, event(pid, pid, 1, 0, NA_SCOPE_UNDECIDED), "/bin/ls");
	assert_int_equal(last->scope, NA_SCOPE_NONE);
	assert_int_equal(na_targets_count(root->targets), NA_RETIRED_KEPT + 1);
	assert_int_equal(na_targets_in_scope(root->targets), 1);
	assert_null(na_targets_find(root->targets, 1000, 0));
	assert_is(root, 100, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	/* One that was let go comes back, is in nobody's way, and stays. */
	put(root, PROCESS(last->pid, 1, last->pid, "python3", "python3\0odoo-bin"));
	send_exec(root, event(last->pid, last->pid, 1, 0, NA_SCOPE_UNDECIDED), "python3");
	for (uint32_t pid = 20000; pid < 20000 + 2 * NA_RETIRED_KEPT; pid++)
		send_exec(root, event(pid, pid, 1, 0, NA_SCOPE_UNDECIDED), "/bin/ls");
	assert_is(root, 999 + 3 * NA_RETIRED_KEPT, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	assert_null(na_targets_find(root->targets, 998 + 3 * NA_RETIRED_KEPT, 0));
	root_free(root);
}

static void test_an_instance_ends_with_its_last_process(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event exit_event = event(100, 50, 1, 0, NA_SCOPE_ODOO);
	uint32_t instance;

	(void)state;
	put_master(root);
	assert_int_equal(na_targets_scan(root->targets), 0);
	instance = na_targets_on_exit(root->targets, &exit_event)->instance;
	assert_string_equal(na_targets_instance_name(root->targets, instance), "config:/e/a.conf");
	for (uint32_t pid = 1000; pid < 1000 + NA_RETIRED_KEPT; pid++)
		send_exec(root, event(pid, pid, 1, 0, NA_SCOPE_UNDECIDED), "/bin/ls");
	assert_string_equal(na_targets_instance_name(root->targets, instance), "");
	root_free(root);
}

/* More processes than are kept, in a scan that still has to look at each of them. */
static void test_a_scan_of_many_processes_is_bounded_afterwards(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	for (uint32_t pid = 1000; pid < 1000 + NA_RETIRED_KEPT + 100; pid++)
		put(root, PROCESS(pid, 1, pid, "bash", "bash"));
	put(root, PROCESS(60000, 1000, 60000, "python3", "python3\0odoo-bin"));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_int_equal(root->decisions, NA_RETIRED_KEPT + 101);
	assert_int_equal(na_targets_count(root->targets), NA_RETIRED_KEPT + 1);
	assert_is(root, 60000, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	root_free(root);
}

static void fork_once_decided(void *context, const struct na_target *target)
{
	struct root *root = context;
	uint32_t child = target->pid + 1;

	note_decision(root, target);
	if (target->pid >= 100 && target->pid < 103 && !na_targets_find(root->targets, child, 0))
		put(root, PROCESS(child, target->pid, child, "curl", "curl"));
}

/* The child appears after the folder was read and before the kernel knows its parent: no event tells of it. */
static void test_a_child_forked_during_the_scan_is_not_missed(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	root->targets->decide = fork_once_decided;
	put_master(root);
	assert_int_equal(na_targets_scan(root->targets), 0);
	for (uint32_t pid = 101; pid <= 103; pid++) {
		assert_is(root, pid, NA_SCOPE_ODOO, NA_WORKER_SUBPROCESS);
		assert_int_equal(root->decided[pid], NA_SCOPE_ODOO);
	}
	root_free(root);
}

static void test_only_news_are_reported_to_the_kernel(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event child = event(101, 60, 100, 50, NA_SCOPE_ODOO);

	(void)state;
	put_master(root);
	assert_int_equal(na_targets_scan(root->targets), 0);
	root->decisions = 0;
	na_targets_on_fork(root->targets, &child);
	send_exec(root, child, "/usr/bin/curl");
	na_targets_see(root->targets, &child.task);
	na_targets_on_exit(root->targets, &child);
	/* A decision over a process that may be gone would stay in the kernel for the next one of its number. */
	assert_int_equal(root->decisions, 0);
	root_free(root);
}

static void count_scope(void *context, const struct na_target *target)
{
	size_t *counts = context;

	counts[0]++;
	counts[1] += target->scope != NA_SCOPE_NONE;
}

/* Random life: whatever the order, the counters equal the table, and an Odoo's descendant never leaves the scope. */
static void test_random_events_keep_the_table_whole(void **state)
{
	struct root *root = root_new(false);
	unsigned int seed = 20;

	(void)state;
	put_master(root);
	assert_int_equal(na_targets_scan(root->targets), 0);
	for (uint32_t i = 1; i <= 60000; i++) {
		uint32_t pid = 1000 + (uint32_t)rand_r(&seed) % 500;
		const struct na_target *before = na_targets_find(root->targets, pid, 0);
		uint32_t ticks = before ? (uint32_t)(before->start_ns / TICK_NS) : 1000 + i;
		struct na_process_event next = event(pid, ticks, 100, 50, NA_SCOPE_UNDECIDED);
		size_t counts[2] = { 0, 0 };

		switch (rand_r(&seed) % 4) {
		case 0:
			assert_int_equal(na_targets_on_fork(root->targets, &next)->scope, NA_SCOPE_ODOO);
			break;
		case 1:
			assert_int_equal(send_exec(root, next, "/bin/ls")->scope, NA_SCOPE_ODOO);
			break;
		case 2:
			assert_true(na_targets_on_exit(root->targets, &next)->exited);
			break;
		default:
			next.task.start_ns += 500 * TICK_NS * UINT64_C(1000000);
			assert_non_null(na_targets_see(root->targets, &next.task));
		}
		if (i % 1000)
			continue;
		na_targets_each(root->targets, count_scope, counts);
		assert_int_equal(counts[0], na_targets_count(root->targets));
		assert_int_equal(counts[1], na_targets_in_scope(root->targets));
		assert_true(root->targets->retired <= NA_RETIRED_KEPT);
	}
	root_free(root);
}

/* The real /proc while it churns: every process that lives throughout is found, none makes the scan fail. */
static void test_scans_survive_processes_that_vanish(void **state)
{
	pid_t churn = fork();

	(void)state;
	if (churn == 0) {
		for (;;) {
			pid_t child = fork();

			if (child == 0)
				_exit(0);
			waitpid(child, NULL, 0);
		}
	}
	for (int i = 0; i < 20; i++) {
		struct na_targets_options options = { .proc_root = NULL };
		struct na_targets *targets;

		assert_int_equal(na_targets_create(&targets, &options), 0);
		assert_int_equal(na_targets_scan(targets), 0);
		assert_non_null(na_targets_find(targets, (uint32_t)getpid(), 0));
		assert_non_null(na_targets_find(targets, (uint32_t)churn, 0));
		assert_int_equal(na_targets_find(targets, (uint32_t)churn, 0)->parent_pid, getpid());
		na_targets_destroy(targets);
	}
	kill(churn, SIGKILL);
	waitpid(churn, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes_that_are_let_go_do_not_pile_up),
		cmocka_unit_test(test_an_instance_ends_with_its_last_process),
		cmocka_unit_test(test_a_scan_of_many_processes_is_bounded_afterwards),
		cmocka_unit_test(test_a_child_forked_during_the_scan_is_not_missed),
		cmocka_unit_test(test_only_news_are_reported_to_the_kernel),
		cmocka_unit_test(test_random_events_keep_the_table_whole),
		cmocka_unit_test(test_scans_survive_processes_that_vanish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
