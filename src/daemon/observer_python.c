// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which processes run Python: looked at when they execute a program, when the kernel met one it was not told about, and
 * at the start. An interpreter that is only starting is looked at again, from the loop, without waiting for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/log.h"
#include "daemon/observer_internal.h"
#include "target/procfs.h"
#include "target/python.h"
#include "target/python_modules.h"
#include "target/python_static.h"

#define MOST_PENDING 4096	/* a flood of programs: those beyond are looked at when they call */
#define MOST_KNOWN 16384

/* After a look that came too early; the first is the look itself. */
static const unsigned int delays_ms[] = { 0, 2, 10, 50, 250, 1000 };
#define LOOKS (sizeof(delays_ms) / sizeof(*delays_ms))
#define LOOKS_WITHOUT_PYTHON 4	/* a program that has mapped none by then: no interpreter, or one that calls later */

/* Where no Python was found is not looked at for a while, longer each time: the kernel asks when code was mapped. */
#define FIRST_REST_NS (50 * NA_NS_PER_MS)
#define LONGEST_REST_NS (10 * NA_NS_PER_SECOND)

struct pending {
	uint32_t pid;
	uint64_t start_ns, due_ns;
	unsigned int looks;
	bool fresh;
	UT_hash_handle hh;
};

struct known_python {
	uint32_t pid;
	struct na_python layout;
	dev_t device;		/* of the interpreter's file, in which probes may be */
	ino_t inode;
	UT_hash_handle hh;
};

struct refused {
	uint32_t pid;
	uint64_t start_ns, until_ns, rest_ns;
	UT_hash_handle hh;
};

struct na_pythons {
	struct na_capture *capture;
	struct na_probes *probes;
	struct pending *pending;
	struct refused *refused;	/* the one looked at longest ago first */
	struct known_python *known;
};

