/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hook table of the programs and that of docs/hooks.md are one and the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "capture/hooks.h"

#define PAGE "docs/hooks.md"
#define PAGE_BYTES (256 * 1024)
#define LINE_BYTES 1024

static int read_page(void **state)
{
	char *page;
	size_t bytes;

	if (na_read_file(AT_FDCWD, PAGE, PAGE_BYTES, &page, &bytes))
		return -1;
	*state = page;
	return 0;
}

static int free_page(void **state)
{
	free(*state);
	return 0;
}

static void test_every_row_stands_in_the_page(void **state)
{
	size_t rows;
	const struct na_hook_row *row = na_hook_table(&rows);
	char line[LINE_BYTES];

	assert_int_not_equal(rows, 0);
	for (size_t i = 0; i < rows; i++, row++) {
		int length = snprintf(line, sizeof(line), "\n| %s | %s | %s | %s |\n", row->what,
				      row->seen[NA_BACKEND_FENTRY], row->seen[NA_BACKEND_KPROBE],
				      row->seen[NA_BACKEND_TRACEPOINT]);

		assert_in_range(length, 1, sizeof(line) - 1);
		if (!strstr(*state, line))
			fail_msg("not in " PAGE ": %s", line);
	}
}

static void test_the_page_has_no_other_rows(void **state)
{
	size_t rows, found = 0;

	na_hook_table(&rows);
	for (const char *line = strstr(*state, "\n| "); line; line = strstr(line + 1, "\n| "))
		found++;
	assert_int_equal(found, rows + 1);	/* and the line of headings */
}

static void test_programs_are_found_by_name(void **state)
{
	(void)state;
	assert_non_null(na_hook_find("na_tcp_state"));
	assert_null(na_hook_find("na_no_such_program"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_row_stands_in_the_page, read_page, free_page),
		cmocka_unit_test_setup_teardown(test_the_page_has_no_other_rows, read_page, free_page),
		cmocka_unit_test(test_programs_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
