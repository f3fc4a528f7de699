/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of src/target/addons*: what was learned of one server's files, and the questions that can then be answered.
 *
 * Facts are texts as the process sees them, without symbolic links, and which folder that is (device, inode), so that a
 * path given in another spelling is still known.
 */
#ifndef NETAUDIT_TARGET_ADDONS_FACTS_H
#define NETAUDIT_TARGET_ADDONS_FACTS_H

#include <stdint.h>
#include <time.h>

#include "target/addons.h"
#include "target/addons_root.h"

#define NA_ADDON_PLACES 64
#define NA_LIBRARY_PLACES 32
#define NA_ADDON_LINKS 256

/* A folder or file, and when it last changed. */
struct na_place {
	char path[NA_ADDON_PATH_BYTES];
	dev_t device;
	ino_t inode;
	struct timespec modified;
};

/* An add-on that is a symbolic link in its add-ons path: its folder is somewhere else. */
struct na_addon_link {
	char name[NA_ADDON_NAME_BYTES];
	size_t place;		/* index of the add-ons path */
	dev_t device;
	ino_t inode;
};

struct na_addon_facts {
	bool odoo;			/* the process, or one above it, is an Odoo */
	uint32_t server;		/* the process whose command line told */
	uint64_t server_ticks;		/* its start */
	bool by_folder;			/* no Odoo, no add-ons path given: also told by what folders look like */
	struct na_place place[NA_ADDON_PLACES];		/* add-ons paths, in the order in which Odoo searches them */
	size_t places;
	struct na_place library[NA_LIBRARY_PLACES];	/* Python's own folders, and those of installed packages */
	size_t libraries;
	struct na_place package;	/* the odoo package; path "": not known */
	struct na_place script;		/* odoo-bin */
	char database[NA_ADDON_NAME_BYTES];	/* the only one that the server is told to use; "": there may be others */
	struct na_place config;		/* the configuration file; path "": none, inode 0: not there */
	struct na_addon_link link[NA_ADDON_LINKS];
	size_t links;
};

/* Learns from the process and those above it. 0 or negative errno (-ESRCH: it is gone). */
int na_addon_facts_learn(struct na_addon_facts *facts, int proc_fd, uint32_t pid, const struct na_root *root);

/* addons_python.c: adds Python's folders, then the odoo package and the add-ons paths that come with it. */
struct na_python_hints {
	const char *executable;		/* as the process sees it: /usr/bin/python3.13 */
	const char *argument;		/* argv[0], absolute or "" */
	const char *script_folder;	/* of the script, without symbolic links; "" for none */
	const char *working_folder;	/* when it is searched for modules; "" otherwise */
	const char *home;
	const char *python_path;	/* folders with ':' between them */
};

void na_addon_facts_add_libraries(struct na_addon_facts *facts, const struct na_root *root,
				  const struct na_python_hints *hints);
void na_addon_facts_add_package(struct na_addon_facts *facts, const struct na_root *root,
				const struct na_python_hints *hints);

/* The release's name, "19.0" or "saas~18.2", from release.py. 0 or -EBADMSG. Bytes in, text out. */
int na_odoo_series(const char *text, size_t length, char *series, size_t capacity);

/* addons_place.c */
/* Whether a path or the configuration file is not what it was, or the server is gone. */
bool na_addon_facts_changed(const struct na_addon_facts *facts, int proc_fd, const struct na_root *root);
/* 0 when `path` is there; fills the place with what it is without symbolic links. */
int na_place_find(struct na_place *place, const struct na_root *root, const char *path);
bool na_place_same(const struct na_place *place, const struct stat *status);
/* Adds an add-ons path behind the others unless it is one already or no folder. */
void na_addon_facts_add_place(struct na_addon_facts *facts, const struct na_root *root, const char *path);
/* Notes the add-ons of every path that are symbolic links. */
void na_addon_facts_add_links(struct na_addon_facts *facts, const struct na_root *root);

/* addons_owner.c: where the add-on of a file or module is. */
struct na_addon_found {
	enum na_owner owner;
	char name[NA_ADDON_NAME_BYTES];		/* NA_OWNER_ADDON */
	char folder[NA_ADDON_PATH_BYTES];	/* as it was found; may hold symbolic links */
	bool base;
};

void na_addon_find_file(struct na_addon_found *found, const struct na_addon_facts *facts, const struct na_root *root,
			const char *file);
void na_addon_find_module(struct na_addon_found *found, const struct na_addon_facts *facts, const struct na_root *root,
			  const char *module);

/* "FOLDER/__manifest__.py" or the older name, whichever is there. */
bool na_addon_manifest_path(const struct na_root *root, const char *folder, char *path, size_t capacity);

#endif
