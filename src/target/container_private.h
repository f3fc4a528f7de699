/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of src/target/container*: what files on the host tell about a container and a pod. */
#ifndef NETAUDIT_TARGET_CONTAINER_PRIVATE_H
#define NETAUDIT_TARGET_CONTAINER_PRIVATE_H

#include <stdbool.h>

#include "target/addons_root.h"
#include "target/container.h"

/* All take the host's root. Each fills what it finds and leaves the rest. */

/* The container id, or the pod's UID, of a process whose control group says nothing: by the files mounted into it. */
void na_container_by_mounts(struct na_container *container, const struct na_root *host, int pid_fd);
/* The pod's name and namespace, by the folder of its logs: NAMESPACE_NAME_UID. */
void na_container_pod_name(struct na_container *container, const struct na_root *host, const char *pod_logs);
/* The image, by the files of Docker, or of Podman and CRI-O. containerd's can only be had through its API. */
void na_container_image(struct na_container *container, const struct na_root *host);

#endif
