/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds a server's add-ons paths. A worker has its title where its command line was, so the process whose command line
 * still tells is looked for among those above it, as long as they have the same root.
 *
 * Command lines and environments are wiped before anything returns.
 */
#include "target/addons_facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/addons_config.h"
#include "target/procfs.h"

#define GENERATIONS 16
#define TEXT_BYTES 65536	/* of a command line or environment */
#define CONFIG_LIMIT_BYTES (256 << 10)
#define PASSWD_LIMIT_BYTES (256 << 10)
#define RELEASE_LIMIT_BYTES (64 << 10)

/* The process whose command line tells, while it is looked at. Paths are as it sees them. */
struct server {
	const struct na_root *root;
	int pid_fd;
	uint32_t pid;
	bool odoo;
	size_t arguments_length, environment_length;
	char arguments[TEXT_BYTES];
	char environment[TEXT_BYTES];
	struct na_server_options options;
	char executable[PATH_MAX], folder[PATH_MAX], home[NA_ADDON_PATH_BYTES];
	struct na_odoo_config config;
};

/* ---- whose command line ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether this process's command line tells where add-ons are. */
static bool tells(struct server *server)
{
	struct na_recognition recognition;

	if (na_root_link(server->root, server->pid_fd, "exe", server->executable, sizeof(server->executable)) != 0)
		server->executable[0] = '\0';
	na_proc_read(server->pid_fd, "cmdline", server->arguments, sizeof(server->arguments), &server->arguments_length);
	recognition = na_recognise_command(base_name(server->executable), server->arguments, server->arguments_length);
	server->odoo = recognition.odoo;
	server->options = na_read_server_options(server->arguments, server->arguments_length);
	if (recognition.odoo && recognition.config.length)
		server->options.config = recognition.config;
	return recognition.odoo || (na_is_python_name(base_name(server->executable)) && server->options.addons_path.length);
}

/* The parent, when it has the same root; negative errno otherwise. The old descriptor is closed. */
static int go_up(struct server *server, int proc_fd)
{
	struct na_proc_stat stat;
	struct na_root root;
	int error = na_proc_stat(server->pid_fd, &stat);
	bool same;

	if (error)
		return error;
	if (stat.parent_pid <= 1)
		return -ENOENT;
	close(server->pid_fd);
	server->pid = stat.parent_pid;
	server->pid_fd = na_proc_open(proc_fd, server->pid);
	if (server->pid_fd < 0)
		return server->pid_fd;
	error = na_root_open(&root, server->pid_fd);
	if (error)
		return error;
	same = na_root_same(&root, server->root);
	na_root_close(&root);
	return same ? 0 : -EXDEV;
}

/* Leaves the process itself in `server` when nobody tells. */
static int find_server(struct server *server, int proc_fd, uint32_t pid)
{
	server->pid = pid;
	server->pid_fd = na_proc_open(proc_fd, pid);
	for (size_t i = 0; i < GENERATIONS && server->pid_fd >= 0; i++) {
		if (tells(server))
			return 0;
		if (go_up(server, proc_fd) != 0)
			break;
	}
	if (server->pid_fd >= 0)
		close(server->pid_fd);
	server->pid = pid;
	server->pid_fd = na_proc_open(proc_fd, pid);
	if (server->pid_fd < 0)
		return server->pid_fd;
	tells(server);
	return 0;
}

/* ---- paths ---- */

/* Absolute text of a path as the server would understand it; false when it cannot be told or does not fit. */
static bool absolute(const struct server *server, struct na_slice path, char *out, size_t capacity)
{
	const char *before = "";
	int length;

	if (path.length == 0 || memchr(path.bytes, '\0', path.length) || memchr(path.bytes, '$', path.length))
		return false;
	if (path.bytes[0] == '~') {
		if (path.length > 1 && path.bytes[1] != '/')
			return false;
		before = server->home;
		path.bytes++;
		path.length--;
	} else if (path.bytes[0] != '/') {
		before = server->folder;
	}
	length = snprintf(out, capacity, "%s%s%.*s", before, before == server->folder ? "/" : "", (int)path.length,
			  path.bytes);
	return out[0] == '/' && length > 0 && (size_t)length < capacity;
}

static struct na_slice slice(const char *text)
{
	return (struct na_slice){ text, strlen(text) };
}

static struct na_slice variable(const struct server *server, const char *name)
{
	return na_environment_value(server->environment, server->environment_length, name);
}

