/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is audited: scans and process events over a fabricated /proc.
 */
#include "test_target_root.h"

static void test_scan_names_every_process_of_a_prefork_odoo(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	put(root, PROCESS(1, 0, 1, "systemd", "/sbin/init"));
	put_master(root);
	put(root, PROCESS(101, 100, 60, "python3.11", "odoo: WorkerHTTP 101 ", .flags = CLONED));
	put(root, PROCESS(102, 100, 60, "python3.11", "odoo: WorkerCron 102 db", .flags = CLONED));
	put(root, PROCESS(103, 100, 61, "python3.11", "python3\0odoo-bin\0gevent"));
	put(root, PROCESS(104, 101, 70, "wkhtmltopdf", "wkhtmltopdf\0a\0b"));
	put(root, PROCESS(105, 104, 71, "dash", "sh\0-c\0curl"));
	put(root, PROCESS(106, 101, 72, "python3.11", MASTER_COMMAND, .flags = CLONED));
	put(root, PROCESS(200, 1, 80, "psql", "psql\0-U\0odoo"));
	put(root, PROCESS(201, 1, 80, "python3.11", "python3\0foo.py\0odoo"));
	put(root, PROCESS(202, 1, 80, "python3.11 (deleted)", "python3\0odoo-bin\0shell"));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_is(root, 100, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	assert_is(root, 101, NA_SCOPE_ODOO, NA_WORKER_HTTP);
	assert_is(root, 102, NA_SCOPE_ODOO, NA_WORKER_CRON);
	assert_is(root, 103, NA_SCOPE_ODOO, NA_WORKER_GEVENT);
	assert_is(root, 104, NA_SCOPE_ODOO, NA_WORKER_SUBPROCESS);
	assert_is(root, 105, NA_SCOPE_ODOO, NA_WORKER_SUBPROCESS);
	assert_is(root, 106, NA_SCOPE_ODOO, NA_WORKER_SUBPROCESS);
	assert_is(root, 1, NA_SCOPE_NONE, NA_WORKER_NONE);
	assert_is(root, 200, NA_SCOPE_NONE, NA_WORKER_NONE);
	assert_is(root, 201, NA_SCOPE_NONE, NA_WORKER_NONE);
	assert_is(root, 202, NA_SCOPE_ODOO, NA_WORKER_SHELL);
	assert_int_equal(root->decisions, 11);
	assert_int_equal(root->decided[105], NA_SCOPE_ODOO);
	assert_int_equal(na_targets_in_scope(root->targets), 8);
	assert_string_equal(na_targets_find(root->targets, 100, 0)->comm, "a) b (c");
	assert_string_equal(na_targets_find(root->targets, 202, 0)->exe_name, "python3.11");
	root_free(root);
}

static void test_a_child_that_sorts_before_its_parent_is_still_found(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	put_master(root);
	put(root, PROCESS(99, 100, 50, "curl", "curl"));
	put(root, PROCESS(98, 99, 50, "curl", "curl"));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_is(root, 99, NA_SCOPE_ODOO, NA_WORKER_SUBPROCESS);
	assert_is(root, 98, NA_SCOPE_ODOO, NA_WORKER_SUBPROCESS);
	root_free(root);
}

static void test_orphaned_workers_stay_audited(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	put(root, PROCESS(101, 1, 60, "python3.11", "odoo: WorkerHTTP 101", .flags = CLONED));
	put(root, PROCESS(102, 1, 60, "python3.11", MASTER_COMMAND, .flags = CLONED));
	put(root, PROCESS(103, 1, 60, "bash", "odoo: WorkerHTTP 103", .flags = CLONED));
	put(root, PROCESS(104, 1, 60, "python3.11", "odoo: WorkerHTTP 104"));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_is(root, 101, NA_SCOPE_ODOO, NA_WORKER_HTTP);
	assert_is(root, 102, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
	assert_is(root, 103, NA_SCOPE_NONE, NA_WORKER_NONE);
	assert_is(root, 104, NA_SCOPE_NONE, NA_WORKER_NONE);
	root_free(root);
}

static void test_events_follow_fork_exec_and_exit(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event fork_event = event(101, 60, 100, 50, NA_SCOPE_UNDECIDED);
	struct na_process_event exit_event = event(101, 60, 100, 50, NA_SCOPE_ODOO);

	(void)state;
	put_master(root);
	send_exec(root, event(100, 50, 1, 0, NA_SCOPE_UNDECIDED), "/opt/odoo/odoo-bin");
	assert_int_equal(root->decided[100], NA_SCOPE_ODOO);
	assert_is(root, 100, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	/* Forked before the decision reached the kernel: the child has to be told too. */
	na_targets_on_fork(root->targets, &fork_event);
	assert_int_equal(root->decided[101], NA_SCOPE_ODOO);
	assert_is(root, 101, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
	/* Its exec is seen when it is long gone. */
	send_exec(root, event(101, 60, 100, 50, NA_SCOPE_UNDECIDED), "/usr/bin/curl");
	assert_is(root, 101, NA_SCOPE_ODOO, NA_WORKER_SUBPROCESS);
	assert_int_equal(na_targets_in_scope(root->targets), 2);
	na_targets_on_exit(root->targets, &exit_event);
	assert_int_equal(na_targets_in_scope(root->targets), 1);
	assert_null(na_targets_find(root->targets, 101, 0));
	assert_string_equal(na_targets_find(root->targets, 101, start_of(60))->exe_name, "curl");
	assert_true(na_targets_find(root->targets, 101, start_of(60))->exited);
	root_free(root);
}

static void test_what_is_not_odoo_is_let_go(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event child = event(301, 61, 300, 60, NA_SCOPE_UNDECIDED);

	(void)state;
	put(root, PROCESS(300, 1, 60, "dash", "sh\0-c\0odoo-bin"));
	send_exec(root, event(300, 60, 1, 0, NA_SCOPE_UNDECIDED), "/bin/sh");
	assert_int_equal(root->decided[300], NA_SCOPE_NONE);
	root->decided[301] = NA_SCOPE_UNDECIDED;
	na_targets_on_fork(root->targets, &child);
	assert_int_equal(root->decided[301], NA_SCOPE_NONE);
	/* The shell's child becomes Odoo at its own exec. */
	put(root, PROCESS(301, 300, 61, "python3", "python3\0odoo-bin"));
	send_exec(root, child, "/opt/odoo/odoo-bin");
	assert_is(root, 301, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	assert_int_equal(na_targets_in_scope(root->targets), 1);
	root_free(root);
}

static void test_vanished_processes_are_decided_by_their_file_name(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	send_exec(root, event(10, 5, 1, 0, NA_SCOPE_UNDECIDED), "/opt/odoo/odoo-bin");
	send_exec(root, event(11, 5, 1, 0, NA_SCOPE_UNDECIDED), "/usr/bin/ls");
	send_exec(root, event(12, 5, 1, 0, NA_SCOPE_UNDECIDED), "/usr/bin/python3.11");
	assert_is(root, 10, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
	assert_is(root, 11, NA_SCOPE_NONE, NA_WORKER_NONE);
	assert_is(root, 12, NA_SCOPE_UNDECIDED, NA_WORKER_NONE);
	root_free(root);
}

static void test_a_decision_reaches_children_that_were_told_first(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event child = event(101, 51, 100, 50, NA_SCOPE_UNDECIDED);
	struct na_process_event grandchild = event(102, 52, 101, 51, NA_SCOPE_UNDECIDED);

	(void)state;
	send_exec(root, event(100, 50, 1, 0, NA_SCOPE_UNDECIDED), "/usr/bin/python3.11");
	na_targets_on_fork(root->targets, &child);
	na_targets_on_fork(root->targets, &grandchild);
	assert_is(root, 102, NA_SCOPE_UNDECIDED, NA_WORKER_NONE);
	put_master(root);
	send_exec(root, event(100, 50, 1, 0, NA_SCOPE_UNDECIDED), "/usr/bin/python3.11");
	assert_int_equal(root->decided[101], NA_SCOPE_ODOO);
	assert_int_equal(root->decided[102], NA_SCOPE_ODOO);
	assert_is(root, 101, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
	assert_is(root, 102, NA_SCOPE_ODOO, NA_WORKER_SUBPROCESS);
	root_free(root);
}

static void test_a_reused_pid_is_another_process(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event fork_event = event(100, 90, 7, 0, NA_SCOPE_NONE);

	(void)state;
	put_master(root);
	assert_int_equal(na_targets_scan(root->targets), 0);
	/* The same number, another start, the exit was lost. /proc still shows the old one. */
	put(root, PROCESS(100, 7, 90, "bash", "bash", .flags = CLONED));
	na_targets_on_fork(root->targets, &fork_event);
	assert_is(root, 100, NA_SCOPE_NONE, NA_WORKER_NONE);
	assert_int_equal(na_targets_find(root->targets, 100, start_of(50))->scope, NA_SCOPE_ODOO);
	assert_int_equal(na_targets_find(root->targets, 100, start_of(90))->scope, NA_SCOPE_NONE);
	assert_int_equal(na_targets_count(root->targets), 1);
	/* /proc of a later process of that number says nothing about an earlier one. */
	put_master(root);
	send_exec(root, event(100, 91, 7, 0, NA_SCOPE_UNDECIDED), "/bin/true");
	assert_is(root, 100, NA_SCOPE_NONE, NA_WORKER_NONE);
	root_free(root);
}

static void test_start_times_match_across_their_two_precisions(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event exec_event = event(100, 50, 1, 0, NA_SCOPE_UNDECIDED);
	const struct na_target *target;

	(void)state;
	put_master(root);
	assert_int_equal(na_targets_scan(root->targets), 0);
	target = na_targets_find(root->targets, 100, 50 * TICK_NS + TICK_NS - 1);
	assert_non_null(target);
	assert_false(target->start_exact);
	assert_null(na_targets_find(root->targets, 100, 51 * TICK_NS));
	assert_null(na_targets_find(root->targets, 100, 50 * TICK_NS - 1));
	assert_ptr_equal(send_exec(root, exec_event, "odoo-bin"), target);
	assert_true(target->start_exact);
	assert_int_equal(target->start_ns, start_of(50));
	assert_null(na_targets_find(root->targets, 100, start_of(50) + 1));
	assert_ptr_equal(na_targets_find(root->targets, 100, 50 * TICK_NS), target);
	root_free(root);
}

static void test_relays_and_their_children_stay_relays_unless_odoo(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event relay = event(400, 60, 1, 0, NA_SCOPE_RELAY);
	struct na_process_event child = event(401, 61, 400, 60, NA_SCOPE_RELAY);

	(void)state;
	put(root, PROCESS(400, 1, 60, "postgres", "postgres: odoo odoo"));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_is(root, 400, NA_SCOPE_NONE, NA_WORKER_NONE);
	na_targets_see(root->targets, &relay.task);
	assert_is(root, 400, NA_SCOPE_RELAY, NA_WORKER_RELAY);
	na_targets_on_fork(root->targets, &child);
	assert_is(root, 401, NA_SCOPE_RELAY, NA_WORKER_RELAY);
	put(root, PROCESS(401, 400, 61, "curl", "curl"));
	child.task.scope = NA_SCOPE_UNDECIDED;
	send_exec(root, child, "/usr/bin/curl");
	assert_is(root, 401, NA_SCOPE_RELAY, NA_WORKER_RELAY);
	assert_int_equal(root->decided[401], NA_SCOPE_RELAY);
	put(root, PROCESS(401, 400, 61, "python3", "python3\0odoo-bin"));
	send_exec(root, child, "/usr/bin/python3");
	assert_is(root, 401, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	root_free(root);
}

static void test_host_scope_takes_everyone_and_still_names_odoo(void **state)
{
	struct root *root = root_new(true);

	(void)state;
	put_master(root);
	put(root, PROCESS(200, 1, 80, "psql", "psql"));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_is(root, 100, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	assert_is(root, 200, NA_SCOPE_HOST, NA_WORKER_NONE);
	assert_int_equal(root->decided[200], NA_SCOPE_HOST);
	root_free(root);
}

static void test_a_lost_fork_is_mended_by_the_kernels_scope(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event child = event(500, 60, 499, 59, NA_SCOPE_ODOO);

	(void)state;
	na_targets_see(root->targets, &child.task);
	assert_int_equal(na_targets_find(root->targets, 500, 0)->scope, NA_SCOPE_ODOO);
	root_free(root);
}

static void test_hostile_proc_files_are_survived(void **state)
{
	struct root *root = root_new(false);
	size_t megabyte = 1 << 20;
	char *bytes = malloc(megabyte);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', megabyte);
	for (uint32_t pid = 1; pid <= 12; pid++)
		put(root, (struct fake_process){ .pid = pid, .parent = pid, .ticks = 7, .exe = "python3",
						 .command = bytes, .length = megabyte });
	write_file(root, 2, "stat", bytes, megabyte);
	write_file(root, 3, "stat", "", 0);
	write_file(root, 4, "stat", "4 ()", 4);
	write_file(root, 5, "stat", "5 (x) S 99999999999999999999999999 1", 36);
	memset(bytes, 0, megabyte);
	write_file(root, 6, "cmdline", bytes, megabyte);
	memset(bytes, 0xff, megabyte);
	write_file(root, 7, "cmdline", bytes, megabyte);
	memset(bytes, '/', megabyte);
	write_file(root, 8, "cgroup", bytes, megabyte);
	write_file(root, 8, "cmdline", COMMAND("python3\0odoo-bin\0-c"));
	memset(bytes, 'a', megabyte);
	write_file(root, 9, "cgroup", bytes, megabyte);
	memcpy(bytes, "python3\0odoo-bin\0-c", 20);
	write_file(root, 9, "cmdline", bytes, megabyte);
	write_link(root, 10, "exe", "/");
	gone(root, 11);
	make_folder(root, 11, "");
	make_folder(root, 12, "../99999999999999999999");
	make_folder(root, 12, "../13x");
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_is(root, 8, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	assert_is(root, 9, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	for (uint32_t pid = 2; pid <= 5; pid++)
		assert_null(na_targets_find(root->targets, pid, 0));
	assert_null(na_targets_find(root->targets, 11, 0));
	free(bytes);
	root_free(root);
}

static void test_command_lines_are_forgotten(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	put(root, PROCESS(100, 1, 50, "python3", "python3\0odoo-bin\0--db_password=secret"));
	write_file(root, 100, "environ", COMMAND("PGPASSWORD=secret\0ODOO_RC=/e/a.conf"));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_is(root, 100, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	for (size_t i = 0; i < sizeof(root->targets->text); i++)
		assert_int_equal(root->targets->text[i], 0);
	root_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_names_every_process_of_a_prefork_odoo),
		cmocka_unit_test(test_a_child_that_sorts_before_its_parent_is_still_found),
		cmocka_unit_test(test_orphaned_workers_stay_audited),
		cmocka_unit_test(test_events_follow_fork_exec_and_exit),
		cmocka_unit_test(test_what_is_not_odoo_is_let_go),
		cmocka_unit_test(test_vanished_processes_are_decided_by_their_file_name),
		cmocka_unit_test(test_a_decision_reaches_children_that_were_told_first),
		cmocka_unit_test(test_a_reused_pid_is_another_process),
		cmocka_unit_test(test_start_times_match_across_their_two_precisions),
		cmocka_unit_test(test_relays_and_their_children_stay_relays_unless_odoo),
		cmocka_unit_test(test_host_scope_takes_everyone_and_still_names_odoo),
		cmocka_unit_test(test_a_lost_fork_is_mended_by_the_kernels_scope),
		cmocka_unit_test(test_hostile_proc_files_are_survived),
		cmocka_unit_test(test_command_lines_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
