/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what opening anchors.log does to a file in any state, and the verifier's walk over the same bytes.
 *
 * Mending only ever cuts the end off, leaves nothing or a whole note there, and has nothing left to do the second time.
 */
#include <sys/mman.h>

#include "../../src/journal/anchors.c"
#include "../../src/reader/verify_anchors.c"

#include "fuzz.h"

static off_t file_bytes(int fd)
{
	struct stat status;

	REQUIRE(fstat(fd, &status) == 0);
	return status.st_size;
}

static void mend_twice(const uint8_t *data, size_t size)
{
	struct na_anchors anchors = { .fd = memfd_create("anchors", MFD_CLOEXEC) }, again = { 0 };
	struct na_error error = { 0 };
	char head[NA_NOTE_BYTES + 1];

	REQUIRE(anchors.fd >= 0 && na_write_all(anchors.fd, data, size) == 0);
	if (mend(&anchors, &error) == 0) {
		off_t left = file_bytes(anchors.fd);

		REQUIRE((size_t)left <= size && (left == 0) == (anchors.last_bytes == 0));
		REQUIRE(pread(anchors.fd, head, anchors.last_bytes, left - anchors.last_bytes) == (ssize_t)anchors.last_bytes);
		REQUIRE(memcmp(head, anchors.last, anchors.last_bytes) == 0);
		again.fd = anchors.fd;
		REQUIRE(mend(&again, &error) == 0 && file_bytes(again.fd) == left && again.last_bytes == anchors.last_bytes);
	} else {
		REQUIRE((size_t)file_bytes(anchors.fd) == size && error.text[0]);
	}
	close(anchors.fd);
}

static void walk(const uint8_t *data, size_t size)
{
	char *copy = fuzz_exact(data, size);
	struct notes notes = { .file = size ? fmemopen(copy, size, "r") : NULL };
	int64_t before = 0;

	REQUIRE(!size || notes.file);
	while (notes.file && next_note(&notes) > 0) {
		REQUIRE(notes.at - before == (int64_t)notes.bytes && notes.at <= (int64_t)size);
		REQUIRE(memcmp(notes.text, data + before, notes.bytes) == 0);
		before = notes.at;
	}
	if (notes.file)
		fclose(notes.file);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mend_twice(data, size);
	walk(data, size);
	return 0;
}
