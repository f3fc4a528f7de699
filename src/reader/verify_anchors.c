/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the heads in the database with those outside: anchors.log, and one that someone kept. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/read_only.h"
#include "journal/schema.h"
#include "reader/verify_work.h"

#define ROW_ATTEMPTS 20
#define ROW_WAIT_US 100000

/* anchors.log, a note at a time. */
struct notes {
	FILE *file;
	int64_t at;			/* offset behind the note at hand */
	struct na_note note;
	size_t bytes;
	char text[NA_NOTE_BYTES + 1];
};

static void anchors_path(const struct na_verifier *v, char *path, size_t path_bytes)
{
	const char *slash = strrchr(v->path, '/');

	if (v->options->anchors)
		(void)snprintf(path, path_bytes, "%s", v->options->anchors);
	else
		(void)snprintf(path, path_bytes, "%.*s" NA_ANCHORS_FILE, slash ? (int)(slash - v->path + 1) : 0, v->path);
}

static int open_notes(struct na_verifier *v, struct notes *notes)
{
	char path[sizeof(v->path) + sizeof(NA_ANCHORS_FILE)];

	memset(notes, 0, sizeof(*notes));
	anchors_path(v, path, sizeof(path));
	notes->file = fopen(path, "re");
	if (notes->file)
		return 0;
	return na_verify_bad(v, errno == ENOENT ? NA_VERIFY_TAMPERED : NA_VERIFY_UNREADABLE, 0, "cannot read %.150s: %s", path,
			     strerror(errno));
}

/* Six lines a note; fewer at the end were cut short while being written, and count for nothing. 1, 0 at the end, -1. */
static int next_note(struct notes *notes)
{
	int lines = 0, byte = 0;

	notes->bytes = 0;
	while (lines < NA_NOTE_LINES && (byte = getc_unlocked(notes->file)) != EOF) {
		if (notes->bytes == NA_NOTE_BYTES)
			return -1;
		notes->text[notes->bytes++] = (char)byte;
		lines += byte == '\n';
	}
	if (byte == EOF)
		return ferror(notes->file) ? -1 : 0;
	notes->at += (int64_t)notes->bytes;
	return na_note_read(&notes->note, notes->text, notes->bytes) ? -1 : 1;
}

int na_verify_look_at_anchors(struct na_verifier *v)
{
	char path[sizeof(v->path) + sizeof(NA_ANCHORS_FILE)];
	struct stat status;

	anchors_path(v, path, sizeof(path));
	v->anchor_bytes = -1;
	if (stat(path, &status) == 0)
		v->anchor_bytes = status.st_size;
	else if (errno != ENOENT)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot read %.150s: %s", path, strerror(errno));
	return 0;
}

/* A head the journal does not hold: either its records are gone, or only its row is. */
static int unknown_head(struct na_verifier *v, const struct na_note *note, const char *where)
{
	if (note->size > v->last_seq)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, v->last_seq + 1, "records %" PRIu64 " to %" PRIu64 ": missing (%s has a "
				     "head at %" PRIu64 ", the journal ends at %" PRIu64 ")", v->last_seq + 1, note->size, where,
				     note->size, v->last_seq);
	return na_verify_bad(v, NA_VERIFY_TAMPERED, note->size,
			     "head at %" PRIu64 ": in %s, but not in the journal", note->size, where);
}

/* Whether the head's row comes yet: a daemon that is signing writes it a moment after the note. */
static bool row_comes(const struct na_verifier *v)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	bool found = false;

	if (na_read_only_open(&db, v->path, v->still) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "SELECT 1 FROM checkpoint WHERE size = ?1", -1, &statement, NULL) == SQLITE_OK)
		for (int i = 0; i < ROW_ATTEMPTS && !found; i++) {
			if (i > 0)
				(void)usleep(ROW_WAIT_US);
			sqlite3_bind_int64(statement, 1, (sqlite3_int64)v->adopted_size);
			found = sqlite3_step(statement) == SQLITE_ROW;
			sqlite3_reset(statement);
		}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return found;
}

int na_verify_adopt_anchor(struct na_verifier *v)
{
	struct notes notes;
	int result;

	if (v->anchor_bytes < 0)
		return 0;
	result = open_notes(v, &notes);
	if (result)
		return result;
	while (next_note(&notes) == 1 && notes.at <= v->anchor_bytes) {
		if (notes.note.size <= v->newest_head || notes.note.size > v->last_seq ||
		    strcmp(notes.note.origin, v->result->origin))
			continue;
		/* the writer adds one at a time: a second one is missing for another reason */
		v->adopted_size = v->newest_head = notes.note.size;
		v->adopted_bytes = (uint32_t)notes.bytes;
		memcpy(v->adopted, notes.text, notes.bytes);
		if (!row_comes(v))
			v->result->notes |= NA_VERIFY_ANCHOR_ONLY;
		break;
	}
	fclose(notes.file);
	return 0;
}

/* The heads of the database beside those of the file. */
struct pair {
	struct notes notes;
	sqlite3_stmt *heads;
	uint64_t first, last;	/* anchors seen */
	size_t count;
};

/* Whether the note at hand is one of the journal's heads, byte for byte. -ENOENT: none has its size. */
static int compare_one(struct na_verifier *v, struct pair *pair)
{
	const struct notes *notes = &pair->notes;
	int step = SQLITE_DONE;

	if (v->adopted_bytes && notes->note.size == v->adopted_size)
		return notes->bytes == v->adopted_bytes && memcmp(notes->text, v->adopted, notes->bytes) == 0 ? 0 : -EBADMSG;
	while ((step = sqlite3_step(pair->heads)) == SQLITE_ROW) {
		uint64_t size = (uint64_t)sqlite3_column_int64(pair->heads, 0);
		const void *note;

		if (size < notes->note.size && pair->count == 0)
			continue;	/* anchors.log may begin late */
		if (size != notes->note.size)
			return size < notes->note.size ? -ESTALE : -ENOENT;
		note = na_verify_blob(pair->heads, 1, notes->bytes);
		return note && memcmp(note, notes->text, notes->bytes) == 0 ? 0 : -EBADMSG;
	}
	return step == SQLITE_DONE ? -ENOENT : -EIO;
}

