/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes the line tables that known_lines.py prints, compares, and says how many instructions were right and which
 * were not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/python_lines.h"

enum { MOST_REPORTED = 20 };

static size_t from_hex(char *text)
{
	size_t bytes = 0;

	for (; text[2 * bytes] && text[2 * bytes + 1]; bytes++) {
		char digits[3] = { text[2 * bytes], text[2 * bytes + 1], '\0' };

		text[bytes] = (char)strtoul(digits, NULL, 16);
	}
	return bytes;
}

int main(void)
{
	static char wrong[1 << 14];
	unsigned long right = 0, reported = 0;
	size_t capacity = 0, used = 0;
	char *line = NULL;

	while (getline(&line, &capacity, stdin) > 0) {
		char *rest, *field = strtok_r(line, " \n", &rest);
		uint32_t version = (uint32_t)strtoul(field, NULL, 10);
		uint32_t first = (uint32_t)strtoul(strtok_r(NULL, " \n", &rest), NULL, 10);
		char *table = strtok_r(NULL, " \n", &rest);
		size_t bytes = from_hex(table);

		while ((field = strtok_r(NULL, " \n", &rest))) {
			int32_t offset = (int32_t)strtol(field, &field, 10);
			uint32_t wanted = (uint32_t)strtoul(field + 1, NULL, 10);
			uint32_t got = na_python_line_of(version, (const uint8_t *)table, bytes, offset, first);

			right += got == (wanted ? wanted : first);
			if (got != (wanted ? wanted : first) && reported++ < MOST_REPORTED)
				used += (size_t)snprintf(wrong + used, sizeof(wrong) - used,
							 "code of line %" PRIu32 ", at %" PRId32 ": line %" PRIu32
							 ", not %" PRIu32 "\n", first, offset, got, wanted);
		}
	}
	free(line);
	printf("%lu\n%s", right, wrong);
	return 0;
}
