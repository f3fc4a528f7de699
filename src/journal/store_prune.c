/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store does for pruning: keeps what stays provable, deletes rows, gives room back. */
#include "journal/store_private.h"

int na_store_add_old_head(struct na_store *store, uint64_t size, const uint8_t previous[NA_HASH_BYTES],
			  const void *body, size_t body_bytes, const uint8_t path[NA_PATH_BYTES], struct na_error *error)
{
	sqlite3_stmt *insert = store->statement[NA_STORE_INSERT_OLD_HEAD];

	sqlite3_bind_int64(insert, 1, (sqlite3_int64)size);
	sqlite3_bind_blob(insert, 2, previous, NA_HASH_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 3, body, (int)body_bytes, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 4, path, NA_PATH_BYTES, SQLITE_STATIC);
	return na_store_run(store, NA_STORE_INSERT_OLD_HEAD, "keep a head in", error);
}

int na_store_add_prune(struct na_store *store, uint64_t seq, uint64_t cut, struct na_error *error)
{
	sqlite3_stmt *insert = store->statement[NA_STORE_INSERT_PRUNE];

	sqlite3_bind_int64(insert, 1, (sqlite3_int64)seq);
	sqlite3_bind_int64(insert, 2, (sqlite3_int64)cut);
	return na_store_run(store, NA_STORE_INSERT_PRUNE, "set a cut in", error);
}

int na_store_delete_below(struct na_store *store, uint64_t seq, struct na_error *error)
{
	int result;

	store->pruning = true;
	sqlite3_bind_int64(store->statement[NA_STORE_DELETE_ROWS], 1, (sqlite3_int64)seq);
	result = na_store_run(store, NA_STORE_DELETE_ROWS, "prune", error);
	if (result == 0)
		result = na_store_run(store, NA_STORE_DELETE_PRUNES, "prune", error);
	store->pruning = false;
	return result;
}

int na_store_vacuum(struct na_store *store, struct na_error *error)
{
	sqlite3_stmt *vacuum = store->statement[NA_STORE_VACUUM];
	int step;

	store->pruning = true;
	do {	/* a row for each page */
		step = sqlite3_step(vacuum);
	} while (step == SQLITE_ROW);
	store->pruning = false;
	sqlite3_reset(vacuum);
	return step == SQLITE_DONE ? 0 : na_store_fail(store, "give room back from", error);
}

void na_store_empty_wal(struct na_store *store)
{
	/* a reader in our way is no error: the next checkpoint does it */
	(void)sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

int na_store_integer(struct na_store *store, const char *sql, uint64_t *value, struct na_error *error)
{
	sqlite3_stmt *statement = NULL;
	int result = 0, step = SQLITE_ERROR;

	*value = 0;
	store->pruning = true;	/* pragmas that only tell something are in it too */
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK)
		step = sqlite3_step(statement);
	if (step == SQLITE_ROW)
		*value = (uint64_t)sqlite3_column_int64(statement, 0);
	else if (step != SQLITE_DONE)
		result = na_store_fail(store, "read", error);
	sqlite3_finalize(statement);
	store->pruning = false;
	return result;
}
