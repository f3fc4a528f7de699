/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The containers met so far, and which control group or process is in which.
 *
 * A control group answers for all its tasks where its cgroup2 path tells, or is the only one there is. On hybrid hosts
 * it may say nothing while another hierarchy does; then each process is looked at.
 */
#include "target/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "target/container_private.h"
#include "target/procfs.h"

#define CONTAINERS 8192		/* kept; whoever comes later is in none that is known */
#define GROUPS 8192		/* remembered at once; power of two */
#define PROCESSES 4096		/* power of two */
#define PROCESS_AGE_S 1		/* a process that is being made into a container changes its control group */
#define LOOKS 8			/* for a name that is not there yet: a log folder may come after the first call */
#define LOOK_EVERY_S 5
#define CGROUP_BYTES 16384

struct known {
	struct na_container container;
	unsigned int looks;
	int64_t looked_s;
};

/* Answers, by control group or by process. */
struct group {
	uint64_t cgroup_id;
	struct known *known;	/* NULL: in none */
	bool used;
};

struct process {
	uint32_t pid;
	uint64_t start_ns;
	int64_t looked_s;
	struct known *known;
};

struct na_containers {
	int proc_fd;
	uint64_t tick_ns;
	char *pod_logs;
	struct known *known[CONTAINERS];
	size_t count;
	struct group group[GROUPS];
	struct process process[PROCESSES];
};

