/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests attribution where nobody lies: what ordinary stacks, threads and processes of Odoo say. */
#include "test_attribute.h"

#include "attribute/text.h"

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

static void test_the_innermost_addon_decides_and_the_chain_keeps_all(void **state)
{
	const struct na_attribution *a =
		CONNECT(*state, SOCKET, REQUESTS, BASE, M_CALL, M_CALL, MODELS, N_CALL, BASE, O_CALL, SERVER, PROGRAM);

	assert_string_equal(a->file, "/srv/addons/m/models/y.py");
	assert_string_equal(a->function, "Y.call");
	assert_int_equal(a->line, 7);
	assert_int_equal(a->frames, 11);
	assert_false(a->chain_truncated);
	assert_false(a->disagree);
	expect_addon(expect_chain(a, "base m n base o"), "m", NA_EVIDENCE_PYTHON_STACK);
}

static void test_an_invented_file_name_leaves_it_to_the_globals(void **state)
{
	static const char *const files[] = { "<frozen n>", "models/x.py", "<string>", "/build/n/models/x.py", NULL };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		expect_addon(CONNECT(*state, SOCKET, REQUESTS, { files[i], "odoo.addons.n.models.x", "call" }, MODELS,
				     SERVER),
			     "n", NA_EVIDENCE_MODULE_GLOBALS);
}

static void test_an_addon_that_is_being_imported_is_itself(void **state)
{
	const struct frame body = { "/srv/addons/n/__init__.py", "odoo.addons.n", "<module>" };

	expect_addon(CONNECT(*state, SOCKET, REQUESTS, body, IMPORTER, MODELS, PROGRAM), "n", NA_EVIDENCE_PYTHON_STACK);
	expect_addon(CONNECT(*state, SOCKET, body, IMPORTER, M_CALL, PROGRAM), "n", NA_EVIDENCE_PYTHON_STACK);
}

static void test_odoos_own_frames_are_odoo_when_its_program_or_server_runs_them(void **state)
{
	const struct frame wsgi = { "/usr/lib/python3/dist-packages/gevent/pywsgi.py", "gevent.pywsgi",
				    "WSGIHandler.handle" };

	expect_odoo(CONNECT(*state, SOCKET, BASE, MODELS, SERVER, PROGRAM), NA_EVIDENCE_PYTHON_STACK);
	expect_odoo(CONNECT(*state, SOCKET, MODELS, wsgi), NA_EVIDENCE_PYTHON_STACK);
	expect_unknown(CONNECT(*state, SOCKET, MODELS), NA_WHY_UNROOTED);	/* gevent.spawn(…) by whoever */
	expect_unknown(CONNECT(*state, SOCKET, REQUESTS), NA_WHY_LIBRARIES);
}

static void test_a_thread_without_names_is_its_starters(void **state)
{
	struct scene *scene = *state;

	START(scene, NA_STACK_THREAD, 201, 1201, THREAD_START, SERVER, PROGRAM);
	START(scene, NA_STACK_THREAD, 202, 1202, THREAD_START, N_CALL, SERVER, PROGRAM);
	START(scene, NA_STACK_THREAD, 203, 1203, THREAD_START, MODELS, N_CALL, SERVER, PROGRAM);
	scene_thread(scene, 201);
	expect_odoo(CONNECT(scene, SOCKET, MODELS, SERVER, THREAD_RUN, BOOTSTRAP), NA_EVIDENCE_PYTHON_STACK);
	expect_odoo(CONNECT(scene, SOCKET, THREAD_RUN, BOOTSTRAP), NA_EVIDENCE_THREAD_PARENT);
	scene_thread(scene, 202);
	expect_addon(CONNECT(scene, SOCKET, REQUESTS, THREAD_RUN, BOOTSTRAP), "n", NA_EVIDENCE_THREAD_PARENT);
	expect_addon(CONNECT(scene, SOCKET, MODELS, THREAD_RUN, BOOTSTRAP), "n", NA_EVIDENCE_THREAD_PARENT);
	expect_addon(CONNECT(scene, SOCKET, M_CALL, THREAD_RUN, BOOTSTRAP), "m", NA_EVIDENCE_PYTHON_STACK);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS), NA_WHY_NATIVE_THREAD);
	scene_thread(scene, 203);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS, THREAD_RUN, BOOTSTRAP), NA_WHY_SHARED_THREAD);
}

static void test_a_thread_started_by_such_a_thread_is_the_same_addons(void **state)
{
	struct scene *scene = *state;
	const struct na_attribution *a;

	START(scene, NA_STACK_THREAD, 202, 1202, THREAD_START, N_CALL, SERVER, PROGRAM);
	scene_thread(scene, 202);
	START(scene, NA_STACK_THREAD, 203, 1203, THREAD_START, THREAD_RUN, BOOTSTRAP);
	scene_thread(scene, 203);
	a = CONNECT(scene, SOCKET, REQUESTS, THREAD_RUN, BOOTSTRAP);
	assert_string_equal(a->file, "/srv/addons/n/models/x.py");
	expect_addon(expect_chain(a, "n"), "n", NA_EVIDENCE_THREAD_PARENT);
}

