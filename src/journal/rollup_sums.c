/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows by their key, in memory until the transaction ends. */
#include "journal/rollup_sums.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "journal/index_sqlite.h"


const char na_rollup_sums_sql[] =
	"INSERT INTO rollup VALUES(?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?2, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
	" ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, exchanges = exchanges + excluded.exchanges,"
	" bytes_out = bytes_out + excluded.bytes_out, bytes_in = bytes_in + excluded.bytes_in,"
	" call_bytes = max(call_bytes, excluded.call_bytes), first_t = min(first_t, excluded.first_t),"
	" last_t = max(last_t, excluded.last_t), last_seq = excluded.last_seq";

/* The key is its numbers, the lengths of its texts, then their bytes. */
struct head {
	int64_t hour, disagree;
	uint32_t length[NA_ROLLUP_TEXTS];
};

struct na_rollup_sums {
	UT_hash_handle hh;
	struct na_rollup_amounts amounts;
	size_t key_bytes;
	struct head head;	/* the key begins here */
	char text[];
};

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */
static struct na_rollup_sums *make(const struct na_rollup_key *key)
{
	struct head head = { .hour = key->hour, .disagree = key->disagree };
	struct na_rollup_sums *sums;
	size_t texts = 0;
	char *out;

	for (int i = 0; i < NA_ROLLUP_TEXTS; i++) {
		head.length[i] = key->text[i].length;
		texts += head.length[i];
	}
	sums = malloc(sizeof(*sums) + texts);
	if (!sums)
		return NULL;
	memset(sums, 0, sizeof(*sums));
	sums->head = head;
	sums->key_bytes = offsetof(struct na_rollup_sums, text) - offsetof(struct na_rollup_sums, head) + texts;
	out = sums->text;
	for (int i = 0; i < NA_ROLLUP_TEXTS; i++) {
		if (head.length[i])
			memcpy(out, key->text[i].bytes, head.length[i]);
		out += head.length[i];
	}
	return sums;
}

static void join(struct na_rollup_amounts *sum, const struct na_rollup_amounts *more)
{
	sum->calls += more->calls;
	sum->exchanges += more->exchanges;
	sum->bytes_out += more->bytes_out;
	sum->bytes_in += more->bytes_in;
	sum->call_bytes = more->call_bytes > sum->call_bytes ? more->call_bytes : sum->call_bytes;
	sum->first_t = more->first_t < sum->first_t ? more->first_t : sum->first_t;
	sum->last_t = more->last_t > sum->last_t ? more->last_t : sum->last_t;
	sum->last_seq = more->last_seq;
}

int na_rollup_sums_add(struct na_rollup_sums **sums, const struct na_rollup_key *key,
		       const struct na_rollup_amounts *amounts)
{
	struct na_rollup_sums *made = make(key), *found;

	if (!made)
		return -ENOMEM;
	HASH_FIND(hh, *sums, &made->head, made->key_bytes, found);
	if (found) {
		join(&found->amounts, amounts);
		free(made);
		return 0;
	}
	made->amounts = *amounts;
	HASH_ADD(hh, *sums, head, made->key_bytes, made);
	if (made->hh.tbl)
		return 0;
	free(made);
	return -ENOMEM;
}

size_t na_rollup_sums_count(const struct na_rollup_sums *sums)
{
	return HASH_COUNT(sums);
}

static int write_one(const struct na_rollup_sums *sums, sqlite3_stmt *statement)
{
	const struct na_rollup_amounts *amounts = &sums->amounts;
	const int64_t numbers[] = { amounts->calls, amounts->exchanges, amounts->bytes_out, amounts->bytes_in,
				    amounts->call_bytes, amounts->first_t, amounts->last_t, amounts->last_seq };
	const char *text = sums->text;
	int rc;

	sqlite3_bind_int64(statement, 1, sums->head.hour);
	sqlite3_bind_int64(statement, 2, sums->head.disagree);
	for (int i = 0; i < NA_ROLLUP_TEXTS; i++) {
		sqlite3_bind_text(statement, 3 + i, text, (int)sums->head.length[i], SQLITE_STATIC);
		text += sums->head.length[i];
	}
	for (int i = 0; i < (int)(sizeof(numbers) / sizeof(numbers[0])); i++)
		sqlite3_bind_int64(statement, 3 + NA_ROLLUP_TEXTS + i, numbers[i]);
	rc = sqlite3_step(statement);
	sqlite3_reset(statement);
	return na_index_errno(rc);
}

int na_rollup_sums_write(struct na_rollup_sums **sums, sqlite3_stmt *statement)
{
	struct na_rollup_sums *each, *next;

	HASH_ITER(hh, *sums, each, next) {
		int err = write_one(each, statement);

		if (err)
			return err;
		HASH_DEL(*sums, each);
		free(each);
	}
	return 0;
}

void na_rollup_sums_drop(struct na_rollup_sums **sums)
{
	struct na_rollup_sums *each, *next;

	HASH_ITER(hh, *sums, each, next) {
		HASH_DEL(*sums, each);
		free(each);
	}
}
/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */
