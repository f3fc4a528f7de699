/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers that do not say what they are, and Odoo instances told apart.
 */
#include "test_target_root.h"

#include <errno.h>
#include <limits.h>

#define QUIET "00000000:00000000 00:00000000 00000000   106        0 "
#define TCP_HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode\n"
#define LISTENING "   0: 0100007F:1F85 00000000:0000 0A " QUIET "7001 1 0 100\n"
#define OTHER_LISTENER "   1: 0100007F:2328 00000000:0000 0A " QUIET "7002 1 0 100\n"
#define ACCEPTED "   2: 0100007F:1F85 0100007F:D2A0 01 " QUIET "7003 1 0 20\n"
#define OUTBOUND "   3: 0100007F:D2A2 0100007F:D431 01 00000000:00000000 02:00000A3B 00000000 106 0 7004 2 0 20\n"
#define HTTP_PORT 0x1F85

static void put_sockets(const struct root *root, uint32_t pid, const char *tcp, const char *const *links)
{
	make_folder(root, pid, "fd");
	make_folder(root, pid, "net");
	write_file(root, pid, "net/tcp", tcp, strlen(tcp));
	for (int i = 0; links[i]; i++) {
		char name[16];

		snprintf(name, sizeof(name), "fd/%d", i);
		write_link(root, pid, name, links[i]);
	}
}

static const char *const none[] = { "/dev/null", NULL };
static const char *const listener[] = { "/dev/null", "socket:[7001]", NULL };
static const char *const two_listeners[] = { "socket:[7001]", "socket:[7002]", NULL };
static const char *const serving[] = { "socket:[7001]", "socket:[7003]", "pipe:[7001]", NULL };
static const char *const busy[] = { "socket:[7001]", "socket:[7004]", NULL };

static void put_clone(const struct root *root, uint32_t pid, int nice, int threads, const char *const *links)
{
	put(root, PROCESS(pid, 100, 60, "python3", MASTER_COMMAND, .flags = CLONED, .nice = nice, .threads = threads));
	put_sockets(root, pid, TCP_HEADER LISTENING OTHER_LISTENER ACCEPTED OUTBOUND, links);
}

static struct root *untitled(const char *const *master_links, int master_threads)
{
	struct root *root = root_new(false);

	put(root, PROCESS(100, 1, 50, "python3", MASTER_COMMAND, .threads = master_threads));
	put_sockets(root, 100, TCP_HEADER LISTENING OTHER_LISTENER ACCEPTED OUTBOUND, master_links);
	put_clone(root, 101, 0, 2, serving);	/* an HTTP worker inside a request */
	put_clone(root, 102, 0, 2, listener);	/* an idle one */
	put_clone(root, 103, 10, 2, none);	/* cron */
	put_clone(root, 104, 10, 2, listener);	/* cron before it closed the socket */
	put_clone(root, 105, 0, 2, none);	/* someone else who closed it */
	put_clone(root, 106, 0, 1, serving);	/* no worker thread yet */
	put_clone(root, 107, 0, 2, busy);	/* connected out, nothing accepted */
	assert_int_equal(na_targets_scan(root->targets), 0);
	return root;
}

