/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which container and pod a process runs in: from its control group, its mounts, and files that container runtimes and
 * the kubelet leave on the host. No API and no socket of a runtime is asked.
 *
 * A container's or pod's id is what the control group is called by whoever may make it: root, or a user to whom a part
 * of the tree was delegated. Names and images are text that users chose: print them only through the escaping
 * functions.
 */
#ifndef NETAUDIT_TARGET_CONTAINER_H
#define NETAUDIT_TARGET_CONTAINER_H

#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include "target/recognise.h"

#define NA_CONTAINER_ID_DIGITS 64
#define NA_POD_UID_CHARACTERS 36

/* NUL-terminated; "" when not known. A value that was not known may become known later, none changes. */
struct na_container {
	char id[NA_CONTAINER_ID_DIGITS + 1];		/* hex digits; "" for a pod whose container is not known */
	char pod_uid[NA_POD_UID_CHARACTERS + 1];	/* as Kubernetes prints it */
	char pod[254], pod_namespace[64];
	char image[256];				/* as it was asked for: docker.io/library/odoo:17.0 */
};

/* What the text of /proc/PID/cgroup tells; slices point into it, length 0 when it tells nothing. */
struct na_cgroup {
	struct na_slice container;	/* 64 hex digits; of containers inside one another the innermost */
	struct na_slice unit;		/* innermost systemd service, with its suffix */
	struct na_slice pod;		/* the pod's UID, with '-' or '_' */
	struct na_slice path;		/* of cgroup2 */
	bool unified;			/* what was found, or that there is nothing, holds for the cgroup2 path alone */
};

struct na_cgroup na_parse_cgroup(const char *text, size_t length);

struct na_containers;

/*
 * NULL: "/proc" and "/var/log/pods". Files of the host are read below the root of process 1, or where
 * that is not allowed below our own. 0 or negative errno.
 */
int na_containers_create(struct na_containers **containers, const char *proc_root, const char *pod_logs);
void na_containers_destroy(struct na_containers *containers);

/*
 * The container of a task; NULL: in none, or not known. Remembered by control group, so that only the first task of one
 * costs a look at /proc. Valid as long as `containers`.
 */
const struct na_container *na_containers_of(struct na_containers *containers, const struct na_task *task);

#endif
