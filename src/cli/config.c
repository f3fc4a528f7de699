// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netaudit config: the settings in force, who set them, and when they were changed; or whether a file would be taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "cli/catalogue.h"
#include "cli/config_changes.h"
#include "cli/fields.h"
#include "cli/json_line.h"
#include "cli/status_text.h"
#include "daemon/settings_file.h"

#define SETTINGS_LIMIT_BYTES (256 * 1024)

const struct na_option na_config_options[] = {
	{ "check", 0, "FILE", "say whether the daemon would take FILE, and the conf.d beside it; 78: it would not" },
	{ "config", 0, "FILE", "the daemon's configuration file (default " NA_CONFIG_FILE ")" },
	{ NULL, 0, NULL, NULL }
};

struct request {
	const char *check, *file;
};

/* What is to be shown. */
struct view {
	json_t *in_force;	/* as settings.json */
	json_t *in_file;	/* the same of what the file says; NULL: that cannot be said */
	bool running;
	int changes_error;	/* why `changes` are not known */
	struct na_setting_change changes[NA_SETTINGS_MAX];
};

static int take(void *context, const char *name, const char *value)
{
	struct request *request = context;

	if (!strcmp(name, "check"))
		request->check = value;
	else if (!strcmp(name, "config"))
		request->file = value;
	else
		return -EINVAL;
	return 0;
}

/* As the daemon reads it. Returns 0, or the exit code after having said why. */
static int read_file(const struct na_cli *cli, const char *file, bool required, struct na_config *config)
{
	struct na_error error = { 0 };
	int err = na_config_defaults(config, &error);

	if (!err)
		err = na_config_read(config, file, required, &error);
	if (!err)
		err = na_config_check(config, &error);
	if (!err)
		return NA_CLI_OK;
	na_cli_error(cli, "%s", error.text);
	return NA_CLI_CONFIG;
}

static int check(struct na_cli *cli, const char *file)
{
	struct na_catalogue *catalogue = NULL;
	struct na_error error = { 0 };
	struct na_config config;
	int code = read_file(cli, file, true, &config);
	const char *const folders[] = { config.shipped_dir, config.site_dir };

	if (code)
		return code;
	if (na_catalogue_load(&catalogue, folders, 2, &error)) {	/* as the daemon does before it starts */
		na_cli_error(cli, "%s", error.text);
		return NA_CLI_CONFIG;
	}
	na_catalogue_destroy(catalogue);
	if (cli->json)
		puts("{\"ok\":true}");
	else
		puts("The daemon would take it.");
	return NA_CLI_OK;
}

static bool is_running(const struct na_cli *cli)
{
	json_t *status = NULL;
	bool running = na_status_load(cli, &status) == 0 && na_status_judge(status) != NA_DAEMON_STOPPED;

	json_decref(status);
	return running;
}

/* What the daemon wrote; NULL: nothing that can be read. */
static json_t *load_in_force(const struct na_cli *cli)
{
	char path[4096], *content = NULL;
	json_t *settings = NULL;
	size_t bytes;

	if (snprintf(path, sizeof(path), "%s/" NA_SETTINGS_FILE, cli->run_dir) < (int)sizeof(path) &&
	    na_read_file(AT_FDCWD, path, SETTINGS_LIMIT_BYTES, &content, &bytes) == 0)
		settings = json_loadb(content, bytes, 0, NULL);
	free(content);
	if (json_is_array(json_object_get(settings, "settings")))
		return settings;
	json_decref(settings);
	return NULL;
}

static const json_t *find(const json_t *settings, const char *name)
{
	const json_t *setting;
	size_t i;

	json_array_foreach (json_object_get(settings, "settings"), i, setting)
		if (na_field_is(setting, "setting", name))
			return setting;
	return NULL;
}

/* What the file says, where it is another value than the one in force, and no option is over it; NULL: nothing else. */
static const json_t *waiting(const struct view *view, const json_t *setting)
{
	const char *name = json_string_value(json_object_get(setting, "setting"));
	const json_t *other = name ? find(view->in_file, name) : NULL;

	return !other || na_field_is(setting, "from", "option") ||
			       json_equal(json_object_get(setting, "value"), json_object_get(other, "value")) ? NULL : other;
}

static const struct na_setting_change *change_of(const struct view *view, const json_t *setting)
{
	char name[NA_FIELD_BYTES], *dot;
	const struct na_setting *known;

	na_field_text(name, setting, "setting");
	dot = strchr(name, '.');
	if (!dot)
		return NULL;
	*dot = '\0';
	known = na_setting_find(name, dot + 1);
	return known && view->changes[known - na_settings].seq ? &view->changes[known - na_settings] : NULL;
}