static void test_untitled_workers_are_named_only_when_it_shows(void **state)
{
	struct root *root = untitled(listener, 1);

	(void)state;
	assert_is(root, 101, NA_SCOPE_ODOO, NA_WORKER_HTTP);
	assert_is(root, 102, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
	assert_is(root, 103, NA_SCOPE_ODOO, NA_WORKER_CRON);
	for (uint32_t pid = 104; pid <= 107; pid++)
		assert_is(root, pid, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
	root_free(root);
}

static void test_nothing_is_guessed_without_one_listening_socket(void **state)
{
	static const struct { const char *const *links; int threads; } masters[] = { { none, 1 }, { two_listeners, 1 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct root *root = untitled(masters[i].links, masters[i].threads);

		for (uint32_t pid = 101; pid <= 107; pid++)
			assert_is(root, pid, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
		root_free(root);
	}
}

static void test_copies_of_a_threaded_server_are_not_called_http(void **state)
{
	struct root *root = untitled(listener, 7);

	(void)state;
	assert_is(root, 101, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
	root_free(root);
}

static void test_an_accepted_connection_makes_an_http_worker(void **state)
{
	struct root *root = untitled(listener, 1);
	struct na_flow_event flow = { .header = { .type = NA_EVENT_OPEN }, .direction = NA_INBOUND,
				      .seen_by = NA_SEEN_ACCEPT, .local_port = 9999 };

	(void)state;
	flow.task = event(102, 60, 100, 50, NA_SCOPE_ODOO).task;
	assert_int_equal(na_targets_see_flow(root->targets, &flow)->worker, NA_WORKER_UNKNOWN);
	flow.local_port = HTTP_PORT;
	flow.direction = NA_OUTBOUND;
	assert_int_equal(na_targets_see_flow(root->targets, &flow)->worker, NA_WORKER_UNKNOWN);
	flow.direction = NA_INBOUND;
	flow.seen_by = NA_SEEN_ITERATOR;
	assert_int_equal(na_targets_see_flow(root->targets, &flow)->worker, NA_WORKER_UNKNOWN);
	flow.seen_by = NA_SEEN_ACCEPT;
	assert_int_equal(na_targets_see_flow(root->targets, &flow)->worker, NA_WORKER_HTTP);
	root_free(root);
}

static void test_a_title_set_after_the_fork_is_found_at_the_next_call(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event child = event(101, 60, 100, 50, NA_SCOPE_ODOO);

	(void)state;
	put(root, PROCESS(100, 1, 50, "python3", MASTER_COMMAND));
	assert_int_equal(na_targets_scan(root->targets), 0);
	put(root, PROCESS(101, 100, 60, "python3", MASTER_COMMAND, .flags = CLONED));
	assert_int_equal(na_targets_on_fork(root->targets, &child)->worker, NA_WORKER_UNKNOWN);
	assert_int_equal(na_targets_see(root->targets, &child.task)->worker, NA_WORKER_UNKNOWN);
	write_file(root, 101, "cmdline", COMMAND("odoo: WorkerCron 101 db"));
	assert_int_equal(na_targets_see(root->targets, &child.task)->worker, NA_WORKER_CRON);
	/* A role once known stays: the title is the process's own text. */
	write_file(root, 101, "cmdline", COMMAND("odoo: WorkerHTTP 101"));
	assert_int_equal(na_targets_see(root->targets, &child.task)->worker, NA_WORKER_CRON);
	root_free(root);
}

static void test_a_worker_whose_fork_was_lost_is_found_by_its_first_call(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event child = event(101, 60, 100, 0, NA_SCOPE_ODOO);

	(void)state;
	put(root, PROCESS(100, 1, 50, "python3", MASTER_COMMAND));
	assert_int_equal(na_targets_scan(root->targets), 0);
	put(root, PROCESS(101, 100, 60, "python3", "odoo: WorkerHTTP 101 ", .flags = CLONED));
	assert_int_equal(na_targets_see(root->targets, &child.task)->worker, NA_WORKER_HTTP);
	assert_string_equal(na_targets_instance_name(root->targets, na_targets_find(root->targets, 101, 0)->instance),
			    "config:/e/a.conf");
	root_free(root);
}

static void test_the_title_of_a_later_process_of_that_number_is_not_taken(void **state)
{
	struct root *root = root_new(false);
	struct na_process_event child = event(101, 60, 100, 50, NA_SCOPE_ODOO);

	(void)state;
	put(root, PROCESS(100, 1, 50, "python3", MASTER_COMMAND));
	assert_int_equal(na_targets_scan(root->targets), 0);
	na_targets_on_fork(root->targets, &child);
	put(root, PROCESS(101, 100, 61, "python3", "odoo: WorkerHTTP 101 ", .flags = CLONED));
	assert_int_equal(na_targets_see(root->targets, &child.task)->worker, NA_WORKER_UNKNOWN);
	root_free(root);
}

static void test_workers_of_an_application_server_are_http(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	put(root, PROCESS(100, 1, 50, "uwsgi-core", "uwsgi\0--module=odoo.http:root"));
	put(root, PROCESS(101, 100, 60, "uwsgi-core", "uWSGI worker 1", .flags = CLONED));
	put(root, PROCESS(102, 100, 60, "uwsgi-core", "uWSGI http 1", .flags = CLONED));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_is(root, 100, NA_SCOPE_ODOO, NA_WORKER_MASTER);
	assert_is(root, 101, NA_SCOPE_ODOO, NA_WORKER_HTTP);
	assert_is(root, 102, NA_SCOPE_ODOO, NA_WORKER_UNKNOWN);
	root_free(root);
}

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_instances_have_names_that_survive_a_restart(void **state)
{
	static const struct { const char *arguments; size_t length; const char *cgroup, *root, *environ, *name; } cases[] = {
		{ COMMAND("\0-c\0/e/a.conf"), "0::/x", "/", "", "config:/e/a.conf" },
		{ COMMAND("\0-c\0a.conf"), "0::/x", "/", "", "config:/srv/here/a.conf" },
		{ COMMAND("\0-c\0././a.conf"), "0::/x", "/", "", "config:/srv/here/a.conf" },
		{ COMMAND("\0-c\0/e/a.conf"), "0::/x", "/srv/root", "", "config:/srv/root/e/a.conf" },
		{ COMMAND("\0-c\0/e/a.conf"), "0::/system.slice/odoo.service", "/", "ODOO_RC=/e/b", "config:/e/a.conf" },
		{ COMMAND(""), "0::/system.slice/odoo.service", "/", "ODOO_RC=/e/b", "config:/e/b" },
		{ COMMAND(""), "0::/system.slice/odoo@a.service", "/", "", "unit:odoo@a.service" },
		{ COMMAND(""), "12:pids:/system.slice/odoo.service\n0::/\n", "/", "", "unit:odoo.service" },
		{ COMMAND(""), "0::/user.slice/user-0.slice/user@0.service/app.slice/odoo.service", "/", "", "unit:odoo.service" },
		{ COMMAND(""), "0::/user.slice/user-0.slice/session-1.scope", "/", "", "pid:100" },
		{ COMMAND(""), "0::/user.slice/user@1000.service/x", "/", "", "pid:100" },
		{ COMMAND(""), "", "/", "", "pid:100" },
		{ COMMAND(""), "0::/system.slice/docker-" CONTAINER ".scope", "/", "", "container:0123456789ab" },
		{ COMMAND("\0-c\0/e/a"), "0::/docker/" CONTAINER, "/", "", "container:0123456789ab:/e/a" },
		{ COMMAND(""), "9:name=systemd:/\n4:pids:/machine.slice/libpod-" CONTAINER ".scope/container\n", "/", "",
		  "container:0123456789ab" },
		{ COMMAND(""), "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" CONTAINER ".scope", "/", "",
		  "container:0123456789ab" },
		{ COMMAND(""), "0::/kubepods/pod1/" CONTAINER "0", "/", "", "pid:100" },
		{ COMMAND(""), "0::/x/" CONTAINER "x.service", "/", "", "unit:" CONTAINER "x.service" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct root *root = root_new(false);
		char command[256] = "python3\0odoo-bin";
		const char *name;

		memcpy(command + 16, cases[i].arguments, cases[i].length);
		put(root, (struct fake_process){ .pid = 100, .parent = 1, .ticks = 50, .exe = "python3", .command = command,
						 .length = 16 + cases[i].length });
		write_file(root, 100, "cgroup", cases[i].cgroup, strlen(cases[i].cgroup));
		write_file(root, 100, "environ", cases[i].environ, strlen(cases[i].environ));
		write_link(root, 100, "root", cases[i].root);
		put(root, PROCESS(101, 100, 60, "curl", "curl"));
		assert_int_equal(na_targets_scan(root->targets), 0);
		name = na_targets_instance_name(root->targets, na_targets_find(root->targets, 100, 0)->instance);
		assert_string_equal(name, cases[i].name);
		assert_int_equal(na_targets_find(root->targets, 101, 0)->instance,
				 na_targets_find(root->targets, 100, 0)->instance);
		root_free(root);
	}
}

static void test_two_odoos_are_two_instances_and_a_shell_joins_its_own(void **state)
{
	struct root *root = root_new(false);

	(void)state;
	put(root, PROCESS(100, 1, 50, "python3", "python3\0odoo-bin\0-c\0/e/a"));
	put(root, PROCESS(200, 1, 51, "python3", "python3\0odoo-bin\0-c\0/e/b"));
	put(root, PROCESS(300, 1, 52, "python3", "python3\0odoo-bin\0shell\0--config=/e/a"));
	put(root, PROCESS(400, 1, 53, "bash", "bash"));
	assert_int_equal(na_targets_scan(root->targets), 0);
	assert_int_not_equal(na_targets_find(root->targets, 100, 0)->instance,
			     na_targets_find(root->targets, 200, 0)->instance);
	assert_int_equal(na_targets_find(root->targets, 100, 0)->instance,
			 na_targets_find(root->targets, 300, 0)->instance);
	assert_int_equal(na_targets_find(root->targets, 400, 0)->instance, 0);
	assert_string_equal(na_targets_instance_name(root->targets, 0), "");
	assert_string_equal(na_targets_instance_name(root->targets, UINT32_MAX), "");
	root_free(root);
}

static void test_long_paths_are_cut_but_stay_different(void **state)
{
	struct na_instances *instances = calloc(1, sizeof(*instances));
	char first[NA_INSTANCE_NAME_BYTES], second[NA_INSTANCE_NAME_BYTES], path[1000];

	(void)state;
	assert_non_null(instances);
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	na_instance_describe(-1, 1, (struct na_slice){ path, sizeof(path) }, first);
	path[999] = 'q';
	na_instance_describe(-1, 1, (struct na_slice){ path, sizeof(path) }, second);
	assert_string_not_equal(first, second);
	assert_int_equal(strlen(first), NA_INSTANCE_NAME_BYTES - 1);
	assert_int_not_equal(na_instance_hold(instances, first), na_instance_hold(instances, second));
	free(instances);
}

static void test_instance_numbers_are_bounded_and_reused(void **state)
{
	struct na_instances *instances = calloc(1, sizeof(*instances));
	char name[32];

	(void)state;
	assert_non_null(instances);
	for (uint32_t i = 1; i <= NA_INSTANCES; i++) {
		snprintf(name, sizeof(name), "pid:%u", i);
		assert_int_equal(na_instance_hold(instances, name), i);
	}
	assert_int_equal(na_instance_hold(instances, "one too many"), NA_INSTANCES + 1);
	assert_int_equal(na_instance_hold(instances, "two too many"), NA_INSTANCES + 1);
	assert_string_equal(instances->slot[NA_INSTANCES + 1].name, "other");
	assert_int_equal(na_instance_hold(instances, "pid:7"), 7);
	na_instance_release(instances, 7);
	assert_string_equal(instances->slot[7].name, "pid:7");
	na_instance_release(instances, 7);
	assert_int_equal(na_instance_hold(instances, "fits again"), 7);
	free(instances);
}

static void test_stat_lines_are_parsed_or_refused(void **state)
{
	static const char good[] = "7 (x) y) S 3 7 7 -1 -1 4194368 1 2 3 4 5 6 7 8 20 -5 12 0 4711 99 1";
	struct na_proc_stat stat;

	(void)state;
	assert_int_equal(na_proc_parse_stat(good, strlen(good), &stat), 0);
	assert_string_equal(stat.comm, "x) y");
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.parent_pid, 3);
	assert_true(stat.never_executed);
	assert_int_equal(stat.nice, -5);
	assert_int_equal(stat.threads, 12);
	assert_int_equal(stat.start_ticks, 4711);
	for (size_t cut = 0; cut < strlen(good) - strlen("711 99 1"); cut++)
		assert_int_equal(na_proc_parse_stat(good, cut, &stat), -EBADMSG);
}

static void test_socket_lines_are_parsed_or_refused(void **state)
{
	static const char v6[] = "   4: 00000000000000000000000000000000:1F85 00000000000000000000000000000000:0000 0A "
				 "00000000:00000000 00:00000000 00000000     0        0 18446744073709551615 1 0 100";
	struct na_proc_socket socket;
	size_t shortest = strlen(LISTENING) - strlen("7001 1 0 100\n") + 1;

	(void)state;
	assert_true(na_proc_parse_socket(LISTENING, strlen(LISTENING), &socket));
	assert_int_equal(socket.inode, 7001);
	assert_int_equal(socket.local_port, HTTP_PORT);
	assert_int_equal(socket.state, NA_PROC_TCP_LISTEN);
	assert_true(na_proc_parse_socket(v6, strlen(v6), &socket));
	assert_true(socket.inode == UINT64_MAX);
	assert_false(na_proc_parse_socket(TCP_HEADER, strlen(TCP_HEADER), &socket));
	for (size_t cut = 0; cut < shortest; cut++)
		assert_false(na_proc_parse_socket(LISTENING, cut, &socket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untitled_workers_are_named_only_when_it_shows),
		cmocka_unit_test(test_nothing_is_guessed_without_one_listening_socket),
		cmocka_unit_test(test_copies_of_a_threaded_server_are_not_called_http),
		cmocka_unit_test(test_an_accepted_connection_makes_an_http_worker),
		cmocka_unit_test(test_a_title_set_after_the_fork_is_found_at_the_next_call),
		cmocka_unit_test(test_a_worker_whose_fork_was_lost_is_found_by_its_first_call),
		cmocka_unit_test(test_the_title_of_a_later_process_of_that_number_is_not_taken),
		cmocka_unit_test(test_workers_of_an_application_server_are_http),
		cmocka_unit_test(test_instances_have_names_that_survive_a_restart),
		cmocka_unit_test(test_two_odoos_are_two_instances_and_a_shell_joins_its_own),
		cmocka_unit_test(test_long_paths_are_cut_but_stay_different),
		cmocka_unit_test(test_instance_numbers_are_bounded_and_reused),
		cmocka_unit_test(test_stat_lines_are_parsed_or_refused),
		cmocka_unit_test(test_socket_lines_are_parsed_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
