/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings as text: what the configuration hash covers, and a commented configuration file. */
#include "daemon/config.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/network.h"

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

/* One network as the kernel compares it. */
static void trust(struct na_trusted *trusted, const struct na_network *network)
{
	uint8_t mask[16];

	for (size_t i = 0; i < sizeof(mask); i++)
		mask[i] = network->low[i] ^ network->high[i] ^ 0xff;
	memcpy(trusted->low, network->low, sizeof(trusted->low));
	memcpy(trusted->mask, mask, sizeof(trusted->mask));
}

int na_config_trusted(const char *value, struct na_trusted trusted[NA_TRUSTED_MOST])
{
	size_t count = 0;

	for (size_t i = 0; i < NA_TRUSTED_MOST; i++)
		trusted[i] = (struct na_trusted){ .low = { UINT64_MAX, UINT64_MAX } };	/* no address is in it */
	if (!strcmp(value, "none"))
		return 0;
	for (;;) {
		size_t length = strcspn(value, ",");
		struct na_network network;
		char text[64];

		if (count == NA_TRUSTED_MOST || length >= sizeof(text))
			return -EINVAL;
		memcpy(text, value, length);
		text[length] = '\0';
		if (na_network_parse(&network, text) != 0)
			return -EINVAL;
		trust(&trusted[count++], &network);
		if (!value[length])
			return 0;
		value += length + 1;
	}
}

struct na_switches na_config_switches(const struct na_config *config)
{
	struct na_switches switches = {
		.off = !config->enabled,
		.strict = config->redaction == NA_CONFIG_REDACTION_STRICT,
		.disabled = config->disabled_channels,
	};

	(void)na_config_trusted(config->trusted_proxies, switches.proxies);	/* it was checked when it was read */
	return switches;
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
