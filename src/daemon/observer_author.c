// SPDX-License-Identifier: GPL-2.0-or-later
/* Who made it: stacks, code objects and the lives of processes, as attribution wants them. */
#include <errno.h>
#include <string.h>

#include "daemon/observer_internal.h"
#include "flow/compose_addon.h"

_Static_assert(NA_AUTHOR_COUNTERS == (int)NA_EVIDENCES, "status counts every kind of evidence");

static uint32_t line_of(void *context, const struct na_task *task, uint64_t address, int32_t instruction,
			uint32_t first_line)
{
	const struct na_observer *observer = context;

	return na_pythons_line(observer->pythons, task, address, instruction, first_line);
}

static void forgot(void *context)
{
	const struct na_observer *observer = context;

	na_capture_forget_codes(observer->context->capture);
}

static int is_module(void *context, uint32_t pid, uint64_t globals, const char *name)
{
	const struct na_observer *observer = context;

	return na_pythons_is_module(observer->pythons, pid, globals, name);
}

static int is_static(void *context, uint32_t pid, uint64_t address)
{
	const struct na_observer *observer = context;

	return na_pythons_is_static(observer->pythons, pid, address);
}

static int kernel_code(void *context, uint32_t pid, const struct na_native_code *code)
{
	const struct na_observer *observer = context;

	return na_capture_set_native(observer->context->capture, pid, code);
}

static void look_at(void *context, const struct na_target *target)
{
	struct na_observer *observer = context;

	if (target->scope != NA_SCOPE_NONE && target->scope != NA_SCOPE_RELAY)
		na_pythons_look(observer->pythons, target->pid, target->start_ns, false);
	if (target->scope != NA_SCOPE_NONE)
		na_tls_libraries_look(observer->tls_libraries, target->pid, target->start_ns);
}

/* The kernel goes on walking them, and will not ask again. */
static void look_at_known(void *context, uint32_t pid, uint64_t start_ns)
{
	struct na_observer *observer = context;

	na_pythons_look(observer->pythons, pid, start_ns, false);
}

int na_observer_open_authors(struct na_observer *observer)
{
	struct na_attributor_options options = {
		.line = line_of, .is_module = is_module, .is_static = is_static, .kernel_code = kernel_code,
		.forgot = forgot, .context = observer, .began_ns = na_boottime_ns(),
	};
	int err = na_addons_create(&observer->addons, NULL);

	options.addons = observer->addons;
	if (!err)
		err = na_attributor_create(&observer->attributor, &options);
	if (!err)
		err = na_containers_create(&observer->containers, NULL, NULL);
	if (!err)
		err = na_probes_create(&observer->probes, observer->context->probe_channel,
				       observer->context->config->probes, observer->context->capture,
				       observer->context->shared);
	if (!err)
		err = na_pythons_create(&observer->pythons, observer->context->capture, observer->probes);
	if (!err)
		err = na_observer_open_exchanges(observer);
	if (err)
		return err;
	/* what the kernel described to an observer before this one is not known here */
	na_capture_forget_codes(observer->context->capture);
	na_targets_each(observer->targets, look_at, observer);
	na_capture_each_python(observer->context->capture, look_at_known, observer);
	return 0;
}

void na_observer_close_authors(struct na_observer *observer)
{
	na_observer_close_exchanges(observer);
	na_attributor_destroy(observer->attributor);
	na_pythons_destroy(observer->pythons);
	na_probes_destroy(observer->probes);
	na_addons_destroy(observer->addons);
	na_containers_destroy(observer->containers);
}

/* Processes that serve Odoo itself; the others of its scope are what these started. */
static bool serves(enum na_worker worker)
{
	static const bool servers[NA_WORKERS] = {
		[NA_WORKER_MASTER] = true, [NA_WORKER_HTTP] = true,  [NA_WORKER_CRON] = true,
		[NA_WORKER_GEVENT] = true, [NA_WORKER_SHELL] = true, [NA_WORKER_UNKNOWN] = true,
	};

	return servers[worker];
}

