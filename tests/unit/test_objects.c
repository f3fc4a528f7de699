/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF objects are builds of the same programs: whichever the kernel takes, nothing is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/libbpf.h>
#include <string.h>

#include "capture/hooks.h"
#include "capture/objects.h"

static struct bpf_object *open_object(size_t number)
{
	const struct na_bpf_object *object = na_bpf_object(number);
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "netaudit");

	return object ? bpf_object__open_mem(object->image, (size_t)(object->end - object->image), &options) : NULL;
}

static void test_all_have_the_same_programs(void **state)
{
	struct bpf_object *first = open_object(0), *other;
	struct bpf_program *program, *twin;

	(void)state;
	assert_non_null(first);
	for (size_t number = 1; (other = open_object(number)); number++) {
		bpf_object__for_each_program(program, first) {
			assert_non_null(na_hook_find(bpf_program__name(program)));
			twin = bpf_object__find_program_by_name(other, bpf_program__name(program));
			assert_non_null(twin);
			assert_string_equal(bpf_program__section_name(twin), bpf_program__section_name(program));
		}
		bpf_object__close(other);
	}
	bpf_object__close(first);
}

static void test_all_have_the_same_maps(void **state)
{
	struct bpf_object *first = open_object(0), *other;
	struct bpf_map *map, *twin;

	(void)state;
	assert_non_null(first);
	for (size_t number = 1; (other = open_object(number)); number++) {
		bpf_object__for_each_map(map, first) {
			twin = bpf_object__find_map_by_name(other, bpf_map__name(map));
			assert_non_null(twin);
			assert_int_equal(bpf_map__value_size(twin), bpf_map__value_size(map));
		}
		bpf_object__close(other);
	}
	bpf_object__close(first);
}

static void test_the_last_fits_everywhere(void **state)
{
	const struct na_bpf_object *last = NULL;

	(void)state;
	for (size_t number = 0; na_bpf_object(number); number++)
		last = na_bpf_object(number);
	assert_non_null(last);
	assert_true(last && last->fits());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_have_the_same_programs),
		cmocka_unit_test(test_all_have_the_same_maps),
		cmocka_unit_test(test_the_last_fits_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
