/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hostile cases of docs/attribution.md, in its order, each with the answer written there. */
#include "test_attribute.h"

static int begin(void **state)
{
	static struct scene scene;

	scene_begin(&scene);
	*state = &scene;
	return 0;
}

static int end(void **state)
{
	scene_end(*state);
	return 0;
}

static void test_a_file_name_of_another_addon_is_a_conflict(void **state)
{
	const struct na_attribution *a = CONNECT(*state, SOCKET, REQUESTS,
		{ "/srv/addons/m/models/y.py", "odoo.addons.n.models.x", "X.call" }, MODELS, SERVER, PROGRAM);

	expect_chain(a, "m n");
	assert_true(a->disagree);
	assert_string_equal(a->file, "/srv/addons/m/models/y.py");
	expect_unknown(a, NA_WHY_CONFLICT);
}

static void test_a_file_name_of_a_library_or_of_odoo_does_not_hide_an_addon(void **state)
{
	static const char *const files[] = { "/usr/lib/python3/dist-packages/requests/api.py",
					     "/opt/odoo/odoo/http.py", "/home/someone/script.py" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const struct na_attribution *a = CONNECT(
			*state, SOCKET, { files[i], "odoo.addons.n.models.x", "X.call" }, MODELS, SERVER, PROGRAM);

		assert_true(a->disagree);
		expect_addon(a, "n", NA_EVIDENCE_MODULE_GLOBALS);
	}
}

static void test_a_file_name_without_globals_proves_nothing(void **state)
{
	const struct frame spoofed = { "/srv/addons/m/models/y.py", NULL, "Y.write" };

	expect_unknown(expect_chain(CONNECT(*state, SOCKET, spoofed, N_CALL, SERVER, PROGRAM), "m n"), NA_WHY_CLAIM);
	expect_unknown(expect_chain(CONNECT(*state, SOCKET, spoofed, M_CALL, SERVER, PROGRAM), "m"), NA_WHY_CLAIM);
	expect_unknown(CONNECT(*state, SOCKET, spoofed, MODELS, SERVER, PROGRAM), NA_WHY_CLAIM);
}

static void test_text_that_calls_itself_another_addons_is_not_believed(void **state)
{
	const struct na_attribution *a = CONNECT(*state, SOCKET,
		{ "/srv/addons/m/models/y.py", "odoo.addons.m.models.y", "<module>" }, N_CALL, SERVER, PROGRAM);

	expect_unknown(expect_chain(a, "m n"), NA_WHY_CLAIM);
}

static void test_text_is_whose_who_runs_it(void **state)
{
	const struct frame with_globals = { "<string>", "odoo.addons.n.models.x", "<module>" };
	const struct frame without = { "<string>", NULL, "<module>" }, list = { "<string>", NULL, "<listcomp>" };
	const struct frame own_file = { "/srv/addons/n/models/x.py", NULL, "<module>" };

	expect_addon(CONNECT(*state, SOCKET, with_globals, N_CALL, MODELS, SERVER), "n", NA_EVIDENCE_PYTHON_STACK);
	expect_addon(CONNECT(*state, SOCKET, without, N_CALL, MODELS, SERVER), "n", NA_EVIDENCE_PYTHON_STACK);
	expect_addon(CONNECT(*state, SOCKET, own_file, N_CALL, MODELS, SERVER), "n", NA_EVIDENCE_PYTHON_STACK);
	expect_addon(CONNECT(*state, SOCKET, list, without, N_CALL, SERVER), "n", NA_EVIDENCE_PYTHON_STACK);
	expect_addon(CONNECT(*state, SOCKET, without, without, N_CALL, SERVER), "n", NA_EVIDENCE_PYTHON_STACK);
}

