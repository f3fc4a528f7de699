/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads configuration files into struct na_config.
 */
#include "daemon/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/ini.h"
#include "daemon/digest.h"

struct reading {
	struct na_config *config;
	int set_at[NA_SETTINGS_MAX];	/* by setting: the line that set it in this file; 0: none */
};

static bool section_exists(const char *section)
{
	for (size_t i = 0; i < na_settings_count; i++)
		if (strcmp(na_settings[i].section, section) == 0)
			return true;
	return false;
}

/* The settings of a section, or the sections, as a list for an error message. */
static void list_allowed(const char *section, char *out, size_t out_bytes)
{
	const char *last = "";
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < na_settings_count && used < out_bytes; i++) {
		const char *word = section ? na_settings[i].name : na_settings[i].section;

		if ((section && strcmp(na_settings[i].section, section) != 0) || strcmp(word, last) == 0)
			continue;
		used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", *last ? ", " : "", word);
		last = word;
	}
}

static void refuse_unknown(struct na_ini *ini, const char *section, const char *name)
{
	bool known = section_exists(section);
	char text[NA_ERROR_TEXT_BYTES], allowed[176], shown[40];

	list_allowed(known ? section : NULL, allowed, sizeof(allowed));
	na_escape(shown, sizeof(shown), known ? name : section, strlen(known ? name : section));
	if (known)
		(void)snprintf(text, sizeof(text), "no setting \"%s\" in [%s]; it has %s", shown, section, allowed);
	else if (!*section)
		(void)snprintf(text, sizeof(text), "a setting before any [section]; sections are %s", allowed);
	else
		(void)snprintf(text, sizeof(text), "no section [%s]; there are %s", shown, allowed);
	na_ini_fail(ini, known ? name : section, text);
}

static void handle(struct na_ini *ini, const char *section, const char *name, const char *value)
{
	struct reading *reading = ini->context;
	const struct na_setting *setting = na_setting_find(section, name);
	struct na_error why = { 0 };
	struct na_config_source *source;
	char text[64];
	int *set_at;

	if (!setting) {
		refuse_unknown(ini, section, name);
		return;
	}
	set_at = &reading->set_at[setting - na_settings];
	if (*set_at) {
		(void)snprintf(text, sizeof(text), "%s is already set in line %d", name, *set_at);
		na_ini_fail(ini, name, text);
		return;
	}
	*set_at = ini->line;
	if (na_setting_parse(setting, value, reading->config, &why) != 0) {
		na_ini_fail_value(ini, why.text);
		return;
	}
	source = &reading->config->source[setting - na_settings];
	*source = (struct na_config_source){ .from = NA_FROM_FILE, .line = ini->line };
	(void)snprintf(source->file, sizeof(source->file), "%s", ini->file);
}

static int read_one(struct na_config *config, const char *file, struct na_error *error)
{
	struct reading reading = { .config = config };
	struct na_ini ini = { .file = file, .error = error, .context = &reading, .handle = handle };

	return na_ini_read(&ini);
}

static int is_fragment(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static int read_fragments(struct na_config *config, const char *file, struct na_error *error)
{
	const char *slash = strrchr(file, '/');
	int prefix = slash ? (int)(slash - file) + 1 : 0;
	char path[PATH_MAX];
	struct dirent **entries;
	int count, result = 0;

	(void)snprintf(path, sizeof(path), "%.*sconf.d", prefix, file);
	count = scandir(path, &entries, is_fragment, by_bytes);
	if (count < 0)
		return errno == ENOENT ? 0 : na_error_set(error, -errno, "%s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (!result) {
			(void)snprintf(path, sizeof(path), "%.*sconf.d/%s", prefix, file, entries[i]->d_name);
			result = read_one(config, path, error);
		}
		free(entries[i]);
	}
	free(entries);
	return result;
}

int na_config_read(struct na_config *config, const char *file, int required, struct na_error *error)
{
	int result;

	(void)snprintf(config->file, sizeof(config->file), "%s", file);
	if (required || access(file, F_OK) == 0 || errno != ENOENT) {
		result = read_one(config, file, error);
		if (result)
			return result;
	}
	return read_fragments(config, file, error);
}

/* Tells hosts apart without giving the machine id away, as machine-id(5) asks. */
static void machine_origin(char *out, size_t out_bytes)
{
	char hex[NA_DIGEST_HEX_BYTES], host[NA_CONFIG_NAME_BYTES] = "", *id = NULL;
	char text[128];
	size_t bytes;

	if (na_read_file(AT_FDCWD, "/etc/machine-id", 64, &id, &bytes) == 0 && bytes >= 32) {
		int length = snprintf(text, sizeof(text), "netaudit/origin/v1\n%.32s", id);

		free(id);
		if (na_digest_hex(text, (size_t)length, hex) == 0) {
			(void)snprintf(out, out_bytes, "netaudit/%.16s", hex);
			return;
		}
	} else {
		free(id);
	}
	if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
		(void)snprintf(host, sizeof(host), "localhost");
	(void)snprintf(out, out_bytes, "netaudit/%.48s", host);
}

int na_config_defaults(struct na_config *config, struct na_error *error)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < na_settings_count; i++) {
		char derived[NA_CONFIG_NAME_BYTES];
		const char *value = na_settings[i].standard;
		int result;

		if (!value) {
			machine_origin(derived, sizeof(derived));
			value = derived;
		}
		result = na_setting_parse(&na_settings[i], value, config, error);
		if (result)
			return result;
	}
	return 0;
}

int na_config_check(const struct na_config *config, struct na_error *error)
{
	if (strcmp(config->user, config->sign_user) == 0)
		return na_error_set(error, -EINVAL, "user and sign_user must differ: who writes rows must not hold the keys");
	if (strcmp(config->user, "root") == 0 || strcmp(config->sign_user, "root") == 0)
		return na_error_set(error, -EINVAL, "user and sign_user must not be root");
	if (strcmp(config->state_dir, config->run_dir) == 0)
		return na_error_set(error, -EINVAL, "state_dir and run_dir must differ");
	return 0;
}
