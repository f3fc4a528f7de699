// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel is told about interpreters, so that it can walk their stacks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "capture/internal.h"
#include "target/procfs.h"

#define OBJECT_BYTES_MAX 256	/* NA_OBJECT_BYTES in bpf/python_maps.h */
#define TICK_NS 10000000ULL	/* what /proc counts start times in: USER_HZ is 100 wherever we run */

struct field {
	uint32_t offset, bytes;
};

/* How much of an object has all the fields that it has at all. 0: more than is ever read. */
static uint32_t span(const struct field *fields, size_t count)
{
	uint32_t end = 0;

	for (size_t i = 0; i < count; i++) {
		if (fields[i].offset == NA_PYTHON_ABSENT)
			continue;
		if (fields[i].offset > OBJECT_BYTES_MAX - fields[i].bytes)
			return 0;
		if (fields[i].offset + fields[i].bytes > end)
			end = fields[i].offset + fields[i].bytes;
	}
	return end;
}

static int set_spans(struct na_python *python)
{
	const struct field frame[] = {
		{ python->frame_code, 8 }, { python->frame_back, 8 }, { python->frame_globals, 8 },
		{ python->frame_instruction, python->version < 0x030b ? 4 : 8 }, { python->frame_owner, 1 },
		{ python->frame_is_entry, 1 },
	};
	const struct field code[] = {
		{ python->code_file, 8 }, { python->code_name, 8 }, { python->code_qualname, 8 },
		{ python->code_first_line, 4 },
	};

	python->frame_bytes = span(frame, sizeof(frame) / sizeof(frame[0]));
	python->code_bytes = span(code, sizeof(code) / sizeof(code[0]));
	return python->frame_bytes && python->code_bytes ? 0 : -EINVAL;
}

static bool is_alive(uint32_t pid, uint64_t start_ns)
{
	int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int pid_fd = proc_fd < 0 ? -1 : na_proc_open(proc_fd, pid);
	struct na_proc_stat now;
	bool alive = pid_fd >= 0 && !na_proc_stat(pid_fd, &now) && now.start_ticks == start_ns / TICK_NS;

	if (pid_fd >= 0)
		close(pid_fd);
	if (proc_fd >= 0)
		close(proc_fd);
	return alive;
}

int na_capture_set_python(struct na_capture *capture, uint32_t pid, const struct na_python *python)
{
	struct na_python entry = *python;
	int err = set_spans(&entry);

	if (err)
		return err;
	if (bpf_map_update_elem(capture->pythons, &pid, &entry, BPF_ANY))
		return -errno;
	/* in this order, an exit that we could not hear of is one that we see here */
	if (is_alive(pid, python->start_ns))
		return 0;
	bpf_map_delete_elem(capture->pythons, &pid);
	return -ESRCH;
}

void na_capture_each_python(const struct na_capture *capture, na_python_fn *visit, void *context)
{
	bool more;
	uint32_t pid, next;
	struct na_python python;

	more = !bpf_map_get_next_key(capture->pythons, NULL, &next);
	while (more) {
		pid = next;
		/* before the visitor may change this one: a walk that has lost its place starts again */
		more = !bpf_map_get_next_key(capture->pythons, &pid, &next);
		if (!bpf_map_lookup_elem(capture->pythons, &pid, &python))
			visit(context, pid, python.start_ns);
	}
}

/* The start of the one may be exact, of the other as /proc tells it. */
static bool same_start(uint64_t a, uint64_t b)
{
	return a / TICK_NS == b / TICK_NS;
}

static int tell_code(struct na_capture *capture, uint32_t pid, uint64_t start_ns, uint64_t code_pages, bool listed)
{
	struct na_python entry;

	if (bpf_map_lookup_elem(capture->pythons, &pid, &entry))
		return -errno == -ENOENT ? -ESRCH : -errno;
	if (!same_start(entry.start_ns, start_ns))
		return -ESRCH;
	entry.code_pages = code_pages;
	entry.code_listed = listed;
	/* only what is there: it may have exited since */
	return bpf_map_update_elem(capture->pythons, &pid, &entry, BPF_EXIST) ? -errno : 0;
}

int na_capture_set_native(struct na_capture *capture, uint32_t pid, const struct na_native_code *code)
{
	int err = code->count && bpf_map_update_elem(capture->natives, &pid, code, BPF_ANY) ? -errno : 0;
	int told = tell_code(capture, pid, code->start_ns, err ? 0 : code->code_pages, code->count != 0);

	err = err ? err : told;
	if (!err && !is_alive(pid, code->start_ns))
		err = -ESRCH;
	if (err || !code->count)	/* in this order: a list that is in use is there */
		bpf_map_delete_elem(capture->natives, &pid);
	return err;
}

void na_capture_forget_codes(struct na_capture *capture)
{
	uint32_t zero = 0, generation = 0;

	bpf_map_lookup_elem(capture->code_generation, &zero, &generation);
	generation++;
	bpf_map_update_elem(capture->code_generation, &zero, &generation, BPF_ANY);
}
