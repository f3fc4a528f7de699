/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the journal from its first row to its newest head, window by window, and writes an export of it. */
#include "reader/export_write.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "journal/hex.h"
#include "journal/merkle.h"
#include "reader/export_cover.h"
#include "reader/proof.h"
#include "reader/query_private.h"
#include "reader/witness.h"

/* Rows looked at per snapshot: one that a slow pipe holds up must not stop the daemon's WAL from shrinking for long. */
#define WINDOW_ROWS 4096
#define OUT_BYTES (1 << 17)

/* Without these the keys of later heads cannot be followed, */
#define KEY_KINDS "head"
/* and without these what is missing would not be seen. */
#define CONTEXT_KINDS KEY_KINDS ",start,stop,gap,lost,clock,prune,rotate"

struct writer {
	const struct na_export_request *request;
	struct na_export_written *written;
	struct na_error *error;
	struct na_query *query;
	sqlite3_stmt *rows, *heads;
	struct na_hash hash;
	gzFile out;

	char origin[NA_ORIGIN_BYTES + 1];
	struct na_cover cover;		/* rows passed since the last line */
	struct na_merkle tree;		/* up to the last line */
	bool linked;			/* the row at cover.next is in the file, or is the genesis */
	uint8_t row_hash[NA_HASH_BYTES];	/* of that row */
	struct na_kept_cosignatures cosignatures;
	size_t next_cosignature;
	uint64_t next_head;		/* size of the head to come; 0: none left */
	struct na_note note;
	char note_text[NA_NOTE_BYTES + 1];
	uint8_t wanted[WINDOW_ROWS / 8];
	uint64_t window;		/* seq of its first row */
};

static int fail(struct writer *w, int code, const char *what)
{
	return na_error_set(w->error, code, "cannot %s: %s", what, strerror(-code));
}

static int sqlite_failed(struct writer *w, const char *what)
{
	int code = na_index_errno(sqlite3_errcode(w->query->journal));

	return na_error_set(w->error, code ? code : -EIO, "cannot %s: %s", what, sqlite3_errmsg(w->query->journal));
}

