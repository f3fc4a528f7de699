/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names Odoo instances: container and configuration file, configuration file, systemd unit, or process number,
 * the first of these that is known, because each survives a restart better than the next.
 */
#include "target/instance.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "target/container.h"
#include "target/procfs.h"

#define CONTAINER_SHOWN_BYTES 12	/* as container tools print it */

/* FNV-1a, 64 bits: tells two names apart that differ only where they were cut. */
static uint64_t digest(const char *text)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	return value;
}

static void set_name(char name[NA_INSTANCE_NAME_BYTES], const char *text)
{
	int length = snprintf(name, NA_INSTANCE_NAME_BYTES, "%s", text);

	if (length >= NA_INSTANCE_NAME_BYTES)
		snprintf(name + NA_INSTANCE_NAME_BYTES - 18, 18, "~%016llx", (unsigned long long)digest(text));
}

/* The file as the host sees it: below the process's root, and below its folder when the path is relative. */
static void host_path(int pid_fd, struct na_slice config, char *path, size_t capacity)
{
	char root[PATH_MAX], folder[PATH_MAX];
	const char *slash = "";

	if (na_proc_link(pid_fd, "root", root, sizeof(root)) != 0 || strcmp(root, "/") == 0)
		root[0] = '\0';
	folder[0] = '\0';
	if (config.bytes[0] != '/') {
		if (na_proc_link(pid_fd, "cwd", folder, sizeof(folder)) != 0)
			folder[0] = '\0';
		else
			root[0] = '\0';	/* the link already shows the host's view */
		slash = "/";
		while (config.length > 2 && memcmp(config.bytes, "./", 2) == 0)
			config = (struct na_slice){ config.bytes + 2, config.length - 2 };
	}
	snprintf(path, capacity, "%s%s%s%.*s", root, folder, slash, (int)config.length, config.bytes);
}

void na_instance_describe(int pid_fd, uint32_t pid, struct na_slice config, char name[NA_INSTANCE_NAME_BYTES])
{
	char text[4 * PATH_MAX], path[3 * PATH_MAX] = "", cgroups[PATH_MAX];
	struct na_cgroup cgroup;
	size_t length;

	if (config.length >= PATH_MAX || (config.length && memchr(config.bytes, '\0', config.length)))
		config.length = 0;
	if (config.length)
		host_path(pid_fd, config, path, sizeof(path));
	na_proc_read(pid_fd, "cgroup", cgroups, sizeof(cgroups), &length);
	cgroup = na_parse_cgroup(cgroups, length);
	if (cgroup.container.length && path[0])
		snprintf(text, sizeof(text), "container:%.*s:%s", CONTAINER_SHOWN_BYTES, cgroup.container.bytes, path);
	else if (cgroup.container.length)
		snprintf(text, sizeof(text), "container:%.*s", CONTAINER_SHOWN_BYTES, cgroup.container.bytes);
	else if (path[0])
		snprintf(text, sizeof(text), "config:%s", path);
	else if (cgroup.unit.length)
		snprintf(text, sizeof(text), "unit:%.*s", (int)cgroup.unit.length, cgroup.unit.bytes);
	else
		snprintf(text, sizeof(text), "pid:%u", pid);
	set_name(name, text);
}

uint32_t na_instance_hold(struct na_instances *instances, const char *name)
{
	uint32_t unused = NA_INSTANCES + 1;

	for (uint32_t i = 1; i <= NA_INSTANCES; i++) {
		if (instances->slot[i].holders == 0) {
			unused = i < unused ? i : unused;
		} else if (strcmp(instances->slot[i].name, name) == 0) {
			instances->slot[i].holders++;
			return i;
		}
	}
	set_name(instances->slot[unused].name, unused > NA_INSTANCES ? "other" : name);
	instances->slot[unused].holders++;
	return unused;
}

void na_instance_hold_again(struct na_instances *instances, uint32_t instance)
{
	if (instance)
		instances->slot[instance].holders++;
}

void na_instance_release(struct na_instances *instances, uint32_t instance)
{
	if (instance && --instances->slot[instance].holders == 0)
		instances->slot[instance].name[0] = '\0';
}
