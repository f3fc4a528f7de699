/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * anchors.log: every signed head once more, one note after the other, outside the database.
 */
#ifndef NETAUDIT_JOURNAL_ANCHORS_H
#define NETAUDIT_JOURNAL_ANCHORS_H

#include <stdint.h>

#include "journal/directory.h"
#include "journal/note.h"

struct na_anchors {
	int fd;
	uint32_t last_bytes;			/* of the newest note; 0: none */
	char last[NA_NOTE_BYTES + 1];
	uint32_t torn_bytes;			/* of a note cut short at its end that nobody may take away; 0: none */
	char torn[NA_NOTE_BYTES];
};

/*
 * Opens the file (made 0600 when missing). A note cut short at its end, left by a crash in the
 * middle of an append, is taken away; where the file has the append-only attribute it stays, to be completed. Returns 0
 * or negative errno.
 */
int na_anchors_open(struct na_anchors *anchors, const struct na_directory *directory, struct na_error *error);
void na_anchors_close(struct na_anchors *anchors);

/*
 * Appends unless it is the newest note already. Durable when it returns 0. What was left of a note cut short is
 * completed: it must be the beginning of this one, since no head is made before the last one is in the file (-EPERM).
 */
int na_anchors_append(struct na_anchors *anchors, const char *note, uint32_t note_bytes, struct na_error *error);

#endif
