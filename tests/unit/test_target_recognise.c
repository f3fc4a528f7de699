/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is Odoo and what only looks like it: command lines, titles, program names and environments as tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/recognise.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define NO NA_WORKER_NONE

struct command_case {
	const char *exe;
	const char *command;	/* arguments separated by '|' */
	enum na_worker worker;	/* NA_WORKER_NONE: must not be taken for Odoo */
	const char *config;	/* NULL: none */
};

static const struct command_case odoo_commands[] = {
	{ "python3.11", "/usr/bin/python3|/usr/bin/odoo|-c|/etc/odoo/odoo.conf", NA_WORKER_MASTER, "/etc/odoo/odoo.conf" },
	{ "python3", "python3|odoo-bin", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|./odoo-bin|--config=a.conf", NA_WORKER_MASTER, "a.conf" },
	{ "python3", "python3|/o/odoo-bin|--config|a.conf", NA_WORKER_MASTER, "a.conf" },
	{ "python3", "python3|/o/odoo-bin|--conf=a.conf", NA_WORKER_MASTER, "a.conf" },
	{ "python3", "python3|/o/odoo-bin|-ca.conf", NA_WORKER_MASTER, "a.conf" },
	{ "python3", "python3|/o/odoo-bin|-c|a.conf|-c|b.conf", NA_WORKER_MASTER, "b.conf" },
	{ "python3", "python3|/o/odoo-bin|-c", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|/o/odoo-bin|--|-c|a.conf", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|/o/odoo-bin|--config-thing=a", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|/o/odoo-bin|--co=a", NA_WORKER_MASTER, NULL },
	{ "python2.7", "python|/o/openerp-server|-c|/etc/openerp.conf", NA_WORKER_MASTER, "/etc/openerp.conf" },
	{ "python2.7", "python|/o/openerp-gevent|-c|x", NA_WORKER_GEVENT, "x" },
	{ "python3", "python3|/o/odoo-gevent.py", NA_WORKER_GEVENT, NULL },
	{ "python2.7", "python|odoo.py", NA_WORKER_MASTER, NULL },
	{ "python3.13", "python3|/usr/bin/odoo-19", NA_WORKER_MASTER, NULL },
	{ "python3.13", "python3|/usr/bin/odoo17-server", NA_WORKER_MASTER, NULL },
	{ "python3.13", "python3|/usr/bin/odoo-bin.py", NA_WORKER_MASTER, NULL },
	{ "python3.13t", "python3.13t|odoo-bin", NA_WORKER_MASTER, NULL },
	{ "python3-dbg", "python3-dbg|odoo-bin", NA_WORKER_MASTER, NULL },
	{ "pypy3.10", "pypy3|odoo-bin", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|-m|odoo|-c|m.conf", NA_WORKER_MASTER, "m.conf" },
	{ "python3", "python3|-modoo", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|-Im|odoo", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|-m|odoo.cli", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|-u|-W|ignore|-Xdev|-X|utf8|-OO|odoo-bin", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|-Wignore|odoo-bin", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|--check-hash-based-pycs|always|odoo-bin", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|odoo-bin|gevent|-c|g.conf", NA_WORKER_GEVENT, "g.conf" },
	{ "python3", "python3|odoo-bin|--addons-path=/a|gevent", NA_WORKER_GEVENT, NULL },
	{ "python3", "python3|odoo-bin|shell|-d|x", NA_WORKER_SHELL, NULL },
	{ "python3", "python3|-m|odoo|shell", NA_WORKER_SHELL, NULL },
	{ "python3", "python3|odoo-bin|server|--workers=2", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|odoo-bin|start", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|odoo-bin|scaffold|x", NA_WORKER_UNKNOWN, NULL },
	{ "python3", "python3|odoo-bin|db|dump|x", NA_WORKER_UNKNOWN, NULL },
	{ "python3", "python3|odoo-bin|-d|shell", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|/v/bin/gunicorn|odoo.http:root|-c|odoo-wsgi.py", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|/v/bin/gunicorn|odoo:service.wsgi_server.application", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|gunicorn|openerp:service.wsgi_server.application|-c|openerp-wsgi.py", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|-m|gunicorn|odoo-wsgi:application", NA_WORKER_MASTER, NULL },
	{ "uwsgi", "uwsgi|--http|:8069|--wsgi-file|/o/odoo-wsgi.py", NA_WORKER_MASTER, NULL },
	{ "uwsgi-core", "uwsgi|--plugin|python3|--module=odoo.http:root", NA_WORKER_MASTER, NULL },
	{ "uwsgi_python311", "uwsgi|--module|odoo-wsgi:application", NA_WORKER_MASTER, NULL },
	{ "python3", "python3|-m|debugpy|--listen|5678|/o/odoo-bin|-c|d.conf", NA_WORKER_MASTER, "d.conf" },
	{ "python3", "python3|/v/bin/coverage|run|/o/odoo-bin|shell", NA_WORKER_SHELL, NULL },
	{ "python3", "python3|-m|pdb|odoo-bin", NA_WORKER_MASTER, NULL },
	{ "odoo", "/opt/frozen/odoo|-c|f.conf", NA_WORKER_MASTER, "f.conf" },
	{ "", "/usr/bin/python3|/usr/bin/odoo", NA_WORKER_MASTER, NULL },
	{ "", "/opt/frozen/odoo-bin", NA_WORKER_MASTER, NULL },
};

static const struct command_case false_friends[] = {
	{ "vim.basic", "vim|odoo-bin", NO, NULL }, { "nano", "nano|/etc/odoo/odoo.conf", NO, NULL },
	{ "grep", "grep|odoo", NO, NULL }, { "grep", "grep|-r|odoo-bin|.", NO, NULL },
	{ "tail", "tail|-f|odoo.log", NO, NULL }, { "less", "less|/var/log/odoo/odoo-server.log", NO, NULL },
	{ "psql", "psql|-U|odoo|odoo", NO, NULL }, { "postgres", "postgres: odoo odoo 127.0.0.1(4) idle", NO, NULL },
	{ "su", "su|odoo|-s|/bin/sh", NO, NULL }, { "sudo", "sudo|-u|odoo|/usr/bin/odoo", NO, NULL },
	{ "dash", "sh|-c|exec python3 odoo-bin", NO, NULL }, { "bash", "bash|/usr/bin/odoo", NO, NULL },
	{ "bash", "bash|/opt/odoo/odoo-bin", NO, NULL }, { "env", "env|python3|odoo-bin", NO, NULL },
	{ "tini", "tini|--|odoo", NO, NULL }, { "dumb-init", "dumb-init|python3|odoo-bin", NO, NULL },
	{ "systemctl", "systemctl|restart|odoo", NO, NULL }, { "docker", "docker|run|odoo", NO, NULL },
	{ "git", "git|clone|odoo", NO, NULL }, { "rsync", "rsync|odoo-bin|host:", NO, NULL },
	{ "node", "node|odoo-bin", NO, NULL }, { "perl", "perl|odoo.py", NO, NULL }, { "strace", "strace|odoo", NO, NULL },
	{ "python3", "python3|foo.py|odoo", NO, NULL }, { "python3", "python3|foo.py|odoo-bin", NO, NULL },
	{ "python3", "python3|/opt/odoo/foo.py", NO, NULL }, { "python3", "python3|/opt/odoo-bin/foo.py", NO, NULL },
	{ "python3", "python3|-c|import odoo|odoo-bin", NO, NULL }, { "python3", "python3|-cimport odoo", NO, NULL },
	{ "python3", "python3|-uc|odoo|odoo-bin", NO, NULL }, { "python3", "python3|-", NO, NULL },
	{ "python3", "python3", NO, NULL }, { "python3", "python3|-m|http.server|odoo", NO, NULL },
	{ "python3", "python3|-m|odoo_tools", NO, NULL }, { "python3", "python3|-m|pip|install|odoo", NO, NULL },
	{ "python3", "python3|-m", NO, NULL }, { "python3", "python3|-W|odoo-bin", NO, NULL },
	{ "python3", "python3|-X|odoo-bin|other.py", NO, NULL }, { "python3", "python3|odoo-import.py", NO, NULL },
	{ "python3", "python3|odoo_helper.py", NO, NULL }, { "python3", "python3|myodoo", NO, NULL },
	{ "python3", "python3|odoorpc", NO, NULL }, { "python3", "python3|odoo.log", NO, NULL },
	{ "python3", "python3|odoo.conf", NO, NULL }, { "python3", "python3|odoo/", NO, NULL },
	{ "python3", "python3||odoo-bin", NO, NULL }, { "python3", "python3|ODOO-BIN", NO, NULL },
	{ "python3", "python3|odoo-bin\n", NO, NULL }, { "python3", "python3| odoo-bin", NO, NULL },
	{ "python3", "python3|-m|pdb|foo.py|odoo-bin", NO, NULL },
	{ "python3", "python3|coverage|run|foo.py|odoo", NO, NULL },
	{ "python3", "python3|gunicorn|shop.wsgi:application|--name|odoo", NO, NULL },
	{ "python3", "python3|gunicorn|myodoo:app", NO, NULL }, { "python3", "python3|gunicorn", NO, NULL },
	{ "uwsgi", "uwsgi|--ini|/etc/uwsgi/odoo.ini", NO, NULL }, { "uwsgi", "uwsgi|--module=shop:app", NO, NULL },
	{ "python-argcomplete", "python3|odoo-bin", NO, NULL }, { "python3x", "python3|odoo-bin", NO, NULL },
	{ "ipython3", "ipython3|odoo-bin", NO, NULL }, { "odoo-exporter", "odoo-exporter", NO, NULL },
	{ "odoofin", "odoofin", NO, NULL }, { "", "", NO, NULL }, { "", "/usr/bin/vim|odoo-bin", NO, NULL },
	{ "", "odoo: WorkerHTTP 7", NO, NULL },
};

/* The bytes as /proc shows them, in a buffer of exactly their size so that a sanitizer sees one byte too many. */
static char *as_cmdline(const char *command, size_t *length)
{
	char *bytes = malloc(strlen(command) + 1);

	assert_non_null(bytes);
	*length = strlen(command) + 1;
	memcpy(bytes, command, *length);
	for (size_t i = 0; i < *length; i++)
		if (bytes[i] == '|')
			bytes[i] = '\0';
	return bytes;
}

static void check_command(const struct command_case *expected)
{
	size_t length;
	char *bytes = as_cmdline(expected->command, &length);
	struct na_recognition found = na_recognise_command(expected->exe, bytes, length);

	if (found.odoo != (expected->worker != NO) || found.worker != expected->worker)
		fail_msg("%s %s: taken for %s", expected->exe, expected->command,
			 found.odoo ? na_worker_name(found.worker) : "something else");
	if (!expected->config)
		assert_true(found.config.length == 0);
	else if (found.config.length != strlen(expected->config) ||
		 memcmp(found.config.bytes, expected->config, found.config.length) != 0)
		fail_msg("%s: config is %.*s", expected->command, (int)found.config.length, found.config.bytes);
	free(bytes);
}

static void test_odoo_is_recognised(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(odoo_commands); i++)
		check_command(&odoo_commands[i]);
}

static void test_false_friends_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(false_friends); i++)
		check_command(&false_friends[i]);
}

