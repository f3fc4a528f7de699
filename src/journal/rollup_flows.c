/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cache of flow_so_far that is written back at the end of a transaction. */
#include "journal/rollup_flows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "journal/index_sqlite.h"

const char na_rollup_flow_read_sql[] = "SELECT destination, bytes_out, bytes_in FROM flow_so_far WHERE flow = ?1";
const char na_rollup_flow_set_sql[] =
	"INSERT INTO flow_so_far VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET destination = excluded.destination,"
	" bytes_out = excluded.bytes_out, bytes_in = excluded.bytes_in";
const char na_rollup_flow_drop_sql[] = "DELETE FROM flow_so_far WHERE flow = ?1";

struct na_rollup_flow {
	UT_hash_handle hh;
	int64_t flow, bytes_out, bytes_in;
	bool known;
	bool stored;		/* the table has it */
	char destination[];
};

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */
static struct na_rollup_flow *find(const struct na_rollup_flows *flows, int64_t flow)
{
	struct na_rollup_flow *found;

	HASH_FIND(hh, flows->changed, &flow, sizeof(flow), found);
	return found;
}

static struct na_rollup_flow *keep(struct na_rollup_flows *flows, int64_t flow, const char *destination)
{
	size_t bytes = strlen(destination) + 1;
	struct na_rollup_flow *made = malloc(sizeof(*made) + bytes);

	if (!made)
		return NULL;
	memset(made, 0, sizeof(*made));
	made->flow = flow;
	memcpy(made->destination, destination, bytes);
	HASH_ADD(hh, flows->changed, flow, sizeof(flow), made);
	if (made->hh.tbl)
		return made;
	free(made);
	return NULL;
}

/* From the cache, else from the table; then the cache has it. NULL with *err. */
static struct na_rollup_flow *get(struct na_rollup_flows *flows, int64_t flow, int *err)
{
	struct na_rollup_flow *found = find(flows, flow);
	const char *destination;
	int rc;

	*err = 0;
	if (found)
		return found;
	sqlite3_bind_int64(flows->read, 1, flow);
	rc = sqlite3_step(flows->read);
	destination = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(flows->read, 0) : NULL;
	found = rc == SQLITE_ROW || rc == SQLITE_DONE ? keep(flows, flow, destination ? destination : "") : NULL;
	if (found && rc == SQLITE_ROW) {
		found->known = found->stored = true;
		found->bytes_out = sqlite3_column_int64(flows->read, 1);
		found->bytes_in = sqlite3_column_int64(flows->read, 2);
	}
	*err = found ? 0 : rc == SQLITE_ROW || rc == SQLITE_DONE ? -ENOMEM : na_index_errno(rc);
	sqlite3_reset(flows->read);
	return found;
}

int na_rollup_flow_read(struct na_rollup_flows *flows, int64_t flow, struct na_rollup_flow_state *state)
{
	int err;
	const struct na_rollup_flow *found = get(flows, flow, &err);

	memset(state, 0, sizeof(*state));
	if (!found || !found->known)
		return err;
	state->known = true;
	(void)snprintf(state->destination, sizeof(state->destination), "%s", found->destination);
	state->bytes_out = found->bytes_out;
	state->bytes_in = found->bytes_in;
	return 0;
}

int na_rollup_flow_set(struct na_rollup_flows *flows, int64_t flow, const char *destination, int64_t bytes_out,
		       int64_t bytes_in)
{
	int err;
	struct na_rollup_flow *found = get(flows, flow, &err);

	if (err)
		return err;
	if (!found->known && strcmp(found->destination, destination) != 0) {	/* one that was not met, or has ended */
		bool stored = found->stored;

		HASH_DEL(flows->changed, found);
		free(found);
		found = keep(flows, flow, destination);
		if (!found)
			return -ENOMEM;
		found->stored = stored;
	}
	found->known = true;
	found->bytes_out = bytes_out;
	found->bytes_in = bytes_in;
	return 0;
}

int na_rollup_flow_drop(struct na_rollup_flows *flows, int64_t flow)
{
	int err;
	struct na_rollup_flow *found = get(flows, flow, &err);

	if (found)
		found->known = false;
	return err;
}

size_t na_rollup_flows_count(const struct na_rollup_flows *flows)
{
	return HASH_COUNT(flows->changed);
}

static int step(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	return na_index_errno(rc);
}

static int write_one(struct na_rollup_flows *flows, const struct na_rollup_flow *each)
{
	int err = 0;

	if (each->stored && !each->known) {
		sqlite3_bind_int64(flows->drop, 1, each->flow);
		err = step(flows->drop);
	}
	if (err || !each->known)
		return err;
	sqlite3_bind_int64(flows->set, 1, each->flow);
	sqlite3_bind_text(flows->set, 2, each->destination, -1, SQLITE_STATIC);
	sqlite3_bind_int64(flows->set, 3, each->bytes_out);
	sqlite3_bind_int64(flows->set, 4, each->bytes_in);
	return step(flows->set);
}

int na_rollup_flows_write(struct na_rollup_flows *flows)
{
	struct na_rollup_flow *each, *next;

	HASH_ITER(hh, flows->changed, each, next) {
		int err = write_one(flows, each);

		if (err)
			return err;
		HASH_DEL(flows->changed, each);
		free(each);
	}
	return 0;
}

void na_rollup_flows_forget(struct na_rollup_flows *flows)
{
	struct na_rollup_flow *each, *next;

	HASH_ITER(hh, flows->changed, each, next) {
		HASH_DEL(flows->changed, each);
		free(each);
	}
}
/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */
