// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shows what the kernel says of Python stacks: reads commands, one a line, and writes each event as a line of JSON.
 *
 *   walk BACKEND [RING_KIB]
 *     scope PID          audits a process
 *     python PID         its interpreter is looked for, and its stacks are walked from now on
 *     watch FOLDER       objects below FOLDER are somebody's
 *     native PID         the kernel is told what is code in it, and whether somebody's is among it
 *     set PID NAME N     changes one number of what `python` said, and says it again
 *     forget             code objects are described again
 *     pause              nothing is read from the rings until the next command
 *     mute               events are read, and not shown
 *     quit
 *
 * Each command is answered by a line, after which its effect can be relied on.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/capture.h"
#include "target/native.h"
#include "target/python.h"

#define TICK_NS (NA_NS_PER_SECOND / 100)

#define CALLS 256

static struct na_python layout;
static struct na_native_process *natives;
static char folder[200];
static uint64_t code_pages;	/* of the last stack */
static struct na_unwinder *unwinder;

static void print_text(const char *name, const struct na_code_text *text, const char *bytes)
{
	printf(",\"%s\":{\"unit\":%u,\"flags\":%u,\"hex\":\"", name, text->unit, text->flags);
	for (unsigned int i = 0; i < text->bytes; i++)
		printf("%02x", (unsigned char)bytes[i]);
	printf("\"}");
}

static void print_stack(const struct na_stack_event *event)
{
	code_pages = event->code_pages;
	printf("{\"event\":\"stack\",\"time\":%" PRIu64 ",\"pid\":%u,\"tid\":%u,\"flow\":%" PRIu64 ",\"reason\":%u,"
	       "\"status\":%u,\"subject\":%u,\"subject_start\":%" PRIu64 ",\"code_pages\":%" PRIu64 ",\"frames\":[",
	       (uint64_t)event->header.time_ns, event->task.pid, event->task.tid, (uint64_t)event->flow, event->reason,
	       event->status, event->subject, (uint64_t)event->subject_start_ns, code_pages);
	for (unsigned int i = 0; i < event->count; i++)
		printf("%s[%" PRIu64 ",%d,%u]", i ? "," : "", (uint64_t)event->frames[i].code,
		       event->frames[i].instruction, event->frames[i].flags);
	printf("]}\n");
}

static void print_code(const struct na_code_event *event)
{
	printf("{\"event\":\"code\",\"time\":%" PRIu64 ",\"pid\":%u,\"code\":%" PRIu64 ",\"line\":%u",
	       (uint64_t)event->header.time_ns, event->pid, (uint64_t)event->code, event->first_line);
	print_text("file", &event->file, event->file_text);
	print_text("name", &event->name, event->name_text);
	print_text("module", &event->module, event->module_text);
	printf("}\n");
}

static void *owner_below(void *context, const char *path)
{
	return strncmp(path, context, strlen(context)) ? NULL : context;
}

static int read_native(unsigned int pid, uint64_t start_ns)
{
	na_native_process_free(natives);
	natives = NULL;
	return na_native_process_read(&natives, NULL, pid, start_ns, owner_below, folder);
}

/* One letter a call: E evaluates Python, O is somebody's object, - anything else. */
static void print_native(const struct na_native_event *event)
{
	struct na_native_call calls[CALLS];
	bool complete = false;
	size_t count = 0;

	if (folder[0] && (!event->unlisted || !read_native(event->task.pid, event->task.start_ns)) && natives)
		count = na_unwind(unwinder, natives, event, calls, CALLS, &complete);
	printf("{\"event\":\"native\",\"time\":%" PRIu64 ",\"tid\":%u,\"flow\":%" PRIu64 ",\"status\":%u,\"words\":%u,"
	       "\"unlisted\":%s,\"complete\":%s,\"calls\":\"", (uint64_t)event->header.time_ns, event->task.tid, (uint64_t)event->flow,
	       event->status, event->count, event->unlisted ? "true" : "false", complete ? "true" : "false");
	for (size_t i = 0; i < count; i++)
		putchar(calls[i].evaluates ? 'E' : calls[i].mapping->owner ? 'O' : '-');
	printf("\"}\n");
}

static void print_flow(const char *name, const struct na_flow_event *event)
{
	printf("{\"event\":\"%s\",\"time\":%" PRIu64 ",\"pid\":%u,\"tid\":%u,\"flow\":%" PRIu64 ",\"local_port\":%u,"
	       "\"remote_port\":%u,\"direction\":%u,\"exchanges\":%u,\"unexamined\":%u}\n", name,
	       (uint64_t)event->header.time_ns, event->task.pid, event->task.tid, (uint64_t)event->flow, event->local_port,
	       event->remote_port, event->direction, event->exchanges, event->exchanges_unexamined);
}

static void print_unix(const struct na_unix_event *event)
{
	printf("{\"event\":\"unix\",\"time\":%" PRIu64 ",\"pid\":%u,\"tid\":%u,\"flow\":%" PRIu64 ",\"error\":%d}\n",
	       (uint64_t)event->header.time_ns, event->task.pid, event->task.tid, (uint64_t)event->flow, event->error);
}

static void on_event(void *context, const struct na_event_header *event)
{
	const bool *muted = context;

	if (*muted)
		return;
	switch (event->type) {
	case NA_EVENT_STACK:
		print_stack((const struct na_stack_event *)event);
		break;
	case NA_EVENT_CODE:
		print_code((const struct na_code_event *)event);
		break;
	case NA_EVENT_NATIVE:
		print_native((const struct na_native_event *)event);
		break;
	case NA_EVENT_OPEN:
		print_flow("open", (const struct na_flow_event *)event);
		break;
	case NA_EVENT_CLOSE:
		print_flow("close", (const struct na_flow_event *)event);
		break;
	case NA_EVENT_DATAGRAM:
		print_flow("datagram", (const struct na_flow_event *)event);
		break;
	case NA_EVENT_UNIX:
		print_unix((const struct na_unix_event *)event);
		break;
	default:
		break;
	}
}

