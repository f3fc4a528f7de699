// SPDX-License-Identifier: GPL-2.0-or-later
/* A uthash table of flows, and one of interned instance names. */
#include "flow/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define INTERNED_MAX 4096	/* distinct instances in one run; more than that is somebody's attack */

struct na_flow_authors {
	struct {
		enum na_author author;
		const struct na_addon *addon;
		const char *database;
	} told[NA_FLOW_AUTHORS];
	size_t count;
};

struct entry {
	struct na_flow flow;
	UT_hash_handle hh;
};

struct interned {
	UT_hash_handle hh;
	char text[];
};

struct na_flow_table {
	struct entry *flows;
	struct interned *names;
};

int na_flow_table_create(struct na_flow_table **table)
{
	*table = calloc(1, sizeof(**table));
	return *table ? 0 : -ENOMEM;
}

struct na_flow *na_flow_find(struct na_flow_table *table, uint64_t id)
{
	struct entry *entry;

	HASH_FIND(hh, table->flows, &id, sizeof(id), entry);
	return entry ? &entry->flow : NULL;
}

struct na_flow *na_flow_add(struct na_flow_table *table, uint64_t id)
{
	struct na_flow *known = na_flow_find(table, id);
	struct entry *entry;

	if (known)
		return known;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->flow.id = id;
	HASH_ADD(hh, table->flows, flow.id, sizeof(entry->flow.id), entry);
	if (!entry->hh.tbl) {	/* no memory for the table: it was not added */
		free(entry);
		return NULL;
	}
	return &entry->flow;
}

void na_flow_remove(struct na_flow_table *table, struct na_flow *flow)
{
	struct entry *entry = (struct entry *)flow;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc): uthash's lists are not understood */
	HASH_DEL(table->flows, entry);
	na_attribution_release(entry->flow.author);
	free(entry->flow.others);
	free(entry->flow.hello);
	free(entry->flow.opened);
	free(entry->flow.tunnel);
	na_attribution_release(entry->flow.exchange.next_author);
	for (size_t i = 0; i < NA_FLOW_WRITERS; i++)
		na_attribution_release(entry->flow.exchange.writer[i].author);
	free(entry);
}

void na_flow_set_author(struct na_flow *flow, const struct na_attribution *author)
{
	na_attribution_hold(author);
	na_attribution_release(flow->author);
	flow->author = author;
}

/* A database that was not known before is none that differs. */
static bool is_other_database(const char *database, const char *told)
{
	return database && told && database != told;
}

bool na_flow_tell_author(struct na_flow *flow, const struct na_attribution *author)
{
	struct na_flow_authors *others = flow->others;
	const char *database = author->database.name;

	if (flow->author && flow->author->author == author->author && flow->author->addon == author->addon &&
	    !is_other_database(database, flow->author->database.name))
		return false;
	for (size_t i = 0; others && i < others->count; i++)
		if (others->told[i].author == author->author && others->told[i].addon == author->addon &&
		    !is_other_database(database, others->told[i].database))
			return false;
	if (!others)
		others = flow->others = calloc(1, sizeof(*others));
	if (!others || others->count == NA_FLOW_AUTHORS)
		return false;
	others->told[others->count].author = author->author;
	others->told[others->count].database = database;
	others->told[others->count++].addon = author->addon;
	return true;
}

static bool is_same(const struct na_attribution *a, const struct na_attribution *b)
{
	return a->author == b->author && a->addon == b->addon && a->evidence == b->evidence &&
	       a->database.name == b->database.name && a->frames == b->frames &&
	       !memcmp(a->stack_digest, b->stack_digest, sizeof(a->stack_digest));
}

void na_flow_note_writer(struct na_flow *flow, uint64_t number, const struct na_attribution *author)
{
	struct na_flow_writer *writer = flow->exchange.writer;

	if (writer[0].author && number == writer[0].last + 1 && is_same(writer[0].author, author)) {
		writer[0].last = number;
		return;
	}
	na_attribution_release(writer[NA_FLOW_WRITERS - 1].author);
	memmove(writer + 1, writer, (NA_FLOW_WRITERS - 1) * sizeof(*writer));
	writer[0] = (struct na_flow_writer){ number, number, na_attribution_hold(author) };
}

const struct na_attribution *na_flow_writer(const struct na_flow *flow, uint64_t number)
{
	if (!number)
		return flow->author;
	for (size_t i = 0; i < NA_FLOW_WRITERS; i++) {
		const struct na_flow_writer *writer = &flow->exchange.writer[i];

		if (writer->author && writer->first <= number && number <= writer->last)
			return writer->author;
	}
	return NULL;
}

size_t na_flow_count(const struct na_flow_table *table)
{
	return HASH_COUNT(table->flows);
}

void na_flow_each(struct na_flow_table *table, void (*visit)(void *context, struct na_flow *flow), void *context)
{
	struct entry *entry, *next;

	HASH_ITER(hh, table->flows, entry, next)
		visit(context, &entry->flow);
}

const char *na_flow_intern(struct na_flow_table *table, const char *text)
{
	size_t length = strlen(text);
	struct interned *known;

	HASH_FIND(hh, table->names, text, length, known);
	if (known)
		return known->text;
	if (HASH_COUNT(table->names) >= INTERNED_MAX)
		return NULL;
	known = calloc(1, sizeof(*known) + length + 1);
	if (!known)
		return NULL;
	memcpy(known->text, text, length);
	HASH_ADD(hh, table->names, text[0], length, known);
	if (!known->hh.tbl) {
		free(known);
		return NULL;
	}
	return known->text;
}

void na_flow_table_destroy(struct na_flow_table *table)
{
	struct interned *name, *next;
	struct entry *entry, *following;

	if (!table)
		return;
	HASH_ITER(hh, table->flows, entry, following)
		na_flow_remove(table, &entry->flow);
	HASH_ITER(hh, table->names, name, next) {
		HASH_DEL(table->names, name);	/* NOLINT(clang-analyzer-unix.Malloc): uthash's lists are not understood */
		free(name);
	}
	free(table);
}