/* The home folder of the server's user in its own passwd file: what HOME would be. */
static void home_of_user(struct server *server)
{
	struct stat status;
	char *content, *rest, *line;
	size_t bytes;

	if (fstat(server->pid_fd, &status) < 0 ||
	    na_root_read(server->root, "/etc/passwd", PASSWD_LIMIT_BYTES, &content, &bytes) != 0)
		return;
	rest = content;
	while ((line = strsep(&rest, "\n"))) {
		char *field[7] = { NULL };
		size_t count = 0;

		while (count < 7 && line)
			field[count++] = strsep(&line, ":");
		if (count == 7 && strtoul(field[2], NULL, 10) == status.st_uid && field[2][0]) {
			snprintf(server->home, sizeof(server->home), "%s", field[5]);
			break;
		}
	}
	free(content);
}

static void learn_surroundings(struct server *server)
{
	struct na_slice home;

	na_proc_read(server->pid_fd, "environ", server->environment, sizeof(server->environment),
		     &server->environment_length);
	if (na_root_link(server->root, server->pid_fd, "cwd", server->folder, sizeof(server->folder)) != 0)
		server->folder[0] = '\0';
	home = variable(server, "HOME");
	server->home[0] = '\0';
	if (home.length && home.length < sizeof(server->home))
		snprintf(server->home, sizeof(server->home), "%.*s", (int)home.length, home.bytes);
	else
		home_of_user(server);
}

/* ---- the configuration file ---- */

/* The file Odoo would read, which need not exist. Without a readable environment the usual place is tried. */
static bool config_path(const struct server *server, char *path, size_t capacity)
{
	static const char *const usual[] = { "~/.odoorc", "~/.openerp_serverrc", "/etc/odoo/odoo.conf" };
	struct na_slice config = server->options.config;
	size_t tried = server->environment_length && server->environment[0] ? 2 : 3;

	if (config.length == 0)
		config = na_config_in_environment(server->environment, server->environment_length);
	if (config.length)
		return absolute(server, config, path, capacity);
	for (size_t i = 0; i < tried; i++)
		if (absolute(server, slice(usual[i]), path, capacity) && na_root_has_file(server->root, path))
			return true;
	return false;
}

static void read_config(struct server *server, struct na_addon_facts *facts)
{
	char path[NA_ADDON_PATH_BYTES], *content;
	size_t bytes;

	if (!server->odoo || !config_path(server, path, sizeof(path)))
		return;
	if (na_place_find(&facts->config, server->root, path) != 0)
		snprintf(facts->config.path, sizeof(facts->config.path), "%s", path);
	if (na_root_read(server->root, path, CONFIG_LIMIT_BYTES, &content, &bytes) == 0) {
		na_read_odoo_config(&server->config, content, bytes);
		explicit_bzero(content, bytes);	/* it holds passwords */
		free(content);
	}
}

/* ---- add-ons paths, in Odoo's order ---- */

/* DATA_DIR/addons/SERIES, where Odoo puts what it was told to download. */
static void add_data_dir(const struct server *server, struct na_addon_facts *facts)
{
	struct na_slice data_dir = server->options.data_dir, share = variable(server, "XDG_DATA_HOME");
	char path[NA_ADDON_PATH_BYTES], release[NA_ADDON_PATH_BYTES + 16], series[32], *content;
	char addons[NA_ADDON_PATH_BYTES + 64];
	size_t bytes;
	int error;

	snprintf(release, sizeof(release), "%s/release.py", facts->package.path);
	if (!facts->package.path[0] || na_root_read(server->root, release, RELEASE_LIMIT_BYTES, &content, &bytes) != 0)
		return;
	error = na_odoo_series(content, bytes, series, sizeof(series));
	free(content);
	if (data_dir.length == 0)
		data_dir = slice(server->config.data_dir);
	if (data_dir.length == 0)
		data_dir = variable(server, "ODOO_DATA_DIR");
	if (error || !absolute(server, data_dir.length ? data_dir : share.length ? share : slice("~/.local/share"), path,
			       sizeof(path)))
		return;
	snprintf(addons, sizeof(addons), "%s%s/addons/%s", path, data_dir.length ? "" : "/Odoo", series);
	na_addon_facts_add_place(facts, server->root, addons);
	if (data_dir.length == 0) {
		snprintf(addons, sizeof(addons), "/var/lib/Odoo/addons/%s", series);
		na_addon_facts_add_place(facts, server->root, addons);
	}
}

static void add_paths(const struct server *server, struct na_addon_facts *facts, struct na_slice paths)
{
	struct na_slice path;
	char text[NA_ADDON_PATH_BYTES];

	while (na_next_path(&paths, ',', &path))
		if (absolute(server, path, text, sizeof(text)))
			na_addon_facts_add_place(facts, server->root, text);
}

