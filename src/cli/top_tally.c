// SPDX-License-Identifier: GPL-2.0-or-later
/* Sixty slots of a second for each name. */
#include "cli/top_tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "classify/catalogue.h"
#include "journal/index_row.h"

#define FLOWS_MOST 65536
#define NAMELESS "a place without a name"

struct slot {
	int64_t second;		/* since 1970; another second's is empty */
	struct na_top_sums sums;
};

struct window {
	struct slot slot[NA_TOP_SECONDS];
};

struct name {
	UT_hash_handle hh;
	struct window window;
	struct na_top_sums shown;	/* of the minute that is being shown */
	char bucket[24];
	char text[];
};

/* What was reported of a flow so far. */
struct flow {
	UT_hash_handle hh;
	int64_t id, bytes_out, bytes_in;
	char destination[];
};

struct na_top_tally {
	struct name *names[NA_TOP_KINDS];
	struct flow *flows;
	struct window out, in;
	struct na_index_row row;
};

struct na_top_tally *na_top_create(void)
{
	return calloc(1, sizeof(struct na_top_tally));
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */
static void forget_flows(struct na_top_tally *tally)
{
	struct flow *flow, *next;

	HASH_ITER(hh, tally->flows, flow, next) {
		HASH_DEL(tally->flows, flow);
		free(flow);
	}
}

void na_top_destroy(struct na_top_tally *tally)
{
	struct name *name, *next;

	if (!tally)
		return;
	for (int kind = 0; kind < NA_TOP_KINDS; kind++)
		HASH_ITER(hh, tally->names[kind], name, next) {
			HASH_DEL(tally->names[kind], name);
			free(name);
		}
	forget_flows(tally);
	free(tally);
}

static void add_to(struct window *window, int64_t second, const struct na_top_sums *sums)
{
	struct slot *slot = &window->slot[(second % NA_TOP_SECONDS + NA_TOP_SECONDS) % NA_TOP_SECONDS];

	if (slot->second != second)
		*slot = (struct slot){ .second = second };
	slot->sums.calls += sums->calls;
	slot->sums.bytes_out += sums->bytes_out;
	slot->sums.bytes_in += sums->bytes_in;
}

static struct na_top_sums sum_of(const struct window *window, int64_t now_s)
{
	struct na_top_sums sum = { 0 };

	for (size_t i = 0; i < NA_TOP_SECONDS; i++) {
		const struct slot *slot = &window->slot[i];

		if (slot->second <= now_s - NA_TOP_SECONDS || slot->second > now_s)
			continue;
		sum.calls += slot->sums.calls;
		sum.bytes_out += slot->sums.bytes_out;
		sum.bytes_in += slot->sums.bytes_in;
	}
	return sum;
}

static struct name *name_of(struct na_top_tally *tally, enum na_top_kind kind, const char *text, const char *bucket)
{
	struct name *name;
	size_t bytes;

	HASH_FIND_STR(tally->names[kind], text, name);
	if (!name && HASH_COUNT(tally->names[kind]) >= NA_TOP_NAMES) {
		text = "others";
		bucket = "";
		HASH_FIND_STR(tally->names[kind], text, name);
	}
	if (name)
		return name;
	bytes = strlen(text) + 1;
	name = calloc(1, sizeof(*name) + bytes);
	if (!name)
		return NULL;
	memcpy(name->text, text, bytes);
	(void)snprintf(name->bucket, sizeof(name->bucket), "%s", bucket);
	HASH_ADD_STR(tally->names[kind], text, name);
	if (name->hh.tbl)
		return name;
	free(name);
	return NULL;
}

static struct flow *keep_flow(struct na_top_tally *tally, int64_t id, const char *destination)
{
	size_t bytes = strlen(destination) + 1;
	struct flow *flow;

