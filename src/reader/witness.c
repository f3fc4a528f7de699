/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes requests to witnesses, checks what comes back, and keeps it. */
#include "reader/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/tree.h"
#include "journal/tree_proof.h"
#include "reader/query_private.h"

#define LOG_BYTES_MAX (64 << 20)
#define HEADS_TRIED 10000	/* an answer does not say which head it is for */

static int compare_sizes(const void *a, const void *b)
{
	const struct na_kept_cosignature *one = a, *other = b;

	return (one->size > other->size) - (one->size < other->size);
}

/* "SIZE LINE". */
static bool read_kept(struct na_kept_cosignature *kept, const char *line, size_t bytes)
{
	size_t digits = 0;

	kept->size = 0;
	while (digits < bytes && digits < 19 && line[digits] >= '0' && line[digits] <= '9')
		kept->size = kept->size * 10 + (uint64_t)(line[digits++] - '0');
	return digits > 0 && line[0] != '0' && kept->size <= INT64_MAX && digits < bytes && line[digits] == ' ' &&
	       na_cosignature_read(&kept->cosignature, line + digits + 1, bytes - digits - 1) == 0;
}

static int parse_kept(struct na_kept_cosignatures *all, const char *text, size_t bytes)
{
	const char *at = text, *newline;
	size_t room = 0;

	while ((newline = memchr(at, '\n', (size_t)(text + bytes - at)))) {
		if (all->count == room) {
			struct na_kept_cosignature *more;

			room = room ? 2 * room : 16;
			more = reallocarray(all->kept, room, sizeof(*more));
			if (!more)
				return -ENOMEM;
			all->kept = more;
		}
		if (!read_kept(&all->kept[all->count++], at, (size_t)(newline - at)))
			return -EBADMSG;
		at = newline + 1;
	}
	if (all->count)
		qsort(all->kept, all->count, sizeof(*all->kept), compare_sizes);
	return 0;	/* a line cut short at the end was never promised to anybody */
}