int na_containers_create(struct na_containers **result, const char *proc_root, const char *pod_logs)
{
	struct na_containers *containers = calloc(1, sizeof(*containers));
	long ticks = sysconf(_SC_CLK_TCK);
	int error = -ENOMEM;

	*result = NULL;
	if (!containers)
		return error;
	containers->tick_ns = UINT64_C(1000000000) / (ticks > 0 ? (uint64_t)ticks : 100);
	containers->pod_logs = strdup(pod_logs ? pod_logs : "/var/log/pods");
	containers->proc_fd = open(proc_root ? proc_root : "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (containers->proc_fd < 0)
		error = -errno;
	if (containers->proc_fd >= 0 && containers->pod_logs) {
		*result = containers;
		return 0;
	}
	na_containers_destroy(containers);
	return error;
}

void na_containers_destroy(struct na_containers *containers)
{
	if (!containers)
		return;
	for (size_t i = 0; i < containers->count; i++)
		free(containers->known[i]);
	if (containers->proc_fd >= 0)
		close(containers->proc_fd);
	free(containers->pod_logs);
	free(containers);
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

/* The same container is one, however many control groups it has. */
static struct known *keep(struct na_containers *containers, const struct na_container *found)
{
	struct known *known;

	for (size_t i = 0; i < containers->count; i++)
		if (strcmp(containers->known[i]->container.id, found->id) == 0 &&
		    strcmp(containers->known[i]->container.pod_uid, found->pod_uid) == 0)
			return containers->known[i];
	known = containers->count < CONTAINERS ? calloc(1, sizeof(*known)) : NULL;
	if (!known)
		return NULL;
	known->container = *found;
	known->looked_s = INT64_MIN / 2;
	containers->known[containers->count++] = known;
	return known;
}

static bool is_complete(const struct na_container *container)
{
	return container->image[0] && (!container->pod_uid[0] || container->pod[0]);
}

static int open_root_of(const struct na_containers *containers, uint32_t pid, struct na_root *host)
{
	int pid_fd = na_proc_open(containers->proc_fd, pid), error;

	if (pid_fd < 0)
		return pid_fd;
	error = na_root_open(host, pid_fd);
	close(pid_fd);
	return error;
}

/* Process 1 has the host's root also where we run in a container; where it may not be looked at, our own has to do. */
static int open_host(const struct na_containers *containers, struct na_root *host)
{
	if (open_root_of(containers, 1, host) == 0 || open_root_of(containers, (uint32_t)getpid(), host) == 0)
		return 0;
	return -ESRCH;
}

/* Names and images, again and again for a while until they are there. */
static void look_for_names(struct na_containers *containers, struct known *known)
{
	struct na_container *container = &known->container;
	struct na_root host;

	if (is_complete(container) || known->looks >= LOOKS || now_s() - known->looked_s < LOOK_EVERY_S)
		return;
	known->looks++;
	known->looked_s = now_s();
	if (open_host(containers, &host) != 0)
		return;
	if (container->pod_uid[0] && !container->pod[0])
		na_container_pod_name(container, &host, containers->pod_logs);
	if (container->id[0] && !container->image[0])
		na_container_image(container, &host);
	na_root_close(&host);
}

static void copy_slice(char *out, size_t capacity, struct na_slice text)
{
	size_t length = text.length < capacity ? text.length : 0;

	if (length)
		memcpy(out, text.bytes, length);
	out[length] = '\0';
}

/*
 * Whether the control group that is there now is the one of the event. 0: it is, and answers for all its tasks;
 * -ENOENT: that cannot be told; -ESTALE: the process has moved since.
 */
static int compare_group(const struct na_root *host, const struct na_cgroup *cgroup, uint64_t cgroup_id)
{
	static const char *const mounts[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
	int result = -ENOENT;

	for (size_t i = 0; cgroup->unified && cgroup_id && i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		char path[PATH_MAX];
		struct stat status;

		if (snprintf(path, sizeof(path), "%s%.*s", mounts[i], (int)cgroup->path.length, cgroup->path.bytes) >=
			    (int)sizeof(path) ||
		    na_root_stat(host, path, &status) != 0)
			continue;
		if (status.st_ino == cgroup_id)
			return 0;
		result = -ESTALE;
	}
	return result;
}

/* What one process shows. As compare_group(), or another error when the process is not there any more. */
static int examine_open(const struct na_root *host, int pid_fd, const struct na_task *task, struct na_container *found)
{
	char text[CGROUP_BYTES];
	struct na_cgroup cgroup;
	size_t length;
	int error = na_proc_read(pid_fd, "cgroup", text, sizeof(text), &length);

	if (error)
		return error;
	cgroup = na_parse_cgroup(text, length);
	copy_slice(found->id, sizeof(found->id), cgroup.container);
	copy_slice(found->pod_uid, sizeof(found->pod_uid), cgroup.pod);
	for (char *at = found->pod_uid; *at; at++)
		*at = *at == '_' ? '-' : *at;
	if (!found->id[0])
		na_container_by_mounts(found, host, pid_fd);
	return compare_group(host, &cgroup, task->cgroup_id);
}

static int examine(const struct na_containers *containers, const struct na_task *task, struct na_container *found)
{
	int pid_fd = na_proc_open(containers->proc_fd, task->pid), error;
	struct na_proc_stat stat;
	struct na_root host;

	memset(found, 0, sizeof(*found));
	if (pid_fd < 0)
		return -ESRCH;
	error = open_host(containers, &host);
	if (!error) {
		error = na_proc_stat(pid_fd, &stat);
		if (error || (task->start_ns && stat.start_ticks != task->start_ns / containers->tick_ns))
			error = -ESRCH;
		else
			error = examine_open(&host, pid_fd, task, found);
		na_root_close(&host);
	}
	close(pid_fd);
	return error;
}

static struct known *find(struct na_containers *containers, const struct na_task *task)
{
	struct group *group = &containers->group[(task->cgroup_id * 0x9e3779b97f4a7c15) >> 51 & (GROUPS - 1)];
	struct process *process = &containers->process[task->pid & (PROCESSES - 1)];
	struct na_container found;
	struct known *known;
	int result;

	if (group->used && group->cgroup_id == task->cgroup_id)
		return group->known;
	if (process->pid == task->pid && process->start_ns == task->start_ns && task->start_ns &&
	    now_s() - process->looked_s < PROCESS_AGE_S)
		return process->known;
	result = examine(containers, task, &found);
	if (result && result != -ENOENT)
		return NULL;
	known = found.id[0] || found.pod_uid[0] ? keep(containers, &found) : NULL;
	if (result == 0)
		*group = (struct group){ task->cgroup_id, known, true };
	else
		*process = (struct process){ task->pid, task->start_ns, now_s(), known };
	return known;
}

const struct na_container *na_containers_of(struct na_containers *containers, const struct na_task *task)
{
	struct known *known = find(containers, task);

	if (!known)
		return NULL;
	look_for_names(containers, known);
	return &known->container;
}