static int put(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int put(struct writer *w, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = gzvprintf(w->out, format, arguments);
	va_end(arguments);
	return length > 0 ? 0 : fail(w, errno ? -errno : -EIO, "write the export");
}

static const char *hex(char out[2 * NA_HASH_BYTES + 1], const uint8_t hash[NA_HASH_BYTES])
{
	na_hex_encode(out, hash, NA_HASH_BYTES);
	out[2 * NA_HASH_BYTES] = 0;
	return out;
}

/* The rows passed since the last line, as the subtrees they are. */
static int put_skipped(struct writer *w)
{
	char text[2 * NA_HASH_BYTES + 1];
	int error = 0;

	for (size_t i = 0; i < w->cover.count && error == 0; i++) {
		error = na_merkle_append_subtree(&w->hash, &w->tree, w->cover.node[i].level, w->cover.node[i].root, NULL);
		if (error)
			return fail(w, error, "hash");
		error = put(w, "%s %u %s\n", na_export_word(NA_EXPORT_SKIP), w->cover.node[i].level,
			    hex(text, w->cover.node[i].root));
	}
	w->cover.count = 0;
	return error;
}

static int put_record(struct writer *w, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
		      size_t bytes)
{
	char text[2 * NA_HASH_BYTES + 1];
	int error = put_skipped(w);

	if (error == 0)
		error = put(w, "%s %" PRIu64 " %s ", na_export_word(NA_EXPORT_RECORD), seq, w->linked ? "-" : hex(text, w->row_hash));
	if (error)
		return error;
	if (bytes == 0 || gzwrite(w->out, body, (unsigned int)bytes) != (int)bytes || gzputc(w->out, '\n') != '\n')
		return fail(w, errno ? -errno : -EIO, "write the export");
	error = na_merkle_append(&w->hash, &w->tree, row_hash, NULL);
	w->cover.next = seq;
	w->written->records++;
	return error ? fail(w, error, "hash") : 0;
}

/* Reads the head after `size`. */
static int find_head(struct writer *w, uint64_t size)
{
	int step, bytes, error = 0;

	w->next_head = 0;
	sqlite3_bind_int64(w->heads, 1, (sqlite3_int64)size);
	step = sqlite3_step(w->heads);
	if (step == SQLITE_ROW) {
		bytes = sqlite3_column_bytes(w->heads, 1);
		w->next_head = (uint64_t)sqlite3_column_int64(w->heads, 0);
		if (bytes <= 0 || bytes > NA_NOTE_BYTES)
			error = -EBADMSG;
		else
			memcpy(w->note_text, sqlite3_column_blob(w->heads, 1), (size_t)bytes);
		if (error || na_note_read(&w->note, w->note_text, (size_t)bytes) || w->note.size != w->next_head ||
		    strcmp(w->note.origin, w->origin))
			error = na_error_set(w->error, -EBADMSG, "the head at %" PRIu64 " is not one of this journal: run "
					     "'netaudit verify'", w->next_head);
	} else if (step != SQLITE_DONE) {
		error = sqlite_failed(w, "read the heads");
	}
	sqlite3_reset(w->heads);
	return error;
}

/* What witnesses put under the head. */
static int put_cosignatures(struct writer *w)
{
	char line[NA_COSIGNATURE_LINE_BYTES];
	int error = 0;

	for (; w->next_cosignature < w->cosignatures.count && error == 0; w->next_cosignature++) {
		const struct na_kept_cosignature *one = &w->cosignatures.kept[w->next_cosignature];

		if (one->size > w->next_head)
			break;
		na_cosignature_write(line, &one->cosignature);
		if (one->size == w->next_head)	/* after the dash and its blank, which are four bytes */
			error = put(w, "%s %s\n", na_export_word(NA_EXPORT_WITNESS), line + 4);
	}
	return error;
}

static int put_head(struct writer *w)
{
	char root64[sodium_base64_ENCODED_LEN(NA_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	char line64[NA_NOTE_SIGNERS][sodium_base64_ENCODED_LEN(4 + NA_SIGNATURE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	uint8_t root[NA_HASH_BYTES], line[4 + NA_SIGNATURE_BYTES];
	int error = na_merkle_root(&w->hash, &w->tree, root);

	if (error)
		return fail(w, error, "hash");
	if (memcmp(root, w->note.root, sizeof(root)))
		return na_error_set(w->error, -EBADMSG, "the records up to %" PRIu64 " are not those that were signed: run "
				    "'netaudit verify'", w->next_head);
	sodium_bin2base64(root64, sizeof(root64), root, sizeof(root), sodium_base64_VARIANT_ORIGINAL);
	for (int i = 0; i < NA_NOTE_SIGNERS; i++) {
		memcpy(line, w->note.key_id[i], 4);
		memcpy(line + 4, w->note.signature[i], NA_SIGNATURE_BYTES);
		sodium_bin2base64(line64[i], sizeof(line64[i]), line, sizeof(line), sodium_base64_VARIANT_ORIGINAL);
	}
	error = put(w, "%s %" PRIu64 " %s %s %s\n", na_export_word(NA_EXPORT_HEAD), w->next_head, root64,
		    line64[NA_NOTE_IDENTITY], line64[NA_NOTE_ONCE]);
	w->written->heads++;
	w->written->head_size = w->next_head;
	if (error == 0)
		error = put_cosignatures(w);
	return error ? error : find_head(w, w->next_head);
}

static int want(void *context, const struct na_stored_row *row)
{
	struct writer *w = context;
	uint64_t place = (uint64_t)row->seq - w->window;

	w->wanted[place / 8] |= (uint8_t)(1 << place % 8);
	return 0;
}

static int want_match(void *context, const struct na_stored_row *row)
{
	struct writer *w = context;

	w->written->matched++;
	return want(context, row);
}

/* Adds the rows of the window, up to `last`, that `filter` (its span included) lets through. */
static int want_rows(struct writer *w, const struct na_filter *filter, uint64_t last, na_query_row_function function)
{
	struct na_filter here = *filter;
	int error;

	here.first_seq = here.first_seq > (int64_t)w->window ? here.first_seq : (int64_t)w->window;
	here.last_seq = here.last_seq < (int64_t)last ? here.last_seq : (int64_t)last;
	if (here.first_seq > here.last_seq)
		return 0;
	error = na_query_run(w->query, &here, NA_OLDEST_FIRST, 0, function, w);
	return error ? fail(w, error, "read the journal") : 0;
}

static int want_window(struct writer *w, uint64_t last)
{
	static const struct na_filter all = NA_FILTER_ALL;
	struct na_filter keys = all, context = *w->request->filter;
	int error = 0;

	memset(w->wanted, 0, sizeof(w->wanted));
	context.conditions = 0;
	if (na_filter_text(&keys, NA_INDEX_KIND, NA_IS_ANY_OF, KEY_KINDS) ||
	    na_filter_text(&context, NA_INDEX_KIND, NA_IS_ANY_OF, CONTEXT_KINDS))
		return fail(w, -E2BIG, "look for heads");
	error = want_rows(w, w->request->filter, last, want_match);
	if (error == 0)
		error = want_rows(w, &keys, last, want);
	return error || w->written->complete ? error : want_rows(w, &context, last, want);
}

/* One row: a line of its own, or part of what is passed over. A head's line follows its own record. */
static int pass_row(struct writer *w, uint64_t seq)
{
	uint64_t place = seq - w->window;
	const uint8_t *row_hash = sqlite3_column_blob(w->rows, 1);
	int error;

	if ((uint64_t)sqlite3_column_int64(w->rows, 0) != seq || !row_hash ||
	    sqlite3_column_bytes(w->rows, 1) != NA_HASH_BYTES)
		return na_error_set(w->error, -EBADMSG, "record %" PRIu64 " is missing or has no hash: run 'netaudit verify'", seq);
	if (w->wanted[place / 8] >> place % 8 & 1) {
		error = put_record(w, seq, row_hash, sqlite3_column_blob(w->rows, 2), (size_t)sqlite3_column_bytes(w->rows, 2));
		w->linked = true;
	} else {
		error = na_cover_add(&w->hash, &w->cover, row_hash);
		w->linked = false;
	}
	memcpy(w->row_hash, row_hash, NA_HASH_BYTES);
	if (error == 0 && seq == w->next_head)
		error = w->linked ? put_head(w) :
				    na_error_set(w->error, -EBADMSG, "record %" PRIu64 " is not the head's own: run 'netaudit verify'", seq);
	return error;
}

static int pass_window(struct writer *w, uint64_t last)
{
	int error = want_window(w, last);

	sqlite3_bind_int64(w->rows, 1, (sqlite3_int64)w->window);
	sqlite3_bind_int64(w->rows, 2, (sqlite3_int64)last);
	sqlite3_bind_int64(w->rows, 3, WINDOW_ROWS);
	for (uint64_t seq = w->window; seq <= last && error == 0; seq++) {
		int step = sqlite3_step(w->rows);

		if (step == SQLITE_ROW)
			error = pass_row(w, seq);
		else
			error = step == SQLITE_DONE ? na_error_set(w->error, -EBADMSG, "record %" PRIu64 " is missing: run "
								   "'netaudit verify'", seq) :
						      sqlite_failed(w, "read the records");
	}
	sqlite3_reset(w->rows);
	return error;
}

static int pass_all(struct writer *w, uint64_t end)
{
	int error = 0;

	for (w->window = 1; w->window <= end && error == 0; w->window += WINDOW_ROWS) {
		uint64_t last = w->window + WINDOW_ROWS - 1;

		error = pass_window(w, last < end ? last : end);
		if (error == 0 && w->request->progress && w->request->progress(w->request->context, last < end ? last : end, end))
			error = fail(w, -ECANCELED, "go on");
	}
	return error ? error : put(w, "%s %" PRIu64 " %" PRIu64 "\n", na_export_word(NA_EXPORT_END), w->written->records,
				   w->written->heads);
}

/* The newest head ends the export; the span is cut to it. */
static int find_end(struct writer *w, uint64_t *end)
{
	int64_t size, last;
	int error = na_index_integer(w->query->journal, "SELECT max(size) FROM checkpoint", &size);

	if (error == 0)
		error = na_index_integer(w->query->journal, "SELECT max(seq) FROM record", &last);
	if (error)
		return fail(w, error, "read the heads");
	if (size <= 0)
		return na_error_set(w->error, -ENODATA, "nothing is signed yet: there is no head to prove anything with");
	*end = (uint64_t)size;
	w->written->unsigned_records = last > size ? (uint64_t)(last - size) : 0;
	w->written->complete = w->request->filter->conditions == 0;
	w->written->first = w->request->filter->first_seq < 1 ? 1 : (uint64_t)w->request->filter->first_seq;
	w->written->last = w->request->filter->last_seq < size ? (uint64_t)w->request->filter->last_seq : *end;
	if (w->request->filter->last_seq < 1 || w->written->first > w->written->last)
		return na_error_set(w->error, -ENODATA, "no signed record is in that span: the newest head covers records 1 to %" PRId64,
				    size);
	return 0;
}

static int put_beginning(struct writer *w)
{
	uint8_t identity[NA_PUBLIC_KEY_BYTES], first_once[NA_PUBLIC_KEY_BYTES];
	char text[2][2 * NA_HASH_BYTES + 1];
	int error = na_query_whose(w->query, w->origin, identity, first_once);

	if (error)
		return na_error_set(w->error, error, "the journal does not say whose it is: run 'netaudit verify'");
	w->linked = true;	/* the genesis is in the first lines */
	error = put(w, NA_EXPORT_MAGIC "\norigin %s\nidentity %s\nfirst-once %s\nasked %s\n%s %" PRIu64 " %" PRIu64 "\n", w->origin,
		    hex(text[0], identity), hex(text[1], first_once), w->request->asked,
		    na_export_word(w->written->complete ? NA_EXPORT_COMPLETE : NA_EXPORT_FILTERED), w->written->first,
		    w->written->last);
	return error ? error : find_head(w, 0);
}

static int prepare(struct writer *w)
{
	if (sqlite3_prepare_v2(w->query->journal, "SELECT seq, row_hash, body FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq "
			       "LIMIT ?3", -1, &w->rows, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(w->query->journal, "SELECT size, note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT 1", -1,
			       &w->heads, NULL) != SQLITE_OK)
		return sqlite_failed(w, "read the journal");
	return 0;
}

/* gzclose() closes what it was given, so it is given a copy. */
static int open_output(struct writer *w, int fd)
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
	return fail(w, copy < 0 ? -errno : -ENOMEM, "write the export");
}

int na_export_write(const struct na_export_request *request, int fd, struct na_export_written *written,
		    struct na_error *error)
{
	struct writer *w = calloc(1, sizeof(*w));
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
		result = fail(w, result, "open the journal");
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
		result = fail(w, errno ? -errno : -EIO, "write the export");
	sqlite3_finalize(w->rows);
	sqlite3_finalize(w->heads);
	na_query_close(w->query);
	na_kept_free(&w->cosignatures);
	na_hash_close(&w->hash);
	free(w);
	return result;
}