static void test_a_function_that_was_called_directly_is_not_text(void **state)
{
	const struct frame named_like_text = { "<string>", NULL, "<module>" }, call = N_CALL, server = SERVER;
	struct scene *scene = *state;
	struct na_stack_event event = scene_stack(scene, NA_STACK_WRITE, NA_STACK_COMPLETE,
		(const struct frame[]){ named_like_text, call, server }, 3);

	event.frames[0].flags = 0;
	expect_unknown(na_attributor_on_stack(scene->attributor, &event, &scene->acting), NA_WHY_NOBODY);
}

static void test_a_function_without_file_and_name_is_nobodys(void **state)
{
	const struct frame hidden = { "<x>", NULL, "write" };

	expect_unknown(CONNECT(*state, SOCKET, hidden, MODELS, SERVER, PROGRAM), NA_WHY_NOBODY);
	expect_unknown(CONNECT(*state, SOCKET, hidden, M_CALL, SERVER, PROGRAM), NA_WHY_NOBODY);
	expect_unknown(CONNECT(*state, SOCKET, { "/usr/lib/python3.13/socket.py", NULL, "write" }, MODELS, SERVER),
		       NA_WHY_NOBODY);
	expect_unknown(CONNECT(*state, SOCKET, { "/opt/odoo/odoo/http.py", NULL, "write" }, MODELS, SERVER),
		       NA_WHY_NOBODY);
	expect_unknown(CONNECT(*state, SOCKET, { "<x>", "odoo.http", "write" }, MODELS, SERVER), NA_WHY_NOBODY);
	expect_unknown(CONNECT(*state, SOCKET, { "<x>", "odoo.addons.base.models.y", "write" }, MODELS, SERVER),
		       NA_WHY_NOBODY);
	expect_unknown(CONNECT(*state, SOCKET, { "<frozen x>", "x", "write" }, MODELS, SERVER), NA_WHY_NOBODY);
}

static void test_the_interpreters_own_frame_around_a_constructor_is_looked_through(void **state)
{
	const struct frame constructor = { "__init__", "builtins", "__init__" };
	struct scene *scene = *state;

	scene->address = STATIC_CODE;
	expect_addon(CONNECT(scene, SOCKET, REQUESTS, constructor, N_CALL, SERVER, PROGRAM), "n",
		     NA_EVIDENCE_PYTHON_STACK);
	expect_unknown(CONNECT(scene, SOCKET, { "<x>", "builtins", "__init__" }, M_CALL, SERVER), NA_WHY_NOBODY);
	scene->address = 0;
	expect_unknown(CONNECT(scene, SOCKET, constructor, M_CALL, SERVER, PROGRAM), NA_WHY_NOBODY);
}

static void test_a_server_actions_text_is_nobodys_but_what_it_calls_is_not(void **state)
{
	const struct frame action = { "ir.actions.server(158,)", NULL, "<module>" };

	expect_unknown(CONNECT(*state, SOCKET, BASE, action, SAFE_EVAL, BASE, SERVER, PROGRAM), NA_WHY_NOBODY);
	expect_unknown(CONNECT(*state, SOCKET, BASE, action, SAFE_EVAL, BASE, M_CALL, SERVER, PROGRAM), NA_WHY_NOBODY);
	expect_addon(expect_chain(CONNECT(*state, SOCKET, N_CALL, action, SAFE_EVAL, BASE, SERVER, PROGRAM), "n base"),
		     "n", NA_EVIDENCE_PYTHON_STACK);
}

static void test_a_rewritten_name_over_a_true_file_is_a_conflict(void **state)
{
	const struct na_attribution *a = CONNECT(*state, SOCKET,
		{ "/srv/addons/n/models/x.py", "odoo.addons.m.models.y", "X.call" }, MODELS, SERVER, PROGRAM);

	assert_true(a->disagree);
	expect_unknown(expect_chain(a, "n m"), NA_WHY_CONFLICT);
}

