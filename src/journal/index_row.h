/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The searchable columns of one record, read out of its canonical body.
 *
 * One table of columns serves index.db, the filters of `netaudit log` and their tests. The body is
 * scanned once, without allocating: a full JSON parser costs ten times as much per row.
 */
#ifndef NETAUDIT_JOURNAL_INDEX_ROW_H
#define NETAUDIT_JOURNAL_INDEX_ROW_H

#include <stddef.h>
#include <stdint.h>

/* Longer text is not indexed, so it cannot be searched for; every name in a record is shorter. */
#define NA_INDEX_TEXT_BYTES 256
#define NA_INDEX_ADDRESS_BYTES 16

enum na_index_type {
	NA_INDEX_ABSENT,
	NA_INDEX_INTEGER,
	NA_INDEX_TEXT,
	NA_INDEX_ADDRESS,	/* 16 bytes; IPv4 as ::ffff:a.b.c.d, so that a network is one range */
	NA_INDEX_HEX64,		/* 16 hex digits, kept as the integer with the same bits */
	NA_INDEX_TRUE,		/* `true`, kept as the integer 1 */
	NA_INDEX_RAW,		/* an array or object as it stands in the body, of any length */
};

/* symbol, key in the body and column in index.db, type, column type */
#define NA_INDEX_COLUMN_TABLE(X) \
	X(TIME,      "t",         NA_INDEX_INTEGER, "INTEGER") \
	X(KIND,      "kind",      NA_INDEX_TEXT,    "TEXT") \
	X(FLOW,      "flow",      NA_INDEX_HEX64,   "INTEGER") \
	X(PID,       "pid",       NA_INDEX_INTEGER, "INTEGER") \
	X(DIRECTION, "direction", NA_INDEX_TEXT,    "TEXT") \
	X(CHANNEL,   "channel",   NA_INDEX_TEXT,    "TEXT") \
	X(WORKER,    "worker",    NA_INDEX_TEXT,    "TEXT") \
	X(INSTANCE,  "instance",  NA_INDEX_TEXT,    "TEXT") \
	X(COMM,      "comm",      NA_INDEX_TEXT,    "TEXT") \
	X(AUTHOR,    "author",    NA_INDEX_TEXT,    "TEXT") \
	X(ADDON,     "addon",     NA_INDEX_TEXT,    "TEXT") \
	X(HOST,      "host",      NA_INDEX_TEXT,    "TEXT") \
	X(PATH,      "path",      NA_INDEX_TEXT,    "TEXT") \
	X(DST,       "dst",       NA_INDEX_ADDRESS, "BLOB") \
	X(DPORT,     "dport",     NA_INDEX_INTEGER, "INTEGER") \
	X(SRC,       "src",       NA_INDEX_ADDRESS, "BLOB") \
	X(SPORT,     "sport",     NA_INDEX_INTEGER, "INTEGER") \
	X(BUCKET,    "bucket",    NA_INDEX_TEXT,    "TEXT") \
	X(DATABASE,  "database",  NA_INDEX_TEXT,    "TEXT") \
	X(COMPONENT, "component", NA_INDEX_TEXT,    "TEXT") \
	X(RESOLVED,  "resolved",  NA_INDEX_TEXT,    "TEXT")

/* What only the rollup needs (journal/rollup.h): read with the others, not stored by row. */
#define NA_INDEX_ROLLUP_TABLE(X) \
	X(DNS_NAMES, "dns_names", NA_INDEX_RAW,     "") \
	X(DNS_DISAGREES, "dns_disagrees", NA_INDEX_TRUE, "") \
	X(BYTES_OUT, "bytes_out", NA_INDEX_INTEGER, "") \
	X(BYTES_IN,  "bytes_in",  NA_INDEX_INTEGER, "") \
	X(ADDONS,    "addons",    NA_INDEX_RAW,     "") \
	X(DISAGREE,  "names_disagree", NA_INDEX_TRUE, "") \
	X(FINAL,     "final",     NA_INDEX_TRUE,    "") \
	X(MISSING,   "missing",   NA_INDEX_RAW,     "") \
	X(FORWARDED, "forwarded_for", NA_INDEX_ADDRESS, "") \
	X(DETACHED,  "hooks_detached", NA_INDEX_INTEGER, "")

enum na_index_column {
#define X(symbol, name, type, sql) NA_INDEX_##symbol,
	NA_INDEX_COLUMN_TABLE(X)
	NA_INDEX_ROLLUP_TABLE(X)
#undef X
	NA_INDEX_VALUES,
	NA_INDEX_COLUMNS = NA_INDEX_RESOLVED + 1	/* stored by row */
};

struct na_index_column_info {
	const char *name;
	size_t name_bytes;
	enum na_index_type type;
	const char *sql_type;
};

extern const struct na_index_column_info na_index_columns[NA_INDEX_VALUES];

struct na_index_value {
	enum na_index_type type;	/* NA_INDEX_ABSENT, _INTEGER (also hex and true), _TEXT, _ADDRESS or _RAW */
	int64_t integer;
	const char *bytes;		/* text or address; not NUL-terminated */
	uint32_t length;
};

/* Values point into the body or into `scratch`: valid while both live and do not move. */
struct na_index_row {
	struct na_index_value value[NA_INDEX_VALUES];
	char scratch[NA_INDEX_VALUES][NA_INDEX_TEXT_BYTES];
};

/* Returns 0, or -EBADMSG when the body is not one JSON object; every value is absent then. */
int na_index_row_read(struct na_index_row *row, const void *body, size_t body_bytes);

/* Text form to the 16-byte form. Returns 0, or -EINVAL. `text` need not be NUL-terminated. */
int na_index_address(unsigned char address[NA_INDEX_ADDRESS_BYTES], const char *text, size_t length);

#endif
