/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of what Odoo's processes are called, and the few rules that read a command line as its program would.
 *
 * A script only counts as the program when an interpreter runs it: `vim odoo-bin`, `grep odoo` and
 * `python3 import.py odoo` are not Odoo. A shell that starts Odoo is not Odoo either: what it executes is
 * recognised at its own exec.
 */
#include "target/recognise.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct na_slice slice(const char *text)
{
	return (struct na_slice){ text, strlen(text) };
}

static bool equals(struct na_slice text, const char *word)
{
	return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

static bool starts_with(struct na_slice text, const char *word)
{
	size_t length = strlen(word);

	return text.length >= length && memcmp(text.bytes, word, length) == 0;
}

static struct na_slice skip(struct na_slice text, size_t bytes)
{
	return (struct na_slice){ text.bytes + bytes, text.length - bytes };
}

static bool remove_suffix(struct na_slice *text, const char *suffix)
{
	size_t length = strlen(suffix);

	if (text->length < length || memcmp(text->bytes + text->length - length, suffix, length) != 0)
		return false;
	text->length -= length;
	return true;
}

static struct na_slice base_name(struct na_slice path)
{
	const char *slash = path.length ? memrchr(path.bytes, '/', path.length) : NULL;

	return slash ? skip(path, (size_t)(slash - path.bytes) + 1) : path;
}

static bool in_table(struct na_slice text, const char *const *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (equals(text, table[i]))
			return true;
	return false;
}

/* Takes the next NUL-terminated argument off `rest`. The last one may lack its NUL. */
static bool next_argument(struct na_slice *rest, struct na_slice *argument)
{
	const char *end;

	if (rest->length == 0)
		return false;
	end = memchr(rest->bytes, '\0', rest->length);
	argument->bytes = rest->bytes;
	argument->length = end ? (size_t)(end - rest->bytes) : rest->length;
	*rest = skip(*rest, argument->length + (end ? 1 : 0));
	return true;
}

/* python, python3, python3.11, python3.13t, python3-dbg, pypy3.10 */
static bool is_python(struct na_slice name)
{
	static const char *const stems[] = { "python", "pypy" };
	static const char *const builds[] = { "", "t", "d", "m", "dm", "td", "u", "-dbg" };

	for (size_t i = 0; i < COUNT(stems); i++) {
		struct na_slice rest;

		if (!starts_with(name, stems[i]))
			continue;
		rest = skip(name, strlen(stems[i]));
		while (rest.length && strchr("0123456789.", rest.bytes[0]) && rest.bytes[0])
			rest = skip(rest, 1);
		return in_table(rest, builds, COUNT(builds));
	}
	return false;
}

/* odoo, odoo-bin, odoo.py, odoo-19, odoo17-server, openerp-server, odoo-gevent */
static bool is_odoo_script(struct na_slice name)
{
	static const char *const stems[] = { "odoo", "openerp" };
	static const char *const tails[] = { "", "bin", "server", "gevent" };

	remove_suffix(&name, ".py");
	for (size_t i = 0; i < COUNT(stems); i++) {
		struct na_slice rest;

		if (!starts_with(name, stems[i]))
			continue;
		rest = skip(name, strlen(stems[i]));
		while (rest.length && strchr("-.0123456789", rest.bytes[0]) && rest.bytes[0])
			rest = skip(rest, 1);
		return in_table(rest, tails, COUNT(tails));
	}
	return false;
}

bool na_is_python_name(const char *name)
{
	return is_python(slice(name));
}

bool na_is_odoo_script_name(const char *name)
{
	return is_odoo_script(slice(name));
}

/* Debian names it uwsgi-core; builds with one interpreter uwsgi_python311. */
static bool is_uwsgi(struct na_slice name)
{
	return equals(name, "uwsgi") || starts_with(name, "uwsgi-") || starts_with(name, "uwsgi_");
}

/* Scripts that serve a WSGI application named on their command line. */
static bool is_wsgi_script(struct na_slice name)
{
	static const char *const names[] = { "gunicorn", "gunicorn3", "waitress-serve", "uwsgi", "hypercorn" };

	return in_table(name, names, COUNT(names));
}

/* Programs that run another Python script in their own process. */
static bool is_launcher(struct na_slice name)
{
	static const char *const names[] = { "coverage", "cProfile", "debugpy", "kernprof", "memray", "pdb", "profile",
					     "ptvsd", "python3-coverage", "trace", "viztracer" };

	return in_table(name, names, COUNT(names));
}

static bool is_odoo_module(struct na_slice module)
{
	static const char *const names[] = { "odoo", "openerp", "odoo.__main__", "openerp.__main__", "odoo.cli" };

	return in_table(module, names, COUNT(names));
}

/* odoo.http:root, odoo:service.wsgi_server.application, openerp-wsgi.py, --module=odoo-wsgi:application */
static bool is_odoo_application(struct na_slice argument)
{
	static const char *const packages[] = { "odoo:", "odoo.", "openerp:", "openerp." };
	static const char *const files[] = { "odoo-wsgi", "odoo_wsgi", "openerp-wsgi", "openerp_wsgi", "odoo.wsgi",
					     "openerp.wsgi" };
	const char *equal = argument.length ? memchr(argument.bytes, '=', argument.length) : NULL;
	const char *colon;

	if (equal)
		argument = skip(argument, (size_t)(equal - argument.bytes) + 1);
	colon = argument.length ? memchr(argument.bytes, ':', argument.length) : NULL;
	for (size_t i = 0; colon && i < COUNT(packages); i++)
		if (starts_with(argument, packages[i]))
			return true;
	if (colon)
		argument.length = (size_t)(colon - argument.bytes);
	argument = base_name(argument);
	remove_suffix(&argument, ".py");
	return in_table(argument, files, COUNT(files));
}

/* -c FILE, -cFILE, --config FILE, --config=FILE and what optparse takes for it; the last one counts. */
static struct na_slice config_argument(struct na_slice rest)
{
	struct na_slice found = { NULL, 0 }, argument, name;

	while (next_argument(&rest, &argument) && !equals(argument, "--")) {
		const char *equal = argument.length ? memchr(argument.bytes, '=', argument.length) : NULL;

		name = argument;
		if (equal)
			name.length = (size_t)(equal - argument.bytes);
		if (name.length >= strlen("--con") && name.length <= strlen("--config") &&
		    memcmp(name.bytes, "--config", name.length) == 0) {
			if (equal)
				found = skip(argument, name.length + 1);
			else
				next_argument(&rest, &found);
		} else if (equals(argument, "-c")) {
			next_argument(&rest, &found);
		} else if (starts_with(argument, "-c")) {
			found = skip(argument, 2);
		}
	}
	return found;
}

/* `rest` follows the script: [--addons-path=…] [COMMAND] [options], as odoo/cli/command.py reads it. */
static struct na_recognition odoo_command(struct na_slice rest, struct na_slice script)
{
	static const struct { const char *command; enum na_worker worker; } commands[] = {
		{ "server", NA_WORKER_MASTER }, { "start", NA_WORKER_MASTER },
		{ "gevent", NA_WORKER_GEVENT }, { "shell", NA_WORKER_SHELL },
	};
	struct na_recognition result = { .odoo = true, .worker = NA_WORKER_MASTER, .config = config_argument(rest) };
	struct na_slice command = { NULL, 0 };

	remove_suffix(&script, ".py");
	if (remove_suffix(&script, "-gevent"))
		result.worker = NA_WORKER_GEVENT;
	if (next_argument(&rest, &command) && starts_with(command, "--addons-path="))
		next_argument(&rest, &command);
	if (command.length == 0 || command.bytes[0] == '-')
		return result;
	result.worker = NA_WORKER_UNKNOWN;
	for (size_t i = 0; i < COUNT(commands); i++)
		if (equals(command, commands[i].command))
			result.worker = commands[i].worker;
	return result;
}

static struct na_recognition wsgi_command(struct na_slice rest)
{
	struct na_recognition none = { .odoo = false };
	struct na_slice argument;

	while (next_argument(&rest, &argument))
		if (is_odoo_application(argument))
			return (struct na_recognition){ .odoo = true, .wsgi = true, .worker = NA_WORKER_MASTER };
	return none;
}

/* What python runs: the argument of -m, or the first one that is no option. False for -c, stdin and no program. */
static bool python_program(struct na_slice *rest, struct na_slice *program, bool *module)
{
	while (next_argument(rest, program)) {
		if (program->length < 2 || program->bytes[0] != '-') {
			*module = false;
			return program->length > 0 && !equals(*program, "-");
		}
		if (starts_with(*program, "--")) {
			if (equals(*program, "--check-hash-based-pycs"))
				next_argument(rest, program);
			continue;
		}
		for (size_t i = 1; i < program->length; i++) {
			char letter = program->bytes[i];
			bool last = i + 1 == program->length;

			if (letter == 'c')
				return false;
			if (letter == 'm') {
				*module = true;
				*program = skip(*program, i + 1);
				return !last || next_argument(rest, program);
			}
			if (letter == 'W' || letter == 'X' || letter == 'Q') {
				if (last)
					next_argument(rest, program);
				break;
			}
		}
	}
	return false;
}

static struct na_recognition python_command(struct na_slice rest)
{
	struct na_recognition none = { .odoo = false };
	struct na_slice program, name;
	bool module;

	if (!python_program(&rest, &program, &module))
		return none;
	name = module ? program : base_name(program);
	if (module ? is_odoo_module(name) : is_odoo_script(name))
		return odoo_command(rest, name);
	remove_suffix(&name, ".py");
	if (is_wsgi_script(name))
		return wsgi_command(rest);
	if (!is_launcher(name))
		return none;
	while (next_argument(&rest, &program)) {
		name = base_name(program);
		if (is_odoo_script(name))
			return odoo_command(rest, name);
		if (remove_suffix(&name, ".py"))
			return none;
	}
	return none;
}

struct na_recognition na_recognise_command(const char *exe_name, const char *arguments, size_t length)
{
	struct na_recognition none = { .odoo = false };
	struct na_slice rest = { arguments, length }, first, name;

	if (!next_argument(&rest, &first))
		return none;
	name = exe_name[0] ? slice(exe_name) : base_name(first);
	if (is_python(name))
		return python_command(rest);
	if (is_uwsgi(name))
		return wsgi_command(rest);
	if (is_odoo_script(name))
		return odoo_command(rest, name);
	return none;
}

/* Consumes "odoo: " and one class name; the process number that follows must be there. */
static enum na_worker odoo_title(struct na_slice title)
{
	static const struct { const char *name; enum na_worker worker; } classes[] = {
		{ "WorkerHTTP ", NA_WORKER_HTTP }, { "WorkerCron ", NA_WORKER_CRON }, { "Worker", NA_WORKER_UNKNOWN },
	};
	struct na_slice rest;

	if (starts_with(title, "odoo: "))
		title = skip(title, strlen("odoo: "));
	else if (starts_with(title, "openerp: "))
		title = skip(title, strlen("openerp: "));
	else
		return NA_WORKER_NONE;
	for (size_t i = 0; i < COUNT(classes); i++) {
		const char *space;

		if (!starts_with(title, classes[i].name) || starts_with(title, "Worker "))
			continue;
		space = memchr(title.bytes, ' ', title.length);
		rest = space ? skip(title, (size_t)(space - title.bytes) + 1) : (struct na_slice){ NULL, 0 };
		if (rest.length && rest.bytes[0] >= '0' && rest.bytes[0] <= '9')
			return classes[i].worker;
	}
	return NA_WORKER_NONE;
}

enum na_worker na_recognise_title(const char *arguments, size_t length, bool wsgi)
{
	static const struct { const char *prefix; enum na_worker worker; } titles[] = {
		{ "gunicorn: worker", NA_WORKER_HTTP }, { "uWSGI worker ", NA_WORKER_HTTP },
		{ "uWSGI ", NA_WORKER_UNKNOWN }, { "gunicorn: ", NA_WORKER_UNKNOWN },
	};
	struct na_slice rest = { arguments, length }, title;

	if (!next_argument(&rest, &title))
		return NA_WORKER_NONE;
	for (size_t i = 0; wsgi && i < COUNT(titles); i++)
		if (starts_with(title, titles[i].prefix))
			return titles[i].worker;
	return odoo_title(title);
}

struct na_slice na_config_in_environment(const char *environment, size_t length)
{
	static const char *const variables[] = { "ODOO_RC=", "OPENERP_SERVER=" };
	struct na_slice found = { NULL, 0 };

	for (size_t i = 0; i < COUNT(variables) && found.length == 0; i++) {
		struct na_slice rest = { environment, length }, variable;

		while (next_argument(&rest, &variable))
			if (starts_with(variable, variables[i]))
				found = skip(variable, strlen(variables[i]));
	}
	return found;
}
