/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which database of Odoo's a call was made for. Five kinds of evidence, combined by one table of rules (database.c,
 * docs/attribution.md); unknown where two databases are possible. Names live as long as the struct na_databases.
 */
#ifndef NETAUDIT_ATTRIBUTE_DATABASE_H
#define NETAUDIT_ATTRIBUTE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>

#define NA_DATABASE_FLOWS 16384	/* connections to PostgreSQL whose database is known; the oldest falls out */
#define NA_DATABASE_NAMES 4096	/* distinct ones in one run */

#define NA_WHY_NO_DATABASE "no connection to a database was seen"
#define NA_WHY_NOT_ASKED "its thread had asked no database yet"
#define NA_WHY_DATABASE_UNSEEN "the database of a connection was not seen"
#define NA_WHY_DATABASES "its process is connected to several"
#define NA_WHY_DATABASES_DIFFER "title and connection name different ones"

enum na_database_evidence {
	NA_DATABASE_UNKNOWN,
	NA_DATABASE_TITLE,		/* "cron-title" */
	NA_DATABASE_QUERY,		/* "query": the connection that the thread asked last */
	NA_DATABASE_THREAD_PARENT,	/* "thread-parent" */
	NA_DATABASE_PROCESS_PARENT,	/* "process-parent" */
	NA_DATABASE_ONLY,		/* "only-connection" */
	NA_DATABASE_CONFIGURATION,	/* "configuration" */
	NA_DATABASE_EVIDENCES
};

struct na_database {
	enum na_database_evidence evidence;
	const char *name;	/* untrusted text; NULL: unknown */
	const char *reason;	/* a constant: why unknown; NULL otherwise, and where nobody was asked */
};

const char *na_database_evidence_name(enum na_database_evidence evidence);	/* NULL for UNKNOWN */

/* What is known of the connections of one process, since it began. Zeros: there were none. */
struct na_database_uses {
	const char *name;	/* the first, not PostgreSQL's own */
	bool several;		/* there was another */
	bool unseen;		/* and one whose database was not told */
	bool asks;		/* the kernel tells which connection its threads ask */
};

struct na_databases;

struct na_databases *na_databases_create(void);	/* NULL: no memory */
void na_databases_destroy(struct na_databases *databases);

/* A server took this connection of a process. `flow` 0: which it is, is not known; `name` NULL: it was not told. */
void na_databases_connected(struct na_databases *databases, struct na_database_uses *uses, uint64_t flow,
			    const char *name);
void na_databases_closed(struct na_databases *databases, uint64_t flow);

/* Everything that the rules look at. */
struct na_database_facts {
	const struct na_stack_event *event;	/* its `queried` and `cron_title` */
	bool serves;				/* in a thread of Odoo's server, in its request or job */
	const struct na_database *thread_parent, *process_parent;	/* of whoever started them; NULL: does not count */
	const char *configured;			/* the only one that the server may use; NULL: not known */
};

/* Also notes in `uses` what the event says of the process. */
struct na_database na_databases_of_stack(struct na_databases *databases, struct na_database_uses *uses,
					 const struct na_database_facts *facts);

#endif
