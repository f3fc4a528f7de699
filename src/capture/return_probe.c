// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Return probes made through tracefs, because only there their number of instances can be chosen. What
 * perf_event_open(2) makes has one per CPU where the kernel is not preemptible (register_kretprobe(), maxactive 0): a
 * thread that sleeps inside the function, for a route or for memory, keeps it, and the returns of all others go unseen.
 * Census on 5.10 with one CPU: 8 of 24 connects that began together.
 */
#include "capture/return_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSTANCES 4096	/* KRETPROBE_MAXACTIVE_MAX; about 100 bytes each */
#define GROUP "netaudit_"	/* and the process's id: a probe is told from those of another auditor */
#define LINE_BYTES 256
#define MOST 8

static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

/* What was made and by whom: the observer, a fork, must leave it. The sandbox leaves no way to open the file again. */
static struct {
	int events_fd;
	pid_t owner;
	const char *tracefs;
	const char *programs[MOST];
	size_t count;
} made = { .events_fd = -1 };

static int write_line(const char *line)
{
	size_t bytes = strlen(line);

	return write(made.events_fd, line, bytes) == (ssize_t)bytes ? 0 : -errno;
}

static void remove_probe(int pid, const char *name)
{
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "-:" GROUP "%d/%s\n", pid, name);
	write_line(line);	/* one in use stays: its auditor, or the next to start, removes it */
}

/* Probes of auditors that are gone. A probe in use is refused (EBUSY), so none that matters can be taken away. */
static void remove_left_behind(void)
{
	char path[LINE_BYTES], line[LINE_BYTES], name[128];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "%s/kprobe_events", made.tracefs);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		const char *group = strstr(line, ":" GROUP);

		if (!group || sscanf(group, ":" GROUP "%d/%127s", &pid, name) != 2 || pid == getpid() ||
		    !kill(pid, 0) || errno != ESRCH)
			continue;
		remove_probe(pid, name);
	}
	if (file)
		fclose(file);
}

static int open_tracefs(void)
{
	char path[LINE_BYTES];

	for (size_t i = 0; made.events_fd < 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/kprobe_events", places[i]);
		made.events_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
		if (made.events_fd < 0)
			continue;
		made.tracefs = places[i];
		made.owner = getpid();
		remove_left_behind();
	}
	return made.events_fd < 0 ? -errno : 0;
}

/* The number that perf_event_open(2) knows a probe by. */
static int read_id(const char *probe)
{
	char path[LINE_BYTES], text[16] = "";
	ssize_t bytes;
	int fd;

	snprintf(path, sizeof(path), "%s/events/" GROUP "%d/%s/id", made.tracefs, (int)getpid(), probe);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	bytes = read(fd, text, sizeof(text) - 1);
	close(fd);
	return bytes > 0 ? atoi(text) : -EIO;
}

static int open_probe(const char *probe)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attributes), .sample_period = 1, .wakeup_events = 1,
	};
	int id = read_id(probe);

	if (id < 0)
		return id;
	attributes.config = (uint64_t)id;
	/* one CPU's event is enough: the program hangs on the probe itself and runs on all of them */
	id = (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return id < 0 ? -errno : id;
}

struct bpf_link *na_return_probe_attach(const struct bpf_program *program)
{
	const char *function = strchr(bpf_program__section_name(program), '/'), *name = bpf_program__name(program);
	char line[LINE_BYTES];
	struct bpf_link *link;
	int fd;

	if (open_tracefs() || !function || made.count == MOST)
		return NULL;
	snprintf(line, sizeof(line), "r%d:" GROUP "%d/%s %s\n", INSTANCES, (int)getpid(), name, function + 1);
	fd = write_line(line);
	if (!fd) {
		made.programs[made.count++] = name;
		fd = open_probe(name);
	}
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	link = bpf_program__attach_perf_event(program, fd);
	if (!link)
		close(fd);
	return link;
}

void na_return_probes_remove(void)
{
	if (made.events_fd < 0 || made.owner != getpid())
		return;
	for (size_t i = 0; i < made.count; i++)
		remove_probe(made.owner, made.programs[i]);
	close(made.events_fd);
	made.events_fd = -1;
	made.count = 0;
}
