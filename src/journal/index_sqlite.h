/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What index.db's writer and the readers of both databases do alike with SQLite.
 */
#ifndef NETAUDIT_JOURNAL_INDEX_SQLITE_H
#define NETAUDIT_JOURNAL_INDEX_SQLITE_H

#include <sqlite3.h>
#include <stdint.h>

/*
 * A result code as 0 or negative errno: -EBUSY (locked, try again), -EBADMSG (damaged, or not the
 * tables we know), -EACCES, -ENOSPC, -ENOMEM, -EIO.
 */
int na_index_errno(int result_code);

/*
 * Opens DIRECTORY/NAME hardened, with a busy timeout. `flags` are those of sqlite3_open_v2().
 * *db may be set also on error, and is closed by the caller. -ENOENT when the file is not there.
 */
int na_index_open_database(sqlite3 **db, const char *directory, const char *name, int flags);

/* The first column of the first row; 0 when there is no row. */
int na_index_integer(sqlite3 *db, const char *sql, int64_t *value);

#endif
