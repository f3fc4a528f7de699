// SPDX-License-Identifier: GPL-2.0-or-later
/* Evidence `route`: which controller a request is told to be of, and when none is. */
#include "test_attribute.h"

#include <stdlib.h>

#define WRAPPER                                                                                          \
	{                                                                                                \
		"/opt/odoo/odoo/http.py", "odoo.http", "route.<locals>.decorator.<locals>.route_wrapper" \
	}
#define DISPATCH                                                                                                      \
	{                                                                                                             \
		"/opt/odoo/odoo/addons/base/models/ir_http.py", "odoo.addons.base.models.ir_http", "IrHttp._dispatch" \
	}
#define NO_DATABASE                                                                 \
	{                                                                           \
		"/opt/odoo/odoo/http.py", "odoo.http", "JsonRPCDispatcher.dispatch" \
	}
#define APPLICATION                                                           \
	{                                                                     \
		"/opt/odoo/odoo/http.py", "odoo.http", "Application.__call__" \
	}
#define RUN_WSGI                                                                          \
	{                                                                                 \
		"/usr/lib/python3/dist-packages/werkzeug/serving.py", "werkzeug.serving", \
			"WSGIRequestHandler.run_wsgi"                                     \
	}
#define PYWSGI                                                                                                        \
	{                                                                                                             \
		"/usr/lib/python3/dist-packages/gevent/pywsgi.py", "gevent.pywsgi", "WSGIHandler.handle_one_response" \
	}
#define SERVING APPLICATION, RUN_WSGI, SERVER, THREAD_RUN, BOOTSTRAP
#define ROUTE WRAPPER, DISPATCH, SERVING
#define N_CONTROLLER                                                                    \
	{                                                                               \
		"/srv/addons/n/controllers.py", "odoo.addons.n.controllers", "Web.page" \
	}
#define N_OTHER                                                                          \
	{                                                                                \
		"/srv/addons/n/controllers.py", "odoo.addons.n.controllers", "Web.other" \
	}
#define M_CONTROLLER                                                                     \
	{                                                                                \
		"/srv/addons/m/controllers.py", "odoo.addons.m.controllers", "Shop.page" \
	}
#define BASE_CONTROLLER                                                                                             \
	{                                                                                                           \
		"/opt/odoo/odoo/addons/base/controllers/rpc.py", "odoo.addons.base.controllers.rpc", "RPC.xmlrpc_2" \
	}
#define WRITER                                                                               \
	{                                                                                    \
		"/usr/lib/python3.13/socketserver.py", "socketserver", "_SocketWriter.write" \
	}
#define SQL                                                                 \
	{                                                                   \
		"/opt/odoo/odoo/sql_db.py", "odoo.sql_db", "Cursor.execute" \
	}

static int begin(void **state)
{
	struct scene *scene = malloc(sizeof(*scene));

	if (!scene)
		return -1;
	scene_begin(scene);
	scene_thread(scene, 205);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	scene_end(*state);
	free(*state);
	return 0;
}

static struct na_request accepted(struct scene *scene)
{
	return (struct na_request){ .since_ns = scene->now_ns++, .provable = true };
}

/* A query, or another call, during a request. */
static void call(struct scene *scene, const struct frame *frames, size_t count)
{
	struct na_stack_event event = scene_stack(scene, NA_STACK_WRITE, NA_STACK_COMPLETE, frames, count);

	na_attribution_release(na_attributor_on_stack(scene->attributor, &event, &scene->acting));
}

/* The caller releases the result. */
static const struct na_attribution *answer(struct scene *scene, struct na_request *request, uint32_t number,
					   enum na_stack_status status, const struct frame *frames, size_t count)
{
	struct na_stack_event event = scene_stack(scene, NA_STACK_WRITE, status, frames, count);
	struct na_acting acting = scene->acting;

	acting.inbound = true;
	acting.request = request;
	event.subject = number;
	return na_attributor_on_stack(scene->attributor, &event, &acting);
}

#define COUNT(...) (sizeof((const struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame))
#define CALL(scene, ...) call(scene, (const struct frame[]){ __VA_ARGS__ }, COUNT(__VA_ARGS__))
#define ANSWER_FROM(scene, request, number, ...) \
	answer(scene, request, number, NA_STACK_COMPLETE, (const struct frame[]){ __VA_ARGS__ }, COUNT(__VA_ARGS__))
#define ANSWER(scene, request, number) \
	ANSWER_FROM(scene, request, number, WRITER, RUN_WSGI, SERVER, THREAD_RUN, BOOTSTRAP)