/* The command line wins over the environment (Odoo 19), and that over the file. */
static struct na_slice configured_paths(const struct server *server)
{
	struct na_slice paths = server->options.addons_path;

	if (paths.length == 0)
		paths = variable(server, "ODOO_ADDONS_PATH");
	if (paths.length == 0)
		paths = slice(server->config.addons_path);
	return paths;
}

/* The folder beside a source checkout's package, which Odoo 17 and 18 use when none is configured, and 19 always. */
static void add_community(const struct server *server, struct na_addon_facts *facts)
{
	char path[NA_ADDON_PATH_BYTES + 16];
	char *slash;

	if (!facts->package.path[0])
		return;
	snprintf(path, sizeof(path), "%s", facts->package.path);
	slash = strrchr(path, '/');
	snprintf(slash, sizeof(path) - (size_t)(slash - path), "/addons");
	na_addon_facts_add_place(facts, server->root, path);
}

/* ---- the database ---- */

/* The command line wins over the file. What libpq's own variable does to either depends on Odoo's version. */
static void learn_database(const struct server *server, struct na_addon_facts *facts)
{
	struct na_slice name = server->options.database, other = variable(server, "PGDATABASE");

	if (name.length == 0)
		name = slice(server->config.db_name);
	if (name.length == 0 || name.length >= sizeof(facts->database) || memchr(name.bytes, ',', name.length) ||
	    (other.length && (other.length != name.length || memcmp(other.bytes, name.bytes, name.length) != 0)))
		return;
	memcpy(facts->database, name.bytes, name.length);
}

/* ---- all of it ---- */

/* The script as given, or where a name without a folder is looked for. */
static void learn_script(const struct server *server, struct na_addon_facts *facts)
{
	char path[NA_ADDON_PATH_BYTES];

	if (absolute(server, server->options.script, path, sizeof(path)))
		na_place_find(&facts->script, server->root, path);
}

static void learn_python(const struct server *server, struct na_addon_facts *facts)
{
	char first[NA_ADDON_PATH_BYTES] = "", script[NA_ADDON_PATH_BYTES], path[NA_ADDON_PATH_BYTES];
	struct na_slice python_path = variable(server, "PYTHONPATH");
	struct na_python_hints hints = { .executable = server->executable, .home = server->home, .script_folder = "" };
	char *slash;

	if (server->arguments_length && server->arguments[0] == '/' &&
	    strnlen(server->arguments, server->arguments_length) < sizeof(first))
		snprintf(first, sizeof(first), "%.*s", (int)server->arguments_length, server->arguments);
	hints.argument = first;
	snprintf(script, sizeof(script), "%s", facts->script.path);
	slash = strrchr(script, '/');
	if (slash) {
		*slash = '\0';
		hints.script_folder = script;
	}
	hints.working_folder = slash ? "" : server->folder;
	snprintf(path, sizeof(path), "%.*s", (int)python_path.length, python_path.length ? python_path.bytes : "");
	hints.python_path = path;
	na_addon_facts_add_libraries(facts, server->root, &hints);
	na_addon_facts_add_package(facts, server->root, &hints);
}

static void learn(struct server *server, struct na_addon_facts *facts)
{
	struct na_proc_stat stat;

	if (na_proc_stat(server->pid_fd, &stat) == 0)
		facts->server_ticks = stat.start_ticks;
	facts->server = server->pid;
	learn_surroundings(server);
	facts->odoo = server->odoo;
	learn_script(server, facts);
	read_config(server, facts);
	if (server->odoo)
		learn_database(server, facts);
	learn_python(server, facts);
	if (server->odoo)
		add_data_dir(server, facts);
	add_paths(server, facts, configured_paths(server));
	if (server->odoo)
		add_community(server, facts);
	na_addon_facts_add_links(facts, server->root);
	facts->by_folder = !server->odoo && configured_paths(server).length == 0;
}

int na_addon_facts_learn(struct na_addon_facts *facts, int proc_fd, uint32_t pid, const struct na_root *root)
{
	struct server *server = calloc(1, sizeof(*server));
	int error;

	memset(facts, 0, sizeof(*facts));
	if (!server)
		return -ENOMEM;
	server->root = root;
	error = find_server(server, proc_fd, pid);
	if (!error) {
		learn(server, facts);
		close(server->pid_fd);
	}
	explicit_bzero(server, sizeof(*server));
	free(server);
	return error == -ENOENT ? -ESRCH : error;
}
