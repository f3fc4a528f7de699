/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which database a server is told to use, as its command line and configuration file say it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "target/addons_config.h"

static const char *database_in(const char *arguments, size_t length)
{
	static char text[128];
	struct na_slice found = na_read_server_options(arguments, length).database;

	snprintf(text, sizeof(text), "%.*s", (int)found.length, found.length ? found.bytes : "");
	return text;
}

#define DATABASE_IN(arguments) database_in(arguments, sizeof(arguments))

static void test_the_database_of_a_command_line(void **state)
{
	(void)state;
	assert_string_equal(DATABASE_IN("python3\0/usr/bin/odoo\0-d\0shop"), "shop");
	assert_string_equal(DATABASE_IN("python3\0odoo-bin\0-dshop\0--data-dir=/d"), "shop");
	assert_string_equal(DATABASE_IN("python3\0odoo-bin\0--database=shop\0--database\0other"), "other");
	assert_string_equal(DATABASE_IN("python3\0odoo-bin\0--datab=shop"), "shop");
	assert_string_equal(DATABASE_IN("python3\0odoo-bin\0--data=shop\0--db_host=h"), "");
	assert_string_equal(DATABASE_IN("python3\0-d\0odoo-bin"), "");	/* an option of Python's */
	assert_string_equal(DATABASE_IN("python3\0odoo-bin\0-c\0-d\0--workers=2"), "");	/* a strange name of a file */
}

static void test_the_database_of_a_configuration(void **state)
{
	static const char set[] = "[options]\ndb_name = shop\ndb_user = odoo\n", unset[] = "[options]\ndb_name = False\n";
	static struct na_odoo_config config;

	(void)state;
	na_read_odoo_config(&config, set, sizeof(set) - 1);
	assert_string_equal(config.db_name, "shop");
	na_read_odoo_config(&config, unset, sizeof(unset) - 1);
	assert_string_equal(config.db_name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_database_of_a_command_line),
		cmocka_unit_test(test_the_database_of_a_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
