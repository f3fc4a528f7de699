/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INI files, line by line, refusing what libinih forgives: lines too long, NUL bytes, continued lines, files that
 * somebody else may write. What is silently not read would be a weakening nobody sees.
 */
#ifndef NETAUDIT_BASE_INI_H
#define NETAUDIT_BASE_INI_H

#include <stdbool.h>

#include "base/error.h"

#define NA_INI_LINE_BYTES 190	/* libinih's own buffer is 200 */

/* Where the reader is. Handlers read it, and tell na_ini_fail() about what they refuse. */
struct na_ini {
	const char *file;
	int line;		/* from 1 */
	char text[NA_INI_LINE_BYTES + 2];	/* the line, as in the file */
	bool failed;
	const char *next;	/* unread part of the file */
	struct na_error *error;
	void *context;		/* the handler's */
	void (*handle)(struct na_ini *ini, const char *section, const char *name, const char *value);
};

/*
 * Calls ini->handle for each "name = value"; `file`, `error`, `context` and `handle` are set by the caller. Errors
 * say FILE:LINE:COLUMN. Returns 0 or negative errno.
 */
int na_ini_read(struct na_ini *ini);

/* Refuses the line: the first one counts. `word` is what is wrong in it, which gives the column. */
void na_ini_fail(struct na_ini *ini, const char *word, const char *text);
/* The same for what is after the "=". */
void na_ini_fail_value(struct na_ini *ini, const char *text);

#endif
