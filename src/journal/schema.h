/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What journal.db is made of, word for word: the writer creates it, the verifier compares it.
 */
#ifndef NETAUDIT_JOURNAL_SCHEMA_H
#define NETAUDIT_JOURNAL_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"

#define NA_JOURNAL_FILE "journal.db"
#define NA_ANCHORS_FILE "anchors.log"
#define NA_JOURNAL_APPLICATION_ID 0x6e614a31	/* "naJ1" */
#define NA_JOURNAL_SCHEMA_VERSION 2

/* Settings every connection to a journal needs, reader or writer. Returns 0 or -EIO. */
int na_schema_harden(sqlite3 *db);

/* Whether the database holds nothing at all: new, or left so by a crash while it was made. */
bool na_schema_is_empty(sqlite3 *db);

/* Creates everything in an empty database, inside the caller's transaction. Returns 0 or negative errno. */
int na_schema_create(sqlite3 *db, struct na_error *error);

/*
 * Whether the database is a journal with exactly this schema text and UTF-8 encoding. Returns 0,
 * -EMEDIUMTYPE (some other database), -EBADMSG (a journal, but altered; says how), -EIO, -EBUSY.
 */
int na_schema_check(sqlite3 *db, struct na_error *error);

/* SQLite's last error on `db` as a negative errno. */
int na_schema_errno(sqlite3 *db);

#endif
