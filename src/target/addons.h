/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which add-on a file or a module belongs to, for the processes of one Odoo instance, and what the add-on's manifest
 * says about it. Add-ons paths come from the process itself: its command line, its configuration file, the odoo
 * package it runs, its data folder; every path is read through the process's own root.
 *
 * Untrusted: paths, manifests and what is behind them. Manifests are parsed as Python literals, never run; reads are
 * bounded in bytes, depth and number. Names and texts handed out are NUL-terminated UTF-8 or escaped bytes, and
 * may contain anything else: print them through the escaping functions only.
 */
#ifndef NETAUDIT_TARGET_ADDONS_H
#define NETAUDIT_TARGET_ADDONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NA_ADDON_NAME_BYTES 64
#define NA_ADDON_TEXT_BYTES 128
#define NA_ADDON_PATH_BYTES 512

/* One add-on as found on disk. Lives as long as the table; a changed manifest makes a new one. */
struct na_addon {
	char name[NA_ADDON_NAME_BYTES];		/* the folder's name, which is the module's */
	char path[NA_ADDON_PATH_BYTES];		/* of the folder, as the process sees it, symbolic links resolved */
	char version[NA_ADDON_TEXT_BYTES];	/* of the manifest; "" when it says none, or cannot be parsed */
	char author[NA_ADDON_TEXT_BYTES];
	char website[NA_ADDON_TEXT_BYTES];
	char license[NA_ADDON_TEXT_BYTES];
	uint8_t manifest_hash[32];		/* SHA-256 of the manifest file */
	bool manifest_readable;
	bool base;				/* the add-on `base`: Odoo's own core */
};

/* Whose code a file is. */
enum na_owner {
	NA_OWNER_NOBODY,	/* no file of that name can be meant: "<string>", "<frozen x>", relative, truncated, invented */
	NA_OWNER_ADDON,
	NA_OWNER_ODOO,		/* the odoo package outside of add-ons (http.py, service/server.py, odoo-bin) */
	NA_OWNER_LIBRARY,	/* Python's own library, or an installed package */
	NA_OWNER_OTHER,		/* a file that exists and is none of these: a script */
};

struct na_owned {
	enum na_owner owner;
	const struct na_addon *addon;	/* NA_OWNER_ADDON */
};

struct na_addons;

/* `proc_root` NULL: "/proc". 0 or -ENOMEM. */
int na_addons_create(struct na_addons **addons, const char *proc_root);
void na_addons_destroy(struct na_addons *addons);

/*
 * Learns the add-ons paths of the process and keeps them under `instance` (na_targets_instance_name()), once; later
 * calls for the same instance look again only when the configuration file or a path has changed. For a process that
 * is no Odoo: call with instance "pid:NUMBER"; add-ons are then told by their folders alone.
 */
int na_addons_learn(struct na_addons *addons, const char *instance, uint32_t pid);

/*
 * Whose file this is. `file` is an absolute path as the process names it (co_filename). Nearest folder above it that
 * has a manifest, and whose parent is an add-ons path of the instance, is the add-on. Results are cached per instance.
 */
struct na_owned na_addons_of_file(struct na_addons *addons, const char *instance, uint32_t pid, const char *file);

/*
 * Whose module this is: "odoo.addons.NAME.…" (also "openerp.addons.…"), by the order of the add-ons paths; "odoo.…"
 * is Odoo's, other dotted names are a library's or nobody's: NA_OWNER_NOBODY (a name alone proves nothing there).
 */
struct na_owned na_addons_of_module(struct na_addons *addons, const char *instance, uint32_t pid, const char *module);

/*
 * The only database that the command line or configuration tells this process, or the server that is its parent, to
 * use; NULL: not known, or there may be others. Valid until the next call that takes a non-const `addons`.
 */
const char *na_addons_database(const struct na_addons *addons, const char *instance, uint32_t pid,
			       uint32_t parent_pid);

/* Answers above are kept for some seconds. After this the next ones are found on disk again. */
void na_addons_look_again(struct na_addons *addons);

/*
 * The add-ons that were met in an instance, or whose manifest was found changed, since the last call: what a record of
 * kind "addon" tells. `instance` is only valid inside `visit`, the add-on as long as the table.
 */
void na_addons_each_new(struct na_addons *addons,
			void (*visit)(void *context, const char *instance, const struct na_addon *addon), void *context);

/* All add-ons met so far, in order of name. */
void na_addons_each(const struct na_addons *addons, void (*visit)(void *context, const struct na_addon *addon),
		    void *context);

#endif
