/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order in which a journal is verified, and the words for what came out. */
#include "reader/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/hex.h"
#include "journal/schema.h"
#include "reader/verify_work.h"

#define BUSY_MS 10000
#define ROW_BYTES_MIN 40	/* a row is at least its hash: more rows than the file can hold were never there */

int na_verify_bad(struct na_verifier *v, enum na_verify_verdict verdict, uint64_t seq, const char *format, ...)
{
	struct na_verify_result *result = v->result;
	va_list arguments;

	pthread_mutex_lock(&v->lock);
	/* the lowest seq wins, so that threads give the same answer as one */
	if (result->verdict == NA_VERIFY_OK || (verdict == result->verdict && seq && seq < result->first_bad_seq)) {
		result->verdict = verdict;
		result->first_bad_seq = seq;
		va_start(arguments, format);
		(void)vsnprintf(result->why, sizeof(result->why), format, arguments);
		va_end(arguments);
	}
	pthread_mutex_unlock(&v->lock);
	return (int)verdict;
}

int na_verify_sqlite(struct na_verifier *v, sqlite3 *db, const char *what)
{
	int code = sqlite3_errcode(db);
	bool damaged = code == SQLITE_CORRUPT || code == SQLITE_TOOBIG;

	return na_verify_bad(v, damaged ? NA_VERIFY_TAMPERED : NA_VERIFY_UNREADABLE, 0, "%s %s: %s",
			     damaged ? "the database file is damaged: cannot" : "cannot", what, sqlite3_errmsg(db));
}

/* Percent-encodes what an SQLite URI would take for syntax. */
static bool make_uri(char *out, size_t out_bytes, const char *path, bool immutable)
{
	size_t used = (size_t)snprintf(out, out_bytes, "file:");

	for (; *path; path++) {
		bool plain = *path != '%' && *path != '?' && *path != '#';

		if (used + 4 > out_bytes)
			return false;
		used += (size_t)snprintf(out + used, out_bytes - used, plain ? "%c" : "%%%02X", (unsigned char)*path);
	}
	return (size_t)snprintf(out + used, out_bytes - used, "?mode=ro%s", immutable ? "&immutable=1" : "") <
	       out_bytes - used;
}

int na_verify_connect(struct na_verifier *v, sqlite3 **db)
{
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
	char uri[3 * sizeof(v->path) + 32];

	if (!make_uri(uri, sizeof(uri), v->path, v->immutable))
		return na_verify_bad(v, NA_VERIFY_USAGE, 0, "the path is too long");
	if (sqlite3_open_v2(uri, db, flags, NULL) != SQLITE_OK)
		return na_verify_sqlite(v, *db, "open the journal");
	sqlite3_busy_timeout(*db, BUSY_MS);
	sqlite3_limit(*db, SQLITE_LIMIT_LENGTH, 1 << 20);
	if (na_schema_harden(*db) || sqlite3_exec(*db, "PRAGMA query_only=ON; BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return na_verify_sqlite(v, *db, "open the journal");
	return 0;
}

/* A directory means the journal.db in it. */
static int resolve(struct na_verifier *v)
{
	const char *path = v->options->path;
	struct stat status;
	int length;

	if (stat(path, &status) < 0)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot open %.150s: %s", path, strerror(errno));
	length = snprintf(v->path, sizeof(v->path), S_ISDIR(status.st_mode) ? "%s/" NA_JOURNAL_FILE : "%s", path);
	if (length < 0 || (size_t)length >= sizeof(v->path))
		return na_verify_bad(v, NA_VERIFY_USAGE, 0, "the path is too long");
	if (access(v->path, R_OK) < 0)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot read %.150s: %s", v->path, strerror(errno));
	return 0;
}

static int check_schema(struct na_verifier *v)
{
	struct na_error error = { 0 };
	int result = na_schema_check(v->db, &error);

	if (result == 0)
		return 0;
	if (result == -EBADMSG || result == -EUCLEAN)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "%s", error.text);
	return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "%.150s: %s", v->path, error.text);
}

/* Opens the one snapshot everything but the rows is read from. */
static int open_snapshot(struct na_verifier *v)
{
	char wal[sizeof(v->path) + 4];
	int result;

	/* a closed WAL database in a place we cannot write: without a -wal file nothing can change under us */
	(void)snprintf(wal, sizeof(wal), "%s-wal", v->path);
	if (access(wal, F_OK) < 0) {
		char *slash = strrchr(v->path, '/');

		if (slash)
			*slash = 0;
		v->immutable = access(slash ? v->path : ".", W_OK) < 0;
		if (slash)
			*slash = '/';
	}
	result = na_verify_connect(v, &v->db);
	if (result == 0)
		result = check_schema(v);
	if (result == 0 && na_tree_open(&v->tree, v->db))
		result = na_verify_sqlite(v, v->db, "read the tree");
	return result;
}