static void test_a_request_is_its_controllers(void **state)
{
	struct na_request request = accepted(*state);
	const struct na_attribution *a;

	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	a = ANSWER(*state, &request, 1);
	assert_string_equal(a->function, "Web.page");
	assert_string_equal(a->file, "/srv/addons/n/controllers.py");
	assert_int_equal(a->line, 7);
	expect_addon(expect_chain(a, "n"), "n", NA_EVIDENCE_ROUTE);
}

static void test_the_outermost_controller_is_named_whatever_it_calls(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, M_CALL, MODELS, M_CONTROLLER, WRAPPER, N_CONTROLLER, ROUTE);
	expect_addon(ANSWER(*state, &request, 1), "n", NA_EVIDENCE_ROUTE);
}

static void test_odoos_own_controllers_are_odoos(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, N_CALL, MODELS, BASE_CONTROLLER, ROUTE);
	expect_odoo(ANSWER(*state, &request, 1), NA_EVIDENCE_ROUTE);
}

static void test_a_route_without_a_database_is_named_too(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SOCKET, N_CONTROLLER, WRAPPER, NO_DATABASE, SERVING);
	expect_addon(ANSWER(*state, &request, 1), "n", NA_EVIDENCE_ROUTE);
}

static void test_nothing_seen_is_unknown(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, N_CALL, DISPATCH, SERVING); /* before its controller, or after */
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
}

static void test_what_was_seen_before_the_accept_is_of_another_request(void **state)
{
	struct na_request request;

	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	request = accepted(*state);
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
}

static void test_an_answer_uses_up_what_was_seen(void **state)
{
	struct na_request first = accepted(*state), second = accepted(*state);

	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	expect_addon(ANSWER(*state, &first, 1), "n", NA_EVIDENCE_ROUTE);
	expect_unknown(ANSWER(*state, &second, 1), NA_WHY_INBOUND);
	expect_unknown(ANSWER(*state, &first, 2), NA_WHY_INBOUND);
}

static void test_each_request_of_a_connection_has_its_own_controller(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	expect_addon(ANSWER(*state, &request, 1), "n", NA_EVIDENCE_ROUTE);
	CALL(*state, SQL, M_CONTROLLER, ROUTE);
	CALL(*state, SQL, M_CONTROLLER, ROUTE);
	expect_addon(ANSWER(*state, &request, 2), "m", NA_EVIDENCE_ROUTE);
	expect_unknown(ANSWER(*state, &request, 3), NA_WHY_INBOUND);
}

static void test_two_controllers_in_one_request_are_unknown(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	CALL(*state, SQL, M_CONTROLLER, ROUTE);
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	CALL(*state, SQL, N_OTHER, ROUTE);
	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	expect_unknown(ANSWER(*state, &request, 2), NA_WHY_INBOUND);
}

static void test_after_an_answer_that_was_not_looked_at_one_request_is_unknown(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, N_CONTROLLER, ROUTE); /* of the request that is answered first */
	expect_unknown(ANSWER(*state, &request, 2), NA_WHY_INBOUND);
	CALL(*state, SQL, M_CONTROLLER, ROUTE);
	expect_addon(ANSWER(*state, &request, 3), "m", NA_EVIDENCE_ROUTE);
}

static void test_a_controller_that_answers_by_itself_is_named_once(void **state)
{
	struct na_request request = accepted(*state);

	expect_addon(ANSWER_FROM(*state, &request, 1, SOCKET, N_CONTROLLER, ROUTE), "n", NA_EVIDENCE_ROUTE);
	CALL(*state, SQL, N_CONTROLLER, ROUTE); /* still the first request */
	expect_unknown(ANSWER(*state, &request, 2), NA_WHY_INBOUND);
}

static void test_another_thread_proves_nothing(void **state)
{
	struct scene *scene = *state;
	struct na_request request = accepted(scene);

	CALL(scene, SQL, N_CONTROLLER, ROUTE);
	scene_thread(scene, 206);
	expect_unknown(ANSWER(scene, &request, 1), NA_WHY_INBOUND);
	scene_thread(scene, 205);
	CALL(scene, SQL, N_CONTROLLER, ROUTE);
	expect_unknown(ANSWER(scene, &request, 2), NA_WHY_INBOUND); /* threads take turns: whose request is it? */
	CALL(scene, SQL, N_CONTROLLER, ROUTE);
	expect_unknown(ANSWER(scene, &request, 3), NA_WHY_INBOUND);
}

static void test_a_thread_id_used_again_proves_nothing(void **state)
{
	struct scene *scene = *state;
	struct na_request request = accepted(scene);

	CALL(scene, SQL, N_CONTROLLER, ROUTE);
	scene->thread_start_ns++;
	expect_unknown(ANSWER(scene, &request, 1), NA_WHY_INBOUND);
}

