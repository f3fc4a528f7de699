/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what container runtimes and the kubelet leave on the host about a container. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "target/container_private.h"
#include "target/procfs.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define STATE_LIMIT_BYTES (4 << 20)	/* of one file of a runtime */
#define MOUNTS_BYTES (256 << 10)

/* ---- mounts ---- */

/* Files on the host that a runtime mounts into a container: a part of their path is the id. */
static const struct mounted {
	const char *before, *after, *inside;
	bool pod;
} mounted[] = {
	{ "/var/lib/docker/containers/", "/hostname", "/etc/hostname", false },
	{ "/run/containers/storage/overlay-containers/", "/userdata/hostname", "/etc/hostname", false },
	{ "/run/containers/storage/vfs-containers/", "/userdata/hostname", "/etc/hostname", false },
	{ "/var/lib/kubelet/pods/", "/etc-hosts", "/etc/hosts", true },
};

/* The same file seen from both sides: what a process may mount over its own files is not enough. */
static bool is_same_file(const struct na_root *host, const char *path, const struct na_root *root, const char *inside)
{
	struct stat left, right;

	return na_root_stat(host, path, &left) == 0 && na_root_stat(root, inside, &right) == 0 &&
	       left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

/* `source`: a path within its file system, which on the host may be mounted anywhere: only its end is looked at. */
static void try_mount(struct na_container *container, const struct na_root *host, const struct na_root *root,
		      const struct mounted *kind, const char *source)
{
	size_t after = strlen(kind->after), length = strlen(source), id = 0;
	char path[PATH_MAX], *out = kind->pod ? container->pod_uid : container->id;
	size_t capacity = kind->pod ? sizeof(container->pod_uid) : sizeof(container->id);

	if (length <= after || strcmp(source + length - after, kind->after) != 0)
		return;
	while (id < length - after && source[length - after - id - 1] != '/')
		id++;
	if (id == 0 || id >= capacity || (!kind->pod && id != NA_CONTAINER_ID_DIGITS))
		return;
	snprintf(path, sizeof(path), "%s%.*s%s", kind->before, (int)id, source + length - after - id, kind->after);
	if (is_same_file(host, path, root, kind->inside))
		snprintf(out, capacity, "%.*s", (int)id, source + length - after - id);
}

static void try_line(struct na_container *container, const struct na_root *host, const struct na_root *root, char *line)
{
	/* "36 35 98:0 ROOT MOUNTPOINT OPTIONS …", proc_pid_mountinfo(5) */
	char *field[5] = { NULL };

	for (size_t i = 0; i < COUNT(field); i++)
		field[i] = strsep(&line, " ");
	if (!field[4])
		return;
	for (size_t i = 0; i < COUNT(mounted); i++)
		if (strcmp(field[4], mounted[i].inside) == 0)
			try_mount(container, host, root, &mounted[i], field[3]);
}

void na_container_by_mounts(struct na_container *container, const struct na_root *host, int pid_fd)
{
	char *text, *rest, *line;
	struct na_root root;
	size_t length = 0;

	if (na_root_open(&root, pid_fd) != 0)
		return;
	text = na_root_same(&root, host) ? NULL : malloc(MOUNTS_BYTES);
	if (text && na_proc_read(pid_fd, "mountinfo", text, MOUNTS_BYTES - 1, &length) == 0) {
		text[length] = '\0';
		rest = text;
		while ((line = strsep(&rest, "\n")))
			try_line(container, host, &root, line);
	}
	free(text);
	na_root_close(&root);
}

/* ---- pods ---- */

static bool take_pod(void *context, const char *name, bool link)
{
	struct na_container *container = context;
	const char *first = strchr(name, '_'), *last = strrchr(name, '_');

	(void)link;
	if (!first || first == last || strcmp(last + 1, container->pod_uid) != 0 ||
	    (size_t)(first - name) >= sizeof(container->pod_namespace) ||
	    (size_t)(last - first) > sizeof(container->pod))
		return true;
	snprintf(container->pod_namespace, sizeof(container->pod_namespace), "%.*s", (int)(first - name), name);
	snprintf(container->pod, sizeof(container->pod), "%.*s", (int)(last - first - 1), first + 1);
	return false;
}

void na_container_pod_name(struct na_container *container, const struct na_root *host, const char *pod_logs)
{
	na_root_each(host, pod_logs, take_pod, container);
}

/* ---- images ---- */

static json_t *load(const struct na_root *host, const char *path)
{
	char *content;
	size_t bytes;
	json_t *value;

	if (na_root_read(host, path, STATE_LIMIT_BYTES, &content, &bytes) != 0)
		return NULL;
	value = json_loadb(content, bytes, 0, NULL);
	free(content);
	return value;
}

static void take_image(struct na_container *container, const json_t *image)
{
	const char *text = json_string_value(image);

	if (text && strlen(text) < sizeof(container->image))
		memcpy(container->image, text, strlen(text) + 1);
}

/* Docker: {"Config":{"Image":"odoo:17.0"}} */
static void docker_image(struct na_container *container, const struct na_root *host)
{
	char path[PATH_MAX];
	json_t *state;

	snprintf(path, sizeof(path), "/var/lib/docker/containers/%s/config.v2.json", container->id);
	state = load(host, path);
	take_image(container, json_object_get(json_object_get(state, "Config"), "Image"));
	json_decref(state);
}

/* Podman and CRI-O: [{"id":"…","metadata":"{\"image-name\":\"docker.io/library/odoo:17.0\"}"}], JSON inside of JSON */
static void storage_image(struct na_container *container, const struct na_root *host, const char *path)
{
	json_t *list = load(host, path), *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		const char *id = json_string_value(json_object_get(entry, "id"));
		const char *metadata = json_string_value(json_object_get(entry, "metadata"));
		json_t *inner;

		if (!id || !metadata || strcmp(id, container->id) != 0)
			continue;
		inner = json_loads(metadata, 0, NULL);
		take_image(container, json_object_get(inner, "image-name"));
		json_decref(inner);
	}
	json_decref(list);
}

void na_container_image(struct na_container *container, const struct na_root *host)
{
	static const char *const storages[] = {
		"/var/lib/containers/storage/overlay-containers/containers.json",
		"/var/lib/containers/storage/vfs-containers/containers.json",
	};

	docker_image(container, host);
	for (size_t i = 0; i < COUNT(storages) && !container->image[0]; i++)
		storage_image(container, host, storages[i]);
}
