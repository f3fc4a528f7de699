/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the journal from its first row to its newest head, window by window, and writes an export of it. */

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "reader/export_work.h"
#include "reader/proof.h"

#define OUT_BYTES (1 << 17)

/* Without these the keys of later heads cannot be followed, */
#define KEY_KINDS "head"
/* and without these what is missing would not be seen. */
#define CONTEXT_KINDS KEY_KINDS ",start,stop,gap,lost,clock,prune,rotate,carried"

static int want(void *context, const struct na_stored_row *row)
{
	struct na_export_writer *w = context;
	uint64_t place = (uint64_t)row->seq - w->window;

	w->wanted[place / 8] |= (uint8_t)(1 << place % 8);
	return 0;
}

static int want_match(void *context, const struct na_stored_row *row)
{
	struct na_export_writer *w = context;

	w->written->matched++;
	return want(context, row);
}

/* Adds the rows of the window, up to `last`, that `filter` (its span included) lets through. */
static int want_rows(struct na_export_writer *w, const struct na_filter *filter, uint64_t last,
		     na_query_row_function function)
{
	struct na_filter here = *filter;
	int error;

	here.first_seq = here.first_seq > (int64_t)w->window ? here.first_seq : (int64_t)w->window;
	here.last_seq = here.last_seq < (int64_t)last ? here.last_seq : (int64_t)last;
	if (here.first_seq > here.last_seq)
		return 0;
	error = na_query_run(w->query, &here, NA_OLDEST_FIRST, 0, function, w);
	return error ? na_export_fail(w, error, "read the journal") : 0;
}

static int want_window(struct na_export_writer *w, uint64_t last)
{
	static const struct na_filter all = NA_FILTER_ALL;
	struct na_filter keys = all, context = *w->request->filter;
	int error = 0;

	memset(w->wanted, 0, sizeof(w->wanted));
	context.conditions = 0;
	if (na_filter_text(&keys, NA_INDEX_KIND, NA_IS_ANY_OF, KEY_KINDS) ||
	    na_filter_text(&context, NA_INDEX_KIND, NA_IS_ANY_OF, CONTEXT_KINDS))
		return na_export_fail(w, -E2BIG, "look for heads");
	error = want_rows(w, w->request->filter, last, want_match);
	if (error == 0)
		error = want_rows(w, &keys, last, want);
	return error || w->written->complete ? error : want_rows(w, &context, last, want);
}

/* One row: a line of its own, or part of what is passed over. A head's line follows its own record. */
static int pass_row(struct na_export_writer *w, uint64_t seq)
{
	uint64_t place = seq - w->window;
	const uint8_t *row_hash = sqlite3_column_blob(w->rows, 1);
	int error;

	if ((uint64_t)sqlite3_column_int64(w->rows, 0) != seq || !row_hash ||
	    sqlite3_column_bytes(w->rows, 1) != NA_HASH_BYTES)
		return na_error_set(w->error, -EBADMSG, "record %" PRIu64 " is missing or has no hash: run 'netaudit verify'", seq);
	if (w->wanted[place / 8] >> place % 8 & 1) {
		error = na_export_put_record(w, seq, row_hash, sqlite3_column_blob(w->rows, 2),
					     (size_t)sqlite3_column_bytes(w->rows, 2));
		w->linked = true;
	} else {
		error = na_cover_add(&w->hash, &w->cover, row_hash);
		w->linked = false;
	}
	memcpy(w->row_hash, row_hash, NA_HASH_BYTES);
	if (error == 0 && seq == w->next_head)
		error = w->linked ? na_export_put_head(w) :
				    na_error_set(w->error, -EBADMSG, "record %" PRIu64 " is not the head's own: run 'netaudit verify'", seq);
	return error;
}

static int pass_window(struct na_export_writer *w, uint64_t last)
{
	int error = want_window(w, last);

	sqlite3_bind_int64(w->rows, 1, (sqlite3_int64)w->window);
	sqlite3_bind_int64(w->rows, 2, (sqlite3_int64)last);
	sqlite3_bind_int64(w->rows, 3, NA_EXPORT_WINDOW_ROWS);
	for (uint64_t seq = w->window; seq <= last && error == 0; seq++) {
		int step = sqlite3_step(w->rows);

		if (step == SQLITE_ROW)
			error = pass_row(w, seq);
		else
			error = step == SQLITE_DONE ? na_error_set(w->error, -EBADMSG, "record %" PRIu64 " is missing: run "
								   "'netaudit verify'", seq) :
						      na_export_sqlite_failed(w, "read the records");
	}
	sqlite3_reset(w->rows);
	return error;
}

static int pass_all(struct na_export_writer *w, uint64_t end)
{
	int error = w->cut > 1 ? na_export_pruned(w, w->cut) : 0;

	for (w->window = w->cut; w->window <= end && error == 0; w->window += NA_EXPORT_WINDOW_ROWS) {
		uint64_t last = w->window + NA_EXPORT_WINDOW_ROWS - 1;

		error = pass_window(w, last < end ? last : end);
		if (error == 0 && w->request->progress && w->request->progress(w->request->context, last < end ? last : end, end))
			error = na_export_fail(w, -ECANCELED, "go on");
	}
	if (error)
		return error;
	return na_export_put(w, "%s %" PRIu64 " %" PRIu64 "\n", na_export_word(NA_EXPORT_END), w->written->records,
			     w->written->heads);
}

