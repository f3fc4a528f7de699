/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what people type after `netaudit log --destination`, --channel, --flow and the like.
 *
 * A condition that was accepted becomes SQL that SQLite compiles, with no more parameters than it counted, and a test
 * that any row can be put to. No text of the user is ever part of the SQL.
 */
#include <sqlite3.h>
#include <stdio.h>

#include <reader/filter.h>

#include "fuzz.h"

static const char *const bodies[] = {
	"{\"channel\":\"https\",\"dport\":443,\"dst\":\"192.0.2.1\",\"flow\":\"00000000000000ff\",\"host\":\"a.example.org\"}",
	"{\"channel\":\"unix\",\"path\":\"/run/a\"}",
	"{\"abstract\":true,\"path\":\"a\"}",
	"{\"dport\":53,\"dst\":\"2001:db8::1\"}",
	"{}",
};

static sqlite3 *open_index(void)
{
	char sql[2048] = "CREATE TABLE entry(seq INTEGER PRIMARY KEY";
	sqlite3 *index;

	for (int i = 0; i < NA_INDEX_COLUMNS; i++) {
		size_t used = strlen(sql);

		(void)snprintf(sql + used, sizeof(sql) - used, ", %s %s", na_index_columns[i].name, na_index_columns[i].sql_type);
	}
	REQUIRE(strlen(sql) + 2 < sizeof(sql));
	memcpy(sql + strlen(sql), ")", 2);
	REQUIRE(sqlite3_open(":memory:", &index) == SQLITE_OK);
	REQUIRE(sqlite3_exec(index, sql, NULL, NULL, NULL) == SQLITE_OK);
	return index;
}

static int add(struct na_filter *filter, uint8_t how, const char *text)
{
	static const enum na_index_column columns[] = {
		NA_INDEX_CHANNEL, NA_INDEX_KIND, NA_INDEX_HOST, NA_INDEX_COMM,
	};

	switch (how % 4) {
	case 0:
		return na_filter_destination(filter, text);
	case 1:
		return na_filter_text(filter, columns[how / 4 % 4], NA_IS_ANY_OF, text);
	case 2:
		return na_filter_text(filter, columns[how / 4 % 4], NA_IS_NONE_OF, text);
	default:
		return na_filter_hex(filter, NA_INDEX_FLOW, text);
	}
}

static void use(const struct na_filter *filter)
{
	static sqlite3 *index;
	static struct na_index_row row;
	char sql[16384] = "SELECT seq FROM entry WHERE 1";
	int parameter = 1;
	sqlite3_stmt *statement;

	index = index ? index : open_index();
	REQUIRE(na_filter_sql(filter, sql, sizeof(sql), &parameter) == 0);
	REQUIRE(sqlite3_prepare_v2(index, sql, -1, &statement, NULL) == SQLITE_OK);
	REQUIRE(sqlite3_bind_parameter_count(statement) <= parameter - 1);
	na_filter_bind(filter, statement, 1);
	REQUIRE(sqlite3_step(statement) == SQLITE_DONE);
	REQUIRE(sqlite3_finalize(statement) == SQLITE_OK);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		REQUIRE(na_index_row_read(&row, bodies[i], strlen(bodies[i])) == 0);
		(void)na_filter_matches(filter, &row);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct na_filter filter = NA_FILTER_ALL;
	uint8_t how = fuzz_byte(&input);
	char *text = fuzz_string(&input);
	int result = add(&filter, how, text);

	if (result == 0 && how & 0x80)
		result = add(&filter, how >> 2, text);
	REQUIRE(result <= 0);
	if (result == 0)
		use(&filter);
	free(text);
	return 0;
}
