/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls of a C stack laid over the frames of a Python stack: pictures of stacks, and where native code is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attribute/native.h"

static const struct na_addon one = { .name = "one" }, two = { .name = "two" };
static const struct na_native_mapping nobody, of_one = { .owner = (void *)(uintptr_t)&one },
				      of_two = { .owner = (void *)(uintptr_t)&two };

/*
 * Calls: E evaluates, 1 and 2 are the add-ons', - anything else; a dot at the end: the thread begins there.
 * Frames: f, F one that was called from C.
 */
static size_t lay(const char *c, const char *python, struct na_native_place *places, size_t max)
{
	struct na_native_call calls[64] = { 0 };
	struct na_stack_frame frames[64] = { 0 };
	bool complete = strchr(c, '.') != NULL;
	size_t call_count = strcspn(c, "."), frame_count = strlen(python);

	for (size_t i = 0; i < call_count; i++) {
		calls[i].evaluates = c[i] == 'E';
		calls[i].mapping = c[i] == '1' ? &of_one : c[i] == '2' ? &of_two : &nobody;
	}
	for (size_t i = 0; i < frame_count; i++)
		frames[i].flags = python[i] == 'F' ? NA_FRAME_ENTRY : 0;
	return na_native_places(calls, call_count, complete, frames, frame_count, places, max);
}

struct expected {
	size_t before;
	const struct na_addon *addon;
};

static void test_places(void **state)
{
	static const struct {
		const char *c, *python;
		size_t count;
		struct expected at[4];
	} cases[] = {
		{ "--E--", "fffF", 0, { { 0 } } },
		{ "--E--E--", "fFfF", 0, { { 0 } } },
		{ "1-E--", "fF", 1, { { 0, &one } } },
		{ "--E-1-E--", "fFfF", 1, { { 2, &one } } },
		{ "--E-11-1-E--", "fFfF", 1, { { 2, &one } } },
		{ "--E-1-2-E--", "fFfF", 2, { { 2, &one }, { 2, &two } } },
		{ "2-E-1-E-2-E-", "FfFffF", 3, { { 0, &two }, { 1, &one }, { 3, &two } } },
		/* before 3.11 each frame is an activation */
		{ "--E--E-1-E-", "fff", 1, { { 2, &one } } },
		/* the chain breaks off: nothing is known of what called the frames from there on */
		{ "--", "fF", 1, { { 0, NULL } } },
		{ "", "fF", 1, { { 0, NULL } } },
		{ "--E--", "fFfF", 1, { { 2, NULL } } },
		{ "--E-1", "fFfF", 2, { { 2, &one }, { 2, NULL } } },
		/* an interpreter whose loop is not recognised */
		{ "--1--", "fF", 1, { { 0, NULL } } },
		{ "--1-E--.", "fFfF", 1, { { 0, NULL } } },
		{ "--E--E-1-E--.", "fFfF", 0, { { 0 } } },
		/* more activations than frames: another greenlet's, which did not call these */
		{ "--E--E-1-E-", "fFfF", 0, { { 0 } } },
		/* frames were cut off */
		{ "--E--E-1-E-", "fFff", 0, { { 0 } } },
		/* no frames at all */
		{ "--1--", "", 1, { { 0, &one } } },
		{ "-----", "", 0, { { 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct na_native_place places[8];
		size_t count = lay(cases[i].c, cases[i].python, places, 8);

		if (count != cases[i].count)
			fail_msg("%s over %s: %zu places", cases[i].c, cases[i].python, count);
		for (size_t j = 0; j < count; j++)
			if (places[j].before != cases[i].at[j].before || places[j].addon != cases[i].at[j].addon)
				fail_msg("%s over %s: place %zu is before %zu", cases[i].c, cases[i].python, j, places[j].before);
	}
}

static void test_what_does_not_fit_is_unknown(void **state)
{
	struct na_native_place places[2];

	(void)state;
	assert_int_equal(lay("-E-1-E-2-E-1-E", "FFFF", places, 2), 2);
	assert_ptr_equal(places[0].addon, &one);
	assert_null(places[1].addon);
	assert_int_equal(places[1].before, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_what_does_not_fit_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
