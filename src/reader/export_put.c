/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of an export, each of which moves the tree on; a head that the tree does not have is refused here. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include "journal/hex.h"
#include "reader/export_work.h"

int na_export_fail(struct na_export_writer *w, int code, const char *what)
{
	return na_error_set(w->error, code, "cannot %s: %s", what, strerror(-code));
}

int na_export_sqlite_failed(struct na_export_writer *w, const char *what)
{
	int code = na_index_errno(sqlite3_errcode(w->query->journal));

	return na_error_set(w->error, code ? code : -EIO, "cannot %s: %s", what, sqlite3_errmsg(w->query->journal));
}

int na_export_put(struct na_export_writer *w, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = gzvprintf(w->out, format, arguments);
	va_end(arguments);
	return length > 0 ? 0 : na_export_fail(w, errno ? -errno : -EIO, "write the export");
}

const char *na_export_hex(char out[2 * NA_HASH_BYTES + 1], const uint8_t hash[NA_HASH_BYTES])
{
	na_hex_encode(out, hash, NA_HASH_BYTES);
	out[2 * NA_HASH_BYTES] = 0;
	return out;
}

int na_export_put_skip(struct na_export_writer *w, unsigned int level, const uint8_t root[NA_HASH_BYTES])
{
	char text[2 * NA_HASH_BYTES + 1];
	int error = na_merkle_append_subtree(&w->hash, &w->tree, level, root, NULL);

	if (error)
		return na_export_fail(w, error, "hash");
	return na_export_put(w, "%s %u %s\n", na_export_word(NA_EXPORT_SKIP), level, na_export_hex(text, root));
}

/* The rows passed since the last line, as the subtrees they are. */
static int put_skipped(struct na_export_writer *w)
{
	int error = 0;

	for (size_t i = 0; i < w->cover.count && error == 0; i++)
		error = na_export_put_skip(w, w->cover.node[i].level, w->cover.node[i].root);
	w->cover.count = 0;
	return error;
}

int na_export_put_record(struct na_export_writer *w, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES],
			 const void *body, size_t bytes)
{
	char text[2 * NA_HASH_BYTES + 1];
	int error = put_skipped(w);

	if (error == 0)
		error = na_export_put(w, "%s %" PRIu64 " %s ", na_export_word(NA_EXPORT_RECORD), seq, w->linked ? "-" : na_export_hex(text, w->row_hash));
	if (error)
		return error;
	if (bytes == 0 || gzwrite(w->out, body, (unsigned int)bytes) != (int)bytes || gzputc(w->out, '\n') != '\n')
		return na_export_fail(w, errno ? -errno : -EIO, "write the export");
	error = na_merkle_append(&w->hash, &w->tree, row_hash, NULL);
	w->cover.next = seq;
	w->written->records++;
	return error ? na_export_fail(w, error, "hash") : 0;
}

/* Reads the head after `size`. */
int na_export_find_head(struct na_export_writer *w, uint64_t size)
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
		error = na_export_sqlite_failed(w, "read the heads");
	}
	sqlite3_reset(w->heads);
	return error;
}

/* What witnesses put under the head. */
static int put_cosignatures(struct na_export_writer *w)
{
	char line[NA_COSIGNATURE_LINE_BYTES];
	int error = 0;

	for (; w->next_cosignature < w->cosignatures.count && error == 0; w->next_cosignature++) {
		const struct na_kept_cosignature *one = &w->cosignatures.kept[w->next_cosignature];

		if (one->size > w->next_head)
			break;
		na_cosignature_write(line, &one->cosignature);
		if (one->size == w->next_head)	/* after the dash and its blank, which are four bytes */
			error = na_export_put(w, "%s %s\n", na_export_word(NA_EXPORT_WITNESS), line + 4);
	}
	return error;
}

int na_export_put_head(struct na_export_writer *w)
{
	char root64[sodium_base64_ENCODED_LEN(NA_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	char line64[NA_NOTE_SIGNERS][sodium_base64_ENCODED_LEN(4 + NA_SIGNATURE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	uint8_t root[NA_HASH_BYTES], line[4 + NA_SIGNATURE_BYTES];
	int error = na_merkle_root(&w->hash, &w->tree, root);

	if (error)
		return na_export_fail(w, error, "hash");
	if (memcmp(root, w->note.root, sizeof(root)))
		return na_error_set(w->error, -EBADMSG, "the records up to %" PRIu64 " are not those that were signed: run "
				    "'netaudit verify'", w->next_head);
	sodium_bin2base64(root64, sizeof(root64), root, sizeof(root), sodium_base64_VARIANT_ORIGINAL);
	for (int i = 0; i < NA_NOTE_SIGNERS; i++) {
		memcpy(line, w->note.key_id[i], 4);
		memcpy(line + 4, w->note.signature[i], NA_SIGNATURE_BYTES);
		sodium_bin2base64(line64[i], sizeof(line64[i]), line, sizeof(line), sodium_base64_VARIANT_ORIGINAL);
	}
	error = na_export_put(w, "%s %" PRIu64 " %s %s %s\n", na_export_word(NA_EXPORT_HEAD), w->next_head, root64,
		    line64[NA_NOTE_IDENTITY], line64[NA_NOTE_ONCE]);
	w->written->heads++;
	w->written->head_size = w->next_head;
	if (error == 0)
		error = put_cosignatures(w);
	return error ? error : na_export_find_head(w, w->next_head);
}
