/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When records go, how many, and in which order: see prune.h. */
#include "journal/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/canonical.h"
#include "journal/schema.h"
#include "journal/work.h"

#define DELETE_ROWS 1024	/* a turn: about 10 ms */
#define FIRST_LOOK_NS (3600 * NA_NS_PER_SECOND)
#define LOOK_NS (24 * FIRST_LOOK_NS)
#define CLOCK_STEP_US INT64_C(3600000000)
#define SIZE_SLACK 20		/* a size cap is undercut by this part of it, so that it is not met again at once */

struct row_time {
	int64_t t;
};

static int read_time(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
		     size_t body_bytes)
{
	struct row_time *row = context;

	(void)seq, (void)row_hash;
	return na_canonical_find_integer(body, body_bytes, "t", &row->t) ? -EBADMSG : 1;
}

/* When row `seq` was written. 0 or negative errno. */
static int time_of(struct na_journal *journal, uint64_t seq, int64_t *t)
{
	struct row_time row = { 0 };
	int result = na_store_rows_from(&journal->store, seq, read_time, &row, &journal->error);

	*t = row.t;
	if (result == 1)
		return 0;
	return na_error_set(&journal->error, result ? result : -EBADMSG, "record %" PRIu64 " cannot be read", seq);
}

/* The highest cut there may be: whole tiles, below the newest signed head. */
static uint64_t highest_cut(const struct na_journal *journal)
{
	uint64_t head = journal->store.head_size;

	return head < 2 ? 1 : ((head - 2) / NA_TILE_ROWS) * NA_TILE_ROWS + 1;
}

/*
 * The lowest cut that keeps every tile whose last record is younger than `horizon`. Halving the span takes the clock
 * to have run forward; where it was stepped back, tiles around that place go early or late by as much.
 */
static int cut_by_age(struct na_journal *journal, int64_t horizon, uint64_t *cut)
{
	uint64_t low = journal->prune.first / NA_TILE_ROWS, high = highest_cut(journal) / NA_TILE_ROWS;
	int result = 0;

	while (low < high && result == 0) {
		uint64_t middle = low + (high - low) / 2;
		int64_t t;

		result = time_of(journal, (middle + 1) * NA_TILE_ROWS, &t);
		if (result == 0 && t < horizon)
			low = middle + 1;
		else
			high = middle;
	}
	*cut = low * NA_TILE_ROWS + 1;
	return result;
}

static int used_bytes(struct na_journal *journal, uint64_t *used)
{
	uint64_t pages, unused = 0, page_bytes = 0;
	int result = na_store_integer(&journal->store, "PRAGMA page_count", &pages, &journal->error);

	if (result == 0)
		result = na_store_integer(&journal->store, "PRAGMA freelist_count", &unused, &journal->error);
	if (result == 0)
		result = na_store_integer(&journal->store, "PRAGMA page_size", &page_bytes, &journal->error);
	*used = result ? 0 : (pages - unused) * page_bytes;
	return result;
}

/* As if every record took the same room. */
static int cut_by_size(struct na_journal *journal, uint64_t *cut)
{
	uint64_t cap = journal->context->max_bytes, used, records, excess;
	int result = used_bytes(journal, &used);

	*cut = journal->prune.first;
	if (result || cap == 0 || used <= cap)
		return result;
	records = journal->store.seq - journal->prune.first + 1;
	excess = used - (cap - cap / SIZE_SLACK);
	*cut += (uint64_t)((double)records * ((double)excess / (double)used));
	*cut = ((*cut - 1 + NA_TILE_ROWS - 1) / NA_TILE_ROWS) * NA_TILE_ROWS + 1;
	if (*cut > highest_cut(journal))
		*cut = highest_cut(journal);
	return 0;
}

/* A clock that was just stepped by hours must not make records look old: wait for another day. */
static bool clock_is_steady(struct na_prune *prune)
{
	struct na_clock_pair now = na_clock_read();
	int64_t offset = now.wall_us - (int64_t)(now.boottime_ns / NA_NS_PER_US), before = prune->clock_offset_us;

	prune->clock_offset_us = offset;
	return before == 0 || llabs(offset - before) < CLOCK_STEP_US;
}

static int copy_row_hash(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
			 size_t body_bytes)
{
	(void)seq, (void)row_hash;
	return na_canonical_find_hex(body, body_bytes, "row_hash", context, NA_HASH_BYTES) ? -EBADMSG : 1;
}

