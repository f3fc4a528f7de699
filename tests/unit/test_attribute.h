/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made events for the tests of attribution: processes, code objects and stacks written as tables of frames, and a
 * stand-in for the add-ons of an instance (linked in place of src/target/addons.c).
 */
#ifndef NETAUDIT_TESTS_ATTRIBUTE_H
#define NETAUDIT_TESTS_ATTRIBUTE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attribute/attribute.h"
#include "attribute/rules.h"

/* ---- the instance: add-ons n, m and o; a second n in another folder that comes later on the path ---- */

static const struct na_addon addons_known[] = {
	{ .name = "n", .path = "/srv/addons/n" },
	{ .name = "m", .path = "/srv/addons/m" },
	{ .name = "o", .path = "/srv/addons/o" },
	{ .name = "n", .path = "/srv/later/n" },
	{ .name = "base", .path = "/opt/odoo/odoo/addons/base", .base = true },
};

#define ADDONS_KNOWN (sizeof(addons_known) / sizeof(*addons_known))

int na_addons_learn(struct na_addons *addons, const char *instance, uint32_t pid)
{
	(void)addons;
	(void)instance;
	(void)pid;
	return 0;
}

struct na_owned na_addons_of_file(struct na_addons *addons, const char *instance, uint32_t pid, const char *file)
{
	static const struct {
		const char *folder;
		enum na_owner owner;
	} folders[] = { { "/opt/odoo/", NA_OWNER_ODOO },
			{ "/usr/lib/", NA_OWNER_LIBRARY },
			{ "/home/", NA_OWNER_OTHER } };

	(void)addons;
	(void)pid;
	for (size_t i = 0; i < ADDONS_KNOWN && strncmp(instance, "pid:", 4) != 0; i++) {
		size_t length = strlen(addons_known[i].path);

		if (!strncmp(file, addons_known[i].path, length) && file[length] == '/')
			return (struct na_owned){ NA_OWNER_ADDON, &addons_known[i] };
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (!strncmp(file, folders[i].folder, strlen(folders[i].folder)))
			return (struct na_owned){ folders[i].owner, NULL };
	return (struct na_owned){ NA_OWNER_NOBODY, NULL };
}

struct na_owned na_addons_of_module(struct na_addons *addons, const char *instance, uint32_t pid, const char *module)
{
	static const char prefix[] = "odoo.addons.";