static int check_fingerprint(struct na_verifier *v)
{
	uint8_t fingerprint[NA_HASH_BYTES];
	const char *given = v->options->fingerprint;

	if (na_chain_fingerprint(&v->hash, fingerprint, v->identity, v->first_once) ||
	    na_chain_genesis(&v->hash, v->genesis, v->result->origin, v->identity, v->first_once))
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot hash");
	na_hex_encode(v->result->fingerprint, fingerprint, NA_HASH_BYTES);
	v->result->fingerprint[NA_FINGERPRINT_TEXT_BYTES] = 0;
	if (!given)
		return 0;
	v->result->fingerprint_given = true;
	if (strcmp(given, v->result->fingerprint))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "the journal's keys are not those of the given fingerprint: it is "
				     "another history");
	return 0;
}

static int read_meta(struct na_verifier *v)
{
	void *const fields[] = { v->result->origin, v->identity, v->first_once };
	const size_t room[] = { NA_ORIGIN_BYTES, NA_PUBLIC_KEY_BYTES, NA_PUBLIC_KEY_BYTES };
	sqlite3_stmt *statement = NULL;
	size_t rows = 0;
	bool good = true;
	int step;

	if (sqlite3_prepare_v2(v->db, "SELECT value FROM meta WHERE key = CASE id WHEN 1 THEN 'origin' WHEN 2 THEN 'identity' "
			       "WHEN 3 THEN 'first_once' END ORDER BY id", -1, &statement, NULL) != SQLITE_OK)
		return na_verify_sqlite(v, v->db, "read whose journal it is");
	while ((step = sqlite3_step(statement)) == SQLITE_ROW && rows < 3) {
		size_t bytes = (size_t)sqlite3_column_bytes(statement, 0);

		good = good && sqlite3_column_type(statement, 0) == SQLITE_BLOB && bytes > 0 && bytes <= room[rows] &&
		       (rows == 0 || bytes == room[rows]);
		if (good)
			memcpy(fields[rows], sqlite3_column_blob(statement, 0), bytes);
		rows++;
	}
	sqlite3_finalize(statement);
	if (step != SQLITE_DONE && step != SQLITE_ROW)
		return na_verify_sqlite(v, v->db, "read whose journal it is");
	if (!good || rows != 3 || step != SQLITE_DONE || !na_origin_is_valid(v->result->origin))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "the journal does not say whose it is: its meta table was changed");
	return check_fingerprint(v);
}

int na_verify_integer(struct na_verifier *v, const char *sql, int64_t *value)
{
	sqlite3_stmt *statement = NULL;
	int result = 0;

	if (sqlite3_prepare_v2(v->db, sql, -1, &statement, NULL) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
		result = na_verify_sqlite(v, v->db, "read the journal");
	else
		*value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

static int read_extent(struct na_verifier *v)
{
	int64_t first = 0, last = 0, pages = 0, page_bytes = 0;
	int result = na_verify_integer(v, "SELECT coalesce((SELECT seq FROM record ORDER BY seq LIMIT 1), 1)", &first);

	if (result == 0)
		result = na_verify_integer(v, "SELECT coalesce((SELECT seq FROM record ORDER BY seq DESC LIMIT 1), 0)", &last);
	if (result == 0)
		result = na_verify_integer(v, "PRAGMA page_count", &pages);
	if (result == 0)
		result = na_verify_integer(v, "PRAGMA page_size", &page_bytes);
	if (result)
		return result;
	if (first != 1)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 1, "record 1: the journal begins at %" PRId64 " instead", first);
	if (last < 0 || last > pages * page_bytes / ROW_BYTES_MIN)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, (uint64_t)last,
				     "record %" PRId64 ": the file cannot hold that many", last);
	v->last_seq = (uint64_t)last;
	v->result->records = v->last_seq;
	return 0;
}

int na_verify_add_note(struct na_verifier *v, struct na_checkpoint *checkpoint, const void *note)
{
	checkpoint->note = malloc(checkpoint->note_bytes + 1);
	if (!checkpoint->note)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "no memory");
	if (checkpoint->note_bytes)
		memcpy(checkpoint->note, note, checkpoint->note_bytes);
	v->checkpoint_count++;
	return 0;
}