/* The newest head ends the export; the span is cut to it. */
static int find_end(struct na_export_writer *w, uint64_t *end)
{
	int64_t size, last;
	int error = na_index_integer(w->query->journal, "SELECT max(size) FROM checkpoint", &size);

	if (error == 0)
		error = na_index_integer(w->query->journal, "SELECT max(seq) FROM record", &last);
	if (error)
		return na_export_fail(w, error, "read the heads");
	error = na_export_find_cut(w, &w->cut);
	if (error)
		return error;
	if (size <= 0)
		return na_error_set(w->error, -ENODATA, "nothing is signed yet: there is no head to prove anything with");
	*end = (uint64_t)size;
	w->written->unsigned_records = last > size ? (uint64_t)(last - size) : 0;
	w->written->complete = w->request->filter->conditions == 0;
	w->written->begin = w->cut;
	w->written->first = w->request->filter->first_seq < (int64_t)w->cut ? w->cut : (uint64_t)w->request->filter->first_seq;
	w->written->last = w->request->filter->last_seq < size ? (uint64_t)w->request->filter->last_seq : *end;
	if (w->request->filter->last_seq < 1 || w->written->first > w->written->last)
		return na_error_set(w->error, -ENODATA, "no signed record is in that span: there are records %" PRIu64 " to %" PRId64,
				    w->cut, size);
	return 0;
}

static int put_beginning(struct na_export_writer *w)
{
	uint8_t identity[NA_PUBLIC_KEY_BYTES], first_once[NA_PUBLIC_KEY_BYTES];
	char text[2][2 * NA_HASH_BYTES + 1];
	int error = na_query_whose(w->query, w->origin, identity, first_once);

	if (error)
		return na_error_set(w->error, error, "the journal does not say whose it is: run 'netaudit verify'");
	w->linked = true;	/* the genesis is in the first lines */
	error = na_export_put(w, NA_EXPORT_MAGIC "\norigin %s\nidentity %s\nfirst-once %s\nasked %s\n%s %" PRIu64 " %" PRIu64 "\n", w->origin,
		    na_export_hex(text[0], identity), na_export_hex(text[1], first_once), w->request->asked,
		    na_export_word(w->written->complete ? NA_EXPORT_COMPLETE : NA_EXPORT_FILTERED), w->written->first,
		    w->written->last);
	return error ? error : na_export_find_head(w, 0);
}

static int prepare(struct na_export_writer *w)
{
	if (sqlite3_prepare_v2(w->query->journal, "SELECT seq, row_hash, body FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq "
			       "LIMIT ?3", -1, &w->rows, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(w->query->journal, "SELECT size, note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT 1", -1,
			       &w->heads, NULL) != SQLITE_OK)
		return na_export_sqlite_failed(w, "read the journal");
	return 0;
}

/* gzclose() closes what it was given, so it is given a copy. */
static int open_output(struct na_export_writer *w, int fd)
{
	char mode[] = "wb6";
	int copy = dup(fd);

	mode[2] = (char)('0' + (w->request->level ? w->request->level : 6));
	w->out = copy < 0 ? NULL : gzdopen(copy, mode);
	if (w->out) {
		(void)gzbuffer(w->out, OUT_BYTES);
		return 0;
	}
	if (copy >= 0)
		close(copy);
	return na_export_fail(w, copy < 0 ? -errno : -ENOMEM, "write the export");
}

int na_export_write(const struct na_export_request *request, int fd, struct na_export_written *written,
		    struct na_error *error)
{
	struct na_export_writer *w = calloc(1, sizeof(*w));
	uint64_t end = 0;
	int result;

	memset(written, 0, sizeof(*written));
	if (!w)
		return na_error_set(error, -ENOMEM, "no memory");
	w->request = request;
	w->written = written;
	w->error = error;
	result = na_query_open(&w->query, request->directory);
	if (result)
		result = na_export_fail(w, result, "open the journal");
	if (result == 0 && (sodium_init() < 0 || na_hash_open(&w->hash)))
		result = na_error_set(error, -EIO, "the cryptographic libraries do not start");
	if (result == 0 && na_kept_read(&w->cosignatures, request->directory))
		result = na_error_set(error, -EBADMSG, NA_WITNESS_FILE " was changed: a line is no cosignature");
	if (result == 0)
		result = prepare(w);
	if (result == 0)
		result = find_end(w, &end);
	if (result == 0)
		result = open_output(w, fd);
	if (result == 0)
		result = put_beginning(w);
	if (result == 0)
		result = pass_all(w, end);
	if (w->out && gzclose(w->out) != Z_OK && result == 0)
		result = na_export_fail(w, errno ? -errno : -EIO, "write the export");
	sqlite3_finalize(w->rows);
	sqlite3_finalize(w->heads);
	na_query_close(w->query);
	na_kept_free(&w->cosignatures);
	na_hash_close(&w->hash);
	free(w);
	return result;
}
