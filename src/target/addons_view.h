/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of src/target/addons*: a view is what one instance sees below one root, with the answers already given.
 *
 * Most instances have one view; a process that an Odoo starts in another root has its own, so that a path never means
 * the file of another root.
 */
#ifndef NETAUDIT_TARGET_ADDONS_VIEW_H
#define NETAUDIT_TARGET_ADDONS_VIEW_H

#include "target/addons_known.h"

#define NA_ADDON_VIEWS 256		/* held at once; the one not used for longest makes room */
#define NA_ADDON_ANSWERS 65536		/* of all views together; then all are forgotten */
#define NA_ANSWER_BUCKETS 1024		/* power of two */
#define NA_VIEW_PROCESSES 8		/* through which a root can be reached when another one is gone */

/* An add-on's folder in one view, and the manifest that was read there. */
struct na_view_addon {
	struct na_view_addon *next;
	struct na_manifest_stamp stamp;
	const struct na_addon *addon;
	char folder[];
};

struct na_answer {
	struct na_answer *next;
	struct na_owned owned;
	int64_t checked_s;
	uint64_t generation;	/* of the view */
	char text[];		/* a file begins with '/', a module does not */
};

struct na_addon_view {
	struct na_addon_view *next;
	char *instance;
	struct na_root root;	/* which one; its descriptor is not kept, it would hold a container's mounts */
	struct na_addon_facts *facts;
	struct na_view_addon *addons;
	struct na_answer *bucket[NA_ANSWER_BUCKETS];
	size_t answers;
	uint64_t generation;	/* answers of an older one are looked up again */
	uint32_t process[NA_VIEW_PROCESSES];
	size_t next_process;
	int64_t used_s, learned_s;
};

/* NULL: no memory. `root` is copied, but for its descriptor. */
struct na_addon_view *na_addon_view_new(const char *instance, const struct na_root *root);
void na_addon_view_free(struct na_addon_view *view);

struct na_answer *na_addon_view_answer(const struct na_addon_view *view, const char *text);
/* NULL: no memory. The text must have no answer yet. */
struct na_answer *na_addon_view_add_answer(struct na_addon_view *view, const char *text);
void na_addon_view_forget_answers(struct na_addon_view *view);

/* The add-on in a folder, its manifest read anew when it is not what it was; `*news`: it is the first of this view. */
const struct na_addon *na_addon_view_addon(struct na_addon_view *view, struct na_addons_known *known,
					   const struct na_root *root, const struct na_addon_found *found, bool *news);

void na_addon_view_add_process(struct na_addon_view *view, uint32_t pid);

#endif