	(void)addons;
	(void)pid;
	if (strncmp(module, prefix, sizeof(prefix) - 1) != 0)
		return (struct na_owned){ !strcmp(module, "odoo") || !strncmp(module, "odoo.", 5) ? NA_OWNER_ODOO :
												    NA_OWNER_NOBODY,
					  NULL };
	module += sizeof(prefix) - 1;
	for (size_t i = 0; i < ADDONS_KNOWN && strncmp(instance, "pid:", 4) != 0; i++) {
		size_t length = strlen(addons_known[i].name);

		if (!strncmp(module, addons_known[i].name, length) && (!module[length] || module[length] == '.'))
			return (struct na_owned){ NA_OWNER_ADDON, &addons_known[i] };
	}
	return (struct na_owned){ NA_OWNER_NOBODY, NULL };
}

/* What the configuration says. */
static const char *configured;

const char *na_addons_database(const struct na_addons *addons, const char *instance, uint32_t pid, uint32_t parent_pid)
{
	(void)addons;
	(void)instance;
	(void)pid;
	(void)parent_pid;
	return configured;
}

/* ---- frames ---- */

struct frame {
	const char *file, *module, *function;	/* NULL: absent */
};

/* What real stacks are made of. */
#define SOCKET { "/usr/lib/python3.13/socket.py", "socket", "create_connection" }
#define REQUESTS { "/usr/lib/python3/dist-packages/requests/api.py", "requests.api", "get" }
#define N_CALL { "/srv/addons/n/models/x.py", "odoo.addons.n.models.x", "X.call" }
#define M_CALL { "/srv/addons/m/models/y.py", "odoo.addons.m.models.y", "Y.call" }
#define O_CALL { "/srv/addons/o/__init__.py", "odoo.addons.o", "call" }
#define BASE { "/opt/odoo/odoo/addons/base/models/ir_cron.py", "odoo.addons.base.models.ir_cron", "ir_cron._run" }
#define SAFE_EVAL { "/opt/odoo/odoo/tools/safe_eval.py", "odoo.tools.safe_eval", "safe_eval" }
#define MODELS { "/opt/odoo/odoo/models.py", "odoo.models", "BaseModel.write" }
#define SERVER { "/opt/odoo/odoo/service/server.py", "odoo.service.server", "WorkerHTTP._runloop" }
#define PROGRAM { "/usr/lib/odoo/odoo-bin", "__main__", "<module>" }
#define IMPORTER { "<frozen importlib._bootstrap>", "importlib._bootstrap", "_call_with_frames_removed" }
#define THREAD_START { "/usr/lib/python3.13/threading.py", "threading", "Thread.start" }
#define THREAD_RUN { "/usr/lib/python3.13/threading.py", "threading", "Thread.run" }
#define BOOTSTRAP { "/usr/lib/python3.13/threading.py", "threading", "Thread._bootstrap" }
#define POOL { "/usr/lib/python3.13/concurrent/futures/thread.py", "concurrent.futures.thread", "_worker" }
#define SUBMIT \
	{ "/usr/lib/python3.13/concurrent/futures/thread.py", "concurrent.futures.thread", "ThreadPoolExecutor.submit" }

/* ---- an attributor and the process that acts ---- */

#define INSTANCE "config:/etc/odoo/odoo.conf"

struct scene {
	struct na_attributor *attributor;
	struct na_acting acting;
	struct na_task task;
	uint64_t thread_start_ns;
	uint64_t now_ns, next_code, next_flow;
	uint64_t globals, address;	/* of all frames made from now on */
	enum na_stack_witness witness;	/* of all stacks made from now on */
};

/* In every process here the dictionary there is not the module's whose name it has. */
#define FALSE_GLOBALS 0xfa15e

static int is_module(void *context, uint32_t pid, uint64_t globals, const char *name)
{
	(void)context;
	(void)pid;
	(void)name;
	return globals != FALSE_GLOBALS;
}

/* Code objects are made at this address by the interpreter's own file, and at others by anybody. */
#define STATIC_CODE 0x57a71c

static int is_static(void *context, uint32_t pid, uint64_t address)
{
	(void)context;
	(void)pid;
	return address == STATIC_CODE;
}

static void scene_begin(struct scene *scene)
{
	const struct na_attributor_options options = { .is_module = is_module, .is_static = is_static };

	*scene = (struct scene){
		.acting = { .instance = INSTANCE, .server = true, .must_answer = true },
		.task = { .pid = 100, .tid = 100, .start_ns = 1000, .scope = NA_SCOPE_ODOO },
		.thread_start_ns = 1000,
		.now_ns = 1000000, .next_code = 1, .next_flow = 1,
	};
	assert_int_equal(na_attributor_create(&scene->attributor, &options), 0);
}

static void scene_end(struct scene *scene)
{
	na_attributor_destroy(scene->attributor);
}

/* The other thread of the worker, in which Odoo serves requests, unless another is given. */
static inline void scene_thread(struct scene *scene, uint32_t tid)
{
	scene->task.tid = tid;
	scene->thread_start_ns = 1000 + tid;
}

static void put_text(struct na_code_text *header, char *buffer, size_t capacity, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (!text)
		return;
	*header = (struct na_code_text){ .bytes = (uint16_t)length, .unit = 1, .flags = NA_TEXT_ASCII };
	assert_true(length <= capacity);
	memcpy(buffer, text, length);
}

static uint64_t scene_code(struct scene *scene, const struct frame *frame)
{
	struct na_code_event event = {
		.header = { scene->now_ns++, NA_EVENT_CODE, sizeof(event) }, .start_ns = scene->task.start_ns,
		.code = scene->next_code++, .pid = scene->task.pid, .first_line = 7,
		.globals = scene->globals, .address = scene->address,
	};

	put_text(&event.file, event.file_text, sizeof(event.file_text), frame->file);
	put_text(&event.module, event.module_text, sizeof(event.module_text), frame->module);
	put_text(&event.name, event.name_text, sizeof(event.name_text), frame->function);
	assert_int_equal(na_attributor_on_code(scene->attributor, &event), 0);
	return event.code;
}

static struct na_stack_event scene_stack(struct scene *scene, enum na_stack_reason reason, enum na_stack_status status,
					 const struct frame *frames, size_t count)
{
	struct na_stack_event event = { .task = scene->task,
					.thread_start_ns = scene->thread_start_ns,
					.count = (uint16_t)count,
					.reason = (uint8_t)reason,
					.status = (uint8_t)status,
					.witness = scene->witness };

	assert_true(count <= NA_STACK_FRAMES);
	for (size_t i = 0; i < count; i++)
		event.frames[i] = (struct na_stack_frame){ scene_code(scene, &frames[i]), -1, NA_FRAME_ENTRY };
	event.header = (struct na_event_header){ scene->now_ns++, NA_EVENT_STACK, sizeof(event) };
	if (reason == NA_STACK_CONNECT || reason == NA_STACK_DATAGRAM || reason == NA_STACK_WRITE)
		event.flow = scene->next_flow++;
	return event;
}

/* The caller releases the result. */
static inline const struct na_attribution *scene_connect_status(struct scene *scene, enum na_stack_status status,
							 const struct frame *frames, size_t count)
{
	struct na_stack_event event = scene_stack(scene, NA_STACK_CONNECT, status, frames, count);
	const struct na_attribution *said = na_attributor_on_stack(scene->attributor, &event, &scene->acting);
	const struct na_attribution *kept =
		na_attributor_of_flow(scene->attributor, event.flow, &scene->task, &scene->acting);

	assert_ptr_equal(said, kept);
	na_attribution_release(kept);
	na_attributor_forget_flow(scene->attributor, event.flow);
	return said;
}

/* The acting thread starts a thread (in its process) or a process. */
static inline void scene_start(struct scene *scene, enum na_stack_reason reason, enum na_stack_status status,
			       uint32_t subject, uint64_t subject_start_ns, const struct frame *frames, size_t count)
{
	struct na_stack_event event = scene_stack(scene, reason, status, frames, count);

	event.subject = subject;
	event.subject_start_ns = subject_start_ns;
	assert_null(na_attributor_on_stack(scene->attributor, &event, &scene->acting));
}

static inline void scene_process(struct scene *scene, enum na_event_type type)
{
	const struct na_process_event event = { .header = { scene->now_ns++, type, sizeof(event) },
						.task = scene->task };

	assert_int_equal(na_attributor_on_process(scene->attributor, &event), 0);
}

#define CONNECT(scene, ...) CONNECT_STATUS(scene, NA_STACK_COMPLETE, __VA_ARGS__)
#define CONNECT_STATUS(scene, status, ...) \
	scene_connect_status(scene, status, (const struct frame[]){ __VA_ARGS__ }, \
			     sizeof((const struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame))
#define START(scene, reason, subject, subject_start_ns, ...)                     \
	scene_start(scene, reason, NA_STACK_COMPLETE, subject, subject_start_ns, \
		    (const struct frame[]){ __VA_ARGS__ },                       \
		    sizeof((const struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame))

/* ---- what is expected ---- */

static inline void expect_addon(const struct na_attribution *a, const char *name, enum na_evidence_kind evidence)
{
	assert_non_null(a);
	if (a->author != NA_AUTHOR_ADDON)
		fail_msg("%s: %s, instead of %s", na_author_name(a->author), a->reason ? a->reason : "", name);
	assert_string_equal(a->addon->name, name);
	assert_string_equal(na_evidence_name(a->evidence), na_evidence_name(evidence));
	assert_null(a->reason);
	na_attribution_release(a);
}

static inline void expect_odoo(const struct na_attribution *a, enum na_evidence_kind evidence)
{
	assert_non_null(a);
	if (a->author != NA_AUTHOR_ODOO)
		fail_msg("%s: %s, instead of odoo", na_author_name(a->author), a->reason ? a->reason : "");
	assert_string_equal(na_evidence_name(a->evidence), na_evidence_name(evidence));
	assert_null(a->addon);
	na_attribution_release(a);
}

static inline void expect_unknown(const struct na_attribution *a, const char *reason)
{
	assert_non_null(a);
	assert_string_equal(na_author_name(a->author), "unknown");
	assert_string_equal(a->reason, reason);
	assert_int_equal(a->evidence, NA_EVIDENCE_NONE);
	assert_null(a->addon);
	na_attribution_release(a);
}

/* `names`: separated by blanks, innermost first. */
static inline const struct na_attribution *expect_chain(const struct na_attribution *a, const char *names)
{
	char joined[NA_ATTRIBUTION_CHAIN * NA_ADDON_NAME_BYTES] = "";

	assert_non_null(a);
	for (size_t i = 0; i < a->chain_count; i++) {
		strcat(joined, i ? " " : "");
		strcat(joined, a->chain[i]->name);
	}
	assert_string_equal(joined, names);
	return a;
}

#endif
