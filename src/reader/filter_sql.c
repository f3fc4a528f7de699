/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conditions of filter.h as SQL over index.db's `row`. Values are always bound, never printed.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reader/filter.h"

struct text {
	char *bytes;
	size_t size, used;
};

static void append(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	if (text->used >= text->size)
		return;
	va_start(arguments, format);
	length = vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
	va_end(arguments);
	text->used += length > 0 ? (size_t)length : 0;
}

static void append_choices(struct text *sql, const struct na_condition *condition, int *parameter)
{
	append(sql, "(");
	for (size_t i = 0; i < condition->choices; i++)
		append(sql, "%s?%d", i ? "," : "", (*parameter)++);
	append(sql, ")");
}

static void append_network(struct text *sql, const struct na_condition *condition, int *parameter)
{
	append(sql, "%s BETWEEN ?%d AND ?%d", na_index_columns[condition->column].name, *parameter, *parameter + 1);
	*parameter += 2;
}

static void append_between(struct text *sql, const struct na_condition *condition, int *parameter)
{
	const char *name = na_index_columns[condition->column].name;

	if (condition->low == condition->high)
		append(sql, "%s = ?%d", name, *parameter);
	else
		append(sql, "%s BETWEEN ?%d AND ?%d", name, *parameter, *parameter + 1);
	*parameter += 2;
}

static void append_host(struct text *sql, const char *name, size_t bytes, int parameter)
{
	append(sql, "%s = ?%d COLLATE NOCASE OR substr(%s, -%zu) = '.' || ?%d COLLATE NOCASE", name, parameter, name,
	       bytes + 1, parameter);
}

int na_filter_sql(const struct na_filter *filter, char *out, size_t out_bytes, int *parameter)
{
	struct text sql = { out, out_bytes, strlen(out) };

	for (size_t i = 0; i < filter->conditions; i++) {
		const struct na_condition *condition = &filter->condition[i];
		const char *name = na_index_columns[condition->column].name;

		append(&sql, " AND (");
		switch (condition->comparison) {
		case NA_IS_ANY_OF:
			append(&sql, "%s IN ", name);
			append_choices(&sql, condition, parameter);
			break;
		case NA_IS_NONE_OF:
			append(&sql, "coalesce(%s, '') NOT IN ", name);
			append_choices(&sql, condition, parameter);
			break;
		case NA_IS_HOST:
			append_host(&sql, name, strlen(condition->text), *parameter);
			append(&sql, " OR ");
			append_host(&sql, na_index_columns[NA_INDEX_RESOLVED].name, strlen(condition->text), *parameter);
			++*parameter;
			break;
		case NA_IS_BETWEEN:
			append_between(&sql, condition, parameter);
			break;
		case NA_IS_IN_NETWORK:
			append_network(&sql, condition, parameter);
			break;
		}
		append(&sql, ")");
	}
	return sql.used < sql.size ? 0 : -EMSGSIZE;
}

void na_filter_bind(const struct na_filter *filter, sqlite3_stmt *statement, int parameter)
{
	for (size_t i = 0; i < filter->conditions; i++) {
		const struct na_condition *condition = &filter->condition[i];

		switch (condition->comparison) {
		case NA_IS_ANY_OF:
		case NA_IS_NONE_OF:
		case NA_IS_HOST:
			for (size_t j = 0; j < condition->choices; j++)
				sqlite3_bind_text(statement, parameter++, condition->text + condition->choice[j], -1,
						  SQLITE_STATIC);
			break;
		case NA_IS_BETWEEN:
			sqlite3_bind_int64(statement, parameter++, condition->low);
			sqlite3_bind_int64(statement, parameter++, condition->high);
			break;
		case NA_IS_IN_NETWORK:
			sqlite3_bind_blob(statement, parameter++, condition->low_address, NA_INDEX_ADDRESS_BYTES,
					  SQLITE_STATIC);
			sqlite3_bind_blob(statement, parameter++, condition->high_address, NA_INDEX_ADDRESS_BYTES,
					  SQLITE_STATIC);
			break;
		}
	}
}
