/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings as text: what the configuration hash covers, and a commented configuration file. */
#include "daemon/config.h"

#include <stdbool.h>
#include <string.h>

size_t na_config_text(const struct na_config *config, char *out, size_t out_bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < na_settings_count; i++) {
		const struct na_setting *setting = &na_settings[i];
		char value[NA_CONFIG_PATH_BYTES];
		int length;

		na_setting_value(setting, config, value, sizeof(value));
		length = snprintf(out + used, out_bytes - used, "%s.%s = %s\n", setting->section, setting->name, value);
		if (length < 0 || (size_t)length >= out_bytes - used)
			break;
		used += (size_t)length;
	}
	return used;
}

struct na_switches na_config_switches(const struct na_config *config)
{
	return (struct na_switches){
		.off = !config->enabled,
		.strict = config->redaction == NA_CONFIG_REDACTION_STRICT,
		.disabled = config->disabled_channels,
	};
}

static bool at_default(const struct na_setting *setting, const char *value)
{
	struct na_config defaults;
	char standard[NA_CONFIG_PATH_BYTES];

	if (setting->standard)
		return strcmp(setting->standard, value) == 0;
	if (na_config_defaults(&defaults, NULL) != 0)
		return false;
	na_setting_value(setting, &defaults, standard, sizeof(standard));
	return strcmp(standard, value) == 0;
}

void na_config_dump(const struct na_config *config, FILE *out)
{
	const char *section = "";

	fputs("# Settings of netaudit-bpf; netaudit.conf(5) says what each one costs.\n"
	      "# Lines that are commented out show the default.\n", out);
	for (size_t i = 0; i < na_settings_count; i++) {
		const struct na_setting *setting = &na_settings[i];
		char value[NA_CONFIG_PATH_BYTES], allowed[160];
		bool unchanged;

		if (strcmp(section, setting->section) != 0)
			fprintf(out, "\n[%s]\n", setting->section);
		section = setting->section;
		na_setting_value(setting, config, value, sizeof(value));
		na_setting_allowed(setting, allowed, sizeof(allowed));
		unchanged = at_default(setting, value);
		fprintf(out, "# %s: %s\n", setting->text, allowed);
		/* The derived default differs from machine to machine, so the file does not show it. */
		if (unchanged && !setting->standard)
			fprintf(out, "#%s =\n", setting->name);
		else
			fprintf(out, "%s%s = %s\n", unchanged ? "#" : "", setting->name, value);
	}
}
