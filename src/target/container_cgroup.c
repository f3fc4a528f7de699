/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads containers, pods and services out of the names of control groups, of cgroup v1, hybrid and v2 hosts. */
#include <stdbool.h>
#include <string.h>

#include "target/container.h"

static size_t hex_run(const char *text, const char *end)
{
	size_t length = 0;

	while (text + length < end && text[length] && strchr("0123456789abcdef", text[length]))
		length++;
	return length;
}

/* docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, crio-ID, ID: 64 hex digits that end the word. */
static struct na_slice container_in(struct na_slice part)
{
	const char *end = part.bytes + part.length;

	/* the monitor that Podman and CRI-O have for each container is outside of it */
	if (memmem(part.bytes, part.length, "conmon", 6))
		return (struct na_slice){ NULL, 0 };
	for (const char *at = part.bytes; at < end; at++) {
		size_t length = hex_run(at, end);
		bool starts = at == part.bytes || at[-1] == '-' || at[-1] == ':';

		if (starts && length == NA_CONTAINER_ID_DIGITS && (at + length == end || at[length] == '.'))
			return (struct na_slice){ at, length };
		at += length;
	}
	return (struct na_slice){ NULL, 0 };
}

static bool is_unit(struct na_slice part)
{
	static const char suffix[] = ".service";
	size_t length = sizeof(suffix) - 1;

	return part.length > length && memcmp(part.bytes + part.length - length, suffix, length) == 0 &&
	       !(part.length > 5 && memcmp(part.bytes, "user@", 5) == 0);
}

/* 8-4-4-4-12 hex digits with '-' or '_' between them, or the 32 digits that a pod from a file on the node has. */
static bool is_uid(const char *text, size_t length)
{
	static const size_t separators[] = { 8, 13, 18, 23 };
	size_t next = 0;

	if (length != NA_POD_UID_CHARACTERS)
		return length == 32 && hex_run(text, text + length) == length;
	for (size_t i = 0; i < length; i++) {
		if (next < 4 && i == separators[next]) {
			if (text[i] != '-' && text[i] != '_')
				return false;
			next++;
		} else if (hex_run(text + i, text + i + 1) != 1) {
			return false;
		}
	}
	return true;
}

/* kubepods-burstable-podUID.slice as systemd has it, podUID below "kubepods" otherwise. */
static struct na_slice pod_in(struct na_slice part)
{
	const char *slice = memmem(part.bytes, part.length, ".slice", 6), *end = slice ? slice : part.bytes + part.length;

	for (const char *at = part.bytes; at + 3 < end; at++)
		if ((at == part.bytes || at[-1] == '-') && memcmp(at, "pod", 3) == 0 && is_uid(at + 3, (size_t)(end - at) - 3))
			return (struct na_slice){ at + 3, (size_t)(end - at) - 3 };
	return (struct na_slice){ NULL, 0 };
}

static void read_path(struct na_cgroup *found, const char *at, const char *end)
{
	bool kubernetes = false;

	while (at < end) {
		const char *stop = memchr(at, '/', (size_t)(end - at));
		struct na_slice part = { at, (size_t)((stop ? stop : end) - at) };

		kubernetes |= memmem(part.bytes, part.length, "kubepods", 8) != NULL;
		if (kubernetes && pod_in(part).length)
			found->pod = pod_in(part);
		if (container_in(part).length)
			found->container = container_in(part);
		else if (is_unit(part))
			found->unit = part;
		at += part.length + 1;
	}
}

/* Every "ID:CONTROLLERS:/PATH" line counts: on hybrid hosts only some hierarchies carry the container. */
struct na_cgroup na_parse_cgroup(const char *text, size_t length)
{
	struct na_cgroup found = { .unified = false };
	const char *end = text + length, *at = text;
	bool others = false, unified = false;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;
		const char *path = memchr(at, '/', (size_t)(stop - at));

		if (path)
			read_path(&found, path, stop);
		if (path && stop - at > 3 && memcmp(at, "0::", 3) == 0) {
			struct na_cgroup alone = { .unified = false };

			found.path = (struct na_slice){ path, (size_t)(stop - path) };
			read_path(&alone, path, stop);
			unified = alone.container.length || alone.pod.length;
		} else {
			others = true;
		}
		at = stop + 1;
	}
	found.unified = unified || !others;
	return found;
}
