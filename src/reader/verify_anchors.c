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
#include "journal/schema.h"
#include "reader/verify_work.h"

#define ANCHORS_LIMIT_BYTES (UINT64_C(4) << 30)

/* The whole note at `*at`, moving past it. Returns 1, 0 at the end, -1 when it is no note. */
static int next_note(const struct na_anchor_file *file, size_t *at, struct na_note *note, const char **text,
		     size_t *bytes)
{
	size_t end = *at;
	int lines = 0;

	if (*at == file->bytes)
		return 0;
	while (end < file->bytes && lines < NA_NOTE_LINES)
		lines += file->text[end++] == '\n';
	*text = file->text + *at;
	*bytes = end - *at;
	*at = end;
	return lines == NA_NOTE_LINES && na_note_read(note, *text, *bytes) == 0 ? 1 : -1;
}

/* Six lines a note; fewer at the end were cut short while being written, and count for nothing. */
static void drop_cut_note(struct na_anchor_file *file)
{
	size_t whole = 0;
	int lines = 0;

	for (size_t i = 0; i < file->bytes; i++)
		if (file->text[i] == '\n' && ++lines == NA_NOTE_LINES) {
			whole = i + 1;
			lines = 0;
		}
	if (file->bytes - whole <= NA_NOTE_BYTES)
		file->bytes = whole;
}

int na_verify_read_anchors(struct na_verifier *v, struct na_anchor_file *file)
{
	char beside[sizeof(v->path) + sizeof(NA_ANCHORS_FILE)];
	const char *path = v->options->anchors;
	const char *slash = strrchr(v->path, '/');
	int result;

	memset(file, 0, sizeof(*file));
	if (!path) {
		(void)snprintf(beside, sizeof(beside), "%.*s" NA_ANCHORS_FILE, slash ? (int)(slash - v->path + 1) : 0, v->path);
		path = beside;
	}
	result = na_read_file(AT_FDCWD, path, ANCHORS_LIMIT_BYTES, &file->text, &file->bytes);
	file->missing = result == -ENOENT;
	if (file->missing)
		return 0;
	if (result)
		return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "cannot read %s: %s", path, strerror(-result));
	drop_cut_note(file);
	return 0;
}

static const struct na_checkpoint *find(const struct na_verifier *v, uint64_t size)
{
	size_t low = 0, high = v->checkpoint_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->checkpoint[middle].size == size)
			return &v->checkpoint[middle];
		if (v->checkpoint[middle].size < size)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
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

int na_verify_adopt_anchor(struct na_verifier *v, const struct na_anchor_file *before)
{
	uint64_t newest = v->checkpoint_count ? v->checkpoint[v->checkpoint_count - 1].size : 0;
	struct na_checkpoint *checkpoint, *more;
	const char *text;
	struct na_note note;
	size_t at = 0, bytes;

	while (next_note(before, &at, &note, &text, &bytes) == 1) {
		if (note.size <= newest || note.size > v->last_seq || strcmp(note.origin, v->result->origin))
			continue;
		more = reallocarray(v->checkpoint, v->checkpoint_count + 1, sizeof(*more));
		if (!more)
			return na_verify_bad(v, NA_VERIFY_UNREADABLE, 0, "no memory");
		v->checkpoint = more;
		checkpoint = &more[v->checkpoint_count];
		memset(checkpoint, 0, sizeof(*checkpoint));
		checkpoint->size = note.size;
		checkpoint->note_bytes = (uint32_t)bytes;
		/* the writer adds one at a time: a second one is missing for another reason */
		return na_verify_add_note(v, checkpoint, text);
	}
	return 0;
}

/*
 * Every anchor is a head of the journal, in order and byte for byte. `*first` and `*count` tell which
 * heads the file covers.
 */
