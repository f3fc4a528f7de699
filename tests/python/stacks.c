/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Examines a process as the observer does and prints, as JSON, what was found and every thread's Python frames.
 *
 *     stacks PID
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/memory.h"
#include "target/procfs.h"
#include "target/python.h"
#include "walk.h"

enum { THREADS = 256, FRAMES = 512 };

/* As the kernel would say it: the start of the process, to the clock tick. */
static uint64_t start_of(uint32_t pid)
{
	struct na_proc_stat stat = { 0 };
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), pid_fd = na_proc_open(proc_fd, pid);

	if (pid_fd >= 0) {
		na_proc_stat(pid_fd, &stat);
		close(pid_fd);
	}
	close(proc_fd);
	return stat.start_ticks * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
}

static json_t *print_frame(uint32_t pid, const struct na_python *python, const struct walked_frame *frame)
{
	uint32_t line = na_python_line(NULL, pid, python, frame->code, frame->instruction, frame->first_line);

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "file", frame->file, "name", frame->name, "qualname",
			 frame->qualname, "module", frame->module, "line", (json_int_t)line, "first_line",
			 (json_int_t)frame->first_line, "entry", frame->entry);
}

static json_t *print_threads(uint32_t pid, int memory_fd, const struct na_python *python)
{
	static struct walked_frame frames[FRAMES];
	uint64_t threads[THREADS];
	long count = walk_threads(memory_fd, python, threads, THREADS);
	json_t *result = json_object();

	for (long i = 0; i < count; i++) {
		long depth = walk_frames(memory_fd, python, threads[i], frames, FRAMES);
		json_t *list = json_array();
		char name[32];

		for (long frame = 0; frame < depth; frame++)
			json_array_append_new(list, print_frame(pid, python, &frames[frame]));
		if (depth < 0)
			json_array_append_new(list, json_string(strerror((int)-depth)));
		snprintf(name, sizeof(name), "%" PRIu64, threads[i]);
		json_object_set_new(result, name, list);
	}
	return result;
}

int main(int argc, char **argv)
{
	uint32_t pid = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	struct na_python_info info;
	struct na_python python;
	json_t *result;
	int error, memory_fd, proc_fd, pid_fd;

	if (!pid) {
		(void)fprintf(stderr, "usage: stacks PID\n");
		return 2;
	}
	error = na_python_examine(NULL, pid, start_of(pid), &python, &info);
	result = json_pack("{s:i, s:s, s:s, s:b, s:b, s:i}", "error", -error, "reason", info.reason, "version",
			   info.version, "shared", info.shared, "usdt", info.audit_count > 0, "layout", (int)python.version);
	if (!error) {
		proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		pid_fd = na_proc_open(proc_fd, pid);
		memory_fd = na_memory_open(pid_fd);
		json_object_set_new(result, "threads", print_threads(pid, memory_fd, &python));
		close(memory_fd);
		close(pid_fd);
		close(proc_fd);
	}
	json_dumpf(result, stdout, JSON_INDENT(1));
	json_decref(result);
	return 0;
}
