/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal that a new one takes over from, where keys or journal were lost: a file in the new journal's folder,
 * read once, whose content becomes part of the first record.
 */
#ifndef NETAUDIT_JOURNAL_PREDECESSOR_H
#define NETAUDIT_JOURNAL_PREDECESSOR_H

#include <stdint.h>

#include "base/error.h"
#include "journal/chain.h"

#define NA_PREDECESSOR_FILE "predecessor"
#define NA_PREDECESSOR_BYTES 256

struct na_predecessor {
	char fingerprint[2 * NA_HASH_BYTES + 1];	/* "": none */
	uint64_t head_size;				/* of its newest head; 0: not known */
	char note[2 * NA_HASH_BYTES + 1];		/* SHA-256 of that head's note; "": not known */
};

void na_predecessor_write(char out[NA_PREDECESSOR_BYTES], const struct na_predecessor *predecessor);

/* Text as na_predecessor_write() makes it, NUL-terminated. Returns 0 or -EBADMSG. */
int na_predecessor_parse(struct na_predecessor *predecessor, const char *text);

/* Reads the file in the folder. A missing one leaves `predecessor` empty. 0 or negative errno. */
int na_predecessor_read(struct na_predecessor *predecessor, int directory_fd, struct na_error *error);

#endif