static void test_a_thread_older_than_the_auditor_is_odoos_if_its_server_runs_it(void **state)
{
	struct scene *scene = *state;

	scene_thread(scene, 201);
	expect_odoo(CONNECT(scene, SOCKET, MODELS, SERVER, THREAD_RUN, BOOTSTRAP), NA_EVIDENCE_PYTHON_STACK);
	expect_unknown(CONNECT(scene, SOCKET, SERVER, MODELS, THREAD_RUN, BOOTSTRAP), NA_WHY_THREAD_UNSEEN);
	expect_addon(CONNECT(scene, SOCKET, N_CALL, SERVER, THREAD_RUN, BOOTSTRAP), "n", NA_EVIDENCE_PYTHON_STACK);
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS, THREAD_RUN, BOOTSTRAP), NA_WHY_THREAD_UNSEEN);
}

static void test_inbound_calls_are_nobodys_but_an_addons_own(void **state)
{
	struct scene *scene = *state;

	scene->acting.inbound = true;
	expect_unknown(CONNECT(scene, SOCKET, MODELS, SERVER, PROGRAM), NA_WHY_INBOUND);
	expect_addon(CONNECT(scene, SOCKET, N_CALL, SERVER, PROGRAM), "n", NA_EVIDENCE_PYTHON_STACK);
	expect_unknown(na_attributor_of_flow(scene->attributor, 999, &scene->task, &scene->acting), NA_WHY_INBOUND);
}

static void test_a_flow_without_a_stack_is_unknown(void **state)
{
	struct scene *scene = *state;

	expect_addon(CONNECT(scene, SOCKET, N_CALL, SERVER, PROGRAM), "n", NA_EVIDENCE_PYTHON_STACK);
	expect_unknown(na_attributor_of_flow(scene->attributor, 999, &scene->task, &scene->acting), NA_WHY_NO_STACK);
}

static void test_who_is_neither_odoo_nor_python_is_not_asked(void **state)
{
	struct scene *scene = *state;

	scene->acting = (struct na_acting){ .instance = "" };
	scene->task.scope = NA_SCOPE_HOST;
	assert_null(scene_connect_status(scene, NA_STACK_NO_PYTHON, NULL, 0));
	assert_null(na_attributor_of_flow(scene->attributor, 999, &scene->task, &scene->acting));
}

static void test_a_program_of_the_host_is_a_library_as_are_its_children(void **state)
{
	struct scene *scene = *state;
	const struct frame program = { "/home/someone/backup.py", "__main__", "<module>" };
	const struct na_attribution *a;

	scene->acting = (struct na_acting){ .instance = "" };
	a = CONNECT(scene, SOCKET, REQUESTS, program);
	assert_int_equal(a->author, NA_AUTHOR_LIBRARY);
	na_attribution_release(a);
	START(scene, NA_STACK_PROCESS, 300, 3000, REQUESTS, program);
	scene->task.pid = scene->task.tid = 300;
	scene->task.start_ns = 3000;
	scene_process(scene, NA_EVENT_EXEC);
	a = scene_connect_status(scene, NA_STACK_NO_PYTHON, NULL, 0);
	assert_int_equal(a->author, NA_AUTHOR_LIBRARY);
	assert_int_equal(a->evidence, NA_EVIDENCE_PROCESS_PARENT);
	na_attribution_release(a);
	/* but what a Python does in there is not: whoever spawned this greenlet may be an add-on */
	expect_unknown(CONNECT(scene, SOCKET, REQUESTS), NA_WHY_UNROOTED);
}

/* The digest of the stack of this event, with one frame that may be described anew. */
static void digest_of(struct scene *scene, const struct na_stack_event *event, uint8_t digest[32])
{
	const struct na_attribution *a = na_attributor_on_stack(scene->attributor, event, &scene->acting);

	assert_non_null(a);
	memcpy(digest, a->stack_digest, 32);
	na_attribution_release(a);
}

static void test_a_digest_that_is_remembered_is_of_what_is_known_now(void **state)
{
	struct scene *scene = *state;
	const struct frame frames[] = { SOCKET, N_CALL, SERVER }, other = M_CALL;
	struct na_stack_event event = scene_stack(scene, NA_STACK_WRITE, NA_STACK_COMPLETE, frames, 3);
	uint8_t first[32], again[32];
	uint64_t known = event.frames[1].code, later = scene->next_code + 5;

	digest_of(scene, &event, first);
	digest_of(scene, &event, again);
	assert_memory_equal(first, again, 32);
	scene->next_code = known;	/* the same id with other names */
	scene_code(scene, &other);
	digest_of(scene, &event, again);
	assert_memory_not_equal(first, again, 32);
	event.frames[1].code = later;	/* not described yet */
	digest_of(scene, &event, first);
	scene->next_code = later;
	scene_code(scene, &other);
	digest_of(scene, &event, first);
	assert_memory_equal(first, again, 32);
	event.count = 2;
	digest_of(scene, &event, first);
	assert_memory_not_equal(first, again, 32);
}

