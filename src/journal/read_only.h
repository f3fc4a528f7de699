/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a database of ours for reading only. Readers of a write-ahead log share memory with its writer, in a file
 * beside the database; a reader that may not make that file can still read a log that is there (sqlite.org/wal.html,
 * "Read-Only Databases"), and a database whose log is gone, because it was closed, as something that does not change.
 */
#ifndef NETAUDIT_JOURNAL_READ_ONLY_H
#define NETAUDIT_JOURNAL_READ_ONLY_H

#include <sqlite3.h>
#include <stdbool.h>

/* This process can make no file, although its user could: it is confined. */
void na_read_only_confined(void);

/*
 * The database was closed, and we could not make its log's files: nothing can change under us but by its owner's next
 * start.
 */
bool na_read_only_is_still(const char *path);

/*
 * Returns SQLite's result code; *db may be set also on error, and is closed by the caller. SQLITE_TOOBIG: the path is
 * too long.
 */
int na_read_only_open(sqlite3 **db, const char *path, bool still);

#endif
