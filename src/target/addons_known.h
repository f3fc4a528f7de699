/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of src/target/addons*: every add-on met so far, each once, and those nobody has been told of yet. */
#ifndef NETAUDIT_TARGET_ADDONS_KNOWN_H
#define NETAUDIT_TARGET_ADDONS_KNOWN_H

#include "journal/hash.h"
#include "target/addons.h"
#include "target/addons_facts.h"

#define NA_ADDONS_KNOWN 16384	/* add-ons and versions of them; more are nobody's */

struct na_addon_news {
	char *instance;
	const struct na_addon *addon;
};

struct na_addons_known {
	struct na_addon **addon;	/* in order of name, path, hash */
	size_t count, capacity;
	struct na_addon_news *news;
	size_t news_count, news_capacity;
	struct na_hash hash;
};

/* Which manifest file was read: another one is read again. */
struct na_manifest_stamp {
	dev_t device;
	ino_t inode;
	off_t bytes;
	struct timespec modified, changed;
};

int na_addons_known_open(struct na_addons_known *known);	/* 0 or -ENOMEM */
void na_addons_known_close(struct na_addons_known *known);

/* What the manifest in `folder` is now. 0 or negative errno. */
int na_manifest_stamp(struct na_manifest_stamp *stamp, const struct na_root *root, const char *folder);
bool na_manifest_stamp_same(const struct na_manifest_stamp *left, const struct na_manifest_stamp *right);

/* The add-on that was found, its manifest read. NULL: no memory, or too many. */
const struct na_addon *na_addons_known_take(struct na_addons_known *known, const struct na_root *root,
					    const struct na_addon_found *found);

/* Remembers to tell of this add-on. */
void na_addons_known_announce(struct na_addons_known *known, const char *instance, const struct na_addon *addon);

#endif
