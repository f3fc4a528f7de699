/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of docs/attribution.md: from what each frame says, and from who started the thread or process, to an
 * author. Pure: no table is read and nothing is kept.
 */
#ifndef NETAUDIT_ATTRIBUTE_RULES_H
#define NETAUDIT_ATTRIBUTE_RULES_H

#include "attribute/frame.h"

/* Why an author is unknown: the words of docs/attribution.md and of the member "author_reason". */
#define NA_WHY_CONFLICT "file and globals name different add-ons"
#define NA_WHY_CLAIM "a name without proof"
#define NA_WHY_NOT_MODULE "not the module of that name"
#define NA_WHY_NOBODY "code of no known add-on"
#define NA_WHY_UNDESCRIBED "a frame was not described"
#define NA_WHY_NATIVE "native code that could not be followed"
#define NA_WHY_FINALIZER "a finalizer ran"
#define NA_WHY_POOL "work handed to a pool"
#define NA_WHY_TRUNCATED "more frames than are read"
#define NA_WHY_BROKEN "a frame could not be read"
#define NA_WHY_NO_PYTHON "the interpreter was not yet known"
#define NA_WHY_NO_STATE "a thread without Python frames"
#define NA_WHY_BUSY "another walk was going on"
#define NA_WHY_CODE_LOST "a frame's description was lost"
#define NA_WHY_NO_STACK "no stack was taken"
#define NA_WHY_UNROOTED "frames of Odoo that its server did not start"
#define NA_WHY_LIBRARIES "frames of libraries only"
#define NA_WHY_SHARED_THREAD "a thread that serves others"
#define NA_WHY_NATIVE_THREAD "a thread of native code's making"
#define NA_WHY_THREAD_UNSEEN "who started this thread was not seen"
#define NA_WHY_THREAD_UNKNOWN "who started this thread is unknown"
#define NA_WHY_PROCESS_UNSEEN "who started this process was not seen"
#define NA_WHY_PROCESS_UNKNOWN "who started this process is unknown"
#define NA_WHY_INBOUND "inbound"
#define NA_WHY_CHANGED "the stack changed after the call was announced"

struct na_frame_view {
	const struct na_statement *statement;
	unsigned int flags;		/* enum na_frame_flags */
};

#define NA_NO_FRAME ((size_t)-1)

/* What the frames alone say. */
struct na_verdict {
	enum na_author author;		/* UNKNOWN with `ask`: the frames leave it to who started them */
	enum na_evidence_kind evidence;
	const char *reason;		/* why unknown; NULL otherwise */
	const struct na_addon *addon;
	const struct na_addon *chain[NA_ATTRIBUTION_CHAIN];
	size_t chain_count;
	bool chain_truncated;
	bool disagree;
	size_t deciding;		/* index of the deciding frame; NA_NO_FRAME */
	const struct na_addon *claim;	/* named without proof by the frame that left it unknown; NULL: none */
	bool nobody;			/* unknown because of code that nobody vouches for */
	bool ask;			/* only frames that may run for anybody: who started the thread or process? */
	bool odoo;			/* with `ask`: Odoo's own frames are among them */
	unsigned int root;		/* with `ask`: traits of the outermost frame */
	unsigned int target;		/* with `ask`: of the outermost frame that is not the thread's own */
};

void na_rules_of_frames(struct na_verdict *verdict, const struct na_frame_view *frames, size_t count,
			enum na_stack_status status);

/* Two looks at the same frames: where they differ neither is believed, nor who started the thread or process. */
void na_rules_of_witness(struct na_verdict *verdict, enum na_stack_witness witness);

/* Whose doing a new thread is, by the stack that started it. */
enum na_starter {
	NA_STARTER_UNSEEN,
	NA_STARTER_ADDON,	/* a frame of the author itself */
	NA_STARTER_ODOO,	/* Odoo's own code, called by no add-on */
	NA_STARTER_SHARED,	/* a library, or Odoo for somebody else */
	NA_STARTER_NATIVE,	/* not through Python's threading */
	NA_STARTER_UNKNOWN,
};

/* `resolved` is the author of the starting stack after na_rules_of_origin(). */
enum na_starter na_rules_of_starter(const struct na_frame_view *frames, size_t count, enum na_author resolved);

/* What is known about the thread and process the frames were in. */
struct na_origin {
	bool server;		/* a process of Odoo itself: it inherits nothing */
	bool odoo_scope;	/* of Odoo or started by it: a library is nobody's name there */
	bool main_thread;
	bool inbound;
	bool executed;		/* runs another program than the Odoo process it descends from */
	enum na_starter thread;
	const struct na_attribution *thread_parent;	/* NULL unless ADDON */
	const struct na_attribution *process_parent;	/* NULL: not seen */
};

/*
 * Settles what the frames left open. Returns the attribution that answers in their place, to be taken over with the
 * verdict's evidence, or NULL: the verdict is the answer.
 */
const struct na_attribution *na_rules_of_origin(struct na_verdict *verdict, const struct na_origin *origin,
						enum na_stack_status status);

/* What a stack shows of an inbound request. */
struct na_sight {
	bool serving;		/* in a server that answers in the thread that handles the request, one at a time */
	bool handling;		/* a route's function is running */
	size_t controller;	/* index of the frame that Odoo called for it; NA_NO_FRAME: there is none, or no proof */
};

/* Whether Odoo's server itself runs this thread: what is done in it is of the request or job that it has in hand. */
bool na_rules_is_servers_thread(const struct na_frame_view *frames, size_t count, enum na_stack_status status);

void na_rules_of_route(struct na_sight *sight, const struct na_frame_view *frames, size_t count,
		       enum na_stack_status status, bool main_thread);

#endif