static void drain(struct na_capture *capture)
{
	uint64_t complete_ns;

	while (na_capture_drain(capture, 1024, &complete_ns) > 0)
		;
	fflush(stdout);
}

static uint64_t start_of(unsigned int pid)
{
	char path[64], text[1024] = "", *at;
	FILE *file;
	uint64_t ticks = 0;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	at = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	/* field 22, counted from the command's closing bracket, which is field 2 (proc_pid_stat(5)) */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		ticks = strtoull(at + 1, NULL, 10);
	return ticks * TICK_NS;
}

static int set_number(const char *name, uint64_t value)
{
	const struct { const char *name; uint32_t *at; } numbers[] = {
		{ "frame_back", &layout.frame_back }, { "frame_code", &layout.frame_code },
		{ "frame_owner_skip", &layout.frame_owner_skip }, { "code_file", &layout.code_file },
	};

	if (!strcmp(name, "start_ns")) {
		layout.start_ns = value;
		return 0;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!strcmp(numbers[i].name, name)) {
			*numbers[i].at = (uint32_t)value;
			return 0;
		}
	}
	return -EINVAL;
}

/* While it is at rest: its last stack had the number of pages that is told. */
static int set_native(struct na_capture *capture, unsigned int pid)
{
	struct na_native_code code = { .count = 0 };
	int err = read_native(pid, start_of(pid));

	if (!err && na_native_process_owned(natives))
		err = na_native_process_code(natives, &code);
	code.start_ns = start_of(pid);
	code.code_pages = code_pages;
	return err ? err : na_capture_set_native(capture, pid, &code);
}

static int obey(struct na_capture *capture, const char *line, bool *muted)
{
	struct na_python_info info;
	uint64_t value;
	char name[32];
	unsigned int pid;
	int err;

	if (sscanf(line, "scope %u", &pid) == 1)
		return na_capture_set_scope(capture, pid, NA_SCOPE_ODOO, false);
	if (sscanf(line, "python %u", &pid) == 1) {
		err = na_python_examine(NULL, pid, start_of(pid), &layout, &info);
		return err ? err : na_capture_set_python(capture, pid, &layout);
	}
	if (sscanf(line, "watch %199s", folder) == 1)
		return 0;
	if (sscanf(line, "native %u", &pid) == 1)
		return set_native(capture, pid);
	if (sscanf(line, "set %u %31s %" SCNu64, &pid, name, &value) == 3)
		return set_number(name, value) ? -EINVAL : na_capture_set_python(capture, pid, &layout);
	if (!strncmp(line, "pause", 5))
		return 0;
	if (!strncmp(line, "mute", 4)) {
		*muted = true;
		return 0;
	}
	if (!strncmp(line, "forget", 6)) {
		na_capture_forget_codes(capture);
		return 0;
	}
	return -EINVAL;
}

static void print_counts(struct na_capture *capture)
{
	uint64_t counts[NA_EVENT_TYPES][NA_LOSS_REASONS];

	if (na_capture_counts(capture, counts))
		return;
	printf("{\"event\":\"counts\",\"stacks\":%" PRIu64 ",\"stacks_lost\":%" PRIu64 ",\"codes\":%" PRIu64
	       ",\"codes_lost\":%" PRIu64 ",\"missed\":%" PRIu64 "}\n", counts[NA_EVENT_STACK][NA_LOSS_NONE],
	       counts[NA_EVENT_STACK][NA_LOSS_RING], counts[NA_EVENT_CODE][NA_LOSS_NONE],
	       counts[NA_EVENT_CODE][NA_LOSS_RING], na_capture_missed_programs(capture));
}

static enum na_backend backend_named(const char *name)
{
	for (int backend = 0; backend < NA_BACKENDS; backend++)
		if (!strcmp(na_backend_name((enum na_backend)backend), name))
			return (enum na_backend)backend;
	return NA_BACKEND_AUTO;
}

int main(int argc, char **argv)
{
	uint32_t ring_kib = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 4096;
	struct na_capture_options options = {
		.backend = backend_named(argc > 1 ? argv[1] : "auto"), .ring_kib = ring_kib, .bulk_ring_kib = ring_kib,
		.max_sockets = 16384, .max_peers = 16384, .max_processes = 16384,
	};
	struct na_capture *capture;
	struct na_error error;
	char line[256] = "";
	bool muted = false;

	if (na_capture_open(&capture, &options, &error)) {
		fprintf(stderr, "walk: %s\n", error.text);
		return 1;
	}
	if (na_unwinder_create(&unwinder) || na_capture_start_draining(capture, on_event, &muted))
		return 1;
	setvbuf(stdin, NULL, _IONBF, 0);	/* poll() must see every line */
	printf("{\"event\":\"ready\",\"backend\":\"%s\"}\n", na_backend_name(na_capture_backend(capture)));
	fflush(stdout);
	for (;;) {
		struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

		if (poll(&in, 1, 20) > 0) {
			if (!fgets(line, sizeof(line), stdin) || !strncmp(line, "quit", 4))
				break;
			drain(capture);
			printf("{\"event\":\"answer\",\"result\":%d}\n", obey(capture, line, &muted));
			fflush(stdout);
		}
		if (strncmp(line, "pause", 5))
			drain(capture);
	}
	drain(capture);
	print_counts(capture);
	na_native_process_free(natives);
	na_unwinder_destroy(unwinder);
	na_capture_close(capture);
	return 0;
}
