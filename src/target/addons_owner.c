/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a file or a module is, by where it lies.
 *
 * The path is believed as it stands first, because that is how Python found the file: an add-on that is a symbolic link
 * is called as the link is. Then once more without symbolic links, so that another spelling does not hide an add-on.
 */
#include "target/addons_facts.h"

#include <stdio.h>
#include <string.h>

static const char *const manifests[] = { "__manifest__.py", "__openerp__.py" };
static const char *const starts[] = { "__init__.py", "__init__.pyc" };

static bool has_any(const struct na_root *root, const char *folder, const char *const names[2], char *path,
		    size_t capacity)
{
	for (size_t i = 0; i < 2; i++)
		if (snprintf(path, capacity, "%s/%s", folder, names[i]) < (int)capacity && na_root_has_file(root, path))
			return true;
	return false;
}

bool na_addon_manifest_path(const struct na_root *root, const char *folder, char *path, size_t capacity)
{
	return has_any(root, folder, manifests, path, capacity);
}

static bool has_manifest(const struct na_root *root, const char *folder)
{
	char path[PATH_MAX];

	return has_any(root, folder, manifests, path, sizeof(path));
}

static bool starts_a_package(const struct na_root *root, const char *folder)
{
	char path[PATH_MAX];

	return has_any(root, folder, starts, path, sizeof(path));
}

/* ---- an add-ons path, known or by its look ---- */

struct look {
	const struct na_root *root;
	const char *folder;
	size_t packages;
	bool all_addons;
};

static bool look_at(void *context, const char *name, bool link)
{
	struct look *look = context;
	char path[PATH_MAX];

	(void)link;
	if (snprintf(path, sizeof(path), "%s/%s", look->folder, name) >= (int)sizeof(path) ||
	    !starts_a_package(look->root, path))
		return true;
	look->packages++;
	look->all_addons = has_manifest(look->root, path);
	return look->all_addons;
}

/* A folder called "addons", or one in which every Python package has a manifest. */
static bool looks_like_addons(const struct na_root *root, const char *folder)
{
	struct look look = { .root = root, .folder = folder, .all_addons = true };
	const char *slash = strrchr(folder, '/');

	if (slash && strcmp(slash, "/addons") == 0)
		return true;
	return na_root_each(root, folder, look_at, &look) == 0 && look.all_addons && look.packages > 0;
}

static bool is_addons_path(const struct na_addon_facts *facts, const struct na_root *root, const char *folder)
{
	struct stat status;

	if (na_root_stat(root, folder[0] ? folder : "/", &status) != 0)
		return false;
	for (size_t i = 0; i < facts->places; i++)
		if (na_place_same(&facts->place[i], &status))
			return true;
	return facts->by_folder && looks_like_addons(root, folder);
}

/* ---- the add-on of a file ---- */

static bool is_base(const struct na_addon_facts *facts, const struct na_root *root, const char *folder)
{
	char own[NA_ADDON_PATH_BYTES + 16];
	struct stat status, expected;

	if (!facts->package.path[0])
		return !facts->odoo;
	snprintf(own, sizeof(own), "%s/addons/base", facts->package.path);
	return na_root_stat(root, own, &expected) == 0 && na_root_stat(root, folder, &status) == 0 &&
	       expected.st_dev == status.st_dev && expected.st_ino == status.st_ino;
}

/* False when the folder's name does not fit, and is therefore no name to be given. */
static bool take_addon(struct na_addon_found *found, const struct na_addon_facts *facts, const struct na_root *root,
		       const char *folder, const char *name)
{
	if (strlen(name) >= sizeof(found->name) || strlen(folder) >= sizeof(found->folder))
		return false;
	found->owner = NA_OWNER_ADDON;
	memcpy(found->name, name, strlen(name) + 1);
	memcpy(found->folder, folder, strlen(folder) + 1);
	found->base = strcmp(name, "base") == 0 && is_base(facts, root, folder);
	return true;
}

/*
 * The folder is one that symbolic links in add-ons paths lead to. Under two names it could be either: then it is
 * neither's.
 */
static bool take_linked(struct na_addon_found *found, const struct na_addon_facts *facts, const struct na_root *root,
			const char *folder)
{
	const struct na_addon_link *only = NULL;
	char path[NA_ADDON_PATH_BYTES + NA_ADDON_NAME_BYTES];
	struct stat status;

	if (facts->links == 0 || na_root_stat(root, folder, &status) != 0)
		return false;
	for (size_t i = 0; i < facts->links; i++) {
		const struct na_addon_link *link = &facts->link[i];

		if (link->device != status.st_dev || link->inode != status.st_ino)
			continue;
		if (only && strcmp(only->name, link->name) != 0)
			return false;
		only = only ? only : link;
	}
	if (!only || !has_manifest(root, folder))
		return false;
	snprintf(path, sizeof(path), "%s/%s", facts->place[only->place].path, only->name);
	return take_addon(found, facts, root, path, only->name);
}

/* The nearest folder above the file that is an add-on of the server. */
static bool find_above(struct na_addon_found *found, const struct na_addon_facts *facts, const struct na_root *root,
		       const char *file, bool links)
{
	char folder[PATH_MAX], *slash;

	snprintf(folder, sizeof(folder), "%s", file);
	slash = strrchr(folder, '/');
	while (slash && slash != folder) {
		char *name;

		*slash = '\0';
		name = strrchr(folder, '/');
		if (links && take_linked(found, facts, root, folder))
			return true;
		if (has_manifest(root, folder)) {
			bool inside;

			*name = '\0';
			inside = is_addons_path(facts, root, folder);
			*name = '/';
			if (inside)
				return take_addon(found, facts, root, folder, name + 1);
		}
		slash = name;
	}
	return false;
}