static void test_the_digest_tells_stacks_apart(void **state)
{
	const struct na_attribution *a = CONNECT(*state, SOCKET, N_CALL, SERVER),
				    *b = CONNECT(*state, SOCKET, N_CALL, SERVER);
	const struct na_attribution *c = CONNECT(*state, N_CALL, SOCKET, SERVER);

	assert_memory_equal(a->stack_digest, b->stack_digest, sizeof(a->stack_digest));
	assert_memory_not_equal(a->stack_digest, c->stack_digest, sizeof(a->stack_digest));
	na_attribution_release(a);
	na_attribution_release(b);
	na_attribution_release(c);
}

static void test_what_a_process_ran_before_it_executed_is_forgotten(void **state)
{
	struct scene *scene = *state;

	na_attribution_release(CONNECT(scene, SOCKET, N_CALL, SERVER));
	assert_int_equal(na_attributor_sizes(scene->attributor).codes, 3);
	scene_process(scene, NA_EVENT_EXEC);
	assert_int_equal(na_attributor_sizes(scene->attributor).codes, 0);
	scene_process(scene, NA_EVENT_EXIT);
	assert_int_equal(na_attributor_sizes(scene->attributor).processes, 0);
}

static int forgotten;

static void count_forgotten(void *context)
{
	(void)context;
	forgotten++;
}

static void test_code_is_bounded_and_asked_for_again(void **state)
{
	const struct na_attributor_options options = { .forgot = count_forgotten };
	struct na_code_event event = { .header = { 1, NA_EVENT_CODE, sizeof(event) } };
	struct na_attributor *attributor;

	(void)state;
	assert_int_equal(na_attributor_create(&attributor, &options), 0);
	for (uint32_t i = 1; i <= 140000; i++) {
		event.code = i;
		event.pid = i / 10000;
		event.start_ns = event.pid;
		assert_int_equal(na_attributor_on_code(attributor, &event), 0);
	}
	assert_in_range(na_attributor_sizes(attributor).codes, 100000, 131072);
	assert_int_equal(forgotten, 1);
	na_attributor_destroy(attributor);
}

static void expect_text(const void *bytes, size_t count, unsigned int unit, const char *expected)
{
	const struct na_code_text header = { .bytes = (uint16_t)count, .unit = (uint8_t)unit };
	char out[NA_TEXT_UTF8_BYTES];

	assert_int_equal(na_text_decode(out, &header, bytes, count), strlen(expected));
	assert_string_equal(out, expected);
}

static void test_python_text_becomes_the_bytes_it_stands_for(void **state)
{
	static const uint16_t two[] = { 'a', 0x20ac, 0xdc80, 0xd800, 'z', 0, 'q' };
	static const uint32_t four[] = { 0x1f600, 0x110000, 'z' };
	char most[NA_CODE_FILE_BYTES];
	const struct na_code_text all = { .bytes = UINT16_MAX, .unit = 1 };
	char out[NA_TEXT_UTF8_BYTES];

	(void)state;
	expect_text("caf\xe9", 4, 1, "caf\xc3\xa9");
	expect_text(two, sizeof(two), 2, "a\xe2\x82\xac\x80\xef\xbf\xbdz");
	expect_text(two, 3, 2, "a");	/* half a character */
	expect_text(four, sizeof(four), 4, "\xf0\x9f\x98\x80\xef\xbf\xbdz");
	expect_text("x", 1, 0, "");
	expect_text("x", 1, 3, "");
	memset(most, 0xff, sizeof(most));
	assert_in_range(na_text_decode(out, &all, most, sizeof(most)), 500, NA_TEXT_UTF8_BYTES - 1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_the_innermost_addon_decides_and_the_chain_keeps_all),
		CASE(test_an_invented_file_name_leaves_it_to_the_globals),
		CASE(test_an_addon_that_is_being_imported_is_itself),
		CASE(test_odoos_own_frames_are_odoo_when_its_program_or_server_runs_them),
		CASE(test_a_thread_without_names_is_its_starters),
		CASE(test_a_thread_started_by_such_a_thread_is_the_same_addons),
		CASE(test_a_thread_older_than_the_auditor_is_odoos_if_its_server_runs_it),
		CASE(test_inbound_calls_are_nobodys_but_an_addons_own),
		CASE(test_a_flow_without_a_stack_is_unknown),
		CASE(test_who_is_neither_odoo_nor_python_is_not_asked),
		CASE(test_a_program_of_the_host_is_a_library_as_are_its_children),
		CASE(test_a_digest_that_is_remembered_is_of_what_is_known_now),
		CASE(test_the_digest_tells_stacks_apart),
		CASE(test_what_a_process_ran_before_it_executed_is_forgotten),
		CASE(test_code_is_bounded_and_asked_for_again),
		CASE(test_python_text_becomes_the_bytes_it_stands_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
