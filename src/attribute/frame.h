/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one Python frame says about whose code runs: its file's name and its globals' name are two witnesses, and one
 * table says what they make together (docs/attribution.md). Pure.
 */
#ifndef NETAUDIT_ATTRIBUTE_FRAME_H
#define NETAUDIT_ATTRIBUTE_FRAME_H

#include <stdbool.h>

#include "attribute/attribute.h"

enum na_says {
	NA_SAYS_UNDESCRIBED,	/* the code object was never described to us */
	NA_SAYS_NOBODY,		/* no file and no module vouches for it */
	NA_SAYS_LIBRARY,	/* a library or program, which may run for anybody */
	NA_SAYS_ODOO,		/* Odoo's own, or `base` */
	NA_SAYS_CLAIM,		/* one witness names an add-on, the other does not bear it out */
	NA_SAYS_CONFLICT,	/* the witnesses name different add-ons */
	NA_SAYS_ADDON,
};

/* What a frame is beside whose it is. */
enum na_frame_traits {
	NA_TRAIT_BODY = 1 << 0,		/* a module's body, or text run by exec or eval */
	NA_TRAIT_IMPORTER = 1 << 1,	/* Python's importer, running a module's body */
	NA_TRAIT_COMPREHENSION = 1 << 2,/* called only by the code around it */
	NA_TRAIT_FINALIZER = 1 << 3,	/* the next outer frame was interrupted, it did not call */
	NA_TRAIT_POOL = 1 << 4,		/* runs work that somebody handed over */
	NA_TRAIT_THREADING = 1 << 5,	/* Python's own code around a thread */
	NA_TRAIT_PROGRAM = 1 << 6,	/* as the outermost frame: a program's main module */
	NA_TRAIT_SERVER = 1 << 7,	/* as the outermost frame: Odoo's server, or what calls it for each request */
	NA_TRAIT_NATIVE = 1 << 8,	/* no Python frame, but an add-on's native code, or what may be some */
	NA_TRAIT_NOT_MODULE = 1 << 9,	/* its globals are not those of the module they name */
	NA_TRAIT_SERVING = 1 << 10,	/* a server's function that runs the application, then writes its answer */
	NA_TRAIT_DISPATCH = 1 << 11,	/* Odoo's function that calls what a route leads to */
	NA_TRAIT_ROUTE = 1 << 12,	/* Odoo's function around each controller */
	NA_TRAIT_METHOD = 1 << 13,	/* defined in a class of a module, by its qualified name: none around another */
};

struct na_statement {
	enum na_says says;
	const struct na_addon *addon;	/* ADDON, CLAIM, CONFLICT (the file's); ODOO: `base` or NULL */
	const struct na_addon *other;	/* CONFLICT: the globals' */
	enum na_evidence_kind evidence;	/* ADDON, ODOO */
	bool disagree;
	unsigned int traits;		/* enum na_frame_traits */
};

/* The two witnesses. Texts are untrusted, NUL-terminated; "" when there is none. */
struct na_witnesses {
	const char *file, *module, *function;
	struct na_owned of_file, of_module;
};

/* The module of that name has other globals: its name is only claimed. */
struct na_statement na_frame_says_falsely(const struct na_statement *statement);

struct na_statement na_frame_says(const struct na_witnesses *witnesses);

#endif
