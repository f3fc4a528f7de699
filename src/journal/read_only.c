/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read-only connections to a database with a write-ahead log. */
#include "journal/read_only.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool confined;

void na_read_only_confined(void)
{
	confined = true;
}

bool na_read_only_is_still(const char *path)
{
	char beside[PATH_MAX], *slash;

	if (snprintf(beside, sizeof(beside), "%s-wal", path) >= (int)sizeof(beside) || access(beside, F_OK) == 0)
		return false;
	slash = strrchr(beside, '/');
	if (slash)
		slash[slash == beside] = 0;
	return confined || access(slash ? beside : ".", W_OK) < 0;
}

/* Percent-encodes what an SQLite URI would take for syntax. */
static bool make_uri(char *out, size_t out_bytes, const char *path, bool still)
{
	size_t used = (size_t)snprintf(out, out_bytes, "file:");

	for (; *path; path++) {
		bool plain = *path != '%' && *path != '?' && *path != '#';

		if (used + 4 > out_bytes)
			return false;
		used += (size_t)snprintf(out + used, out_bytes - used, plain ? "%c" : "%%%02X", (unsigned char)*path);
	}
	return (size_t)snprintf(out + used, out_bytes - used, "?mode=ro%s", still ? "&immutable=1" : "") < out_bytes - used;
}

int na_read_only_open(sqlite3 **db, const char *path, bool still)
{
	char uri[3 * PATH_MAX];

	if (!make_uri(uri, sizeof(uri), path, still))
		return SQLITE_TOOBIG;
	return sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
}
