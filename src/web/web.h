/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live page: three kinds of processes.
 *
 *	front		speaks HTTP to strangers; opens no file, makes no socket (front.c, access.c, answer.c)
 *	spawner		starts one reader for each question of the front (readers.c)
 *	reader		makes one page, with the rights of the reader service (readers.c, page_*.c)
 *
 * The front knows of a request only which route it takes and the values of a fixed set of parameters: that is the
 * question. The answer is a head and bytes, over a pipe.
 */
#ifndef NETAUDIT_WEB_WEB_H
#define NETAUDIT_WEB_WEB_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/peer.h"
#include "cli/cli.h"

#define NA_WEB_PORT 7361
#define NA_WEB_VALUE_BYTES 256		/* of one parameter, with its NUL */
#define NA_WEB_PAGE_BYTES (16u << 20)	/* most of a page that is not streamed */

#define NA_WEB_PARAMETERS(X) \
	X(SINCE, "since") \
	X(UNTIL, "until") \
	X(WORKER, "worker") \
	X(ADDON, "addon") \
	X(AUTHOR, "author") \
	X(BUCKET, "bucket") \
	X(DIRECTION, "direction") \
	X(DESTINATION, "destination") \
	X(CHANNEL, "channel") \
	X(KIND, "kind") \
	X(FLOW, "flow") \
	X(INSTANCE, "instance") \
	X(BEFORE, "before")

enum na_web_parameter {
#define X(symbol, name) NA_WEB_##symbol,
	NA_WEB_PARAMETERS(X)
#undef X
	NA_WEB_PARAMETER_COUNT
};

extern const char *const na_web_parameter_names[NA_WEB_PARAMETER_COUNT];

struct na_web_question {
	uint32_t route;			/* index in na_web_routes */
	int64_t number;			/* of "/record/NUMBER" */
	char value[NA_WEB_PARAMETER_COUNT][NA_WEB_VALUE_BYTES];	/* "": not given */
};

struct na_web_head {
	uint32_t status;		/* of HTTP */
	uint64_t bytes;			/* that follow; NA_WEB_STREAMED: until the end */
};

#define NA_WEB_STREAMED UINT64_MAX

struct na_web_settings {
	const struct na_cli *cli;	/* state and run directories */
	const char *folders[2];		/* of the catalogue: shipped, site */
	int listener;			/* a listening socket */
	bool unix_socket;		/* who may ask is told by peer credentials, not by a token */
	char host[64];			/* ADDRESS:PORT as in a URL; "" for a unix socket */
	struct na_peer_groups readers;
};

/* Makes a page. `out` is memory, or the pipe itself where the route is streamed. Returns the status of HTTP. */
typedef unsigned int na_web_make(const struct na_web_settings *settings, const struct na_web_question *question,
				 FILE *out);

struct na_web_route {
	const char *path;		/* one that ends in "/" is followed by a number */
	na_web_make *make;
	bool streamed;			/* may take an hour; few at once */
	const char *type;		/* NULL: HTML */
	const char *file;		/* to be saved as; NULL: shown */
	const char *title;		/* in the navigation; NULL: not there */
};

extern const struct na_web_route na_web_routes[];
extern const size_t na_web_route_count;

/* Fills route and number from a path. Returns 0 or -ENOENT. */
int na_web_find_route(const char *path, struct na_web_question *question);

/* Gives up what the front may not do, and answers until SIGTERM or SIGINT. `channel` leads to the spawner. */
int na_web_front(const struct na_web_settings *settings, int channel, struct na_error *error);

/* Forks the spawner. Returns a socket to it, or negative errno with an error. Single-threaded callers only. */
int na_web_start_readers(const struct na_web_settings *settings, struct na_error *error);

#endif