int na_kept_read(struct na_kept_cosignatures *all, const char *directory)
{
	char path[PATH_MAX], *text = NULL;
	size_t bytes = 0;
	int error;

	memset(all, 0, sizeof(*all));
	if (snprintf(path, sizeof(path), "%s/" NA_WITNESS_FILE, directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	error = na_read_file(AT_FDCWD, path, LOG_BYTES_MAX, &text, &bytes);
	if (error == 0)
		error = parse_kept(all, text, bytes);
	free(text);
	return error == -ENOENT ? 0 : error;
}

void na_kept_free(struct na_kept_cosignatures *all)
{
	free(all->kept);
	memset(all, 0, sizeof(*all));
}

/* "old SIZE", the consistency proof, an empty line, the note. */
static ssize_t write_request(char out[NA_REQUEST_BYTES], uint64_t old_size, const struct na_tree_proof *proof,
			     const char *note, size_t note_bytes)
{
	char text[sodium_base64_ENCODED_LEN(NA_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	size_t used = (size_t)snprintf(out, NA_REQUEST_BYTES, "old %" PRIu64 "\n", old_size);

	for (size_t i = 0; i < proof->count; i++) {
		sodium_bin2base64(text, sizeof(text), proof->hash[i], NA_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL);
		used += (size_t)snprintf(out + used, NA_REQUEST_BYTES - used, "%s\n", text);
	}
	if (used + 1 + note_bytes > NA_REQUEST_BYTES)
		return -EMSGSIZE;
	out[used++] = '\n';
	memcpy(out + used, note, note_bytes);
	return (ssize_t)(used + note_bytes);
}

static ssize_t make_request(sqlite3 *db, uint64_t old_size, char out[NA_REQUEST_BYTES], struct na_error *error)
{
	struct na_tree_proof proof = { 0 };
	struct na_tree tree;
	sqlite3_stmt *newest = NULL;
	ssize_t result = na_tree_open(&tree, db);
	uint64_t size = 0;

	if (result == 0 && sqlite3_prepare_v2(db, "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1", -1, &newest,
					      NULL) == SQLITE_OK &&
	    sqlite3_step(newest) == SQLITE_ROW)
		size = (uint64_t)sqlite3_column_int64(newest, 0);
	if (result == 0 && size == 0)
		result = na_error_set(error, -ENODATA, "nothing is signed yet");
	if (result == 0 && old_size > size)
		result = na_error_set(error, -ERANGE, "the newest head covers records 1 to %" PRIu64, size);
	if (result == 0 && old_size)
		result = na_tree_prove_consistency(&tree.hash, na_tree_read, &tree, old_size, size, &proof);
	if (result == 0)
		result = write_request(out, old_size, &proof, sqlite3_column_blob(newest, 1),
				       (size_t)sqlite3_column_bytes(newest, 1));
	if (result < 0 && !error->code)
		na_error_set(error, (int)result, "the proof cannot be made: %s", strerror((int)-result));
	sqlite3_finalize(newest);
	na_tree_close(&tree);
	return result;
}

ssize_t na_witness_request(const char *directory, uint64_t old_size, char out[NA_REQUEST_BYTES], struct na_error *error)
{
	struct na_query *query;
	ssize_t result = na_query_open(&query, directory);

	if (result)
		return na_error_set(error, (int)result, "cannot read the journal in %s: %s", directory, strerror((int)-result));
	result = make_request(query->journal, old_size, out, error);
	na_query_close(query);
	return result;
}

/* The head a cosignature is over, among the newest. 0 when none, or negative errno. */
static int64_t find_head(sqlite3 *db, const struct na_witness *witness, const struct na_cosignature *cosignature)
{
	sqlite3_stmt *heads = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT ?1", -1, &heads, NULL);
	int64_t size = 0;

	if (rc != SQLITE_OK)
		return na_index_errno(rc);
	sqlite3_bind_int(heads, 1, HEADS_TRIED);
	while (size == 0 && sqlite3_step(heads) == SQLITE_ROW) {
		const char *text = sqlite3_column_blob(heads, 1);
		struct na_note note;

		if (text && na_note_read(&note, text, (size_t)sqlite3_column_bytes(heads, 1)) == 0 &&
		    na_cosignature_check(cosignature, witness, text, note.signed_bytes))
			size = (int64_t)note.size;
	}
	sqlite3_finalize(heads);
	return size;
}

/* Adds a line to witness.log, which belongs to whom the folder belongs to. */
static int keep(const char *directory, uint64_t size, const struct na_cosignature *cosignature)
{
	char path[PATH_MAX], line[NA_COSIGNATURE_LINE_BYTES], whole[NA_COSIGNATURE_LINE_BYTES + 32];
	struct stat status;
	int fd, error;

	if (snprintf(path, sizeof(path), "%s/" NA_WITNESS_FILE, directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (stat(directory, &status) < 0)
		return -errno;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	na_cosignature_write(line, cosignature);
	(void)snprintf(whole, sizeof(whole), "%" PRIu64 " %s\n", size, line);
	error = na_write_all(fd, whole, strlen(whole));
	if (!error && (fchown(fd, status.st_uid, status.st_gid) < 0 || fsync(fd) < 0))
		error = -errno;
	close(fd);
	return error;
}

static bool is_kept(const struct na_kept_cosignatures *all, const struct na_cosignature *cosignature)
{
	for (size_t i = 0; i < all->count; i++)
		if (memcmp(&all->kept[i].cosignature, cosignature, sizeof(*cosignature)) == 0)
			return true;
	return false;
}

static int accept_line(struct na_query *query, const char *directory, const struct na_kept_cosignatures *all,
		       const struct na_witness *witness, const struct na_cosignature *cosignature, uint64_t *size,
		       struct na_error *error)
{
	int64_t found = find_head(query->journal, witness, cosignature);

	if (found == 0)
		return na_error_set(error, -EBADMSG, "the cosignature is not %s's over any of the newest heads of this journal",
				    witness->name);
	*size = found > 0 && (uint64_t)found > *size ? (uint64_t)found : *size;
	if (found > 0 && !is_kept(all, cosignature))
		found = keep(directory, (uint64_t)found, cosignature);
	return found < 0 ? na_error_set(error, (int)found, "cannot keep the cosignature: %s", strerror((int)-found)) : 0;
}

int na_witness_accept(const char *directory, const struct na_witness *witness, const char *text, size_t bytes,
		      uint64_t *size, struct na_error *error)
{
	const char *at = text, *end = text + bytes;
	struct na_kept_cosignatures all;
	struct na_cosignature cosignature;
	struct na_query *query;
	int result = na_query_open(&query, directory), right = 0;

	*size = 0;
	if (result)
		return na_error_set(error, result, "cannot read the journal in %s: %s", directory, strerror(-result));
	result = na_kept_read(&all, directory);
	if (result)
		na_error_set(error, result, "%s/" NA_WITNESS_FILE " was changed: a line is no cosignature", directory);
	while (result == 0 && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;

		if (na_cosignature_read(&cosignature, at, (size_t)(stop - at)) == 0 && na_cosignature_is_of(&cosignature, witness)) {
			result = accept_line(query, directory, &all, witness, &cosignature, size, error);
			right++;
		}
		at = newline ? newline + 1 : end;
	}
	if (result == 0 && right == 0)
		result = na_error_set(error, -ENOENT, "there is no cosignature of %s in it", witness->name);
	na_kept_free(&all);
	na_query_close(query);
	return result ? result : right;
}