static void test_greenlets_prove_nothing(void **state)
{
	struct scene *scene = *state;
	struct na_request request = accepted(scene);

	CALL(scene, SQL, N_CONTROLLER, WRAPPER, DISPATCH, APPLICATION, PYWSGI);
	expect_unknown(ANSWER_FROM(scene, &request, 1, WRITER, PYWSGI), NA_WHY_INBOUND);
	/* all greenlets of a patched server are in the main thread, and begin as threads do */
	scene_thread(scene, 100);
	CALL(scene, SQL, N_CONTROLLER, ROUTE);
	expect_unknown(ANSWER(scene, &request, 2), NA_WHY_INBOUND);
}

static void test_a_server_in_the_main_thread_is_one(void **state)
{
	struct scene *scene = *state;
	struct na_request request = accepted(scene);

	scene_thread(scene, 100);
	CALL(scene, SQL, N_CONTROLLER, WRAPPER, DISPATCH, APPLICATION, RUN_WSGI, SERVER, PROGRAM);
	expect_addon(ANSWER_FROM(scene, &request, 1, WRITER, RUN_WSGI, SERVER, PROGRAM), "n", NA_EVIDENCE_ROUTE);
}

static void test_servers_that_answer_elsewhere_prove_nothing(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, N_CONTROLLER, WRAPPER, DISPATCH, APPLICATION, REQUESTS, THREAD_RUN, BOOTSTRAP);
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
}

static void test_a_connection_older_than_the_auditor_is_unknown(void **state)
{
	struct na_request request = { 0 };

	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	expect_unknown(answer(*state, NULL, 1, NA_STACK_COMPLETE, (const struct frame[]){ WRITER, RUN_WSGI, BOOTSTRAP },
			      3),
		       NA_WHY_INBOUND);
}

static void test_a_function_around_the_controller_is_unknown(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, { "/srv/addons/m/tools.py", "odoo.addons.m.tools", "logged.<locals>.around" }, ROUTE);
	CALL(*state, SQL, N_CONTROLLER, { "/srv/addons/m/tools.py", "odoo.addons.m.tools", "Around.__call__" }, ROUTE);
	CALL(*state, SQL, N_CONTROLLER, REQUESTS, ROUTE);
	CALL(*state, SQL, { "/srv/addons/n/controllers.py", "odoo.addons.n.controllers", "page" }, ROUTE);
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
}

static void test_a_controllers_method_that_an_addon_calls_is_not_the_requests(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, N_CONTROLLER, WRAPPER, M_CALL, DISPATCH, SERVING);
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
}

static void test_a_controller_without_proof_is_unknown(void **state)
{
	static const struct frame unproven[] = {
		{ "/srv/addons/n/controllers.py", "odoo.addons.m.controllers", "Shop.page" },
		{ "/srv/addons/n/controllers.py", NULL, "Shop.page" },
		{ "<x>", NULL, "Shop.page" },
		{ "/opt/odoo/odoo/models.py", "odoo.models", "BaseModel.write" }, /* native code may have called it */
	};
	static const struct frame route[] = { ROUTE };
	struct na_request request = accepted(*state);
	struct frame frames[1 + sizeof(route) / sizeof(*route)];

	memcpy(frames + 1, route, sizeof(route));
	for (size_t i = 0; i < sizeof(unproven) / sizeof(*unproven); i++) {
		frames[0] = unproven[i];
		call(*state, frames, sizeof(frames) / sizeof(*frames));
	}
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
}

static void test_a_wrapper_that_only_looks_like_odoos_is_none(void **state)
{
	struct na_request request = accepted(*state);

	CALL(*state, SQL, M_CONTROLLER,
	     { "/srv/addons/n/odoo/http.py", "odoo.http", "route.<locals>.decorator.<locals>.route_wrapper" }, DISPATCH,
	     SERVING);
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
}

static void test_a_stack_that_is_not_whole_proves_nothing(void **state)
{
	struct na_request request = accepted(*state);
	struct na_stack_event event =
		scene_stack(*state, NA_STACK_WRITE, NA_STACK_TRUNCATED,
			    (const struct frame[]){ SQL, N_CONTROLLER, ROUTE }, COUNT(SQL, N_CONTROLLER, ROUTE));

	na_attribution_release(na_attributor_on_stack(((struct scene *)*state)->attributor, &event,
						      &((struct scene *)*state)->acting));
	expect_unknown(ANSWER(*state, &request, 1), NA_WHY_INBOUND);
	CALL(*state, SQL, N_CONTROLLER, ROUTE);
	expect_unknown(answer(*state, &request, 2, NA_STACK_BUSY, NULL, 0), NA_WHY_BUSY);
	expect_unknown(ANSWER(*state, &request, 3), NA_WHY_INBOUND); /* it was answered meanwhile */
}