static int compare(struct na_verifier *v, const struct na_anchor_file *file, uint64_t *first, size_t *count)
{
	uint64_t last = 0;
	const char *text;
	struct na_note note;
	size_t at = 0, bytes;
	int next;

	*first = 0;
	*count = 0;
	while ((next = next_note(file, &at, &note, &text, &bytes)) != 0) {
		const struct na_checkpoint *checkpoint;

		if (next < 0)
			return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, NA_ANCHORS_FILE ": not a head after the one at %" PRIu64, last);
		if (note.size <= last)
			return na_verify_bad(v, NA_VERIFY_TAMPERED, note.size, NA_ANCHORS_FILE ": head at %" PRIu64 " after the one at %"
					     PRIu64, note.size, last);
		checkpoint = find(v, note.size);
		if (!checkpoint)
			return unknown_head(v, &note, NA_ANCHORS_FILE);
		if (checkpoint->note_bytes != bytes || memcmp(checkpoint->note, text, bytes))
			return na_verify_bad(v, NA_VERIFY_TAMPERED, note.size, "head at %" PRIu64 ": " NA_ANCHORS_FILE
					     " and the journal disagree", note.size);
		*first = *first ? *first : note.size;
		last = note.size;
		++*count;
	}
	return 0;
}

/* `after` may be longer: a live writer adds to it. What it covers must have no hole. */
int na_verify_anchors(struct na_verifier *v, const struct na_anchor_file *before, const struct na_anchor_file *after)
{
	struct na_anchor_file whole = *after;
	uint64_t first;
	size_t count, at = 0, bytes, due = 0;
	const char *text;
	struct na_note note;
	int result;

	if (before->missing && after->missing) {
		v->result->notes |= v->checkpoint_count ? NA_VERIFY_NO_ANCHORS : 0;
		return 0;
	}
	if (after->bytes < before->bytes || (before->bytes && memcmp(before->text, after->text, before->bytes)))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, NA_ANCHORS_FILE " was changed while it was read");
	/* heads signed after the snapshot are none of its business */
	while (at < after->bytes && next_note(after, &at, &note, &text, &bytes) == 1)
		if (at > before->bytes && !find(v, note.size)) {
			whole.bytes = at - bytes;
			break;
		}
	result = compare(v, &whole, &first, &count);
	if (result)
		return result;
	for (size_t i = 0; i < v->checkpoint_count; i++)
		due += first && v->checkpoint[i].size >= first;
	if (count < due || (count == 0 && v->checkpoint_count))
		return na_verify_bad(v, NA_VERIFY_TAMPERED, 0, NA_ANCHORS_FILE " has %zu heads where the journal has %zu", count,
				     first ? due : v->checkpoint_count);
	if (v->checkpoint_count && first != v->checkpoint[0].size)
		v->result->notes |= NA_VERIFY_LATE_ANCHORS;
	return 0;
}

int na_verify_expected_head(struct na_verifier *v)
{
	const struct na_checkpoint *checkpoint;
	struct na_note note, ours;
	char *text = NULL;
	size_t bytes;
	int result;

	if (!v->options->expected_head)
		return 0;
	result = na_read_file(AT_FDCWD, v->options->expected_head, NA_NOTE_BYTES, &text, &bytes);
	if (result)
		return na_verify_bad(v, NA_VERIFY_USAGE, 0, "cannot read the expected head %.100s: %s", v->options->expected_head,
				     strerror(-result));
	result = na_note_read_kept(&note, text, bytes);
	if (result) {
		result = na_verify_bad(v, NA_VERIFY_USAGE, 0, "%.100s is not a signed head", v->options->expected_head);
	} else if (strcmp(note.origin, v->result->origin)) {
		result = na_verify_bad(v, NA_VERIFY_TAMPERED, 0, "the expected head is of another journal");
	} else {
		checkpoint = find(v, note.size);
		if (!checkpoint)
			result = unknown_head(v, &note, "the expected head's file");
		else if (na_note_read(&ours, checkpoint->note, checkpoint->note_bytes) ||
			 memcmp(ours.root, note.root, NA_HASH_BYTES))
			result = na_verify_bad(v, NA_VERIFY_TAMPERED, note.size, "head at %" PRIu64 ": another root than the expected "
					       "head: this is another history", note.size);
	}
	free(text);
	return result;
}