static void test_a_rewritten_name_over_an_invented_file_is_not_believed(void **state)
{
	const struct frame renamed = { "<frozen x>", "odoo.addons.m.models.y", "X.call" };
	const struct frame again = { "<frozen x>", "odoo.addons.m.models.y", "X.other" };

	((struct scene *)*state)->globals = FALSE_GLOBALS;
	expect_unknown(expect_chain(CONNECT(*state, SOCKET, renamed, MODELS, SERVER, PROGRAM), "m"), NA_WHY_NOT_MODULE);
	expect_unknown(CONNECT(*state, SOCKET, again, M_CALL, SERVER, PROGRAM), NA_WHY_NOT_MODULE);
}

static void test_of_two_addons_of_one_name_the_file_tells_which(void **state)
{
	const struct na_attribution *a =
		CONNECT(*state, SOCKET, { "/srv/later/n/models/x.py", "odoo.addons.n.models.x", "X.call" }, SERVER);

	assert_string_equal(a->addon->path, "/srv/later/n");
	expect_addon(a, "n", NA_EVIDENCE_PYTHON_STACK);
	a = CONNECT(*state, SOCKET, { "invented", "odoo.addons.n.models.x", "X.call" }, SERVER);
	assert_string_equal(a->addon->path, "/srv/addons/n");
	expect_addon(a, "n", NA_EVIDENCE_MODULE_GLOBALS);
}

static void test_a_chain_that_loops_or_breaks_says_what_came_before(void **state)
{
	static const enum na_stack_status statuses[] = { NA_STACK_TRUNCATED, NA_STACK_BROKEN };
	static const char *const reasons[] = { NA_WHY_TRUNCATED, NA_WHY_BROKEN };

	for (size_t i = 0; i < 2; i++) {
		const struct na_attribution *a =
			CONNECT_STATUS(*state, statuses[i], SOCKET, REQUESTS, N_CALL, REQUESTS, N_CALL);

		assert_true(a->chain_truncated);
		expect_addon(a, "n", NA_EVIDENCE_PYTHON_STACK);
		expect_unknown(CONNECT_STATUS(*state, statuses[i], SOCKET, REQUESTS, REQUESTS), reasons[i]);
		expect_unknown(CONNECT_STATUS(*state, statuses[i], SOCKET, MODELS), reasons[i]);
	}
}

static void test_deep_recursion_is_the_innermost_addons_or_unknown(void **state)
{
	const struct frame own = N_CALL, library = REQUESTS;
	struct frame deep[NA_STACK_FRAMES];

	for (size_t i = 0; i < NA_STACK_FRAMES; i++)
		deep[i] = own;
	expect_addon(expect_chain(scene_connect_status(*state, NA_STACK_TRUNCATED, deep, NA_STACK_FRAMES), "n"), "n",
		     NA_EVIDENCE_PYTHON_STACK);
	for (size_t i = 0; i < NA_STACK_FRAMES; i++)
		deep[i] = library;
	expect_unknown(scene_connect_status(*state, NA_STACK_TRUNCATED, deep, NA_STACK_FRAMES), NA_WHY_TRUNCATED);
}

static void test_an_interpreter_that_ends_leaves_what_was_told(void **state)
{
	struct scene *scene = *state;
	const struct frame frames[] = { SOCKET, N_CALL };
	struct na_stack_event event = scene_stack(scene, NA_STACK_WRITE, NA_STACK_BROKEN, frames, 2);

	expect_unknown(scene_connect_status(scene, NA_STACK_NO_STATE, NULL, 0), NA_WHY_NO_STATE);
	expect_addon(na_attributor_on_stack(scene->attributor, &event, &scene->acting), "n", NA_EVIDENCE_PYTHON_STACK);
	scene_process(scene, NA_EVENT_EXIT);
	expect_unknown(na_attributor_on_stack(scene->attributor, &event, &scene->acting), NA_WHY_UNDESCRIBED);
}

static void test_a_pid_used_again_is_another_process(void **state)
{
	struct scene *scene = *state;
	const struct frame frames[] = { SOCKET, N_CALL };
	struct na_stack_event event = scene_stack(scene, NA_STACK_WRITE, NA_STACK_COMPLETE, frames, 2);

	event.task.start_ns++;	/* the same ids, said of the pid's next owner */
	expect_unknown(na_attributor_on_stack(scene->attributor, &event, &scene->acting), NA_WHY_UNDESCRIBED);
}

