/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line: fingerprint, size of the newest head, SHA-256 of its note; 0 and - where it is not known. */
#include "journal/predecessor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "journal/hex.h"

void na_predecessor_write(char out[NA_PREDECESSOR_BYTES], const struct na_predecessor *predecessor)
{
	(void)snprintf(out, NA_PREDECESSOR_BYTES, "%s %" PRIu64 " %s\n", predecessor->fingerprint, predecessor->head_size,
		       predecessor->note[0] ? predecessor->note : "-");
}

int na_predecessor_parse(struct na_predecessor *predecessor, const char *text)
{
	uint8_t bytes[NA_HASH_BYTES];
	char again[NA_PREDECESSOR_BYTES];
	char note[2 * NA_HASH_BYTES + 1];

	memset(predecessor, 0, sizeof(*predecessor));
	if (sscanf(text, "%64[0-9a-f] %" SCNu64 " %64[-0-9a-f]", predecessor->fingerprint, &predecessor->head_size, note) != 3)
		return -EBADMSG;
	if (strcmp(note, "-") != 0)
		memcpy(predecessor->note, note, sizeof(note));
	if (strlen(predecessor->fingerprint) != 2 * NA_HASH_BYTES || predecessor->head_size > INT64_MAX ||
	    (predecessor->note[0] && (strlen(note) != 2 * NA_HASH_BYTES || na_hex_decode(bytes, note, NA_HASH_BYTES))))
		return -EBADMSG;
	/* one spelling only */
	na_predecessor_write(again, predecessor);
	return strcmp(again, text) == 0 ? 0 : -EBADMSG;
}

int na_predecessor_read(struct na_predecessor *predecessor, int directory_fd, struct na_error *error)
{
	char *text = NULL;
	size_t bytes;
	int result = na_read_file(directory_fd, NA_PREDECESSOR_FILE, NA_PREDECESSOR_BYTES - 1, &text, &bytes);

	memset(predecessor, 0, sizeof(*predecessor));
	if (result == -ENOENT)
		return 0;
	if (result == 0)
		result = na_predecessor_parse(predecessor, text);
	free(text);
	return result ? na_error_set(error, result, "the file " NA_PREDECESSOR_FILE " beside the new journal cannot be used: %s",
				     strerror(-result)) : 0;
}