static int read_checkpoints(struct na_verifier *v)
{
	sqlite3_stmt *statement = NULL;
	size_t room = 0;
	int step, result = 0;

	if (sqlite3_prepare_v2(v->db, "SELECT size, note FROM checkpoint ORDER BY size", -1, &statement, NULL) != SQLITE_OK)
		return na_verify_sqlite(v, v->db, "read the heads");
	while (result == 0 && (step = sqlite3_step(statement)) != SQLITE_DONE) {
		struct na_checkpoint *more, *one;

		if (step != SQLITE_ROW) {
			result = na_verify_sqlite(v, v->db, "read the heads");
			break;
		}
		if (v->checkpoint_count == room) {
			room = room ? 2 * room : 64;
			more = reallocarray(v->checkpoint, room, sizeof(*more));
			if (!more) {
				result = na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "no memory");
				break;
			}
			v->checkpoint = more;
		}
		one = &v->checkpoint[v->checkpoint_count];
		memset(one, 0, sizeof(*one));
		one->size = (uint64_t)sqlite3_column_int64(statement, 0);
		one->note_bytes = (uint32_t)sqlite3_column_bytes(statement, 1);
		if (sqlite3_column_type(statement, 1) != SQLITE_BLOB || one->size == 0 || one->size > v->last_seq)
			result = na_verify_bad(v, NA_VERIFY_TAMPERED, v->last_seq + 1, "head at %" PRIu64 ": the journal ends at record %"
					       PRIu64, one->size, v->last_seq);
		else
			result = na_verify_add_note(v, one, sqlite3_column_blob(statement, 1));
	}
	sqlite3_finalize(statement);
	return result;
}

static int run(struct na_verifier *v, struct na_anchor_file *before, struct na_anchor_file *after)
{
	int (*const steps[])(struct na_verifier *) = { open_snapshot, read_meta, read_extent, read_checkpoints };
	int result = resolve(v);

	if (result == 0)	/* before the snapshot: a head written in between must not look like a cut tail */
		result = na_verify_read_anchors(v, before);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && result == 0; i++)
		result = steps[i](v);
	if (result == 0)
		result = na_verify_adopt_anchor(v, before);
	if (result == 0)
		result = na_verify_rows(v);
	if (result == 0)
		result = na_verify_heads(v);
	if (result == 0)
		result = na_verify_read_anchors(v, after);
	if (result == 0)
		result = na_verify_anchors(v, before, after);
	return result ? result : na_verify_expected_head(v);
}

static void describe_notes(struct na_verify_result *r)
{
	static const char *const words[] = {
		"old records under no head", "gaps", "losses", "unclean stops", "no anchors.log",
		"anchors.log begins after the first head", "no head yet",
	};
	size_t used = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (r->notes & 1U << i)
			used += (size_t)snprintf(r->why + used, sizeof(r->why) - used, "%s%s", used ? ", " : "", words[i]);
}

static bool is_fingerprint(const char *text)
{
	uint8_t bytes[NA_HASH_BYTES];

	return strlen(text) == NA_FINGERPRINT_TEXT_BYTES && na_hex_decode(bytes, text, sizeof(bytes)) == 0;
}

enum na_verify_verdict na_verify(const struct na_verify_options *options, struct na_verify_result *result)
{
	struct na_verifier v = { .options = options, .result = result, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct na_anchor_file before = { 0 }, after = { 0 };

	memset(result, 0, sizeof(*result));
	if (options->fingerprint && !is_fingerprint(options->fingerprint))
		na_verify_bad(&v, NA_VERIFY_USAGE, 0, "a fingerprint is %d lower-case hex digits", NA_FINGERPRINT_TEXT_BYTES);
	else if (sodium_init() < 0 || na_hash_open(&v.hash))
		na_verify_bad(&v, NA_VERIFY_UNREADABLE, 0, "the cryptographic libraries do not start");
	else if (run(&v, &before, &after) == 0 && result->notes) {
		result->verdict = NA_VERIFY_NOTED;
		describe_notes(result);
	}
	for (size_t i = 0; i < v.checkpoint_count; i++)
		free(v.checkpoint[i].note);
	for (size_t i = 0; v.block && i < v.block_count; i++)
		free(v.block[i].life);
	free(v.checkpoint);
	free(v.block);
	free(before.text);
	free(after.text);
	na_tree_close(&v.tree);
	sqlite3_close(v.db);
	na_hash_close(&v.hash);
	return result->verdict;
}
