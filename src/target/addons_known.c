/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads manifests into add-ons, and keeps those that were met. */
#include "target/addons_known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/manifest.h"

#define NEWS_KEPT 16384

int na_addons_known_open(struct na_addons_known *known)
{
	memset(known, 0, sizeof(*known));
	return na_hash_open(&known->hash);
}

void na_addons_known_close(struct na_addons_known *known)
{
	for (size_t i = 0; i < known->count; i++)
		free(known->addon[i]);
	for (size_t i = 0; i < known->news_count; i++)
		free(known->news[i].instance);
	free(known->addon);
	free(known->news);
	na_hash_close(&known->hash);
}

int na_manifest_stamp(struct na_manifest_stamp *stamp, const struct na_root *root, const char *folder)
{
	char path[PATH_MAX];
	struct stat status;
	int error;

	memset(stamp, 0, sizeof(*stamp));
	if (!na_addon_manifest_path(root, folder, path, sizeof(path)))
		return -ENOENT;
	error = na_root_stat(root, path, &status);
	if (error)
		return error;
	stamp->device = status.st_dev;
	stamp->inode = status.st_ino;
	stamp->bytes = status.st_size;
	stamp->modified = status.st_mtim;
	stamp->changed = status.st_ctim;
	return 0;
}

static bool same_time(struct timespec left, struct timespec right)
{
	return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

bool na_manifest_stamp_same(const struct na_manifest_stamp *left, const struct na_manifest_stamp *right)
{
	return left->device == right->device && left->inode == right->inode && left->bytes == right->bytes &&
	       same_time(left->modified, right->modified) && same_time(left->changed, right->changed);
}

static int compare(const struct na_addon *left, const struct na_addon *right)
{
	int order = strcmp(left->name, right->name);

	if (!order)
		order = strcmp(left->path, right->path);
	if (!order)
		order = memcmp(left->manifest_hash, right->manifest_hash, sizeof(left->manifest_hash));
	return order ? order : left->base - right->base;
}

/* Where the add-on is, or would be, in order. */
static size_t position(const struct na_addons_known *known, const struct na_addon *addon)
{
	size_t low = 0, high = known->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(known->addon[middle], addon) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool make_room(void **list, size_t count, size_t *capacity, size_t most, size_t size)
{
	size_t larger = *capacity ? 2 * *capacity : 64;
	void *grown;

	if (count < *capacity)
		return true;
	if (count >= most)
		return false;
	grown = reallocarray(*list, larger, size);
	if (!grown)
		return false;
	*list = grown;
	*capacity = larger;
	return true;
}

/* A manifest that is too long or gone is said to be unreadable; so is one that is no dictionary. */
static void read_manifest(struct na_addons_known *known, struct na_addon *addon, const struct na_root *root,
			  const char *folder)
{
	struct na_manifest manifest;
	char path[PATH_MAX], *content;
	size_t bytes;

	if (!na_addon_manifest_path(root, folder, path, sizeof(path)) ||
	    na_root_read(root, path, NA_MANIFEST_LIMIT_BYTES, &content, &bytes) != 0)
		return;
	addon->manifest_readable = na_manifest_parse(&manifest, content, bytes, NULL) == 0;
	if (na_hash_parts(&known->hash, addon->manifest_hash, &(struct na_hash_part){ content, bytes }, 1) != 0)
		memset(addon->manifest_hash, 0, sizeof(addon->manifest_hash));
	free(content);
	_Static_assert(sizeof(manifest.version) == sizeof(addon->version), "texts are copied whole");
	memcpy(addon->version, manifest.version, sizeof(addon->version));
	memcpy(addon->author, manifest.author, sizeof(addon->author));
	memcpy(addon->website, manifest.website, sizeof(addon->website));
	memcpy(addon->license, manifest.license, sizeof(addon->license));
}

const struct na_addon *na_addons_known_take(struct na_addons_known *known, const struct na_root *root,
					    const struct na_addon_found *found)
{
	struct na_addon addon = { .base = found->base }, *kept;
	size_t at;

	memcpy(addon.name, found->name, sizeof(addon.name));
	if (na_root_real(root, found->folder, addon.path, sizeof(addon.path)) != 0)
		return NULL;
	read_manifest(known, &addon, root, found->folder);
	at = position(known, &addon);
	if (at < known->count && compare(known->addon[at], &addon) == 0)
		return known->addon[at];
	kept = malloc(sizeof(*kept));
	if (!kept || !make_room((void **)&known->addon, known->count, &known->capacity, NA_ADDONS_KNOWN,
				sizeof(struct na_addon *))) {
		free(kept);
		return NULL;
	}
	*kept = addon;
	memmove(known->addon + at + 1, known->addon + at, (known->count - at) * sizeof(struct na_addon *));
	known->addon[at] = kept;
	known->count++;
	return kept;
}

void na_addons_known_announce(struct na_addons_known *known, const char *instance, const struct na_addon *addon)
{
	struct na_addon_news *news;

	if (!make_room((void **)&known->news, known->news_count, &known->news_capacity, NEWS_KEPT, sizeof(*known->news)))
		return;
	news = &known->news[known->news_count];
	news->instance = strdup(instance);
	news->addon = addon;
	known->news_count += news->instance != NULL;
}