/* The hash before the oldest row: the genesis, or what the record of the last pruning says. */
static int read_before(struct na_journal *journal)
{
	struct na_prune *prune = &journal->prune;
	struct na_store *store = &journal->store;
	uint64_t seq;
	int result;

	if (prune->first == 1)
		return na_chain_genesis(&store->hash, prune->before, store->origin, store->identity, store->first_once);
	result = na_store_integer(store, "SELECT seq FROM prune WHERE cut = (SELECT min(seq) FROM record)", &seq,
				  &journal->error);
	if (result == 0)
		result = na_store_rows_from(store, seq, copy_row_hash, prune->before, &journal->error);
	return result == 1 ? 0 : na_error_set(&journal->error, result ? result : -EBADMSG,
					      "no prune record names the cut at %" PRIu64, prune->first);
}

static int begin_keep(struct na_journal *journal, uint64_t cut, const char *cause)
{
	struct na_prune *prune = &journal->prune;
	int result = read_before(journal);

	if (result)
		return result;
	prune->cut = cut;
	prune->cause = cause;
	prune->next = prune->first;
	prune->phase = NA_PRUNE_KEEP;
	na_counter_set(&journal->context->shared->prune_cut, cut);
	return 0;
}

static void finish(struct na_journal *journal)
{
	struct na_prune *prune = &journal->prune;

	prune->phase = NA_PRUNE_IDLE;
	na_counter_set(&journal->context->shared->prune_done, prune->requests);
	for (size_t i = 0; i < prune->carried_count; i++)
		free(prune->carried[i].body);
	free(prune->carried);
	prune->carried = NULL;
	prune->carried_count = prune->carried_bytes = 0;
}

/* IDLE: is it time, and is there anything to do? */
static int look(struct na_journal *journal)
{
	const struct na_journal_context *context = journal->context;
	struct na_prune *prune = &journal->prune;
	uint64_t now_ns = na_boottime_ns(), requests = na_counter_get(&context->shared->prune_requests), cut = 0, by_size;
	bool asked = requests != prune->requests;
	int result = 0;

	if (!asked && now_ns < prune->due_ns)
		return 0;
	prune->requests = requests;
	prune->due_ns = now_ns + LOOK_NS;
	if (!clock_is_steady(prune) && !asked)
		na_log_warning("the clock was stepped: pruning by age waits for a day");
	else if (context->keep_seconds)
		result = cut_by_age(journal, na_wall_us() - (int64_t)context->keep_seconds * 1000000, &cut);
	if (result == 0)
		result = cut_by_size(journal, &by_size);
	if (result)
		return result;
	if (cut <= prune->first && by_size <= prune->first)
		finish(journal);
	else
		result = begin_keep(journal, cut > by_size ? cut : by_size, cut >= by_size ? "age" : "size");
	return result;
}

/* Says what will go and carries what stays: from here on it is done, whatever happens. */
static int mark(struct na_journal *journal)
{
	const struct na_journal_context *context = journal->context;
	struct na_prune *prune = &journal->prune;
	struct na_merkle frontier;
	struct na_tree tree;
	struct na_life_prune record = {
		.cut = prune->cut, .row_hash = prune->before, .frontier = &frontier, .carried = prune->carried_count,
		.keep_seconds = context->keep_seconds, .max_bytes = context->max_bytes, .cause = prune->cause,
	};
	uint8_t body[8192];
	int result = na_tree_open(&tree, journal->store.db);

	if (result == 0)
		result = na_tree_frontier(&tree, prune->cut - 1, &frontier);
	na_tree_close(&tree);
	if (result)
		return na_error_set(&journal->error, result, "the tree below record %" PRIu64 " cannot be read: %s", prune->cut,
				    strerror(-result));
	for (size_t i = 0; i < prune->carried_count && result == 0; i++)
		result = na_journal_write(journal, prune->carried[i].body, (ssize_t)prune->carried[i].body_bytes);
	if (result == 0)
		result = na_journal_write(journal, body, na_life_prune(body, sizeof(body), &record));
	if (result == 0)
		result = na_store_add_prune(&journal->store, journal->store.seq, prune->cut, &journal->error);
	if (result == 0)
		result = na_journal_commit(journal);
	if (result == 0)
		result = na_journal_head(journal);
	if (result == 0)
		na_log_info("pruning records %" PRIu64 " to %" PRIu64 " (%s)", prune->first, prune->cut - 1, prune->cause);
	prune->phase = NA_PRUNE_DELETE;
	return result;
}