	HASH_FIND(hh, tally->flows, &id, sizeof(id), flow);
	if (flow)
		return flow;
	if (HASH_COUNT(tally->flows) >= FLOWS_MOST)
		forget_flows(tally);
	flow = calloc(1, sizeof(*flow) + bytes);
	if (!flow)
		return NULL;
	flow->id = id;
	memcpy(flow->destination, destination, bytes);
	HASH_ADD(hh, tally->flows, id, sizeof(id), flow);
	if (flow->hh.tbl)
		return flow;
	free(flow);
	return NULL;
}

static void drop_flow(struct na_top_tally *tally, struct flow *flow)
{
	HASH_DEL(tally->flows, flow);
	free(flow);
}

/* ---- one record ---- */

static bool is(const struct na_index_row *row, enum na_index_column column, const char *text)
{
	const struct na_index_value *value = &row->value[column];

	return value->type == NA_INDEX_TEXT && value->length == strlen(text) && !memcmp(value->bytes, text, value->length);
}

static int64_t integer(const struct na_index_row *row, enum na_index_column column)
{
	return row->value[column].type == NA_INDEX_INTEGER ? row->value[column].integer : 0;
}

static const char *text_of(char out[NA_TOP_NAME_BYTES], const struct na_index_row *row, enum na_index_column column)
{
	const struct na_index_value *value = &row->value[column];
	size_t bytes = value->type == NA_INDEX_TEXT ? value->length : 0;

	(void)snprintf(out, NA_TOP_NAME_BYTES, "%.*s", (int)bytes, bytes ? value->bytes : "");
	return out;
}

static const char *destination_of(char out[NA_TOP_NAME_BYTES], const struct na_index_row *row)
{
	static const enum na_index_column names[] = { NA_INDEX_HOST, NA_INDEX_RESOLVED, NA_INDEX_PATH };
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct na_index_value *address = &row->value[NA_INDEX_DST];
	bool four;

	for (size_t i = 0; i < 2 || (i < 3 && address->type != NA_INDEX_ADDRESS); i++)
		if (*text_of(out, row, names[i]))
			return out;
	if (address->type != NA_INDEX_ADDRESS)
		return NAMELESS;
	four = memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
	return inet_ntop(four ? AF_INET : AF_INET6, address->bytes + (four ? 12 : 0), out, NA_TOP_NAME_BYTES) ? out : NAMELESS;
}

static const char *author_of(char out[NA_TOP_NAME_BYTES], const struct na_index_row *row)
{
	static const struct { const char *author, *said; } words[] = {
		{ "odoo", "Odoo itself" }, { "library", "other programs" }, { "unknown", "unknown code" },
	};

	if (*text_of(out, row, NA_INDEX_ADDON))
		return out;
	if (!*text_of(out, row, NA_INDEX_AUTHOR))
		return "not of Odoo";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(out, words[i].author))
			return words[i].said;
	return out;
}

static const char *worker_of(char out[NA_TOP_NAME_BYTES], const struct na_index_row *row)
{
	char role[NA_TOP_NAME_BYTES];
	const char *what = *text_of(role, row, NA_INDEX_WORKER) ? role : text_of(role, row, NA_INDEX_COMM);

	(void)snprintf(out, NA_TOP_NAME_BYTES, "%.200s %lld", what, (long long)integer(row, NA_INDEX_PID));
	return out;
}

static int add(struct na_top_tally *tally, const char *destination, const struct na_top_sums *sums)
{
	const struct na_index_row *row = &tally->row;
	int64_t second = integer(row, NA_INDEX_TIME) / 1000000;
	char bucket[NA_TOP_NAME_BYTES], author[NA_TOP_NAME_BYTES], worker[NA_TOP_NAME_BYTES];
	const struct { const char *name, *bucket; } of[NA_TOP_KINDS] = {
		[NA_TOP_DESTINATIONS] = { destination, text_of(bucket, row, NA_INDEX_BUCKET) },
		[NA_TOP_ADDONS] = { author_of(author, row), "" },
		[NA_TOP_WORKERS] = { worker_of(worker, row), "" },
	};

	if (is(row, NA_INDEX_DIRECTION, "inbound")) {
		add_to(&tally->in, second, sums);
		return 0;
	}
	add_to(&tally->out, second, sums);
	for (int kind = 0; kind < NA_TOP_KINDS; kind++) {
		struct name *name = name_of(tally, (enum na_top_kind)kind, of[kind].name, of[kind].bucket);

		if (!name)
			return -ENOMEM;
		add_to(&name->window, second, sums);
	}
	return 0;
}

