/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables and triggers of journal.db, and the comparison that notices any other. */
#include "journal/schema.h"

#include <errno.h>
#include <string.h>

#define STRINGIFY_VALUE(x) #x
#define STRINGIFY(x) STRINGIFY_VALUE(x)

/*
 * In creation order, spelled as SQLite stores them. The insert triggers look superfluous beside
 * those for UPDATE and DELETE, but INSERT OR REPLACE deletes without firing a delete trigger.
 */
static const struct {
	const char *type, *name, *table, *sql;
} objects[] = {
	{ "table", "record", "record",
	  "CREATE TABLE record(seq INTEGER PRIMARY KEY, row_hash BLOB NOT NULL, body BLOB NOT NULL) STRICT" },
	{ "table", "checkpoint", "checkpoint",
	  "CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT" },
	{ "table", "meta", "meta",
	  "CREATE TABLE meta(id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB NOT NULL) STRICT" },
	/* roots of perfect subtrees of 2^level records: what proofs need of records that are gone */
	{ "table", "node", "node",
	  "CREATE TABLE node(level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL, "
	  "PRIMARY KEY(level, position)) STRICT, WITHOUT ROWID" },
	/* head records below the cut, with their way up to a node of level 8 */
	{ "table", "old_head", "old_head",
	  "CREATE TABLE old_head(size INTEGER PRIMARY KEY, previous BLOB NOT NULL, body BLOB NOT NULL, path BLOB NOT NULL) "
	  "STRICT" },
	/* prune records: what the delete trigger goes by */
	{ "table", "prune", "prune",
	  "CREATE TABLE prune(seq INTEGER PRIMARY KEY, cut INTEGER NOT NULL) STRICT" },
	{ "trigger", "record_next", "record",
	  "CREATE TRIGGER record_next BEFORE INSERT ON record "
	  "WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM record) "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: only the next seq may be inserted'); END" },
	{ "trigger", "record_update", "record",
	  "CREATE TRIGGER record_update BEFORE UPDATE ON record "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a record is never changed'); END" },
	{ "trigger", "record_delete", "record",
	  "CREATE TRIGGER record_delete BEFORE DELETE ON record "
	  "WHEN OLD.seq >= (SELECT coalesce(max(cut), 0) FROM prune WHERE seq <= (SELECT max(size) FROM checkpoint)) "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: only records below a signed cut are deleted'); END" },
	{ "trigger", "checkpoint_next", "checkpoint",
	  "CREATE TRIGGER checkpoint_next BEFORE INSERT ON checkpoint "
	  "WHEN NEW.size IS NULL OR NEW.size <= (SELECT coalesce(max(size), 0) FROM checkpoint) "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a head extends the last one'); END" },
	{ "trigger", "checkpoint_update", "checkpoint",
	  "CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a head is never changed'); END" },
	{ "trigger", "checkpoint_delete", "checkpoint",
	  "CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a head is never deleted'); END" },
	{ "trigger", "node_next", "node",
	  "CREATE TRIGGER node_next BEFORE INSERT ON node "
	  "WHEN NEW.position IS NOT (SELECT coalesce(max(position), -1) + 1 FROM node WHERE level = NEW.level) "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: only the next node may be inserted'); END" },
	{ "trigger", "node_update", "node",
	  "CREATE TRIGGER node_update BEFORE UPDATE ON node "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a node is never changed'); END" },
	{ "trigger", "node_delete", "node",
	  "CREATE TRIGGER node_delete BEFORE DELETE ON node "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a node is never deleted'); END" },
	{ "trigger", "old_head_next", "old_head",
	  "CREATE TRIGGER old_head_next BEFORE INSERT ON old_head "
	  "WHEN NEW.size IS NOT (SELECT min(size) FROM checkpoint WHERE size > (SELECT coalesce(max(size), 0) FROM old_head)) "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: only the next old head may be inserted'); END" },
	{ "trigger", "old_head_update", "old_head",
	  "CREATE TRIGGER old_head_update BEFORE UPDATE ON old_head "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: an old head is never changed'); END" },
	{ "trigger", "old_head_delete", "old_head",
	  "CREATE TRIGGER old_head_delete BEFORE DELETE ON old_head "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: an old head is never deleted'); END" },
	{ "trigger", "prune_next", "prune",
	  "CREATE TRIGGER prune_next BEFORE INSERT ON prune "
	  "WHEN NEW.seq IS NOT (SELECT max(seq) FROM record) OR NEW.cut <= (SELECT coalesce(max(cut), 1) FROM prune) "
	  "OR NEW.cut >= (SELECT coalesce(max(size), 0) FROM checkpoint) "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a cut is above the last one and below the signed head'); END" },
	{ "trigger", "prune_update", "prune",
	  "CREATE TRIGGER prune_update BEFORE UPDATE ON prune "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a cut is never changed'); END" },
	{ "trigger", "prune_delete", "prune",
	  "CREATE TRIGGER prune_delete BEFORE DELETE ON prune "
	  "WHEN OLD.seq >= (SELECT min(seq) FROM record) "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: a cut goes with its record'); END" },
	{ "trigger", "meta_insert", "meta",
	  "CREATE TRIGGER meta_insert BEFORE INSERT ON meta "
	  "WHEN EXISTS (SELECT 1 FROM record) OR NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM meta) "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: made once'); END" },
	{ "trigger", "meta_update", "meta",
	  "CREATE TRIGGER meta_update BEFORE UPDATE ON meta "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: never changed'); END" },
	{ "trigger", "meta_delete", "meta",
	  "CREATE TRIGGER meta_delete BEFORE DELETE ON meta "
	  "BEGIN SELECT RAISE(ABORT, 'append-only: never deleted'); END" },
};

#define OBJECTS (sizeof(objects) / sizeof(objects[0]))

int na_schema_errno(sqlite3 *db)
{
	switch (sqlite3_errcode(db)) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
		return -EUCLEAN;
	case SQLITE_NOTADB:
		return -EMEDIUMTYPE;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int na_schema_harden(sqlite3 *db)
{
	static const struct {
		int option, value;
	} settings[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 }, { SQLITE_DBCONFIG_ENABLE_TRIGGER, 1 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (sqlite3_db_config(db, settings[i].option, settings[i].value, NULL) != SQLITE_OK)
			return -EIO;
	sqlite3_extended_result_codes(db, 0);
	return sqlite3_exec(db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL) == SQLITE_OK ? 0 : na_schema_errno(db);
}

int na_schema_create(sqlite3 *db, struct na_error *error)
{
	static const char identify[] = "PRAGMA application_id=" STRINGIFY(NA_JOURNAL_APPLICATION_ID) ";"
				       "PRAGMA user_version=" STRINGIFY(NA_JOURNAL_SCHEMA_VERSION);

	if (sqlite3_exec(db, identify, NULL, NULL, NULL) != SQLITE_OK)
		return na_error_set(error, na_schema_errno(db), "cannot make the journal: %s", sqlite3_errmsg(db));
	for (size_t i = 0; i < OBJECTS; i++)
		if (sqlite3_exec(db, objects[i].sql, NULL, NULL, NULL) != SQLITE_OK)
			return na_error_set(error, na_schema_errno(db), "cannot make the journal's %s: %s",
					    objects[i].name, sqlite3_errmsg(db));
	return 0;
}

/* One row of one column, compared as text. Returns 0, -EBADMSG when different, or another negative errno. */
static int compare_pragma(sqlite3 *db, const char *sql, const char *wanted)
{
	sqlite3_stmt *statement = NULL;
	int result;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return na_schema_errno(db);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		const char *value = (const char *)sqlite3_column_text(statement, 0);

		result = value && strcmp(value, wanted) == 0 ? 0 : -EBADMSG;
	} else {
		result = na_schema_errno(db);
	}
	sqlite3_finalize(statement);
	return result;
}

bool na_schema_is_empty(sqlite3 *db)
{
	return compare_pragma(db, "SELECT count(*) FROM sqlite_schema", "0") == 0 &&
	       compare_pragma(db, "PRAGMA application_id", "0") == 0;
}

static int column_is(sqlite3_stmt *statement, int column, const char *wanted)
{
	const char *value = (const char *)sqlite3_column_text(statement, column);

	return value && strcmp(value, wanted) == 0;
}

static int compare_objects(sqlite3_stmt *statement, struct na_error *error)
{
	size_t i = 0;

	for (int step; (step = sqlite3_step(statement)) != SQLITE_DONE; i++) {
		const char *name;

		if (step != SQLITE_ROW)
			return na_error_set(error, na_schema_errno(sqlite3_db_handle(statement)), "cannot read the schema: %s",
					    sqlite3_errmsg(sqlite3_db_handle(statement)));
		name = (const char *)sqlite3_column_text(statement, 1);
		if (i >= OBJECTS || !column_is(statement, 1, objects[i].name))
			return na_error_set(error, -EBADMSG, "the schema was changed: unexpected object %.60s",
					    name ? name : "without a name");
		if (!column_is(statement, 0, objects[i].type) || !column_is(statement, 2, objects[i].table) ||
		    !column_is(statement, 3, objects[i].sql))
			return na_error_set(error, -EBADMSG, "the schema was changed: %s is not as it was made",
					    objects[i].name);
	}
	if (i < OBJECTS)
		return na_error_set(error, -EBADMSG, "the schema was changed: %s is missing", objects[i].name);
	return 0;
}

int na_schema_check(sqlite3 *db, struct na_error *error)
{
	static const char application_id[] = "SELECT printf('0x%08x', application_id) FROM pragma_application_id";
	sqlite3_stmt *statement = NULL;
	int result = compare_pragma(db, application_id, STRINGIFY(NA_JOURNAL_APPLICATION_ID));

	if (result == -EBADMSG)
		return na_error_set(error, -EMEDIUMTYPE, "not a netaudit journal: another program's database");
	if (result)
		return na_error_set(error, result, "cannot read the database: %s", sqlite3_errmsg(db));
	if (compare_pragma(db, "PRAGMA user_version", STRINGIFY(NA_JOURNAL_SCHEMA_VERSION)))
		return na_error_set(error, -EBADMSG, "the journal's format version is not %d", NA_JOURNAL_SCHEMA_VERSION);
	if (compare_pragma(db, "PRAGMA encoding", "UTF-8"))
		return na_error_set(error, -EBADMSG, "the database's text encoding was changed");
	if (sqlite3_prepare_v2(db, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid", -1, &statement,
			       NULL) != SQLITE_OK)
		return na_error_set(error, na_schema_errno(db), "cannot read the schema: %s", sqlite3_errmsg(db));
	result = compare_objects(statement, error);
	sqlite3_finalize(statement);
	return result;
}
