/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints what our parser reads in manifests, for manifests.py to compare: one manifest a line on standard input, its
 * bytes as hex; one JSON object a line on standard output, null for what is no manifest.
 */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "journal/hex.h"
#include "target/manifest.h"

static json_t *read_manifest(const char *text, size_t length)
{
	struct na_manifest manifest;

	if (na_manifest_parse(&manifest, text, length, NULL))
		return json_null();
	return json_pack("{ssssssssss}", "name", manifest.name, "version", manifest.version, "author", manifest.author,
			 "website", manifest.website, "license", manifest.license);
}

int main(void)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	while ((length = getline(&line, &capacity, stdin)) > 0) {
		json_t *result;

		if (na_hex_decode(line, line, (size_t)length / 2))
			return 1;
		result = read_manifest(line, (size_t)length / 2);
		json_dumpf(result, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
		putchar('\n');
		json_decref(result);
	}
	free(line);
	return 0;
}
