/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows in a table by instance and name; beside it the flows whose later records need to be known again: long ones,
 * whose counters are given more than once, datagram flows, and those of add-ons that share their name with another.
 */
#include "cli/addons_tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fields.h"

#define ROW_BUCKETS 1024	/* powers of two */
#define FLOW_BUCKETS 65536

struct flow {
	struct flow *next;
	char *id;
	struct na_addon_row *row;
	int64_t bytes_out, bytes_in;	/* counted so far */
};

struct na_addon_tally {
	struct na_addon_row *bucket[ROW_BUCKETS];
	struct na_addon_row **rows;
	size_t count, capacity;
	struct flow *flow[FLOW_BUCKETS];
};

int na_addon_tally_create(struct na_addon_tally **tally)
{
	*tally = calloc(1, sizeof(**tally));
	return *tally ? 0 : -ENOMEM;
}

static void free_row(struct na_addon_row *row)
{
	free(row->instance);
	free(row->name);
	free(row->path);
	json_decref(row->about);
	free(row);
}

static void free_flow(struct flow *flow)
{
	free(flow->id);
	free(flow);
}

void na_addon_tally_destroy(struct na_addon_tally *tally)
{
	if (!tally)
		return;
	for (size_t i = 0; i < tally->count; i++)
		free_row(tally->rows[i]);
	for (size_t i = 0; i < FLOW_BUCKETS; i++) {
		while (tally->flow[i]) {
			struct flow *flow = tally->flow[i];

			tally->flow[i] = flow->next;
			free_flow(flow);
		}
	}
	free(tally->rows);
	free(tally);
}

/* FNV-1a, 64 bits, upper half */
static size_t hash(const char *left, const char *right)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *left; left++)
		value = (value ^ (unsigned char)*left) * 0x100000001b3;
	for (value *= 0x100000001b3; *right; right++)
		value = (value ^ (unsigned char)*right) * 0x100000001b3;
	return (size_t)(value >> 32);
}

/* ---- rows ---- */

static struct na_addon_row *add_row(struct na_addon_tally *tally, const char *instance, const char *name,
				    const char *path, const char *author)
{
	struct na_addon_row *row = calloc(1, sizeof(*row));
	size_t bucket = hash(instance, name) & (ROW_BUCKETS - 1);

	if (!row)
		return NULL;
	if (tally->count == tally->capacity) {
		size_t capacity = tally->capacity ? 2 * tally->capacity : 64;
		struct na_addon_row **rows = reallocarray(tally->rows, capacity, sizeof(struct na_addon_row *));

		if (!rows) {
			free(row);
			return NULL;
		}
		tally->rows = rows;
		tally->capacity = capacity;
	}
	row->instance = strdup(instance);
	row->name = strdup(name);
	row->path = strdup(path);
	row->author = author;
	row->last_us = INT64_MIN;
	if (!row->instance || !row->name || !row->path) {
		free_row(row);
		return NULL;
	}
	row->next = tally->bucket[bucket];
	tally->bucket[bucket] = row;
	tally->rows[tally->count++] = row;
	return row;
}

/* The next row of that name behind `after`, or the first. */
static struct na_addon_row *next_row(const struct na_addon_tally *tally, const struct na_addon_row *after,
				     const char *instance, const char *name, const char *author)
{
	struct na_addon_row *row = after ? after->next : tally->bucket[hash(instance, name) & (ROW_BUCKETS - 1)];

	while (row && (strcmp(row->name, name) != 0 || strcmp(row->instance, instance) != 0 ||
		       strcmp(row->author, author) != 0))
		row = row->next;
	return row;
}

int na_addon_tally_about(struct na_addon_tally *tally, json_t *body)
{
	char instance[NA_FIELD_BYTES], name[NA_FIELD_BYTES], path[NA_FIELD_BYTES];
	struct na_addon_row *row = NULL;

	na_field_text(instance, body, "instance");
	na_field_text(path, body, "path");
	if (!*na_field_text(name, body, "addon"))
		return 0;
	while ((row = next_row(tally, row, instance, name, "addon")) && strcmp(row->path, path) != 0)
		;
	if (!row)
		row = add_row(tally, instance, name, path, "addon");
	if (!row)
		return -ENOMEM;
	json_decref(row->about);
	row->about = json_incref(body);
	return 0;
}

/* "/opt/a/probe" is above "/opt/a/probe/models/x.py". */
static bool is_above(const char *folder, const char *file)
{
	size_t length = strlen(folder);

	return length && strncmp(folder, file, length) == 0 && file[length] == '/';
}

/* Of several add-ons of one name, that in which the deciding frame's file lies. */
static struct na_addon_row *row_of(struct na_addon_tally *tally, const json_t *body, bool *shared)
{
	static const char *const others[] = { "odoo", "library" };
	const char *author = "unknown";
	char instance[NA_FIELD_BYTES], name[NA_FIELD_BYTES], file[NA_FIELD_BYTES];
	struct na_addon_row *first, *row;