static void test_a_thread_id_used_again_is_another_thread(void **state)
{
	struct scene *scene = *state;

	START(scene, NA_STACK_THREAD, 205, 1205, THREAD_START, N_CALL, SERVER, PROGRAM);
	scene_thread(scene, 205);
	expect_addon(CONNECT(scene, SOCKET, REQUESTS, THREAD_RUN, BOOTSTRAP), "n", NA_EVIDENCE_THREAD_PARENT);
	scene->thread_start_ns++;
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS, THREAD_RUN, BOOTSTRAP), NA_WHY_THREAD_UNSEEN);
}

static void test_threads_by_the_thousand_are_forgotten_oldest_first(void **state)
{
	struct scene *scene = *state;
	const struct frame frames[] = { THREAD_START, N_CALL, SERVER };
	struct na_stack_event event = scene_stack(scene, NA_STACK_THREAD, NA_STACK_COMPLETE, frames, 3);

	for (uint32_t i = 0; i < 70000; i++) {
		event.subject = 200 + i;
		event.subject_start_ns = 1200 + i;
		assert_null(na_attributor_on_stack(scene->attributor, &event, &scene->acting));
	}
	assert_int_equal(na_attributor_sizes(scene->attributor).threads, 65536);
	scene_thread(scene, 200);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS, BOOTSTRAP), NA_WHY_THREAD_UNSEEN);
	scene_thread(scene, 200 + 69999);
	expect_addon(CONNECT(scene, SOCKET, REQUESTS, BOOTSTRAP), "n", NA_EVIDENCE_THREAD_PARENT);
}

static void test_a_process_that_pretends_to_be_odoo_gets_no_name_of_it(void **state)
{
	struct scene *scene = *state;
	const struct frame script = { "/home/someone/odoo-bin", "__main__", "main" };

	expect_unknown(CONNECT(scene, SOCKET, script, { "/home/someone/odoo-bin", "__main__", "<module>" }),
		       NA_WHY_LIBRARIES);
	expect_unknown(CONNECT(scene, SOCKET, { "/home/someone/odoo/http.py", "odoo.http", "root" }, script),
		       NA_WHY_NOBODY);
	expect_unknown(CONNECT(scene, SOCKET, { "/home/someone/q/x.py", "odoo.addons.q.x", "call" }, script),
		       NA_WHY_NOBODY);
	scene->acting.instance = "pid:100";
	expect_unknown(CONNECT(scene, SOCKET, { "/home/someone/n/x.py", "odoo.addons.n.x", "call" }, script),
		       NA_WHY_NOBODY);
}

static void test_work_handed_to_a_pool_is_unknown(void **state)
{
	struct scene *scene = *state;

	START(scene, NA_STACK_THREAD, 205, 1205, THREAD_START, SUBMIT, N_CALL, SERVER, PROGRAM);
	scene_thread(scene, 205);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS, POOL, THREAD_RUN, BOOTSTRAP), NA_WHY_POOL);
	expect_addon(CONNECT(scene, SOCKET, REQUESTS, M_CALL, POOL, THREAD_RUN, BOOTSTRAP), "m",
		     NA_EVIDENCE_PYTHON_STACK);
	/* a forked worker still has the frames of whoever made the pool */
	scene_thread(scene, 100);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS,
			       { "/usr/lib/python3.13/concurrent/futures/process.py", "concurrent.futures.process",
				 "_process_worker" }, N_CALL, SERVER, PROGRAM), NA_WHY_POOL);
}

static void test_a_librarys_own_thread_is_unknown(void **state)
{
	struct scene *scene = *state;

	START(scene, NA_STACK_THREAD, 205, 1205, THREAD_START, REQUESTS, N_CALL, SERVER, PROGRAM);
	scene_thread(scene, 205);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS, THREAD_RUN, BOOTSTRAP), NA_WHY_SHARED_THREAD);
}