static void test_native_code_between_is_the_controller_or_leaves_it_open(void **state)
{
	const struct na_statement native = { .says = NA_SAYS_ADDON,
					     .addon = &addons_known[0],
					     .traits = NA_TRAIT_NATIVE };
	const struct na_statement not_followed = { .says = NA_SAYS_UNDESCRIBED, .traits = NA_TRAIT_NATIVE };
	const struct na_statement other = { .says = NA_SAYS_ADDON,
					    .addon = &addons_known[1],
					    .traits = NA_TRAIT_METHOD };
	const struct na_statement wrapper = { .says = NA_SAYS_ODOO, .traits = NA_TRAIT_ROUTE };
	const struct na_statement dispatch = { .says = NA_SAYS_ODOO, .traits = NA_TRAIT_DISPATCH };
	const struct na_statement serving = { .says = NA_SAYS_LIBRARY, .traits = NA_TRAIT_SERVING };
	const struct na_statement root = { .says = NA_SAYS_LIBRARY, .traits = NA_TRAIT_THREADING };
	struct na_frame_view frames[] = { { &other, 0 },    { &native, 0 },  { &wrapper, 0 },
					  { &dispatch, 0 }, { &serving, 0 }, { &root, 0 } };
	struct na_sight sight;

	(void)state;
	na_rules_of_route(&sight, frames, 6, NA_STACK_COMPLETE, false);
	assert_int_equal(sight.controller, 1);
	frames[0].statement = &not_followed;
	na_rules_of_route(&sight, frames, 6, NA_STACK_COMPLETE, false);
	assert_true(sight.handling);
	assert_int_equal(sight.controller, NA_NO_FRAME);
}

static void test_an_addons_own_service_is_told_by_its_frames(void **state)
{
	struct na_request request = accepted(*state);

	expect_addon(ANSWER_FROM(*state, &request, 1, SOCKET, N_CALL, THREAD_RUN, BOOTSTRAP), "n",
		     NA_EVIDENCE_PYTHON_STACK);
}

static void test_threads_by_the_thousand_are_forgotten(void **state)
{
	struct scene *scene = *state;
	struct na_request request = accepted(scene);

	for (uint32_t i = 0; i < 5000; i++) {
		scene_thread(scene, 1000 + i);
		CALL(scene, SQL, N_CONTROLLER, ROUTE);
	}
	expect_addon(ANSWER(scene, &request, 1), "n", NA_EVIDENCE_ROUTE);
	request = accepted(scene);
	scene_thread(scene, 1000);
	expect_unknown(ANSWER(scene, &request, 1), NA_WHY_INBOUND);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_a_request_is_its_controllers),
		CASE(test_the_outermost_controller_is_named_whatever_it_calls),
		CASE(test_odoos_own_controllers_are_odoos),
		CASE(test_a_route_without_a_database_is_named_too),
		CASE(test_nothing_seen_is_unknown),
		CASE(test_what_was_seen_before_the_accept_is_of_another_request),
		CASE(test_an_answer_uses_up_what_was_seen),
		CASE(test_each_request_of_a_connection_has_its_own_controller),
		CASE(test_two_controllers_in_one_request_are_unknown),
		CASE(test_after_an_answer_that_was_not_looked_at_one_request_is_unknown),
		CASE(test_a_controller_that_answers_by_itself_is_named_once),
		CASE(test_another_thread_proves_nothing),
		CASE(test_a_thread_id_used_again_proves_nothing),
		CASE(test_greenlets_prove_nothing),
		CASE(test_a_server_in_the_main_thread_is_one),
		CASE(test_servers_that_answer_elsewhere_prove_nothing),
		CASE(test_a_connection_older_than_the_auditor_is_unknown),
		CASE(test_a_function_around_the_controller_is_unknown),
		CASE(test_a_controllers_method_that_an_addon_calls_is_not_the_requests),
		CASE(test_a_controller_without_proof_is_unknown),
		CASE(test_a_wrapper_that_only_looks_like_odoos_is_none),
		CASE(test_a_stack_that_is_not_whole_proves_nothing),
		CASE(test_native_code_between_is_the_controller_or_leaves_it_open),
		CASE(test_an_addons_own_service_is_told_by_its_frames),
		CASE(test_threads_by_the_thousand_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