/* ---- everything else ---- */

static bool below(const char *path, const struct na_place *place)
{
	size_t length = strlen(place->path);

	return length && strncmp(path, place->path, length) == 0 && path[length] == '/';
}

static bool is_beside(const char *path, const struct na_place *place)
{
	size_t folder = place->path[0] ? (size_t)(strrchr(place->path, '/') - place->path) + 1 : 0;

	return folder && strncmp(path, place->path, folder) == 0 && !strchr(path + folder, '/');
}

/* Folders below odoo/addons that have no manifest are nobody's that we know; files directly in it are Odoo's. */
static bool is_odoo(const struct na_addon_facts *facts, const char *real)
{
	static const char addons[] = "/addons/";
	const char *rest = real + strlen(facts->package.path);

	if (strcmp(real, facts->script.path) == 0)
		return facts->odoo;
	if (is_beside(real, &facts->package) && strcmp(strrchr(real, '/'), "/odoo-bin") == 0)
		return true;
	if (!below(real, &facts->package))
		return false;
	return strncmp(rest, addons, strlen(addons)) != 0 || !strchr(rest + strlen(addons), '/');
}

/* A virtual environment that was not known from how the process was started. */
static bool in_environment(const struct na_root *root, const char *real)
{
	const char *library = strstr(real, "/lib/python3."), *packages = strstr(real, "/site-packages/");
	char path[PATH_MAX];

	if (!library || !packages || packages < library)
		return false;
	snprintf(path, sizeof(path), "%.*s/pyvenv.cfg", (int)(library - real), real);
	return na_root_has_file(root, path);
}

static enum na_owner owner_by_place(const struct na_addon_facts *facts, const struct na_root *root, const char *real)
{
	if (is_odoo(facts, real))
		return NA_OWNER_ODOO;
	if (below(real, &facts->package))
		return NA_OWNER_OTHER;
	for (size_t i = 0; i < facts->libraries; i++)
		if (below(real, &facts->library[i]))
			return NA_OWNER_LIBRARY;
	return in_environment(root, real) ? NA_OWNER_LIBRARY : NA_OWNER_OTHER;
}

/* The file itself, or what is left of it where sources are not delivered: x.pyc of x.py. */
static bool find_real(const struct na_root *root, const char *file, char real[PATH_MAX])
{
	size_t length = strlen(file);
	char compiled[PATH_MAX + 1];

	if (na_root_has_file(root, file))
		return na_root_real(root, file, real, PATH_MAX) == 0;
	if (length < 4 || strcmp(file + length - 3, ".py") != 0)
		return false;
	snprintf(compiled, sizeof(compiled), "%sc", file);
	return na_root_has_file(root, compiled) && na_root_real(root, compiled, real, PATH_MAX) == 0;
}

static bool is_plain(const char *path)
{
	return !strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../");
}

void na_addon_find_file(struct na_addon_found *found, const struct na_addon_facts *facts, const struct na_root *root,
			const char *file)
{
	char real[PATH_MAX];

	memset(found, 0, sizeof(*found));
	if (file[0] != '/' || strlen(file) >= PATH_MAX || !find_real(root, file, real))
		return;
	if (is_plain(file) && find_above(found, facts, root, file, false))
		return;
	if (find_above(found, facts, root, real, true))
		return;
	found->owner = owner_by_place(facts, root, real);
}

/* ---- modules ---- */

/* The first add-ons path that has the name decides, as for Odoo; a package without a manifest there is in the way. */
static void find_addon_module(struct na_addon_found *found, const struct na_addon_facts *facts,
			      const struct na_root *root, const char *name)
{
	for (size_t i = 0; i < facts->places; i++) {
		char folder[NA_ADDON_PATH_BYTES + NA_ADDON_NAME_BYTES];

		snprintf(folder, sizeof(folder), "%s/%s", facts->place[i].path, name);
		if (has_manifest(root, folder)) {
			take_addon(found, facts, root, folder, name);
			return;
		}
		if (starts_a_package(root, folder))
			return;
	}
}

/* "odoo.tools.mail": there is such a file or folder in the package. */
static bool is_in_package(const struct na_addon_facts *facts, const struct na_root *root, const char *rest)
{
	static const char *const suffixes[] = { "", ".py", ".pyc" };
	char path[2 * NA_ADDON_PATH_BYTES];
	size_t length = strcspn(rest, ".");
	struct stat status;

	if (!facts->package.path[0])
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (snprintf(path, sizeof(path), "%s/%.*s%s", facts->package.path, (int)length, rest, suffixes[i]) <
			    (int)sizeof(path) &&
		    na_root_stat(root, path, &status) == 0)
			return true;
	return false;
}

void na_addon_find_module(struct na_addon_found *found, const struct na_addon_facts *facts, const struct na_root *root,
			  const char *module)
{
	static const char *const packages[] = { "odoo", "openerp" };

	memset(found, 0, sizeof(*found));
	if (strchr(module, '/'))
		return;
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
		size_t length = strlen(packages[i]);
		const char *rest = module + length;
		char name[NA_ADDON_NAME_BYTES];

		if (strncmp(module, packages[i], length) != 0 || (*rest != '.' && *rest != '\0'))
			continue;
		if (strncmp(rest, ".addons.", 8) == 0) {
			size_t name_length = strcspn(rest + 8, ".");

			if (name_length > 0 && name_length < sizeof(name)) {
				snprintf(name, sizeof(name), "%.*s", (int)name_length, rest + 8);
				find_addon_module(found, facts, root, name);
			}
		} else if (is_in_package(facts, root, *rest ? rest + 1 : rest)) {
			found->owner = NA_OWNER_ODOO;
		}
		return;
	}
}
