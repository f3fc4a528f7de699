/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which database a call was made for: each rule of src/attribute/database.c, and what no rule may answer. */
#include "test_attribute.h"

#define WORKER THREAD_RUN, BOOTSTRAP
#define IN_SERVER N_CALL, MODELS, SERVER, WORKER
#define IN_OWN_THREAD N_CALL, WORKER

/* What the kernel tells beside the frames. */
struct told {
	uint64_t queried;
	const char *title;
};

static const struct na_attribution *call(struct scene *scene, struct told told, const struct frame *frames,
					 size_t count)
{
	struct na_stack_event event = scene_stack(scene, NA_STACK_WRITE, NA_STACK_COMPLETE, frames, count);

	event.queried = told.queried;
	if (told.title)
		strcpy(event.cron_title, told.title);
	return na_attributor_on_stack(scene->attributor, &event, &scene->acting);
}

#define CALL(scene, told, ...) \
	call(scene, told, (const struct frame[]){ __VA_ARGS__ }, \
	     sizeof((const struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame))
#define ASKED(flow) ((struct told){ .queried = (flow) })
#define NOTHING ((struct told){ 0 })

static void connected(struct scene *scene, uint64_t flow, const char *name)
{
	na_attributor_on_database(scene->attributor, &scene->task, flow, name);
}

static void expect(const struct na_attribution *a, const char *name, const char *evidence)
{
	assert_non_null(a);
	if (!a->database.name)
		fail_msg("%s, instead of %s", a->database.reason, name);
	assert_string_equal(a->database.name, name);
	assert_string_equal(na_database_evidence_name(a->database.evidence), evidence);
	assert_null(a->database.reason);
	na_attribution_release(a);
}

static void expect_none(const struct na_attribution *a, const char *reason)
{
	assert_non_null(a);
	if (a->database.name)
		fail_msg("%s (%s)", a->database.name, na_database_evidence_name(a->database.evidence));
	assert_string_equal(a->database.reason, reason);
	assert_null(na_database_evidence_name(a->database.evidence));
	na_attribution_release(a);
}

static void begin(struct scene *scene)
{
	configured = NULL;
	scene_begin(scene);
	scene_thread(scene, 101);
}

static void test_the_connection_asked_last_decides(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	connected(&scene, 900, "alpha");
	connected(&scene, 901, "beta");
	expect(CALL(&scene, ASKED(900), IN_SERVER), "alpha", "query");
	expect(CALL(&scene, ASKED(901), IN_SERVER), "beta", "query");
	scene_end(&scene);
}

static void test_a_request_that_asked_nothing_is_for_none(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	connected(&scene, 900, "alpha");
	expect(CALL(&scene, ASKED(900), IN_SERVER), "alpha", "query");
	expect_none(CALL(&scene, NOTHING, IN_SERVER), NA_WHY_NOT_ASKED);
	connected(&scene, 901, "beta");
	expect_none(CALL(&scene, NOTHING, IN_SERVER), NA_WHY_DATABASES);
	scene_end(&scene);
}

static void test_other_threads_have_the_only_connection(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	expect_none(CALL(&scene, NOTHING, IN_OWN_THREAD), NA_WHY_NO_DATABASE);
	connected(&scene, 899, "postgres");
	connected(&scene, 900, "alpha");
	connected(&scene, 901, "alpha");
	expect(CALL(&scene, NOTHING, IN_OWN_THREAD), "alpha", "only-connection");
	expect(CALL(&scene, ASKED(899), IN_SERVER), "alpha", "only-connection");
	connected(&scene, 902, "beta");
	expect_none(CALL(&scene, NOTHING, IN_OWN_THREAD), NA_WHY_DATABASES);
	/* a pool's thread asked for one piece of work, and calls for another */
	expect_none(CALL(&scene, ASKED(900), IN_OWN_THREAD), NA_WHY_DATABASES);
	na_attributor_database_closed(scene.attributor, 902);
	expect_none(CALL(&scene, NOTHING, IN_OWN_THREAD), NA_WHY_DATABASES);
	scene_end(&scene);
}

static void test_what_was_not_seen_may_be_any(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	connected(&scene, 900, "alpha");
	expect_none(CALL(&scene, ASKED(950), IN_SERVER), NA_WHY_DATABASE_UNSEEN);
	expect_none(CALL(&scene, ASKED(950), IN_OWN_THREAD), NA_WHY_DATABASE_UNSEEN);
	na_attributor_database_closed(scene.attributor, 900);
	expect_none(CALL(&scene, ASKED(900), IN_SERVER), NA_WHY_DATABASE_UNSEEN);
	connected(&scene, 0, NULL);
	expect_none(CALL(&scene, NOTHING, IN_OWN_THREAD), NA_WHY_DATABASE_UNSEEN);
	scene_end(&scene);
}

static void test_a_cron_worker_says_it_in_its_title(void **state)
{
	const struct told title = { .title = " 4711 alpha" }, idle = { .title = " 4711" };
	const struct told differs = { .queried = 901, .title = " 4711 alpha" };
	struct scene scene;

	(void)state;
	begin(&scene);
	expect(CALL(&scene, title, IN_SERVER), "alpha", "cron-title");
	expect_none(CALL(&scene, idle, IN_SERVER), NA_WHY_NO_DATABASE);
	/* started by an earlier job, perhaps of another database */
	expect_none(CALL(&scene, title, IN_OWN_THREAD), NA_WHY_NO_DATABASE);
	connected(&scene, 900, "alpha");
	connected(&scene, 901, "beta");
	expect(CALL(&scene, ((struct told){ 900, " 4711 alpha" }), IN_SERVER), "alpha", "cron-title");
	expect_none(CALL(&scene, differs, IN_SERVER), NA_WHY_DATABASES_DIFFER);
	scene_end(&scene);
}

static void test_threads_and_processes_inherit(void **state)
{
	const struct frame start[] = { THREAD_START, N_CALL, SERVER, WORKER }, fork[] = { N_CALL, SERVER, WORKER };
	struct na_stack_event event;
	struct scene scene;

	(void)state;
	begin(&scene);
	connected(&scene, 900, "alpha");
	connected(&scene, 901, "beta");
	event = scene_stack(&scene, NA_STACK_THREAD, NA_STACK_COMPLETE, start, 5);
	event.subject = 102;
	event.subject_start_ns = 1102;
	event.queried = 901;
	assert_null(na_attributor_on_stack(scene.attributor, &event, &scene.acting));
	event = scene_stack(&scene, NA_STACK_PROCESS, NA_STACK_COMPLETE, fork, 4);
	event.subject = 200;
	event.subject_start_ns = 2000;
	event.queried = 901;
	assert_null(na_attributor_on_stack(scene.attributor, &event, &scene.acting));

	scene_thread(&scene, 102);
	expect(CALL(&scene, NOTHING, IN_OWN_THREAD), "beta", "thread-parent");
	scene.task = (struct na_task){ .pid = 200, .tid = 200, .start_ns = 2000, .scope = NA_SCOPE_ODOO };
	scene.acting.server = false;
	scene_process(&scene, NA_EVENT_EXEC);
	expect(na_attributor_of_flow(scene.attributor, 77, &scene.task, &scene.acting), "beta", "process-parent");
	scene_end(&scene);
}

static void test_the_configuration_says_it_where_nothing_speaks_against_it(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	configured = "alpha";
	expect(CALL(&scene, NOTHING, IN_SERVER), "alpha", "configuration");
	connected(&scene, 0, NULL);	/* over a unix socket */
	expect(CALL(&scene, NOTHING, IN_OWN_THREAD), "alpha", "configuration");
	connected(&scene, 901, "beta");
	expect_none(CALL(&scene, NOTHING, IN_OWN_THREAD), NA_WHY_DATABASE_UNSEEN);
	scene.acting.server = false;
	scene.task.pid = 300;
	expect_none(CALL(&scene, NOTHING, IN_OWN_THREAD), NA_WHY_NO_DATABASE);
	scene_end(&scene);
}

static void test_of_an_older_process_not_all_is_known(void **state)
{
	const struct na_attributor_options options = { .began_ns = 5000 };
	struct scene scene;

	(void)state;
	begin(&scene);
	na_attributor_destroy(scene.attributor);
	assert_int_equal(na_attributor_create(&scene.attributor, &options), 0);
	connected(&scene, 900, "alpha");
	expect_none(CALL(&scene, NOTHING, IN_OWN_THREAD), NA_WHY_DATABASE_UNSEEN);
	expect(CALL(&scene, ASKED(900), IN_SERVER), "alpha", "query");
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_connection_asked_last_decides),
		cmocka_unit_test(test_a_request_that_asked_nothing_is_for_none),
		cmocka_unit_test(test_other_threads_have_the_only_connection),
		cmocka_unit_test(test_what_was_not_seen_may_be_any),
		cmocka_unit_test(test_a_cron_worker_says_it_in_its_title),
		cmocka_unit_test(test_threads_and_processes_inherit),
		cmocka_unit_test(test_the_configuration_says_it_where_nothing_speaks_against_it),
		cmocka_unit_test(test_of_an_older_process_not_all_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