/* Every beginning of every command line: no crash, no read past the end, and never a config from nowhere. */
static void test_cut_command_lines_are_survived(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(odoo_commands); i++) {
		size_t length;
		char *bytes = as_cmdline(odoo_commands[i].command, &length);

		for (size_t cut = 0; cut < length; cut++) {
			char *exact = malloc(cut ? cut : 1);
			struct na_recognition found;

			assert_non_null(exact);
			memcpy(exact, bytes, cut);
			found = na_recognise_command(odoo_commands[i].exe, exact, cut);
			assert_true(found.config.length == 0 || (found.config.bytes >= exact &&
				    found.config.bytes + found.config.length <= exact + cut));
			na_recognise_title(exact, cut, true);
			na_config_in_environment(exact, cut);
			free(exact);
		}
		free(bytes);
	}
}

static void test_hostile_command_lines_are_survived(void **state)
{
	static const size_t megabyte = 1 << 20;
	char *bytes = malloc(megabyte);
	unsigned int seed = 1;

	(void)state;
	assert_non_null(bytes);
	for (int fill = 0; fill < 256; fill++) {
		memset(bytes, fill, megabyte);
		assert_false(na_recognise_command("python3", bytes, megabyte).odoo);
		assert_int_equal(na_recognise_title(bytes, megabyte, true), NA_WORKER_NONE);
	}
	for (size_t i = 0; i < megabyte; i++)
		bytes[i] = (char)(rand_r(&seed) >> 8);
	assert_false(na_recognise_command("", bytes, megabyte).odoo);
	assert_false(na_recognise_command("uwsgi", bytes, megabyte).odoo);
	/* A megabyte of options does not hide the script behind them. */
	for (size_t i = 0; i < megabyte; i += 4)
		memcpy(bytes + i, i + 16 < megabyte ? "-uB" : "\0\0\0", 4);
	memcpy(bytes + megabyte - 16, "odoo-bin\0-c\0x", 14);
	memcpy(bytes, "pyt", 4);
	assert_true(na_recognise_command("python3", bytes, megabyte).odoo);
	free(bytes);
}