bool na_observer_asks(struct na_acting *acting, const struct na_target *target, const struct na_task *task,
		      const struct na_context *context, bool inbound)
{
	enum na_scope scope = target ? target->scope : (enum na_scope)task->scope;

	*acting = (struct na_acting){
		.instance = context->instance ? context->instance : "",
		.server = target && serves(target->worker),
		.must_answer = scope == NA_SCOPE_ODOO || scope == NA_SCOPE_UNDECIDED,
		.inbound = inbound,
	};
	/* a relay acts for whoever asked it: its own code is nobody's answer */
	return !context->via;
}

const struct na_attribution *na_observer_author(struct na_observer *observer, uint64_t flow, const struct na_task *task,
						const struct na_acting *acting)
{
	const struct na_attribution *author = na_attributor_of_flow(observer->attributor, flow, task, acting);

	na_attributor_forget_flow(observer->attributor, flow);
	if (author)
		na_counter_add(&observer->context->shared->authors[author->evidence], 1);
	return author;
}

/* A connection that one add-on opened and another uses: told once for each of them. */
static void tell_user(struct na_observer *observer, const struct na_stack_event *event, struct na_context *context)
{
	struct na_flow *flow = na_flow_find(observer->flows, event->flow);
	char record[NA_COMPOSE_BYTES];

	if (flow && na_flow_tell_author(flow, context->author))
		na_observer_queue(observer, record, na_compose_author(record, event, context));
}

static void report_addon(void *context, const char *instance, const struct na_addon *addon)
{
	struct na_observer *observer = context;
	char record[NA_COMPOSE_BYTES];

	na_observer_queue(observer, record, na_compose_addon(record, addon, instance, &observer->clock));
}

void na_observer_report_addons(struct na_observer *observer)
{
	na_addons_each_new(observer->addons, report_addon, observer);
}

void na_observer_stack(struct na_observer *observer, const struct na_stack_event *event)
{
	const struct na_target *target = na_targets_see(observer->targets, &event->task);
	struct na_flow *flow = event->reason == NA_STACK_WRITE ? na_flow_find(observer->flows, event->flow) : NULL;
	struct na_acting acting;
	struct na_context context;

	if (!na_observer_describe(observer, target, &event->task, &context) ||
	    !na_observer_asks(&acting, target, &event->task, &context, flow && flow->direction == NA_INBOUND))
		return;
	acting.request = flow ? &flow->request : NULL;
	if (event->status == NA_STACK_NO_PYTHON)
		na_pythons_look(observer->pythons, event->task.pid, event->task.start_ns, false);
	context.author = na_attributor_on_stack(observer->attributor, event, &acting);
	if (context.author && event->reason == NA_STACK_WRITE)
		tell_user(observer, event, &context);
	if (context.author && flow)
		na_observer_exchange_author(observer, flow, event, context.author);
	na_attribution_release(context.author);
}

void na_observer_code(struct na_observer *observer, const struct na_code_event *event)
{
	if (na_attributor_on_code(observer->attributor, event))
		na_observer_dropped(observer, strerror(ENOMEM));
}

void na_observer_process_authors(struct na_observer *observer, const struct na_process_event *event)
{
	if (na_attributor_on_process(observer->attributor, event))
		na_observer_dropped(observer, strerror(ENOMEM));
	if (event->header.type == NA_EVENT_FORK) {
		na_pythons_fork(observer->pythons, event);
		return;
	}
	na_pythons_forget(observer->pythons, event->task.pid);
	na_tls_libraries_forget(observer->tls_libraries, event->task.pid);
	if (event->header.type == NA_EVENT_EXEC)
		na_pythons_look(observer->pythons, event->task.pid, event->task.start_ns, true);
	if (event->header.type == NA_EVENT_EXEC)
		na_tls_libraries_look(observer->tls_libraries, event->task.pid, event->task.start_ns);
}
