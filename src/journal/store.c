/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens journal.db, appends to it, and reads it back for the tail check and the signer. */
#include "journal/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/schema.h"
#include "journal/store_private.h"

#define WAL_PAGES 1000	/* SQLite's own default; 4 MB */

static const char *const statement_sql[NA_STORE_STATEMENTS] = {
	[NA_STORE_BEGIN] = "BEGIN IMMEDIATE",
	[NA_STORE_COMMIT] = "COMMIT",
	[NA_STORE_INSERT] = "INSERT INTO record(seq, row_hash, body) VALUES(?1, ?2, ?3)",
	[NA_STORE_INSERT_CHECKPOINT] = "INSERT INTO checkpoint(size, note) VALUES(?1, ?2)",
	[NA_STORE_INSERT_NODE] = "INSERT INTO node(level, position, hash) VALUES(?1, ?2, ?3)",
	[NA_STORE_INSERT_OLD_HEAD] = "INSERT INTO old_head(size, previous, body, path) VALUES(?1, ?2, ?3, ?4)",
	[NA_STORE_INSERT_PRUNE] = "INSERT INTO prune(seq, cut) VALUES(?1, ?2)",
	[NA_STORE_DELETE_ROWS] = "DELETE FROM record WHERE seq < ?1",
	[NA_STORE_DELETE_PRUNES] = "DELETE FROM prune WHERE seq < (SELECT min(seq) FROM record)",
	[NA_STORE_VACUUM] = "PRAGMA incremental_vacuum(256)",
	[NA_STORE_READ_FROM] = "SELECT seq, row_hash, body FROM record WHERE seq >= ?1 ORDER BY seq",
	[NA_STORE_HASHES_AFTER] = "SELECT seq, row_hash FROM record WHERE seq > ?1 ORDER BY seq",
	[NA_STORE_LAST_CHECKPOINT] = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1",
};

int na_store_fail(struct na_store *store, const char *what, struct na_error *error)
{
	return na_error_set(error, na_schema_errno(store->db), "cannot %s %s/" NA_JOURNAL_FILE ": %s", what,
			    store->directory.path, sqlite3_errmsg(store->db));
}

/* What the writer may do; schema changes are not in it, deletes and pragmas only where it prunes. */
static int authorize(void *context, int action, const char *first, const char *second, const char *database,
		     const char *trigger)
{
	static const int allowed[] = { SQLITE_SELECT, SQLITE_READ, SQLITE_TRANSACTION, SQLITE_FUNCTION };

	const struct na_store *store = context;

	(void)second, (void)database, (void)trigger;
	if (store->pruning)
		return SQLITE_OK;
	if (action == SQLITE_INSERT)
		return strcmp(first, "meta") ? SQLITE_OK : SQLITE_DENY;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (action == allowed[i])
			return SQLITE_OK;
	return SQLITE_DENY;
}

static int prepare(struct na_store *store, struct na_error *error)
{
	sqlite3_set_authorizer(store->db, authorize, store);
	store->pruning = true;
	for (int i = 0; i < NA_STORE_STATEMENTS; i++)
		if (sqlite3_prepare_v3(store->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->statement[i], NULL) != SQLITE_OK)
			return na_store_fail(store, "prepare statements for", error);
	store->pruning = false;
	return 0;
}

/* A blob of exactly this size, or NULL. */
static const void *column_blob(sqlite3_stmt *statement, int column, size_t bytes)
{
	if (sqlite3_column_type(statement, column) != SQLITE_BLOB ||
	    (size_t)sqlite3_column_bytes(statement, column) != bytes)
		return NULL;
	return sqlite3_column_blob(statement, column);
}

static int read_meta(struct na_store *store, struct na_error *error)
{
	static const char *const names[] = { "origin", "identity", "first_once" };
	void *const fields[] = { store->origin, store->identity, store->first_once };
	sqlite3_stmt *statement = NULL;
	int result = 0;

	if (sqlite3_prepare_v2(store->db, "SELECT key, value FROM meta ORDER BY id", -1, &statement, NULL) != SQLITE_OK)
		return na_store_fail(store, "read", error);
	for (size_t i = 0; i < 3 && result == 0; i++) {
		const char *name;
		size_t bytes;

		if (sqlite3_step(statement) != SQLITE_ROW) {
			result = -EBADMSG;
			break;
		}
		name = (const char *)sqlite3_column_text(statement, 0);
		bytes = (size_t)sqlite3_column_bytes(statement, 1);
		if (!name || strcmp(name, names[i]) || (i ? bytes != NA_PUBLIC_KEY_BYTES : bytes > NA_ORIGIN_BYTES) ||
		    bytes == 0)
			result = -EBADMSG;
		else
			memcpy(fields[i], sqlite3_column_blob(statement, 1), bytes);
	}
	sqlite3_finalize(statement);
	if (result || !na_origin_is_valid(store->origin))
		return na_error_set(error, -EBADMSG, "%s/" NA_JOURNAL_FILE " does not say whose it is: its meta table was "
				    "changed", store->directory.path);
	return 0;
}