int na_pythons_create(struct na_pythons **pythons, struct na_capture *capture, struct na_probes *probes)
{
	*pythons = calloc(1, sizeof(**pythons));
	if (!*pythons)
		return -ENOMEM;
	(*pythons)->capture = capture;
	(*pythons)->probes = probes;
	return 0;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

static void remove_pending(struct na_pythons *pythons, struct pending *pending)
{
	HASH_DEL(pythons->pending, pending);
	free(pending);
}

static void remove_known(struct na_pythons *pythons, struct known_python *known)
{
	na_probes_leave(pythons->probes, NA_PROBE_PYTHON_AUDIT, known->device, known->inode);
	HASH_DEL(pythons->known, known);
	free(known);
}

static void remove_refused(struct na_pythons *pythons, struct refused *refused)
{
	HASH_DEL(pythons->refused, refused);
	free(refused);
}

static struct refused *find_refused(const struct na_pythons *pythons, uint32_t pid)
{
	struct refused *refused;

	HASH_FIND(hh, pythons->refused, &pid, sizeof(pid), refused);
	return refused;
}

/* Returns whether it is the first time for this process. */
static bool refuse(struct na_pythons *pythons, uint32_t pid, uint64_t start_ns, uint64_t now_ns)
{
	struct refused *refused = find_refused(pythons, pid);
	uint64_t rest_ns = FIRST_REST_NS;

	if (refused && refused->start_ns == start_ns)
		rest_ns = refused->rest_ns * 2 < LONGEST_REST_NS ? refused->rest_ns * 2 : LONGEST_REST_NS;
	if (refused)
		remove_refused(pythons, refused);
	if (HASH_COUNT(pythons->refused) >= MOST_KNOWN)
		remove_refused(pythons, pythons->refused);
	refused = calloc(1, sizeof(*refused));
	if (refused) {
		*refused = (struct refused){ .pid = pid, .start_ns = start_ns, .until_ns = now_ns + rest_ns,
					     .rest_ns = rest_ns };
		HASH_ADD(hh, pythons->refused, pid, sizeof(pid), refused);
	}
	return rest_ns == FIRST_REST_NS;
}

void na_pythons_destroy(struct na_pythons *pythons)
{
	if (!pythons)
		return;
	while (pythons->pending)
		remove_pending(pythons, pythons->pending);
	while (pythons->known)
		remove_known(pythons, pythons->known);
	while (pythons->refused)
		remove_refused(pythons, pythons->refused);
	free(pythons);
}

static struct known_python *find_known(const struct na_pythons *pythons, uint32_t pid)
{
	struct known_python *known;

	HASH_FIND(hh, pythons->known, &pid, sizeof(pid), known);
	return known;
}

/* NULL: no memory. Whoever keeps it says which file it uses. */
static struct known_python *keep(struct na_pythons *pythons, uint32_t pid, const struct na_python *layout)
{
	struct known_python *known = find_known(pythons, pid);

	if (known)
		remove_known(pythons, known);
	else if (HASH_COUNT(pythons->known) >= MOST_KNOWN)
		remove_known(pythons, pythons->known);
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->pid = pid;
	known->layout = *layout;
	HASH_ADD(hh, pythons->known, pid, sizeof(pid), known);
	return known;
}

void na_pythons_forget(struct na_pythons *pythons, uint32_t pid)
{
	struct known_python *known = find_known(pythons, pid);
	struct refused *refused = find_refused(pythons, pid);
	struct pending *pending;

	if (known)
		remove_known(pythons, known);
	if (refused)
		remove_refused(pythons, refused);
	HASH_FIND(hh, pythons->pending, &pid, sizeof(pid), pending);
	if (pending)
		remove_pending(pythons, pending);
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

struct interpreter {
	const struct pending *pending;
	const struct na_python_info *info;
};

/* The file that the process has mapped, whatever stands at its path by now. */
static int open_interpreter(void *context)
{
	const struct interpreter *interpreter = context;
	int pid_fd = na_proc_open_started(NULL, interpreter->pending->pid, interpreter->pending->start_ns), fd;
	struct stat status;

	if (pid_fd < 0)
		return pid_fd;
	fd = na_mapped_file(pid_fd, &interpreter->info->mapping, &status);
	(void)close(pid_fd);
	return fd;
}

/* Its announcements are a second witness (bpf/audit.h). */
static void listen_to(struct na_pythons *pythons, struct known_python *known, const struct pending *pending,
		      const struct na_python_info *info)
{
	struct interpreter interpreter = { pending, info };

	known->device = info->device;
	known->inode = info->inode;
	for (size_t i = 0; i < info->audit_count; i++) {
		const struct na_usdt_site *site = &info->audit[i];
		const struct na_probe probe = {
			.slot = NA_PROBE_PYTHON_AUDIT, .device = info->device, .inode = info->inode,
			.offset = site->offset, .semaphore = site->semaphore, .cookie = site->places,
		};

		na_probes_use(pythons->probes, &probe, open_interpreter, &interpreter);
	}
}

static bool too_early(int err, const struct pending *pending)
{
	if (err == -EAGAIN)
		return pending->looks < LOOKS;
	return err == -ENOENT && pending->fresh && pending->looks < LOOKS_WITHOUT_PYTHON;
}

/* Returns false when there is nothing more to find out. */
static bool look(struct na_pythons *pythons, struct pending *pending, uint64_t now_ns)
{
	struct na_python layout;
	struct na_python_info info;
	int err = na_python_examine(NULL, pending->pid, pending->start_ns, &layout, &info);

	pending->looks++;
	if (too_early(err, pending)) {
		pending->due_ns = now_ns + delays_ms[pending->looks] * NA_NS_PER_MS;
		return true;
	}
	if (!err)
		err = na_capture_set_python(pythons->capture, pending->pid, &layout);
	if (!err) {
		struct known_python *known = keep(pythons, pending->pid, &layout);

		if (known)
			listen_to(pythons, known, pending, &info);
		return false;
	}
	if (!refuse(pythons, pending->pid, pending->start_ns, now_ns))
		return false;
	if (err == -ENOTSUP)
		na_log_info("process %u: frames are not read: %s", pending->pid, info.reason);
	else if (err != -ENOENT && err != -ESRCH && err != -EAGAIN)
		na_log_info("process %u: its Python could not be looked at: %s", pending->pid, strerror(-err));
	return false;
}

void na_pythons_look(struct na_pythons *pythons, uint32_t pid, uint64_t start_ns, bool fresh)
{
	const struct refused *refused = fresh ? NULL : find_refused(pythons, pid);
	uint64_t now_ns = na_boottime_ns();
	struct pending *pending;

	HASH_FIND(hh, pythons->pending, &pid, sizeof(pid), pending);
	if (!pending && HASH_COUNT(pythons->pending) < MOST_PENDING) {
		pending = calloc(1, sizeof(*pending));
		if (!pending)
			return;
		pending->pid = pid;
		HASH_ADD(hh, pythons->pending, pid, sizeof(pid), pending);
	}
	if (!pending)
		return;
	pending->start_ns = start_ns;
	pending->fresh = fresh;
	pending->looks = 0;
	pending->due_ns = refused && refused->start_ns == start_ns ? refused->until_ns : now_ns;
	if (pending->due_ns <= now_ns && !look(pythons, pending, now_ns))
		remove_pending(pythons, pending);
}

void na_pythons_look_due(struct na_pythons *pythons, uint64_t now_ns)
{
	struct pending *pending, *next;

	HASH_ITER(hh, pythons->pending, pending, next)
		if (pending->due_ns <= now_ns && !look(pythons, pending, now_ns))
			remove_pending(pythons, pending);
}

uint64_t na_pythons_next_ns(const struct na_pythons *pythons)
{
	uint64_t next_ns = UINT64_MAX;

	for (const struct pending *pending = pythons->pending; pending; pending = pending->hh.next)
		if (pending->due_ns < next_ns)
			next_ns = pending->due_ns;
	return next_ns;
}

/* The kernel has given the child its parent's layout. */
void na_pythons_fork(struct na_pythons *pythons, const struct na_process_event *event)
{
	const struct known_python *parent = find_known(pythons, event->task.parent_pid);
	struct known_python copy, *child;

	if (!parent)
		return;
	copy = *parent;		/* keeping the child's may drop the parent's */
	copy.layout.start_ns = event->task.start_ns;
	na_probes_share(pythons->probes, NA_PROBE_PYTHON_AUDIT, copy.device, copy.inode);
	child = keep(pythons, event->task.pid, &copy.layout);
	if (!child) {
		na_probes_leave(pythons->probes, NA_PROBE_PYTHON_AUDIT, copy.device, copy.inode);
		return;
	}
	child->device = copy.device;
	child->inode = copy.inode;
}

uint32_t na_pythons_line(const struct na_pythons *pythons, const struct na_task *task, uint64_t address,
			 int32_t instruction, uint32_t first_line)
{
	const struct known_python *known = find_known(pythons, task->pid);

	if (!known)
		return first_line;
	return na_python_line(NULL, task->pid, &known->layout, address, instruction, first_line);
}

int na_pythons_is_module(const struct na_pythons *pythons, uint32_t pid, uint64_t globals, const char *name)
{
	const struct known_python *known = find_known(pythons, pid);

	return known ? na_python_is_module(NULL, pid, &known->layout, globals, name) : -ENOENT;
}

int na_pythons_is_static(const struct na_pythons *pythons, uint32_t pid, uint64_t address)
{
	const struct known_python *known = find_known(pythons, pid);

	return known ? na_python_is_static(NULL, pid, &known->layout, address) : -ENOENT;
}
