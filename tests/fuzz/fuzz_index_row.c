/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reader of searchable columns with bodies of any kind: the index must survive a journal that was changed.
 *
 * Every value lies in the body or in the scratch space, within its bound, and has its column's type.
 */
#include <journal/index_row.h>

#include "fuzz.h"

static void require_value(const struct na_index_row *row, int column, const char *body, size_t length)
{
	const struct na_index_value *value = &row->value[column];
	bool in_body, in_scratch;

	if (value->type != NA_INDEX_TEXT && value->type != NA_INDEX_ADDRESS)
		return;
	in_body = value->bytes >= body && value->bytes + value->length <= body + length;
	in_scratch = value->bytes == row->scratch[column];
	REQUIRE(in_body || in_scratch);
	REQUIRE(value->length <= NA_INDEX_TEXT_BYTES);
	REQUIRE(value->type == NA_INDEX_TEXT || value->length == NA_INDEX_ADDRESS_BYTES);
	REQUIRE(na_index_columns[column].type == value->type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *body = fuzz_exact(data, size);
	static struct na_index_row row;
	int result = na_index_row_read(&row, body, size);

	for (int i = 0; i < NA_INDEX_COLUMNS; i++) {
		REQUIRE(result == 0 || row.value[i].type == NA_INDEX_ABSENT);
		require_value(&row, i, body, size);
	}
	free(body);
	return 0;
}
