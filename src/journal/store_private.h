/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the store share: store.c (open, append, read back), store_prune.c. */
#ifndef NETAUDIT_JOURNAL_STORE_PRIVATE_H
#define NETAUDIT_JOURNAL_STORE_PRIVATE_H

#include "journal/store.h"

/* "cannot WHAT DIRECTORY/journal.db: ..." Returns the negative errno of SQLite's last error. */
int na_store_fail(struct na_store *store, const char *what, struct na_error *error);

/* Runs a statement that returns no row. */
int na_store_run(struct na_store *store, enum na_store_statement which, const char *what, struct na_error *error);

#endif