static int delete_some(struct na_journal *journal)
{
	struct na_prune *prune = &journal->prune;
	uint64_t below = prune->first + DELETE_ROWS < prune->cut ? prune->first + DELETE_ROWS : prune->cut;
	int result = na_store_begin(&journal->store, &journal->error);

	if (result == 0)
		result = na_store_delete_below(&journal->store, below, &journal->error);
	if (result == 0)
		result = na_store_commit(&journal->store, &journal->error);
	if (result)
		return result;
	na_counter_add(&journal->context->shared->pruned_records, below - prune->first);
	na_counter_set(&journal->context->shared->first_seq, below);
	prune->first = below;
	if (below == prune->cut)
		prune->phase = NA_PRUNE_VACUUM;
	return 0;
}

static int vacuum_some(struct na_journal *journal)
{
	uint64_t unused;
	int result = na_store_integer(&journal->store, "PRAGMA freelist_count", &unused, &journal->error);

	if (result || unused)
		return result ? result : na_store_vacuum(&journal->store, &journal->error);
	na_store_empty_wal(&journal->store);
	finish(journal);
	return na_prune_measure(journal);
}

int na_prune_turn(struct na_journal *journal)
{
	struct na_prune *prune = &journal->prune;
	int result = 0;

	switch (prune->phase) {
	case NA_PRUNE_IDLE:
		result = look(journal);
		break;
	case NA_PRUNE_KEEP:
		result = prune->next < prune->cut ? na_prune_keep(journal) : mark(journal);
		break;
	case NA_PRUNE_DELETE:
		result = delete_some(journal);
		break;
	case NA_PRUNE_VACUUM:
		result = vacuum_some(journal);
		break;
	}
	na_counter_set(&journal->context->shared->prune_phase, (uint64_t)prune->phase);
	return result ? result : prune->phase != NA_PRUNE_IDLE;
}

int na_prune_begin(struct na_journal *journal)
{
	struct na_prune *prune = &journal->prune;
	struct na_store *store = &journal->store;
	uint64_t cut;
	int result = na_store_integer(store, "SELECT min(seq) FROM record", &prune->first, &journal->error);

	if (result == 0)
		result = na_store_integer(store, "SELECT max(size) FROM old_head", &prune->kept_head, &journal->error);
	if (result == 0)
		result = na_store_integer(store, "SELECT max(cut) FROM prune WHERE seq <= (SELECT max(size) FROM checkpoint)",
					  &cut, &journal->error);
	if (result)
		return result;
	prune->cut = cut;
	prune->phase = prune->first < cut ? NA_PRUNE_DELETE : NA_PRUNE_IDLE;
	prune->requests = na_counter_get(&journal->context->shared->prune_done);
	prune->due_ns = na_boottime_ns() + FIRST_LOOK_NS;
	(void)clock_is_steady(prune);
	na_counter_set(&journal->context->shared->prune_cut, cut);
	return na_prune_measure(journal);
}

void na_prune_end(struct na_prune *prune)
{
	for (size_t i = 0; i < prune->carried_count; i++)
		free(prune->carried[i].body);
	free(prune->carried);
}

int na_prune_measure(struct na_journal *journal)
{
	struct na_shared *shared = journal->context->shared;
	uint64_t used, cap = journal->context->max_bytes;
	struct statvfs space;
	struct stat wal;
	int64_t t;
	int result = used_bytes(journal, &used);

	if (result == 0 && na_counter_get(&shared->first_seq) != journal->prune.first)
		na_counter_set(&shared->first_t, 0);
	if (result == 0 && !na_counter_get(&shared->first_t) && journal->prune.first) {
		result = time_of(journal, journal->prune.first, &t);
		na_counter_set(&shared->first_t, result ? 0 : (uint64_t)t);
		na_counter_set(&shared->first_seq, journal->prune.first);
	}
	if (result)
		return result;
	if (cap && used > cap && journal->prune.first < highest_cut(journal))
		journal->prune.due_ns = 0;
	if (fstatat(journal->store.directory.fd, NA_JOURNAL_FILE "-wal", &wal, AT_SYMLINK_NOFOLLOW) == 0)
		used += (uint64_t)wal.st_size;
	na_counter_set(&shared->journal_bytes, used);
	if (fstatvfs(journal->store.directory.fd, &space) == 0)
		na_counter_set(&shared->disk_free_bytes, (uint64_t)space.f_bavail * space.f_frsize);
	return 0;
}
