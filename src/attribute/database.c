// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of rules that a call's database is told by, and the names that connections began with. */
#include "attribute/database.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct name {
	UT_hash_handle hh;
	char text[];
};

struct flow {
	uint64_t flow;
	const char *name;	/* NULL: one of PostgreSQL's own */
	UT_hash_handle hh;
};

struct na_databases {
	struct name *names;
	struct flow *flows;	/* the oldest first */
};

const char *na_database_evidence_name(enum na_database_evidence evidence)
{
	static const char *const names[NA_DATABASE_EVIDENCES] = {
		[NA_DATABASE_TITLE] = "cron-title",
		[NA_DATABASE_QUERY] = "query",
		[NA_DATABASE_THREAD_PARENT] = "thread-parent",
		[NA_DATABASE_PROCESS_PARENT] = "process-parent",
		[NA_DATABASE_ONLY] = "only-connection",
		[NA_DATABASE_CONFIGURATION] = "configuration",
	};

	return names[evidence];
}

struct na_databases *na_databases_create(void)
{
	return calloc(1, sizeof(struct na_databases));
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

static void drop(struct na_databases *databases, struct flow *flow)
{
	HASH_DEL(databases->flows, flow);
	free(flow);
}

void na_databases_destroy(struct na_databases *databases)
{
	struct name *name, *next;

	if (!databases)
		return;
	while (databases->flows)
		drop(databases, databases->flows);
	HASH_ITER(hh, databases->names, name, next) {
		HASH_DEL(databases->names, name);
		free(name);
	}
	free(databases);
}

/* NULL: no memory, or too many: then it is not known. */
static const char *intern(struct na_databases *databases, const char *text, size_t length)
{
	struct name *name;

	HASH_FIND(hh, databases->names, text, length, name);
	if (name || HASH_COUNT(databases->names) >= NA_DATABASE_NAMES)
		return name ? name->text : NULL;
	name = calloc(1, sizeof(*name) + length + 1);
	if (!name)
		return NULL;
	memcpy(name->text, text, length);
	HASH_ADD(hh, databases->names, text[0], length, name);
	if (name->hh.tbl)
		return name->text;
	free(name);
	return NULL;
}

static struct flow *find(const struct na_databases *databases, uint64_t flow)
{
	struct flow *known;