/* journal_mode and auto_vacuum come before the first table; both stay in the file. */
static int set_up(struct na_store *store, struct na_error *error)
{
	static const char settings[] = "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
				       "PRAGMA journal_size_limit=67108864; PRAGMA foreign_keys=OFF; PRAGMA secure_delete=ON";

	sqlite3_busy_timeout(store->db, 10000);
	if (na_schema_harden(store->db) || sqlite3_exec(store->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		return na_store_fail(store, "set up", error);
	return 0;
}

void na_store_keep_wal(struct na_store *store, bool keep)
{
	if (!store->db)
		return;
	sqlite3_wal_autocheckpoint(store->db, keep ? 0 : WAL_PAGES);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, NULL);
}

int na_store_open(struct na_store *store, const char *directory, struct na_error *error)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
	char path[PATH_MAX + sizeof(NA_JOURNAL_FILE) + 1];
	mode_t mask;
	int result;

	memset(store, 0, sizeof(*store));
	result = na_hash_open(&store->hash);
	if (result)
		return na_error_set(error, result, "libcrypto does not offer SHA-256");
	result = na_directory_open(&store->directory, directory, error);
	if (result)
		return result;
	(void)snprintf(path, sizeof(path), "%s/" NA_JOURNAL_FILE, store->directory.path);
	mask = umask(077);
	result = sqlite3_open_v2(path, &store->db, flags, NULL) == SQLITE_OK ? 0 : na_store_fail(store, "open", error);
	/* a foreign file is looked at before anything, the journal mode included, is written to it */
	if (result == 0)
		store->fresh = na_schema_is_empty(store->db);
	if (result == 0 && !store->fresh) {
		result = na_schema_check(store->db, error);
		if (result == -EMEDIUMTYPE)
			na_error_set(error, result, "%s is not a netaudit journal: move it away or use another directory", path);
	}
	na_store_keep_wal(store, true);
	if (result == 0)
		result = set_up(store, error);
	umask(mask);
	if (result == 0 && !store->fresh)
		result = read_meta(store, error);
	return result || store->fresh ? result : prepare(store, error);
}

void na_store_close(struct na_store *store)
{
	for (int i = 0; i < NA_STORE_STATEMENTS; i++)
		sqlite3_finalize(store->statement[i]);
	(void)sqlite3_close(store->db);
	if (store->directory.path[0])
		na_directory_close(&store->directory);
	na_hash_close(&store->hash);
	memset(store, 0, sizeof(*store));
	store->directory.fd = store->directory.lock_fd = -1;
}

static int write_meta(struct na_store *store, struct na_error *error)
{
	const struct {
		const char *key;
		const void *value;
		int bytes;
	} rows[] = {
		{ "origin", store->origin, (int)strlen(store->origin) },
		{ "identity", store->identity, NA_PUBLIC_KEY_BYTES },
		{ "first_once", store->first_once, NA_PUBLIC_KEY_BYTES },
	};
	sqlite3_stmt *statement = NULL;
	int result = SQLITE_DONE;

	if (sqlite3_prepare_v2(store->db, "INSERT INTO meta(id, key, value) VALUES(?1, ?2, ?3)", -1, &statement, NULL) !=
	    SQLITE_OK)
		return na_store_fail(store, "write", error);
	for (int i = 0; i < 3 && result == SQLITE_DONE; i++) {
		sqlite3_reset(statement);
		sqlite3_bind_int(statement, 1, i + 1);
		sqlite3_bind_text(statement, 2, rows[i].key, -1, SQLITE_STATIC);
		sqlite3_bind_blob(statement, 3, rows[i].value, rows[i].bytes, SQLITE_STATIC);
		result = sqlite3_step(statement);
	}
	sqlite3_finalize(statement);
	return result == SQLITE_DONE ? 0 : na_store_fail(store, "write", error);
}