/* Counters of a stream are sums since its beginning, those of datagrams are of one period. */
static int take_counters(struct na_top_tally *tally, bool datagrams)
{
	const struct na_index_row *row = &tally->row;
	struct na_top_sums sums = { .bytes_out = integer(row, NA_INDEX_BYTES_OUT),
				    .bytes_in = integer(row, NA_INDEX_BYTES_IN) };
	char text[NA_TOP_NAME_BYTES], where[NA_TOP_NAME_BYTES];
	int64_t id = integer(row, NA_INDEX_FLOW);
	struct flow *flow;
	int err;

	HASH_FIND(hh, tally->flows, &id, sizeof(id), flow);
	(void)snprintf(where, sizeof(where), "%s", flow ? flow->destination : destination_of(text, row));
	if (datagrams) {
		sums.calls = !flow;
	} else if (flow) {
		int64_t out = sums.bytes_out, in = sums.bytes_in;

		sums.bytes_out -= flow->bytes_out < out ? flow->bytes_out : out;
		sums.bytes_in -= flow->bytes_in < in ? flow->bytes_in : in;
		flow->bytes_out = out;
		flow->bytes_in = in;
	}
	err = add(tally, where, &sums);
	if (is(row, NA_INDEX_KIND, "close") || integer(row, NA_INDEX_FINAL)) {
		if (flow)
			drop_flow(tally, flow);
		return err;
	}
	if (err || flow)
		return err;
	flow = keep_flow(tally, id, where);
	if (flow && !datagrams) {
		flow->bytes_out = integer(row, NA_INDEX_BYTES_OUT);
		flow->bytes_in = integer(row, NA_INDEX_BYTES_IN);
	}
	return flow ? 0 : -ENOMEM;
}

int na_top_take(void *context, const struct na_stored_row *row)
{
	static const struct na_top_sums one = { .calls = 1 };
	struct na_top_tally *tally = context;
	char text[NA_TOP_NAME_BYTES];
	const char *where;

	if (na_index_row_read(&tally->row, row->body, row->body_bytes))
		return 0;	/* no record: verify says so */
	if (is(&tally->row, NA_INDEX_KIND, "datagram"))
		return take_counters(tally, true);
	if (is(&tally->row, NA_INDEX_KIND, "close") || is(&tally->row, NA_INDEX_KIND, "progress"))
		return take_counters(tally, false);
	if (!is(&tally->row, NA_INDEX_KIND, "open"))
		return 0;
	where = destination_of(text, &tally->row);
	if (tally->row.value[NA_INDEX_DST].type == NA_INDEX_ADDRESS &&
	    !keep_flow(tally, integer(&tally->row, NA_INDEX_FLOW), where))
		return -ENOMEM;
	return add(tally, where, &one);
}

/* ---- what is shown ---- */

static int64_t weight(const struct na_top_row *row, enum na_top_order order)
{
	return order == NA_TOP_BY_SENT ? row->sums.bytes_out : order == NA_TOP_BY_RECEIVED ? row->sums.bytes_in :
							       order == NA_TOP_BY_CALLS ? row->sums.calls : 0;
}

static int by_order(const void *left, const void *right, void *order)
{
	const struct na_top_row *one = left, *other = right;
	enum na_top_order by = *(enum na_top_order *)order;
	int64_t heavy = weight(one, by), heavier = weight(other, by);

	if (heavy != heavier)
		return heavy > heavier ? -1 : 1;
	if (by != NA_TOP_BY_NAME && one->sums.calls != other->sums.calls)
		return one->sums.calls > other->sums.calls ? -1 : 1;
	return strcmp(one->name, other->name);
}

size_t na_top_rows(struct na_top_tally *tally, enum na_top_kind kind, enum na_top_order order, int64_t now_s,
		   struct na_top_row *rows, size_t most, size_t *all)
{
	static struct na_top_row found[NA_TOP_NAMES + 1];
	size_t count = 0;
	struct name *name, *next;

	HASH_ITER(hh, tally->names[kind], name, next) {
		name->shown = sum_of(&name->window, now_s);
		if (name->shown.calls || name->shown.bytes_out || name->shown.bytes_in) {
			found[count++] = (struct na_top_row){ name->text, name->bucket, name->shown };
		} else {
			HASH_DEL(tally->names[kind], name);
			free(name);
		}
	}
	*all = count;
	qsort_r(found, count, sizeof(found[0]), by_order, &order);
	count = count < most ? count : most;
	memcpy(rows, found, count * sizeof(found[0]));
	return count;
}
/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

void na_top_totals(const struct na_top_tally *tally, int64_t now_s, struct na_top_sums *out, struct na_top_sums *in)
{
	*out = sum_of(&tally->out, now_s);
	*in = sum_of(&tally->in, now_s);
}