static void test_titles_tell_the_role(void **state)
{
	static const struct { const char *title; bool wsgi; enum na_worker worker; } titles[] = {
		{ "odoo: WorkerHTTP 71 ", false, NA_WORKER_HTTP }, { "odoo: WorkerHTTP 71", false, NA_WORKER_HTTP },
		{ "odoo: WorkerCron 8 production", false, NA_WORKER_CRON }, { "odoo: WorkerCron 8", false, NA_WORKER_CRON },
		{ "openerp: WorkerHTTP 9", false, NA_WORKER_HTTP }, { "odoo: WorkerJobRunner 3", false, NA_WORKER_UNKNOWN },
		{ "odoo: WorkerHTTPS 3", false, NA_WORKER_UNKNOWN }, { "odoo: WorkerHTTP", false, NO },
		{ "odoo: WorkerHTTP x", false, NO }, { "odoo: WorkerCron ", false, NO }, { "odoo: Worker", false, NO },
		{ "odoo: Worker 5", false, NO },
		{ "odoo:WorkerHTTP 1", false, NO }, { " odoo: WorkerHTTP 1", false, NO }, { "odoo: ", false, NO },
		{ "odoo", false, NO }, { "python3|odoo: WorkerHTTP 1", false, NO }, { "postgres: odoo: WorkerHTTP 1", false, NO },
		{ "gunicorn: worker [odoo]", true, NA_WORKER_HTTP }, { "gunicorn: worker [odoo]", false, NO },
		{ "uWSGI worker 1", true, NA_WORKER_HTTP }, { "uWSGI http 1", true, NA_WORKER_UNKNOWN },
		{ "odoo: WorkerHTTP 1", true, NA_WORKER_HTTP },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(titles); i++) {
		size_t length;
		char *bytes = as_cmdline(titles[i].title, &length);

		if (na_recognise_title(bytes, length, titles[i].wsgi) != titles[i].worker ||
		    na_recognise_title(bytes, length - 1, titles[i].wsgi) != titles[i].worker)
			fail_msg("%s: %s", titles[i].title,
				 na_worker_name(na_recognise_title(bytes, length, titles[i].wsgi)));
		free(bytes);
	}
}

static void test_the_environment_names_the_configuration(void **state)
{
	static const struct { const char *environment, *config; } cases[] = {
		{ "A=1|ODOO_RC=/e/o.conf|B=2", "/e/o.conf" }, { "ODOO_RC=a|OPENERP_SERVER=b", "a" },
		{ "OPENERP_SERVER=b", "b" }, { "XODOO_RC=a", "" }, { "ODOO_RC=", "" }, { "ODOO_RC", "" }, { "", "" },
		{ "PATH=ODOO_RC=a", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length;
		char *bytes = as_cmdline(cases[i].environment, &length);
		struct na_slice found = na_config_in_environment(bytes, length);

		assert_int_equal(found.length, strlen(cases[i].config));
		assert_memory_equal(found.length ? found.bytes : "", cases[i].config, found.length);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odoo_is_recognised),
		cmocka_unit_test(test_false_friends_are_not),
		cmocka_unit_test(test_cut_command_lines_are_survived),
		cmocka_unit_test(test_hostile_command_lines_are_survived),
		cmocka_unit_test(test_titles_tell_the_role),
		cmocka_unit_test(test_the_environment_names_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