static void test_a_finalizer_is_not_the_interrupted_codes(void **state)
{
	const struct frame finalizer = { "/usr/lib/python3.13/imaplib.py", "imaplib", "IMAP4.__del__" };

	expect_unknown(expect_chain(CONNECT(*state, SOCKET, finalizer, M_CALL, SERVER, PROGRAM), ""), NA_WHY_FINALIZER);
	expect_addon(expect_chain(CONNECT(*state, SOCKET, N_CALL, finalizer, M_CALL, SERVER), "n"), "n",
		     NA_EVIDENCE_PYTHON_STACK);
}

static void test_what_a_sub_process_does_is_its_starters(void **state)
{
	struct scene *scene = *state;

	START(scene, NA_STACK_PROCESS, 300, 3000, N_CALL, SERVER, PROGRAM);
	scene->task.pid = scene->task.tid = 300;	/* the shell */
	scene->task.start_ns = scene->thread_start_ns = 3000;
	scene->acting.server = false;
	scene_process(scene, NA_EVENT_EXEC);
	scene_start(scene, NA_STACK_PROCESS, NA_STACK_NO_PYTHON, 301, 3001, NULL, 0);
	scene->task.pid = scene->task.tid = 301;	/* curl */
	scene->task.start_ns = scene->thread_start_ns = 3001;
	scene_process(scene, NA_EVENT_EXEC);
	expect_addon(expect_chain(scene_connect_status(scene, NA_STACK_NO_PYTHON, NULL, 0), "n"), "n",
		     NA_EVIDENCE_PROCESS_PARENT);
	/* a Python that its starter gave no frames of an add-on */
	expect_addon(CONNECT(scene, SOCKET, { "<string>", "__main__", "f" }, { "<string>", "__main__", "<module>" }),
		     "n", NA_EVIDENCE_PROCESS_PARENT);
	expect_addon(CONNECT(scene, SOCKET, M_CALL, { "<string>", "__main__", "<module>" }), "m",
		     NA_EVIDENCE_PYTHON_STACK);
	expect_addon(CONNECT(scene, SOCKET, { "/srv/addons/n/x.py", "__main__", "<module>" }), "n",
		     NA_EVIDENCE_PROCESS_PARENT);
	expect_unknown(CONNECT(scene, SOCKET, { "/srv/addons/m/x.py", "__main__", "<module>" }), NA_WHY_CLAIM);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS, POOL, BOOTSTRAP), NA_WHY_POOL);
}

static void test_a_worker_inherits_nothing_from_its_masters_stack(void **state)
{
	struct scene *scene = *state;

	START(scene, NA_STACK_PROCESS, 300, 3000, N_CALL, SERVER, PROGRAM);
	scene->task.pid = scene->task.tid = 300;
	scene->task.start_ns = scene->thread_start_ns = 3000;
	expect_odoo(CONNECT(scene, SOCKET, MODELS, SERVER, PROGRAM), NA_EVIDENCE_PYTHON_STACK);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS), NA_WHY_LIBRARIES);
}

static void test_a_stack_that_changed_after_its_announcement_names_nobody(void **state)
{
	struct scene *scene = *state;
	const struct na_attribution *author;

	scene->witness = NA_WITNESS_DISAGREES;
	expect_unknown(CONNECT(scene, N_CALL, SERVER, PROGRAM), NA_WHY_CHANGED);
	expect_unknown(CONNECT(scene, SOCKET, MODELS, SERVER, PROGRAM), NA_WHY_CHANGED);
	START(scene, NA_STACK_PROCESS, 300, 3000, N_CALL, SERVER, PROGRAM);
	scene->task.pid = scene->task.tid = 300;
	scene->task.start_ns = scene->thread_start_ns = 3000;
	scene->acting.server = false;
	scene->witness = NA_WITNESS_NONE;
	scene_process(scene, NA_EVENT_EXEC);
	expect_unknown(CONNECT_STATUS(scene, NA_STACK_NO_PYTHON, { NULL }), NA_WHY_PROCESS_UNKNOWN);
	author = na_attributor_of_process(scene->attributor, &scene->task);
	assert_int_equal(author->witness, NA_WITNESS_DISAGREES);
	expect_unknown(author, NA_WHY_CHANGED);
}

