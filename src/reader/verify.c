/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order in which a journal is verified, and the words for what came out. */
#include "reader/verify.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/hex.h"
#include "reader/verify_work.h"

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

int na_verify_no_hash(struct na_verifier *v)
{
	return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot hash");
}

static int check_fingerprint(struct na_verifier *v)
{
	uint8_t fingerprint[NA_HASH_BYTES];
	const char *given = v->options->fingerprint;

	if (na_chain_fingerprint(&v->hash, fingerprint, v->identity, v->first_once))
		return na_verify_no_hash(v);
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
	int step, result = na_verify_prepare(v, &statement, "SELECT value FROM meta WHERE key = CASE id WHEN 1 THEN 'origin' "
					     "WHEN 2 THEN 'identity' WHEN 3 THEN 'first_once' END ORDER BY id");

	if (result)
		return result;
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

static int read_extent(struct na_verifier *v)
{
	static const char least_head[] = "SELECT min(coalesce((SELECT min(size) FROM checkpoint), 1), "
					 "coalesce((SELECT min(size) FROM old_head), 1))";
	int64_t first = 0, last = 0, pages = 0, page_bytes = 0, head = 0, least = 0;
	int result = na_verify_integer(v, "SELECT coalesce((SELECT seq FROM record ORDER BY seq LIMIT 1), 1)", &first);

	if (result == 0)
		result = na_verify_integer(v, "SELECT coalesce((SELECT seq FROM record ORDER BY seq DESC LIMIT 1), 0)", &last);
	if (result == 0)
		result = na_verify_integer(v, "PRAGMA page_count", &pages);
	if (result == 0)
		result = na_verify_integer(v, "PRAGMA page_size", &page_bytes);
	if (result == 0)
		result = na_verify_integer(v, "SELECT coalesce(max(size), 0) FROM checkpoint", &head);
	if (result == 0)
		result = na_verify_integer(v, least_head, &least);
	if (result)
		return result;
	if (least < 1)	/* the walk over the heads begins at 1 and would never come to it */
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "head at %" PRId64 ": no tree has that size", least);
	if (first < 1)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 1, "record 1: the journal begins at %" PRId64 " instead", first);
	if (last < 0 || last - first + 1 > pages * page_bytes / ROW_BYTES_MIN)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, (uint64_t)last,
				     "record %" PRId64 ": the file cannot hold that many", last);
	if (head < 0 || head > last)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, (uint64_t)last + 1, "head at %" PRId64 ": the journal ends at record %"
				     PRId64, head, last);
	v->first_seq = v->result->first_seq = (uint64_t)first;
	v->last_seq = (uint64_t)last;
	v->newest_head = (uint64_t)head;
	v->result->records = v->last_seq - v->first_seq + 1;
	return 0;
}

static int expected_head(struct na_verifier *v)
{
	return v->options->expected_head ? na_verify_expected_head(v, v->options->expected_head) : 0;
}

static int run(struct na_verifier *v)
{
	int (*const steps[])(struct na_verifier *) = {
		na_verify_open, read_meta, read_extent, na_verify_adopt_anchor, na_verify_start, na_verify_heads, na_verify_anchors,
		expected_head, na_verify_deep,
	};
	int result = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && result == 0; i++)
		result = steps[i](v);
	return result;
}

static void describe_notes(struct na_verify_result *r)
{
	static const char *const words[] = {
		"old records under no head", "gaps", "losses", "unclean stops", "no anchors.log",
		"anchors.log begins after the first head", "no head yet", "pruning is not finished",
		"index.db says something else", "the newest head is in anchors.log only",
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
	struct na_verifier *v = calloc(1, sizeof(*v));

	memset(result, 0, sizeof(*result));
	if (!v) {
		(void)snprintf(result->why, sizeof(result->why), "no memory");
		return result->verdict = NA_VERIFY_UNREADABLE;
	}
	v->options = options;
	v->result = result;
	(void)pthread_mutex_init(&v->lock, NULL);
	(void)pthread_cond_init(&v->changed, NULL);
	if (options->fingerprint && !is_fingerprint(options->fingerprint))
		na_verify_bad(v, NA_VERIFY_USAGE, 0, "a fingerprint is %d lower-case hex digits", NA_FINGERPRINT_TEXT_BYTES);
	else if (sodium_init() < 0 || na_hash_open(&v->hash))
		na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "the cryptographic libraries do not start");
	else if (run(v) == 0 && result->notes) {
		result->verdict = NA_VERIFY_NOTED;
		describe_notes(result);
	}
	na_verify_close(v);
	na_hash_close(&v->hash);
	(void)pthread_cond_destroy(&v->changed);
	(void)pthread_mutex_destroy(&v->lock);
	free(v);
	return result->verdict;
}