static void print_json(const struct view *view)
{
	json_t *setting;
	size_t i;

	json_object_set_new(view->in_force, "daemon_running", json_boolean(view->running));
	json_object_set_new(view->in_force, "changes_known", json_boolean(!view->changes_error));
	json_array_foreach (json_object_get(view->in_force, "settings"), i, setting) {
		const struct na_setting_change *change = change_of(view, setting);
		const json_t *other = waiting(view, setting);

		if (other)
			json_object_set(setting, "file_value", json_object_get(other, "value"));
		if (change)
			json_object_set_new(setting, "changed",
					    json_pack("{s:I, s:I, s:s}", "seq", (json_int_t)change->seq, "t",
						      (json_int_t)change->t, "before", change->before));
	}
	na_json_dump(stdout, view->in_force, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
}

static char *source_text(char out[NA_FIELD_BYTES], const json_t *setting)
{
	char file[NA_FIELD_BYTES];

	if (!na_field_is(setting, "from", "file"))
		return na_field_text(out, setting, "from");
	(void)snprintf(out, NA_FIELD_BYTES, "%.480s:%" PRId64, na_field_text(file, setting, "file"),
		       na_field_integer(setting, "line", 0));
	return out;
}

/* One setting a line: in a pipe name, value, source, when a change counts, record and time of the last change. */
static void print_setting(const struct na_cli *cli, const struct view *view, const json_t *setting)
{
	char name[NA_FIELD_BYTES], value[NA_FIELD_BYTES], source[NA_FIELD_BYTES], time[NA_HUMAN_BYTES] = "";
	const char *effect = json_is_true(json_object_get(setting, "live")) ? "SIGHUP" : "restart";
	const struct na_setting_change *change = change_of(view, setting);
	const json_t *other = waiting(view, setting);

	na_field_text(name, setting, "setting");
	na_field_text(value, setting, "value");
	source_text(source, setting);
	if (change)
		na_local_time(time, change->t);
	if (!cli->terminal) {
		printf("%s\t%s\t%s\t%s\t%" PRId64 "\t%s\n", name, value, source, effect, change ? change->seq : 0, time);
		return;
	}
	printf("%-26s %s%-28s%s %-10s %s\n", name, na_colour(cli, strcmp(source, "default") ? NA_BOLD : NA_PLAIN), value,
	       na_colour(cli, NA_PLAIN), effect, source);
	if (other)
		printf("%28s%s%s says %s: not in force before %s%s\n", "", na_colour(cli, NA_YELLOW), source_text(source, other),
		       na_field_text(value, other, "value"), strcmp(effect, "SIGHUP") ? "a restart" : "SIGHUP or a restart",
		       na_colour(cli, NA_PLAIN));
	if (change)
		printf("%28s%sit was %s until record %" PRId64 ", %s%s\n", "", na_colour(cli, NA_FAINT), change->before, change->seq,
		       time, na_colour(cli, NA_PLAIN));
}

static void print_text(const struct na_cli *cli, const struct view *view)
{
	const json_t *settings = json_object_get(view->in_force, "settings");

	if (cli->terminal && !view->running)
		puts("The daemon is not running: this is what the file says.\n");
	if (cli->terminal)
		printf("%s%-26s %-28s %-10s %s%s\n", na_colour(cli, NA_BOLD), "SETTING", "VALUE", "CHANGED BY", "FROM",
		       na_colour(cli, NA_PLAIN));
	for (size_t i = 0; i < json_array_size(settings); i++)
		print_setting(cli, view, json_array_get(settings, i));
	if (cli->terminal && view->changes_error && view->changes_error != -ENOENT)
		puts("\nWhen they were changed is in the journal, which you may not read.");
}

int na_command_config(struct na_cli *cli, int argc, char **argv)
{
	static struct view view;
	struct request request = { 0 };
	struct na_config config;
	const char *file;
	int code = na_cli_parse(cli, argc, argv, take, &request);

	if (code >= 0)
		return code;
	if (request.check)
		return check(cli, request.check);
	view.in_force = is_running(cli) ? load_in_force(cli) : NULL;
	view.running = view.in_force != NULL;
	file = request.file ? request.file : json_string_value(json_object_get(view.in_force, "file"));
	code = read_file(cli, file ? file : NA_CONFIG_FILE, request.file != NULL, &config);
	view.in_file = code ? NULL : na_settings_json(&config);
	if (!view.running)
		view.in_force = json_incref(view.in_file);
	if (view.in_force) {
		view.changes_error = na_config_changes(cli, view.changes);
		if (cli->json)
			print_json(&view);
		else
			print_text(cli, &view);
	}
	json_decref(view.in_force);
	json_decref(view.in_file);
	return code;
}
