/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who made a call: from the Python frames the kernel saw, and from who started the thread or process, to the name of
 * an add-on with the evidence for it. An author is named only where the evidence leaves no other; else it is unknown,
 * and the reason is kept. The rules are one table (rules.c), described in docs/attribution.md.
 */
#ifndef NETAUDIT_ATTRIBUTE_H
#define NETAUDIT_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include "target/addons.h"

/* How an attribution was reached; names as in the journal: na_evidence_name(). */
enum na_evidence {
	NA_EVIDENCE_NONE,		/* "none" */
	NA_EVIDENCE_PYTHON_STACK,	/* "python-stack": file of a frame, and its globals say the same */
	NA_EVIDENCE_PYTHON_USDT,	/* "python-usdt" */
	NA_EVIDENCE_MODULE_GLOBALS,	/* "module-globals": the globals say it where the file's name says nothing */
	NA_EVIDENCE_NATIVE_OBJECT,	/* "native-object" */
	NA_EVIDENCE_THREAD_PARENT,	/* "thread-parent" */
	NA_EVIDENCE_PROCESS_PARENT,	/* "process-parent" */
	NA_EVIDENCE_ROUTE,		/* "route" */
	NA_EVIDENCES
};

enum na_author {
	NA_AUTHOR_UNKNOWN,
	NA_AUTHOR_ADDON,	/* `addon` */
	NA_AUTHOR_ODOO,		/* Odoo's own code, no add-on but `base` on the stack */
	NA_AUTHOR_LIBRARY,	/* a Python program or library that is neither */
};

#define NA_ATTRIBUTION_CHAIN 16

/* Immutable and shared: hold it with na_attribution_hold() as long as it is needed. */
struct na_attribution {
	enum na_author author;
	enum na_evidence evidence;
	const char *reason;		/* why unknown; a constant; NULL otherwise */
	const struct na_addon *addon;	/* the innermost add-on, `base` aside; NULL: none named */
	const struct na_addon *chain[NA_ATTRIBUTION_CHAIN];	/* all add-ons on the stack, innermost first, neighbours once */
	size_t chain_count;
	bool chain_truncated;		/* more of them, or the stack was not complete */
	bool disagree;			/* file name and globals named different add-ons */
	char *file, *function;		/* of the deciding frame; untrusted text; NULL: there is none */
	uint32_t line;
	uint8_t stack_digest[32];	/* SHA-256 over every frame's file, function and line, innermost first */
	uint32_t frames;
	uint32_t holders;
};

const struct na_attribution *na_attribution_hold(const struct na_attribution *attribution);
void na_attribution_release(const struct na_attribution *attribution);
const char *na_evidence_name(enum na_evidence evidence);
const char *na_author_name(enum na_author author);	/* "addon", "odoo", "library", "unknown" */

struct na_attributor;

/* `addons` is borrowed. 0 or -ENOMEM. */
int na_attributor_create(struct na_attributor **attributor, struct na_addons *addons);
void na_attributor_destroy(struct na_attributor *attributor);

/* Events, in time order. `instance` as na_targets_instance_name(); "" when there is none. */
void na_attributor_on_code(struct na_attributor *attributor, const struct na_code_event *event);
void na_attributor_on_stack(struct na_attributor *attributor, const struct na_stack_event *event, const char *instance);
void na_attributor_on_exit(struct na_attributor *attributor, const struct na_process_event *event);

/*
 * The author of a flow, from its own stack, else from its thread's or process's parent; never NULL but when out of
 * memory. The caller holds the result until it releases it.
 */
const struct na_attribution *na_attributor_of_flow(struct na_attributor *attributor, uint64_t flow,
						   const struct na_task *task);
/* What was kept for a flow is no longer needed. */
void na_attributor_forget_flow(struct na_attributor *attributor, uint64_t flow);

#endif
