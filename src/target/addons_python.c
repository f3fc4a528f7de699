/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a Python process has its own library and installed packages, and which odoo package it imports.
 *
 * Prefixes come from the interpreter that runs and from how it was started (a virtual environment); below one, the
 * folders of its version of Python, and Debian's dist-packages of all versions.
 */
#include "target/addons_facts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is looked for below one prefix's lib folder. */
struct search {
	struct na_addon_facts *facts;
	const struct na_root *root;
	const char *library;	/* PREFIX/lib */
	const char *version;	/* "3.13"; "" when the interpreter's name does not say */
};

static void add_library(struct na_addon_facts *facts, const struct na_root *root, const char *path)
{
	struct na_place place = { .path = "" };

	if (facts->libraries == NA_LIBRARY_PLACES || na_place_find(&place, root, path) != 0)
		return;
	for (size_t i = 0; i < facts->libraries; i++)
		if (facts->library[i].device == place.device && facts->library[i].inode == place.inode)
			return;
	facts->library[facts->libraries++] = place;
}

/* python3 (Debian's, for all versions), python3.13, python3.13t, pypy3.10 */
static bool add_if_python(void *context, const char *name, bool link)
{
	const struct search *search = context;
	const char *version = name + (strncmp(name, "python", 6) == 0 ? 6 : 4);
	size_t length = strlen(search->version);
	char path[NA_ADDON_PATH_BYTES];

	(void)link;
	if ((strncmp(name, "python", 6) != 0 && strncmp(name, "pypy", 4) != 0) || !isdigit((unsigned char)*version))
		return true;
	if (strcmp(version, "3") != 0 && length &&
	    (strncmp(version, search->version, length) != 0 || isdigit((unsigned char)version[length])))
		return true;
	if (snprintf(path, sizeof(path), "%s/%s", search->library, name) < (int)sizeof(path))
		add_library(search->facts, search->root, path);
	return true;
}

static void add_prefix(struct na_addon_facts *facts, const struct na_root *root, const char *prefix,
		       const char *version)
{
	static const char *const folders[] = { "lib", "lib64" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char library[NA_ADDON_PATH_BYTES];
		struct search search = { facts, root, library, version };

		if (snprintf(library, sizeof(library), "%s/%s", prefix, folders[i]) < (int)sizeof(library))
			na_root_each(root, library, add_if_python, &search);
	}
}

/* PREFIX of PREFIX/bin/NAME; false when there is no bin. */
static bool prefix_of(const char *path, char prefix[NA_ADDON_PATH_BYTES])
{
	size_t length = strlen(path);
	const char *name = strrchr(path, '/');

	if (length >= NA_ADDON_PATH_BYTES || !name || name - path < 4 || memcmp(name - 4, "/bin", 4) != 0)
		return false;
	snprintf(prefix, NA_ADDON_PATH_BYTES, "%.*s", (int)(name - path - 4), path);
	return true;
}

/* The folder is one of a virtual environment: its libraries come before the system's. */
static bool is_environment(const struct na_root *root, const char *prefix)
{
	char path[NA_ADDON_PATH_BYTES + 16];

	snprintf(path, sizeof(path), "%s/pyvenv.cfg", prefix);
	return na_root_has_file(root, path);
}

/* "3.13" of /usr/bin/python3.13-dbg, "3.13t" of the build without a global lock; "" when the name has no point in it. */
static void version_of(const char *executable, char *version, size_t capacity)
{
	const char *name = strrchr(executable, '/');
	const char *start = name ? name + strcspn(name, "0123456789") : "";
	size_t length = strspn(start, "0123456789.");

	length += start[length] == 't';
	snprintf(version, capacity, "%.*s", memchr(start, '.', length) ? (int)length : 0, start);
}

