// SPDX-License-Identifier: GPL-2.0-or-later
/* Four hash tables. Bounds are kept by dropping the oldest; code goes with its process. */
#include "attribute/known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/text.h"

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists and hash are not understood */

struct na_known_code *na_known_find_code(const struct na_known *known, uint64_t id)
{
	struct na_known_code *code;

	HASH_FIND(hh, known->codes, &id, sizeof(id), code);
	return code;
}

struct na_known_thread *na_known_find_thread(const struct na_known *known, uint32_t pid, uint32_t tid,
					     uint64_t start_ns)
{
	const struct na_known_thread_key key = { start_ns, pid, tid };
	struct na_known_thread *thread;

	HASH_FIND(hh, known->threads, &key, sizeof(key), thread);
	return thread;
}

struct na_known_process *na_known_find_process(const struct na_known *known, uint32_t pid, uint64_t start_ns)
{
	const struct na_known_process_key key = { start_ns, pid, 0 };
	struct na_known_process *process;

	HASH_FIND(hh, known->processes, &key, sizeof(key), process);
	return process;
}

struct na_known_flow *na_known_find_flow(const struct na_known *known, uint64_t flow)
{
	struct na_known_flow *entry;

	HASH_FIND(hh, known->flows, &flow, sizeof(flow), entry);
	return entry;
}

static void remove_code(struct na_known *known, struct na_known_code *code)
{
	HASH_DEL(known->codes, code);
	free(code->file);
	free(code);
}

static void remove_thread(struct na_known *known, struct na_known_thread *thread)
{
	HASH_DEL(known->threads, thread);
	na_attribution_release(thread->parent);
	free(thread);
}

void na_known_drop_codes(struct na_known *known, struct na_known_process *process)
{
	na_native_view_clear(&process->native);
	while (process->codes) {
		struct na_known_code *code = process->codes;

		process->codes = code->next;
		remove_code(known, code);
	}
}

void na_known_remove_process(struct na_known *known, struct na_known_process *process)
{
	HASH_DEL(known->processes, process);
	na_known_drop_codes(known, process);
	na_attribution_release(process->parent);
	free(process->instance);
	free(process);
}

void na_known_remove_flow(struct na_known *known, struct na_known_flow *flow)
{
	HASH_DEL(known->flows, flow);
	na_attribution_release(flow->attribution);
	free(flow);
}

void na_known_remove_all(struct na_known *known)
{
	while (known->flows)
		na_known_remove_flow(known, known->flows);
	while (known->threads)
		remove_thread(known, known->threads);
	while (known->processes)
		na_known_remove_process(known, known->processes);
}

static void drop_oldest_process(struct na_known *known)
{
	known->dropped_codes |= known->processes->codes != NULL;
	na_known_remove_process(known, known->processes);
}

struct na_known_process *na_known_use_process(struct na_known *known, uint32_t pid, uint64_t start_ns)
{
	struct na_known_process *process = na_known_find_process(known, pid, start_ns);

	if (process) {
		HASH_DEL(known->processes, process);
	} else {
		if (HASH_COUNT(known->processes) >= NA_KNOWN_PROCESSES)
			drop_oldest_process(known);
		process = calloc(1, sizeof(*process));
		if (!process)
			return NULL;
		process->key = (struct na_known_process_key){ start_ns, pid, 0 };
	}
	HASH_ADD(hh, known->processes, key, sizeof(process->key), process);
	return process;
}