	HASH_FIND(hh, databases->flows, &flow, sizeof(flow), known);
	return known;
}

static void keep(struct na_databases *databases, uint64_t id, const char *name)
{
	struct flow *flow = find(databases, id);

	if (flow) {
		flow->name = name;
		return;
	}
	if (HASH_COUNT(databases->flows) >= NA_DATABASE_FLOWS)
		drop(databases, databases->flows);
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return;
	flow->flow = id;
	flow->name = name;
	HASH_ADD(hh, databases->flows, flow, sizeof(flow->flow), flow);
	if (!flow->hh.tbl)
		free(flow);
}

void na_databases_closed(struct na_databases *databases, uint64_t flow)
{
	struct flow *known = find(databases, flow);

	if (known)
		drop(databases, known);
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

/* Those that every server of PostgreSQL has, and Odoo serves nobody from. */
static bool is_postgresqls_own(const char *name)
{
	return !strcmp(name, "postgres") || !strcmp(name, "template0") || !strcmp(name, "template1");
}

void na_databases_connected(struct na_databases *databases, struct na_database_uses *uses, uint64_t flow,
			    const char *text)
{
	bool own = text && is_postgresqls_own(text);
	const char *name = text && text[0] && !own ? intern(databases, text, strlen(text)) : NULL;

	if (!own && !name)
		uses->unseen = true;
	if (name && !uses->name)
		uses->name = name;
	if (name && uses->name != name)
		uses->several = true;
	if (flow && (own || name))
		keep(databases, flow, name);
}

/* ---- the rules: each answers, or leaves it to the next ---- */

struct question {
	struct na_databases *databases;
	const struct na_database_uses *uses;
	const struct na_database_facts *facts;
	const struct flow *asked;	/* the connection that the thread asked last; NULL: none, or not known */
	struct na_database answer;
};

static bool is(struct question *question, enum na_database_evidence evidence, const char *name)
{
	question->answer = (struct na_database){ evidence, name, NULL };
	return true;
}

static bool is_unknown(struct question *question, const char *reason)
{
	question->answer = (struct na_database){ NA_DATABASE_UNKNOWN, NULL, reason };
	return true;
}

/* " 4711 production", of a worker that goes from database to database; "": not in one now. */
static bool by_title(struct question *question)
{
	const char *title = question->facts->event->cron_title, *name;
	size_t length = strnlen(title, NA_CRON_TITLE_BYTES), digits;

	if (!question->facts->serves || length == NA_CRON_TITLE_BYTES || title[0] != ' ')
		return false;
	digits = strspn(title + 1, "0123456789");
	if (!digits || title[1 + digits] != ' ' || !title[2 + digits])
		return false;
	name = intern(question->databases, title + 2 + digits, length - 2 - digits);
	if (!name)
		return is_unknown(question, NA_WHY_DATABASE_UNSEEN);
	if (question->asked && question->asked->name && question->asked->name != name)
		return is_unknown(question, NA_WHY_DATABASES_DIFFER);
	return is(question, NA_DATABASE_TITLE, name);
}

static bool by_query(struct question *question)
{
	if (!question->facts->serves || !question->facts->event->queried)
		return false;
	if (!question->asked)
		return is_unknown(question, NA_WHY_DATABASE_UNSEEN);
	return question->asked->name && is(question, NA_DATABASE_QUERY, question->asked->name);
}

static bool by_thread_parent(struct question *question)
{
	const struct na_database *parent = question->facts->thread_parent;

	return parent && parent->name && is(question, NA_DATABASE_THREAD_PARENT, parent->name);
}

static bool by_process_parent(struct question *question)
{
	const struct na_database *parent = question->facts->process_parent;

	return parent && parent->name && is(question, NA_DATABASE_PROCESS_PARENT, parent->name);
}

static bool by_several(struct question *question)
{
	return question->uses->several && is_unknown(question, NA_WHY_DATABASES);
}

/* A request that has asked none so far may be for another one than those before it. */
static bool by_only_connection(struct question *question)
{
	const struct na_database_uses *uses = question->uses;

	bool asks = question->facts->event->queried;

	if (!uses->name || uses->unseen || (asks ? !question->asked : question->facts->serves && uses->asks))
		return false;
	return is(question, NA_DATABASE_ONLY, uses->name);
}

static bool by_configuration(struct question *question)
{
	const char *configured = question->facts->configured, *name;

	if (!configured || (question->uses->name && strcmp(question->uses->name, configured) != 0))
		return false;
	name = intern(question->databases, configured, strlen(configured));
	return name && is(question, NA_DATABASE_CONFIGURATION, name);
}

static bool by_nothing(struct question *question)
{
	if (question->uses->unseen || (question->facts->event->queried && !question->asked))
		return is_unknown(question, NA_WHY_DATABASE_UNSEEN);
	return is_unknown(question, question->uses->name ? NA_WHY_NOT_ASKED : NA_WHY_NO_DATABASE);
}

static bool (*const rules[])(struct question *question) = {
	by_title,   by_query,		by_thread_parent, by_process_parent,
	by_several, by_only_connection, by_configuration, by_nothing,
};

struct na_database na_databases_of_stack(struct na_databases *databases, struct na_database_uses *uses,
					 const struct na_database_facts *facts)
{
	struct question question = { .databases = databases, .uses = uses, .facts = facts };

	if (facts->event->queried) {
		question.asked = find(databases, facts->event->queried);
		uses->asks = true;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules) && !rules[i](&question); i++)
		;
	return question.answer;
}