void na_addon_facts_add_libraries(struct na_addon_facts *facts, const struct na_root *root,
				  const struct na_python_hints *hints)
{
	char prefix[NA_ADDON_PATH_BYTES], script[NA_ADDON_PATH_BYTES + 8], own[NA_ADDON_PATH_BYTES], version[16];

	version_of(hints->executable, version, sizeof(version));
	snprintf(script, sizeof(script), "%s/x", hints->script_folder);
	if (prefix_of(hints->argument, prefix) && is_environment(root, prefix))
		add_prefix(facts, root, prefix, version);
	if (prefix_of(script, prefix) && is_environment(root, prefix))
		add_prefix(facts, root, prefix, version);
	if (hints->home[0] == '/' && snprintf(own, sizeof(own), "%s/.local", hints->home) < (int)sizeof(own))
		add_prefix(facts, root, own, version);
	if (prefix_of(hints->executable, prefix))
		add_prefix(facts, root, prefix, version);
	add_prefix(facts, root, "/usr/local", version);
	add_prefix(facts, root, "/usr", version);
}

/* ---- the odoo package ---- */

static bool is_package(const struct na_root *root, const char *folder)
{
	static const char *const parts[] = { "release.py", "release.pyc" };
	char path[NA_ADDON_PATH_BYTES + 16];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, parts[i]);
		if (na_root_has_file(root, path))
			return true;
	}
	return false;
}

/* One folder in which modules are looked for: its odoo package, when it is the first, and its odoo/addons. */
static void add_module_folder(struct na_addon_facts *facts, const struct na_root *root, const char *folder)
{
	static const char *const names[] = { "odoo", "openerp" };

	for (size_t i = 0; folder[0] == '/' && i < sizeof(names) / sizeof(names[0]); i++) {
		char path[NA_ADDON_PATH_BYTES], addons[NA_ADDON_PATH_BYTES + 8];

		if (snprintf(path, sizeof(path), "%s/%s", folder, names[i]) >= (int)sizeof(path))
			continue;
		if (!facts->package.path[0] && is_package(root, path))
			na_place_find(&facts->package, root, path);
		snprintf(addons, sizeof(addons), "%s/addons", path);
		na_addon_facts_add_place(facts, root, addons);
	}
}

/* In the order of sys.path. Every odoo/addons in it counts: `odoo.addons` is a namespace. */
void na_addon_facts_add_package(struct na_addon_facts *facts, const struct na_root *root,
				const struct na_python_hints *hints)
{
	static const char *const installed[] = { "site-packages", "dist-packages" };
	char path[NA_ADDON_PATH_BYTES + 16];

	add_module_folder(facts, root, hints->script_folder);
	add_module_folder(facts, root, hints->working_folder);
	for (const char *at = hints->python_path; *at; at += *at == ':') {
		size_t length = strcspn(at, ":");

		snprintf(path, sizeof(path), "%.*s", (int)length, at);
		add_module_folder(facts, root, path);
		at += length;
	}
	for (size_t i = 0; i < facts->libraries; i++)
		for (size_t j = 0; j < sizeof(installed) / sizeof(installed[0]); j++) {
			snprintf(path, sizeof(path), "%s/%s", facts->library[i].path, installed[j]);
			add_module_folder(facts, root, path);
		}
}

int na_odoo_series(const char *text, size_t length, char *series, size_t capacity)
{
	static const char start[] = "version_info = (";
	const char *end = text + length, *at = memmem(text, length, start, sizeof(start) - 1);
	size_t used = 0;

	/* (19, 0, …) or ('saas~18', 2, …): two values, quotes left out */
	for (at = at ? at + sizeof(start) - 1 : end; at < end && *at != ')' && *at != '\n'; at++) {
		if (*at == ',' && memchr(series, '.', used))
			break;
		if (*at == '\'' || *at == '"' || *at == ' ')
			continue;
		if (used + 1 >= capacity || (!isalnum((unsigned char)*at) && *at != '~' && *at != ',' && *at != '-'))
			return -EBADMSG;
		series[used++] = *at == ',' ? '.' : *at;
	}
	series[used] = '\0';
	return used >= 3 && strchr(series, '.') ? 0 : -EBADMSG;
}