/* The three texts, one after the other, in one allocation. */
static int set_texts(struct na_known_code *code, const struct na_code_event *event)
{
	char file[NA_TEXT_UTF8_BYTES], function[NA_TEXT_UTF8_BYTES], module[NA_TEXT_UTF8_BYTES];
	size_t file_bytes = na_text_decode(file, &event->file, event->file_text, sizeof(event->file_text)) + 1;
	size_t function_bytes = na_text_decode(function, &event->name, event->name_text, sizeof(event->name_text)) + 1;
	size_t module_bytes =
		na_text_decode(module, &event->module, event->module_text, sizeof(event->module_text)) + 1;
	char *texts = malloc(file_bytes + function_bytes + module_bytes);

	if (!texts)
		return -ENOMEM;
	free(code->file);
	code->file = texts;
	code->function = texts + file_bytes;
	code->module = code->function + function_bytes;
	memcpy(code->file, file, file_bytes);
	memcpy(code->function, function, function_bytes);
	memcpy(code->module, module, module_bytes);
	return 0;
}

static struct na_known_code *make_code(struct na_known *known, const struct na_code_event *event)
{
	struct na_known_process *process = na_known_use_process(known, event->pid, event->start_ns);
	struct na_known_code *code = process ? calloc(1, sizeof(*code)) : NULL;

	if (!code)
		return NULL;
	code->id = event->code;
	code->process = process;
	code->next = process->codes;
	process->codes = code;
	HASH_ADD(hh, known->codes, id, sizeof(code->id), code);
	return code;
}

int na_known_add_code(struct na_known *known, const struct na_code_event *event)
{
	struct na_known_code *code = na_known_find_code(known, event->code);

	/* an id is never another process's; if the kernel says so, the process it was is gone */
	if (code && (code->process->key.pid != event->pid || code->process->key.start_ns != event->start_ns)) {
		na_known_remove_process(known, code->process);
		code = NULL;
	}
	while (!code && HASH_COUNT(known->codes) >= NA_KNOWN_CODES)
		drop_oldest_process(known);
	if (!code)
		code = make_code(known, event);
	if (!code || set_texts(code, event))
		return -ENOMEM;
	code->address = event->address;
	code->globals = event->globals;
	code->first_line = event->first_line;
	code->stated_for = 0;
	code->line = 0;
	return 0;
}

int na_known_add_thread(struct na_known *known, const struct na_stack_event *event, enum na_starter starter,
			const struct na_attribution *parent)
{
	struct na_known_thread *thread =
		na_known_find_thread(known, event->task.pid, event->subject, event->subject_start_ns);

	if (!thread) {
		if (HASH_COUNT(known->threads) >= NA_KNOWN_THREADS)
			remove_thread(known, known->threads);
		thread = calloc(1, sizeof(*thread));
		if (!thread)
			return -ENOMEM;
		thread->key =
			(struct na_known_thread_key){ event->subject_start_ns, event->task.pid, event->subject };
		HASH_ADD(hh, known->threads, key, sizeof(thread->key), thread);
	}
	na_attribution_release(thread->parent);
	thread->starter = starter;
	thread->parent = starter == NA_STARTER_ADDON ? na_attribution_hold(parent) : NULL;
	return 0;
}

int na_known_add_flow(struct na_known *known, uint64_t flow, const struct na_attribution *attribution)
{
	struct na_known_flow *entry = na_known_find_flow(known, flow);

	if (!entry) {
		if (HASH_COUNT(known->flows) >= NA_KNOWN_FLOWS)
			na_known_remove_flow(known, known->flows);
		entry = calloc(1, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		entry->flow = flow;
		HASH_ADD(hh, known->flows, flow, sizeof(entry->flow), entry);
	}
	na_attribution_release(entry->attribution);
	entry->attribution = na_attribution_hold(attribution);
	return 0;
}

int na_known_set_instance(struct na_known_process *process, const char *instance)
{
	char *copy;

	if (process->instance && !strcmp(process->instance, instance))
		return 0;
	copy = strdup(instance);
	if (!copy)
		return -ENOMEM;
	free(process->instance);
	process->instance = copy;
	process->generation++;
	process->learned_ns = 0;
	na_native_view_clear(&process->native);
	return 0;
}

void na_known_set_parent(struct na_known_process *process, const struct na_attribution *parent)
{
	na_attribution_release(process->parent);
	process->parent = na_attribution_hold(parent);
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */
