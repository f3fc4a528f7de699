/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reader of add-ons' manifests. Whatever the file holds: every text is terminated, valid UTF-8 and short;
 * what is refused says nothing; where it stopped lies inside.
 */
#include <errno.h>

#include "base/escape.h"
#include "target/manifest.h"

#include "fuzz.h"

static void require_text(const char text[NA_MANIFEST_TEXT_BYTES], bool readable)
{
	size_t length = strnlen(text, NA_MANIFEST_TEXT_BYTES);

	REQUIRE(length < NA_MANIFEST_TEXT_BYTES);
	REQUIRE(na_utf8_valid(text, length));
	REQUIRE(readable || length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct na_manifest manifest;
	char *exact = fuzz_exact(data, size);
	size_t offset;
	int error = na_manifest_parse(&manifest, exact, size, &offset);

	REQUIRE(error == 0 || error == -EBADMSG);
	REQUIRE(offset <= size && (error || offset == size));
	require_text(manifest.name, !error);
	require_text(manifest.version, !error);
	require_text(manifest.author, !error);
	require_text(manifest.website, !error);
	require_text(manifest.license, !error);
	free(exact);
	return 0;
}