int na_store_create(struct na_store *store, const char *origin, const uint8_t identity[NA_PUBLIC_KEY_BYTES],
		    const uint8_t first_once[NA_PUBLIC_KEY_BYTES], struct na_error *error)
{
	int result;

	memcpy(store->origin, origin, strlen(origin) + 1);
	memcpy(store->identity, identity, NA_PUBLIC_KEY_BYTES);
	memcpy(store->first_once, first_once, NA_PUBLIC_KEY_BYTES);
	if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return na_store_fail(store, "make", error);
	result = na_schema_create(store->db, error);
	if (result == 0)
		result = write_meta(store, error);
	if (result == 0 && sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		result = na_store_fail(store, "make", error);
	if (result == 0 && fsync(store->directory.fd) < 0)
		result = na_error_set(error, -errno, "cannot make %s durable: %s", store->directory.path, strerror(errno));
	if (result == 0)
		result = na_chain_genesis(&store->hash, store->row_hash, origin, identity, first_once);
	store->fresh = false;
	return result ? result : prepare(store, error);
}

int na_store_run(struct na_store *store, enum na_store_statement which, const char *what, struct na_error *error)
{
	int result = sqlite3_step(store->statement[which]) == SQLITE_DONE ? 0 : na_store_fail(store, what, error);

	sqlite3_reset(store->statement[which]);
	return result;
}

int na_store_begin(struct na_store *store, struct na_error *error)
{
	return na_store_run(store, NA_STORE_BEGIN, "begin writing to", error);
}

/* The subtrees that the newest row completed. */
static int add_nodes(struct na_store *store, const struct na_merkle_tiles *tiles, struct na_error *error)
{
	sqlite3_stmt *insert = store->statement[NA_STORE_INSERT_NODE];
	int result = 0;

	for (unsigned int i = 0; i < tiles->count && result == 0; i++) {
		unsigned int level = (i + 1) * NA_TILE_LEVEL;

		sqlite3_bind_int(insert, 1, (int)level);
		sqlite3_bind_int64(insert, 2, (sqlite3_int64)(store->tree.size >> level) - 1);
		sqlite3_bind_blob(insert, 3, tiles->hash[i], NA_HASH_BYTES, SQLITE_STATIC);
		result = na_store_run(store, NA_STORE_INSERT_NODE, "append to", error);
	}
	return result;
}

int na_store_append(struct na_store *store, const void *body, size_t body_bytes, struct na_error *error)
{
	sqlite3_stmt *insert = store->statement[NA_STORE_INSERT];
	uint8_t row_hash[NA_HASH_BYTES];
	struct na_merkle_tiles tiles;
	int result;

	if (store->seq >= INT64_MAX)
		return na_error_set(error, -EOVERFLOW, "the journal is full: no seq is left");
	result = na_chain_row(&store->hash, row_hash, store->seq + 1, store->row_hash, body, body_bytes);
	if (result == 0)
		result = na_merkle_append(&store->hash, &store->tree, row_hash, &tiles);
	if (result)
		return na_error_set(error, result, "cannot hash a record: %s", strerror(-result));
	sqlite3_bind_int64(insert, 1, (sqlite3_int64)store->seq + 1);
	sqlite3_bind_blob(insert, 2, row_hash, NA_HASH_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 3, body, (int)body_bytes, SQLITE_STATIC);
	result = na_store_run(store, NA_STORE_INSERT, "append to", error);
	if (result == 0)
		result = add_nodes(store, &tiles, error);
	if (result)
		return result;
	store->seq++;
	memcpy(store->row_hash, row_hash, sizeof(row_hash));
	return 0;
}

int na_store_commit(struct na_store *store, struct na_error *error)
{
	return na_store_run(store, NA_STORE_COMMIT, "commit to", error);
}

int na_store_add_checkpoint(struct na_store *store, const char *note, uint32_t note_bytes, uint64_t size,
			    struct na_error *error)
{
	sqlite3_stmt *insert = store->statement[NA_STORE_INSERT_CHECKPOINT];
	int result;

	if (note_bytes > NA_NOTE_BYTES)
		return na_error_set(error, -EINVAL, "a note of %u bytes is too long", note_bytes);
	sqlite3_bind_int64(insert, 1, (sqlite3_int64)size);
	sqlite3_bind_blob(insert, 2, note, (int)note_bytes, SQLITE_STATIC);
	result = na_store_run(store, NA_STORE_INSERT_CHECKPOINT, "add a head to", error);
	if (result)
		return result;
	store->head_size = size;
	store->note_bytes = note_bytes;
	memcpy(store->note, note, note_bytes);
	return 0;
}

static int each_row(struct na_store *store, enum na_store_statement which, uint64_t seq, na_store_row *row,
		    void *context, struct na_error *error)
{
	sqlite3_stmt *statement = store->statement[which];
	bool has_body = which == NA_STORE_READ_FROM;
	int step, result = 0;

	sqlite3_bind_int64(statement, 1, (sqlite3_int64)seq);
	while (result == 0 && (step = sqlite3_step(statement)) != SQLITE_DONE) {
		const void *row_hash;

		if (step != SQLITE_ROW) {
			result = na_store_fail(store, "read", error);
			break;
		}
		row_hash = column_blob(statement, 1, NA_HASH_BYTES);
		if (!row_hash || (has_body && sqlite3_column_type(statement, 2) != SQLITE_BLOB)) {
			result = na_error_set(error, -EBADMSG, "record %lld is not made of bytes: it was changed",
					      (long long)sqlite3_column_int64(statement, 0));
			break;
		}
		result = row(context, (uint64_t)sqlite3_column_int64(statement, 0), row_hash,
			     has_body ? sqlite3_column_blob(statement, 2) : NULL,
			     has_body ? (size_t)sqlite3_column_bytes(statement, 2) : 0);
	}
	sqlite3_reset(statement);
	return result;
}

int na_store_rows_from(struct na_store *store, uint64_t first_seq, na_store_row *row, void *context,
		       struct na_error *error)
{
	return each_row(store, NA_STORE_READ_FROM, first_seq, row, context, error);
}

int na_store_hashes_after(struct na_store *store, uint64_t seq, na_store_row *row, void *context,
			  struct na_error *error)
{
	return each_row(store, NA_STORE_HASHES_AFTER, seq, row, context, error);
}