	*shared = false;
	na_field_text(instance, body, "instance");
	if (!*na_field_text(name, body, "addon")) {
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			author = na_field_is(body, "author", others[i]) ? others[i] : author;
		row = next_row(tally, NULL, instance, "", author);
		return row ? row : add_row(tally, instance, "", "", author);
	}
	first = next_row(tally, NULL, instance, name, "addon");
	if (!first)
		return add_row(tally, instance, name, "", "addon");
	*shared = next_row(tally, first, instance, name, "addon") != NULL;
	if (!*shared)
		return first;
	na_field_text(file, body, "frame_file");
	for (row = first; row; row = next_row(tally, row, instance, name, "addon"))
		if (is_above(row->path, file))
			return row;
	return first;
}

/* ---- flows ---- */

static struct flow **find_flow(struct na_addon_tally *tally, const char *id)
{
	struct flow **at = &tally->flow[hash("", id) & (FLOW_BUCKETS - 1)];

	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	return at;
}

static struct flow *keep_flow(struct flow **at, const char *id, struct na_addon_row *row)
{
	struct flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return NULL;
	flow->id = strdup(id);
	if (!flow->id) {
		free(flow);
		return NULL;
	}
	flow->row = row;
	*at = flow;
	return flow;
}

static void forget_flow(struct flow **at)
{
	struct flow *flow = *at;

	*at = flow->next;
	free_flow(flow);
}

static void count_call(struct na_addon_row *row, const json_t *body)
{
	row->calls++;
	row->last_us = na_field_integer(body, "t", INT64_MIN);
}

static void add_bytes(struct na_addon_row *row, int64_t out, int64_t in)
{
	row->bytes_out += out > 0 ? out : 0;
	row->bytes_in += in > 0 ? in : 0;
}

/* Counters of a stream are those since its beginning: only what is new counts. */
static int add_counters(struct flow **at, const char *id, struct na_addon_row *row, const json_t *body, bool ended)
{
	int64_t out = na_field_integer(body, "bytes_out", 0), in = na_field_integer(body, "bytes_in", 0);
	struct flow *flow = *at;

	if (flow)
		row = flow->row;
	else if (!ended && !(flow = keep_flow(at, id, row)))
		return -ENOMEM;
	add_bytes(row, out - (flow ? flow->bytes_out : 0), in - (flow ? flow->bytes_in : 0));
	if (flow) {
		flow->bytes_out = out;
		flow->bytes_in = in;
	}
	if (flow && ended)
		forget_flow(at);
	return 0;
}

static int add_datagrams(struct flow **at, const char *id, struct na_addon_row *row, const json_t *body)
{
	struct flow *flow = *at;

	if (!flow) {
		count_call(row, body);
		flow = keep_flow(at, id, row);
	}
	if (!flow)
		return -ENOMEM;
	add_bytes(flow->row, na_field_integer(body, "bytes_out", 0), na_field_integer(body, "bytes_in", 0));
	if (json_is_true(json_object_get(body, "final")))
		forget_flow(at);
	return 0;
}

int na_addon_tally_add(struct na_addon_tally *tally, const json_t *body)
{
	char id[NA_FIELD_BYTES];
	struct na_addon_row *row;
	struct flow **at;
	bool shared;

	if (!na_field_is(body, "direction", "outbound") && !na_field_is(body, "kind", "author"))
		return 0;
	if (!json_object_get(body, "author"))
		return 0;	/* of a process nobody asked about, or of a version that did not ask */
	row = row_of(tally, body, &shared);
	if (!row)
		return -ENOMEM;
	at = find_flow(tally, na_field_text(id, body, "flow"));
	if (na_field_is(body, "kind", "author")) {
		count_call(row, body);
	} else if (na_field_is(body, "kind", "open")) {
		count_call(row, body);
		return shared && !*at && !keep_flow(at, id, row) ? -ENOMEM : 0;
	} else if (na_field_is(body, "kind", "datagram")) {
		return add_datagrams(at, id, row, body);
	} else if (na_field_is(body, "kind", "close") || na_field_is(body, "kind", "progress")) {
		return add_counters(at, id, row, body, na_field_is(body, "kind", "close"));
	}
	return 0;
}

/* ---- in order ---- */

static int by_calls(const void *left, const void *right)
{
	const struct na_addon_row *a = *(struct na_addon_row *const *)left, *b = *(struct na_addon_row *const *)right;
	int order = (strcmp(a->author, "addon") != 0) - (strcmp(b->author, "addon") != 0);

	if (order)
		return order;
	if (a->calls != b->calls)
		return a->calls > b->calls ? -1 : 1;
	order = strcmp(a->name, b->name);
	if (!order)
		order = strcmp(a->author, b->author);
	if (!order)
		order = strcmp(a->instance, b->instance);
	return order ? order : strcmp(a->path, b->path);
}

struct na_addon_row **na_addon_tally_rows(struct na_addon_tally *tally, size_t *count)
{
	*count = tally->count;
	if (tally->count)
		qsort(tally->rows, tally->count, sizeof(struct na_addon_row *), by_calls);
	return tally->rows;
}
