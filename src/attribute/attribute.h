/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who made a call: from the Python frames the kernel saw, and from who started the thread or process, to the name of
 * an add-on with the evidence for it. An author is named only where the evidence leaves no other; else it is unknown,
 * and the reason is kept. The rules are in rules.c, described in docs/attribution.md.
 */
#ifndef NETAUDIT_ATTRIBUTE_H
#define NETAUDIT_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>
#include <netaudit/native.h>
#include "attribute/database.h"
#include "target/addons.h"

/* How an attribution was reached; names as in the journal: na_evidence_name(). */
enum na_evidence_kind {
	NA_EVIDENCE_NONE,		/* "none" */
	NA_EVIDENCE_PYTHON_STACK,	/* "python-stack": file of a frame, and its globals say the same */
	NA_EVIDENCE_PYTHON_USDT,	/* "python-usdt" */
	NA_EVIDENCE_MODULE_GLOBALS,	/* "module-globals": said by the globals, where the file's name does not */
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
	NA_AUTHORS
};

#define NA_ATTRIBUTION_CHAIN 16

/* Immutable and shared: hold it with na_attribution_hold() as long as it is needed. */
struct na_attribution {
	enum na_author author;
	enum na_evidence_kind evidence;
	const char *reason;		/* why unknown; a constant; NULL otherwise */
	const struct na_addon *addon;	/* the innermost add-on, `base` aside; NULL: none named */
	/* all add-ons on the stack, innermost first, neighbours once */
	const struct na_addon *chain[NA_ATTRIBUTION_CHAIN];
	size_t chain_count;
	bool chain_truncated;		/* more of them, or the stack was not complete */
	enum na_stack_witness witness;	/* whether the interpreter saw the same frames when it announced the call */
	struct na_database database;	/* that it was made for */
	char *resolved;			/* the name its thread had asked for last; untrusted text; NULL: none known */
	bool disagree;			/* the deciding frame's file name and globals named different owners */
	char *file, *function;		/* of the deciding frame; untrusted text; NULL: there is none */
	uint32_t line;			/* 0: there is no deciding frame */
	uint8_t stack_digest[32];	/* SHA-256 over file, function and first line of every frame, innermost first */
	uint32_t frames;		/* 0: there was no stack */
	uint32_t holders;
};

const struct na_attribution *na_attribution_hold(const struct na_attribution *attribution);
void na_attribution_release(const struct na_attribution *attribution);	/* NULL is let pass */
const char *na_evidence_name(enum na_evidence_kind evidence);
const char *na_witness_name(enum na_stack_witness witness);	/* "agrees", "disagrees"; NULL: there is none */
const char *na_author_name(enum na_author author);	/* "addon", "odoo", "library", "unknown" */

/*
 * What is known of the requests on one accepted connection, kept with the connection. Zeros: nothing can be proven
 * about them; a connection whose accept was seen has `provable` and `since_ns`.
 */
struct na_request {
	uint64_t since_ns;		/* the accept, or when the last answer began */
	uint64_t thread_start_ns;	/* with `tid`: the thread that wrote it */
	uint32_t tid;
	uint32_t answers;		/* its number; 0: there was none */
	bool provable;
};

/* What user space knows of the acting process. */
struct na_acting {
	const char *instance;	/* as na_targets_instance_name(); "" when there is none */
	bool server;		/* a process of Odoo itself: it inherits nothing from who started it */
	bool must_answer;	/* of an Odoo process or its descendants: unknown is said too */
	bool inbound;		/* the call came from outside: Odoo's code that serves it is not its author */
	struct na_request *request;	/* an answer on an accepted connection is written: borrowed; NULL: not known */
};

struct na_attributor;

struct na_attributor_options {
	struct na_addons *addons;	/* borrowed */
	/* The line that `instruction` of the code object at `address` stands for; NULL: the first line is taken. */
	uint32_t (*line)(void *context, const struct na_task *task, uint64_t address, int32_t instruction,
			 uint32_t first_line);
	/* As na_python_is_module(); NULL: names of globals are believed. */
	int (*is_module)(void *context, uint32_t pid, uint64_t globals, const char *name);
	/* As na_python_is_static(); NULL: no code object is the interpreter's own. */
	int (*is_static)(void *context, uint32_t pid, uint64_t address);
	/* As in na_natives_options; NULL: native code is not looked for. */
	int (*kernel_code)(void *context, uint32_t pid, const struct na_native_code *code);
	/* Code objects were dropped to stay within bounds: the kernel must describe them again. May be NULL. */
	void (*forgot)(void *context);
	void *context;
	uint64_t began_ns;	/* of a process that is older not all connections were seen */
};

/* 0 or -ENOMEM. */
int na_attributor_create(struct na_attributor **attributor, const struct na_attributor_options *options);
void na_attributor_destroy(struct na_attributor *attributor);

/* Events, in time order. 0, or -ENOMEM: what was said is not kept. */
int na_attributor_on_code(struct na_attributor *attributor, const struct na_code_event *event);
int na_attributor_on_process(struct na_attributor *attributor, const struct na_process_event *event);
/* A name was asked for; `name` of na_name_of_event(). Its author is that of the flow `event->question`. */
void na_attributor_on_name(struct na_attributor *attributor, const struct na_name_event *event, const char *name);
void na_attributor_on_native(struct na_attributor *attributor, const struct na_native_event *event);

/*
 * A server of PostgreSQL took a connection of this process. `flow` 0: which it is, is not known; `name` NULL: that of
 * the database was not told.
 */
void na_attributor_on_database(struct na_attributor *attributor, const struct na_task *task, uint64_t flow,
			       const char *name);
void na_attributor_database_closed(struct na_attributor *attributor, uint64_t flow);

/*
 * Whose stack this is, for the caller to release; NULL: nobody was asked for (a start of a thread or process, or a
 * process that is not Odoo's and has no Python), or there was no memory. What a connect or datagram said is also kept
 * for na_attributor_of_flow().
 */
const struct na_attribution *na_attributor_on_stack(struct na_attributor *attributor,
						    const struct na_stack_event *event, const struct na_acting *acting);

/*
 * The author of a flow, from its own stack, else from its process's parent. NULL: not asked, or no memory.
 * The caller releases the result.
 */
const struct na_attribution *na_attributor_of_flow(struct na_attributor *attributor, uint64_t flow,
						   const struct na_task *task, const struct na_acting *acting);
/*
 * Who started this process, as evidence "process-parent". NULL: not seen, or no memory. The caller releases it.
 */
const struct na_attribution *na_attributor_of_process(const struct na_attributor *attributor,
						      const struct na_task *task);
/* What was kept for a flow is no longer needed. */
void na_attributor_forget_flow(struct na_attributor *attributor, uint64_t flow);

/* Code objects, processes, threads and flows kept: all of them are bounded. */
struct na_attributor_sizes {
	size_t codes, processes, threads, flows;
};
struct na_attributor_sizes na_attributor_sizes(const struct na_attributor *attributor);

#endif
