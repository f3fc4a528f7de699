/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes a file of the catalogue. It is refused with one printable line that names the place, or what was read decides
 * about every destination it names in the way it says.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/classify/catalogue_read.c"

#include "base/file.h"
#include "fuzz.h"

static void require_one_line(const char *text)
{
	REQUIRE(*text);
	for (; *text; text++)
		REQUIRE((unsigned char)*text >= 0x20 && *text != 0x7f);
}

/* A destination that a component names is its own, or that of one that names it better or later. */
static void require_sense(const struct na_catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct na_catalogue_entry *entry = catalogue->components[i];
		struct na_destination destination = { .port = entry->port_count ? entry->ports[0] : -1 };
		struct na_match match;

		REQUIRE(entry->bucket != NA_BUCKET_SELF && entry->bucket < NA_BUCKET_COUNT);
		for (size_t j = 0; j < entry->pattern_count; j++) {
			const struct na_pattern *pattern = &entry->patterns[j];

			REQUIRE(memcmp(pattern->low, pattern->high, sizeof(pattern->low)) <= 0);
			destination.has_address = pattern->type == NA_PATTERN_ADDRESS;
			memcpy(destination.address, pattern->low, sizeof(destination.address));
			destination.names[0] = pattern->type == NA_PATTERN_ADDRESS ? NULL : pattern->text;
			na_catalogue_match(catalogue, &destination, &match);
			if (pattern->type == NA_PATTERN_ADDRESS)
				REQUIRE(match.component != NULL && match.pattern != NULL);
			REQUIRE(match.component ? match.bucket == match.component->bucket : match.bucket == NA_BUCKET_UNKNOWN);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static psl_ctx_t *suffixes;
	int fd = memfd_create("catalogue", MFD_CLOEXEC);
	struct na_error error = { 0 };
	struct na_catalogue *catalogue = calloc(1, sizeof(*catalogue));
	struct reading reading = { .catalogue = catalogue };
	struct na_ini ini = { .error = &error, .context = &reading, .handle = handle };
	char path[64];

	if (!suffixes)
		suffixes = psl_latest(NULL);
	reading.suffixes = suffixes;
	REQUIRE(catalogue && suffixes && fd >= 0 && fchmod(fd, 0600) == 0 && na_write_all(fd, data, size) == 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ini.file = path;
	if (na_ini_read(&ini) == 0) {
		require_sense(catalogue);
		REQUIRE(write_hash(catalogue) == 0);
	} else {
		require_one_line(error.text);
	}
	na_catalogue_destroy(catalogue);
	close(fd);
	return 0;
}
