/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Appends notes to anchors.log, and mends what a crash in the middle of an append left. */
#include "journal/anchors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/schema.h"

#define WINDOW_BYTES (3 * NA_NOTE_BYTES)	/* always holds a whole note before a cut one */

static int fail(struct na_error *error, const char *what)
{
	int code = errno ? -errno : -EIO;

	return na_error_set(error, code, "cannot %s " NA_ANCHORS_FILE ": %s", what, strerror(-code));
}

/*
 * Where the six lines that end at `end` begin, or -1 when there are fewer. With `cut` the text may begin in the middle
 * of a line, which then is none.
 */
static ssize_t note_start(const char *text, size_t end, bool cut)
{
	int lines = 0;

	for (size_t i = end; i > 0; i--)
		if (text[i - 1] == '\n' && lines++ == NA_NOTE_LINES)
			return (ssize_t)i;
	return lines == NA_NOTE_LINES && !cut ? 0 : -1;
}

/* The newest whole note in the window. Returns where it ends, 0 when there is none. */
static size_t find_last(struct na_anchors *anchors, const char *text, size_t bytes, bool cut)
{
	for (size_t end = bytes; end > 0; end--) {
		struct na_note note;
		ssize_t start;

		if (text[end - 1] != '\n')
			continue;
		start = note_start(text, end, cut);
		if (start < 0 || end - (size_t)start > NA_NOTE_BYTES ||
		    na_note_read(&note, text + start, end - (size_t)start))
			continue;
		anchors->last_bytes = (uint32_t)(end - (size_t)start);
		memcpy(anchors->last, text + start, anchors->last_bytes);
		return end;
	}
	return 0;
}

/* What stands behind the newest whole note: taken away, or remembered when the file is append-only. */
static int settle_torn(struct na_anchors *anchors, off_t end, const char *torn, size_t bytes, struct na_error *error)
{
	if (bytes == 0 || ftruncate(anchors->fd, end) == 0)
		return 0;
	if (errno != EPERM || bytes >= sizeof(anchors->torn))
		return fail(error, "mend");
	anchors->torn_bytes = (uint32_t)bytes;
	memcpy(anchors->torn, torn, bytes);
	return 0;
}

static int mend(struct na_anchors *anchors, struct na_error *error)
{
	char text[WINDOW_BYTES];
	struct stat status;
	off_t window;
	ssize_t got;
	size_t end;

	if (fstat(anchors->fd, &status) < 0)
		return fail(error, "examine");
	window = status.st_size > WINDOW_BYTES ? status.st_size - WINDOW_BYTES : 0;
	got = pread(anchors->fd, text, sizeof(text), window);
	if (got < 0 || window + got != status.st_size)
		return fail(error, "read");
	end = find_last(anchors, text, (size_t)got, window > 0);
	if (end == 0 && window > 0)
		return na_error_set(error, -EBADMSG, NA_ANCHORS_FILE " does not end in a head: it was changed");
	return settle_torn(anchors, window + (off_t)end, text + end, (size_t)got - end, error);
}

int na_anchors_open(struct na_anchors *anchors, const struct na_directory *directory, struct na_error *error)
{
	int result;

	memset(anchors, 0, sizeof(*anchors));
	anchors->fd = openat(directory->fd, NA_ANCHORS_FILE, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (anchors->fd < 0)
		return fail(error, "open");
	result = mend(anchors, error);
	if (result == 0 && fsync(directory->fd) < 0)
		result = fail(error, "make durable");
	return result;
}

void na_anchors_close(struct na_anchors *anchors)
{
	if (anchors->fd >= 0)
		close(anchors->fd);
	anchors->fd = -1;
}

int na_anchors_append(struct na_anchors *anchors, const char *note, uint32_t note_bytes, struct na_error *error)
{
	int result;

	if (note_bytes > NA_NOTE_BYTES)
		return na_error_set(error, -EINVAL, "a note of %u bytes is too long", note_bytes);
	if (anchors->last_bytes == note_bytes && memcmp(anchors->last, note, note_bytes) == 0)
		return 0;
	if (anchors->torn_bytes >= note_bytes || memcmp(anchors->torn, note, anchors->torn_bytes) != 0)
		return na_error_set(error, -EPERM, NA_ANCHORS_FILE " is append-only and ends in what is not the beginning of the head "
				    "it lacks: let it be mended (chattr -a) and start again");
	result = na_write_all(anchors->fd, note + anchors->torn_bytes, note_bytes - anchors->torn_bytes);
	if (result)
		return na_error_set(error, result, "cannot append to " NA_ANCHORS_FILE ": %s", strerror(-result));
	if (fdatasync(anchors->fd) < 0)
		return fail(error, "make durable");
	anchors->torn_bytes = 0;
	anchors->last_bytes = note_bytes;
	memcpy(anchors->last, note, note_bytes);
	return 0;
}