static int check_one(struct na_verifier *v, struct pair *pair)
{
	uint64_t size = pair->notes.note.size;

	if (size <= pair->last)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, size, NA_ANCHORS_FILE ": head at %" PRIu64 " after the one at %" PRIu64,
				     size, pair->last);
	switch (compare_one(v, pair)) {
	case 0:
		break;
	case -EBADMSG:
		return na_verify_bad(v, NA_VERIFY_TAMPERED, size, "head at %" PRIu64 ": " NA_ANCHORS_FILE " and the journal disagree",
				     size);
	case -ENOENT:
		return unknown_head(v, &pair->notes.note, NA_ANCHORS_FILE);
	case -ESTALE:
		return na_verify_bad(v, NA_VERIFY_TAMPERED, pair->last + 1, NA_ANCHORS_FILE " lacks heads between those at %"
				     PRIu64 " and %" PRIu64, pair->last, size);
	default:
		return na_verify_sqlite(v, v->db, "read the heads");
	}
	pair->first = pair->first ? pair->first : size;
	pair->last = size;
	pair->count++;
	return 0;
}

/* Heads signed after the snapshot are none of its business. */
static bool is_news(const struct na_verifier *v, const struct notes *notes)
{
	return notes->at > v->anchor_bytes && notes->note.size > v->newest_head;
}

static int compare_all(struct na_verifier *v, struct pair *pair)
{
	int next, result = 0;

	while (result == 0 && (next = next_note(&pair->notes)) != 0) {
		if (next < 0)
			return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, NA_ANCHORS_FILE ": not a head after the one at %" PRIu64,
					     pair->last);
		if (is_news(v, &pair->notes))
			return 0;
		result = check_one(v, pair);
	}
	if (result == 0 && v->newest_head && pair->last != v->newest_head)
		return na_verify_bad(v, NA_VERIFY_TAMPERED, pair->last + 1, NA_ANCHORS_FILE " ends at the head at %" PRIu64 ", the "
				     "journal's newest is at %" PRIu64, pair->last, v->newest_head);
	return result;
}

int na_verify_anchors(struct na_verifier *v)
{
	struct pair pair = { .count = 0 };
	int64_t oldest = 0;
	int result;

	if (v->anchor_bytes < 0) {
		v->result->notes |= v->newest_head ? NA_VERIFY_NO_ANCHORS : 0;
		return 0;
	}
	result = open_notes(v, &pair.notes);
	if (result == 0)
		result = na_verify_prepare(v, &pair.heads, "SELECT size, note FROM checkpoint ORDER BY size");
	if (result == 0)
		result = compare_all(v, &pair);
	if (result == 0)
		result = na_verify_integer(v, "SELECT coalesce(min(size), 0) FROM checkpoint", &oldest);
	if (result == 0 && oldest && pair.first != (uint64_t)oldest)
		v->result->notes |= NA_VERIFY_LATE_ANCHORS;
	if (pair.notes.file)
		fclose(pair.notes.file);
	sqlite3_finalize(pair.heads);
	return result;
}

int na_verify_read_note(struct na_verifier *v, const char *file, struct na_note *note, char text[NA_NOTE_BYTES + 1],
			size_t *bytes)
{
	char *content = NULL;
	int result = na_read_file(AT_FDCWD, file, NA_NOTE_BYTES, &content, bytes);

	if (result)
		return na_verify_bad(v, NA_VERIFY_USAGE, 0, "cannot read the head in %.100s: %s", file, strerror(-result));
	result = na_note_read_kept(note, content, *bytes);
	memcpy(text, content, *bytes);
	text[*bytes] = 0;
	free(content);
	return result ? na_verify_bad(v, NA_VERIFY_USAGE, 0, "%.100s is not a signed head", file) : 0;
}

int na_verify_expected_head(struct na_verifier *v, const char *file)
{
	char text[NA_NOTE_BYTES + 1];
	struct na_note note = { .size = 0 }, ours;
	sqlite3_stmt *statement = NULL;
	const void *stored = v->adopted;
	size_t bytes, stored_bytes = v->adopted_bytes;
	int found = 1, result = na_verify_read_note(v, file, &note, text, &bytes);

	if (result)
		return result;
	if (strcmp(note.origin, v->result->origin))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "the head in %.100s is of another journal", file);
	if (!v->adopted_bytes || note.size != v->adopted_size) {
		found = na_verify_one(v, "SELECT note FROM checkpoint WHERE size = ?1", note.size, &statement);
		if (found < 0)
			return -found;
		stored = found ? sqlite3_column_blob(statement, 0) : NULL;
		stored_bytes = found ? (size_t)sqlite3_column_bytes(statement, 0) : 0;
	}
	if (!found)
		result = unknown_head(v, &note, file);
	else if (!stored || na_note_read(&ours, stored, stored_bytes) || memcmp(ours.root, note.root, NA_HASH_BYTES))
		result = na_verify_bad(v, NA_VERIFY_TAMPERED, note.size, "head at %" PRIu64 ": another root than in %.100s: this is "
				       "another history", note.size, file);
	sqlite3_finalize(statement);
	return result;
}
