// SPDX-License-Identifier: GPL-2.0-or-later
/* The settings as JSON. */
#include "daemon/settings_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"

/* A path may hold bytes that are no UTF-8: those are shown escaped. */
static json_t *text(const char *value)
{
	char escaped[NA_ESCAPED_BYTES(NA_CONFIG_PATH_BYTES)];

	if (na_utf8_valid(value, strlen(value)))
		return json_string(value);
	na_escape(escaped, sizeof(escaped), value, strlen(value));
	return json_string(escaped);
}

static json_t *setting_json(const struct na_config *config, const struct na_config *defaults, size_t number)
{
	static const char *const from[] = {
		[NA_FROM_DEFAULT] = "default", [NA_FROM_FILE] = "file", [NA_FROM_OPTION] = "option",
	};
	const struct na_setting *setting = &na_settings[number];
	const struct na_config_source *source = &config->source[number];
	char name[2 * NA_CONFIG_NAME_BYTES], value[NA_CONFIG_PATH_BYTES], standard[NA_CONFIG_PATH_BYTES];
	json_t *out;

	(void)snprintf(name, sizeof(name), "%s.%s", setting->section, setting->name);
	na_setting_value(setting, config, value, sizeof(value));
	na_setting_value(setting, defaults, standard, sizeof(standard));
	out = json_pack("{s:s, s:o, s:o, s:b, s:s}", "setting", name, "value", text(value), "default", text(standard), "live",
			setting->live, "from", from[source->from]);
	if (out && source->from == NA_FROM_FILE) {
		json_object_set_new(out, "file", text(source->file));
		json_object_set_new(out, "line", json_integer(source->line));
	}
	return out;
}

json_t *na_settings_json(const struct na_config *config)
{
	json_t *list = json_array();
	struct na_config defaults;

	if (!list || na_config_defaults(&defaults, NULL)) {
		json_decref(list);
		return NULL;
	}
	for (size_t i = 0; i < na_settings_count; i++)
		if (json_array_append_new(list, setting_json(config, &defaults, i))) {
			json_decref(list);
			return NULL;
		}
	return json_pack("{s:o, s:o}", "file", text(config->file), "settings", list);
}

void na_settings_write(int run_fd, const struct na_config *config)
{
	json_t *settings = na_settings_json(config);
	char *content = settings ? json_dumps(settings, JSON_INDENT(1)) : NULL;
	int err = content ? na_replace_file(run_fd, NA_SETTINGS_FILE, content, strlen(content), 0644) : -ENOMEM;

	if (err)
		na_log_warning("cannot write %s/" NA_SETTINGS_FILE ": %s", config->run_dir, strerror(-err));
	free(content);
	json_decref(settings);
}