static void ask(struct scene *scene, const char *name)
{
	struct na_name_event event = { .task = scene->task, .thread_start_ns = scene->thread_start_ns };

	put_text(&event.host, event.host_text, sizeof(event.host_text), name);
	event.header.time_ns = scene->now_ns++;
	na_attributor_on_name(scene->attributor, &event, name);
}

/* The connect of the thread as it is now. */
static void expect_resolved(struct scene *scene, const char *name)
{
	const struct na_attribution *author = CONNECT(scene, N_CALL, SERVER, PROGRAM);

	assert_non_null(author);
	if (name)
		assert_string_equal(author->resolved, name);
	else
		assert_null(author->resolved);
	na_attribution_release(author);
}

static void test_a_name_is_given_to_announced_connects_of_its_own_thread_only(void **state)
{
	struct scene *scene = *state;

	ask(scene, "n.example");
	expect_resolved(scene, NULL);			/* native code connects */
	scene->witness = NA_WITNESS_DISAGREES;
	expect_resolved(scene, NULL);
	scene->witness = NA_WITNESS_AGREES;
	expect_resolved(scene, "n.example");
	expect_resolved(scene, "n.example");		/* the next of its addresses */
	scene->thread_start_ns++;
	expect_resolved(scene, NULL);			/* another thread of that number */
	scene->thread_start_ns--;
	ask(scene, "192.0.2.1");
	expect_resolved(scene, NULL);
	ask(scene, "fe80::1%lo");
	expect_resolved(scene, NULL);
	ask(scene, "n.example");
	scene->now_ns += 31000000000;
	expect_resolved(scene, NULL);			/* long ago */
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_a_file_name_of_another_addon_is_a_conflict),
		CASE(test_a_file_name_of_a_library_or_of_odoo_does_not_hide_an_addon),
		CASE(test_a_file_name_without_globals_proves_nothing),
		CASE(test_text_that_calls_itself_another_addons_is_not_believed),
		CASE(test_text_is_whose_who_runs_it),
		CASE(test_a_function_that_was_called_directly_is_not_text),
		CASE(test_a_function_without_file_and_name_is_nobodys),
		CASE(test_the_interpreters_own_frame_around_a_constructor_is_looked_through),
		CASE(test_a_server_actions_text_is_nobodys_but_what_it_calls_is_not),
		CASE(test_a_rewritten_name_over_a_true_file_is_a_conflict),
		CASE(test_a_rewritten_name_over_an_invented_file_is_not_believed),
		CASE(test_of_two_addons_of_one_name_the_file_tells_which),
		CASE(test_a_chain_that_loops_or_breaks_says_what_came_before),
		CASE(test_deep_recursion_is_the_innermost_addons_or_unknown),
		CASE(test_an_interpreter_that_ends_leaves_what_was_told),
		CASE(test_a_pid_used_again_is_another_process),
		CASE(test_a_thread_id_used_again_is_another_thread),
		CASE(test_threads_by_the_thousand_are_forgotten_oldest_first),
		CASE(test_a_process_that_pretends_to_be_odoo_gets_no_name_of_it),
		CASE(test_work_handed_to_a_pool_is_unknown),
		CASE(test_a_librarys_own_thread_is_unknown),
		CASE(test_a_finalizer_is_not_the_interrupted_codes),
		CASE(test_what_a_sub_process_does_is_its_starters),
		CASE(test_a_worker_inherits_nothing_from_its_masters_stack),
		CASE(test_a_stack_that_changed_after_its_announcement_names_nobody),
		CASE(test_a_name_is_given_to_announced_connects_of_its_own_thread_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
