/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places: folders and files that matter for finding add-ons, by what they are instead of how they are spelled. */
#include "target/addons_facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "target/procfs.h"

int na_place_find(struct na_place *place, const struct na_root *root, const char *path)
{
	struct stat status;
	int error = na_root_real(root, path, place->path, sizeof(place->path));

	if (!error)
		error = na_root_stat(root, place->path, &status);
	if (error) {
		memset(place, 0, sizeof(*place));
		return error;
	}
	place->device = status.st_dev;
	place->inode = status.st_ino;
	place->modified = status.st_mtim;
	return 0;
}

bool na_place_same(const struct na_place *place, const struct stat *status)
{
	return place->path[0] && place->device == status->st_dev && place->inode == status->st_ino;
}

void na_addon_facts_add_place(struct na_addon_facts *facts, const struct na_root *root, const char *path)
{
	struct na_place *place = &facts->place[facts->places];
	struct stat status;

	if (facts->places == NA_ADDON_PLACES || na_root_stat(root, path, &status) != 0 || !S_ISDIR(status.st_mode))
		return;
	for (size_t i = 0; i < facts->places; i++)
		if (na_place_same(&facts->place[i], &status))
			return;
	if (na_place_find(place, root, path) == 0)
		facts->places++;
}

struct listing {
	struct na_addon_facts *facts;
	const struct na_root *root;
	size_t place;
};

static bool add_link(void *context, const char *name, bool link)
{
	struct listing *listing = context;
	struct na_addon_facts *facts = listing->facts;
	struct na_addon_link *added = &facts->link[facts->links];
	char path[NA_ADDON_PATH_BYTES + NA_ADDON_NAME_BYTES];
	struct stat status;

	if (!link || strlen(name) >= sizeof(added->name))
		return true;
	if (facts->links == NA_ADDON_LINKS)
		return false;
	snprintf(path, sizeof(path), "%s/%s", facts->place[listing->place].path, name);
	if (na_root_stat(listing->root, path, &status) != 0 || !S_ISDIR(status.st_mode))
		return true;
	*added = (struct na_addon_link){ .place = listing->place, .device = status.st_dev, .inode = status.st_ino };
	memcpy(added->name, name, strlen(name) + 1);
	facts->links++;
	return true;
}

void na_addon_facts_add_links(struct na_addon_facts *facts, const struct na_root *root)
{
	for (size_t i = 0; i < facts->places; i++) {
		struct listing listing = { facts, root, i };

		na_root_each(root, facts->place[i].path, add_link, &listing);
	}
}

static bool changed(const struct na_place *place, const struct na_root *root)
{
	struct stat status;

	if (!place->path[0])
		return false;
	if (na_root_stat(root, place->path, &status) != 0)
		return place->inode != 0;
	return !na_place_same(place, &status) || place->modified.tv_sec != status.st_mtim.tv_sec ||
	       place->modified.tv_nsec != status.st_mtim.tv_nsec;
}

/* A new server of the same name may have been started with another command line. */
static bool is_gone(const struct na_addon_facts *facts, int proc_fd)
{
	int pid_fd = na_proc_open(proc_fd, facts->server);
	struct na_proc_stat stat;
	bool gone;

	if (pid_fd < 0)
		return true;
	gone = na_proc_stat(pid_fd, &stat) != 0 || stat.start_ticks != facts->server_ticks;
	close(pid_fd);
	return gone;
}

bool na_addon_facts_changed(const struct na_addon_facts *facts, int proc_fd, const struct na_root *root)
{
	if (is_gone(facts, proc_fd) || changed(&facts->config, root))
		return true;
	for (size_t i = 0; i < facts->places; i++)
		if (changed(&facts->place[i], root))
			return true;
	return false;
}
