/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of flows, and what it says when there is no memory: the linker wraps the allocators (Makefile). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "flow/table.h"

#define FLOWS 1000u

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);	/* the compiler makes it of malloc() and memset() too */

static int until_failure = -1;	/* allocations that still succeed before one fails; negative: none fails */

static bool fails(void)
{
	return until_failure >= 0 && until_failure-- == 0;
}

void *__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __real_calloc(count, bytes);
}

static void test_flows_are_found_until_they_are_removed(void **state)
{
	struct na_flow_table *table;

	(void)state;
	assert_int_equal(na_flow_table_create(&table), 0);
	for (uint64_t id = 1; id <= FLOWS; id++)
		assert_non_null(na_flow_add(table, id));
	assert_ptr_equal(na_flow_add(table, 7), na_flow_find(table, 7));
	assert_int_equal(na_flow_count(table), FLOWS);
	for (uint64_t id = 1; id <= FLOWS; id += 2)
		na_flow_remove(table, na_flow_find(table, id));
	for (uint64_t id = 1; id <= FLOWS; id++)
		assert_int_equal(na_flow_find(table, id) != NULL, id % 2 == 0);
	na_flow_table_destroy(table);
}

/* With the first flow its hash table and the buckets of that have to be allocated too. */
static void test_a_flow_that_found_no_memory_is_not_said_to_be_followed(void **state)
{
	struct na_flow_table *table;

	(void)state;
	for (int failing = 0; failing < 3; failing++) {
		assert_int_equal(na_flow_table_create(&table), 0);
		until_failure = failing;
		assert_null(na_flow_add(table, 1));
		until_failure = -1;
		assert_null(na_flow_find(table, 1));
		assert_int_equal(na_flow_count(table), 0);
		assert_non_null(na_flow_add(table, 1));
		assert_non_null(na_flow_find(table, 1));
		na_flow_table_destroy(table);
	}
}

static void test_a_name_that_found_no_memory_is_left_out(void **state)
{
	struct na_flow_table *table;

	(void)state;
	for (int failing = 0; failing < 3; failing++) {
		assert_int_equal(na_flow_table_create(&table), 0);
		until_failure = failing;
		assert_null(na_flow_intern(table, "odoo"));
		until_failure = -1;
		assert_string_equal(na_flow_intern(table, "odoo"), "odoo");
		assert_ptr_equal(na_flow_intern(table, "odoo"), na_flow_intern(table, "odoo"));
		na_flow_table_destroy(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows_are_found_until_they_are_removed),
		cmocka_unit_test(test_a_flow_that_found_no_memory_is_not_said_to_be_followed),
		cmocka_unit_test(test_a_name_that_found_no_memory_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
