/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens databases and words SQLite's errors as errno.
 */
#include "journal/index_sqlite.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "journal/read_only.h"
#include "journal/schema.h"

#define BUSY_MS 5000

int na_index_errno(int result_code)
{
	static const struct {
		int result_code, error;
	} errors[] = {
		{ SQLITE_OK, 0 },	    { SQLITE_ROW, 0 },		  { SQLITE_DONE, 0 },
		{ SQLITE_BUSY, -EBUSY },    { SQLITE_LOCKED, -EBUSY },	  { SQLITE_FULL, -ENOSPC },
		{ SQLITE_NOMEM, -ENOMEM },  { SQLITE_CANTOPEN, -EACCES }, { SQLITE_PERM, -EACCES },
		{ SQLITE_READONLY, -EACCES }, { SQLITE_CORRUPT, -EBADMSG }, { SQLITE_NOTADB, -EBADMSG },
		/* a table or column is not there, or has another type */
		{ SQLITE_ERROR, -EBADMSG }, { SQLITE_CONSTRAINT, -EBADMSG }, { SQLITE_MISMATCH, -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].result_code == (result_code & 0xff))
			return errors[i].error;
	return -EIO;
}

int na_index_open_database(sqlite3 **db, const char *directory, const char *name, int flags)
{
	char path[PATH_MAX];
	struct stat status;
	int result;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (stat(path, &status))
		return -errno;
	result = flags == SQLITE_OPEN_READONLY ? na_read_only_open(db, path, na_read_only_is_still(path))
					       : sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (result != SQLITE_OK)
		return na_index_errno(result);
	sqlite3_busy_timeout(*db, BUSY_MS);
	/* Reads the file, so this is where one that is no database shows. */
	result = na_schema_harden(*db);
	return result == -EUCLEAN || result == -EMEDIUMTYPE ? -EBADMSG : result;
}

int na_index_integer(sqlite3 *db, const char *sql, int64_t *value)
{
	sqlite3_stmt *statement;
	int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (result != SQLITE_OK)
		return na_index_errno(result);
	result = sqlite3_step(statement);
	*value = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return na_index_errno(result);
}
