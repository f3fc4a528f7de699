/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the parser of points in time: it refuses, or answers with a time a record could have. */
#include <errno.h>

#include <cli/when.h>
#include <netaudit/record.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now_us = INT64_C(1800000000) * 1000000;
	struct fuzz_input input = { data, size };
	char *text = fuzz_string(&input);
	int64_t when_us = 0;
	int result = na_parse_when(text, now_us, &when_us);

	REQUIRE(result == 0 || result == -EINVAL);
	REQUIRE(result || (when_us > INT64_MIN / 2 && when_us < INT64_MAX / 2));
	free(text);
	return 0;
}
