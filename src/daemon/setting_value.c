/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One setting's value: text to field, field to text, and what is allowed, by the setting's type. */
#include "daemon/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

static uint32_t *number_field(const struct na_setting *setting, struct na_config *config)
{
	return (uint32_t *)((char *)config + setting->offset);
}

static size_t text_field_bytes(const struct na_setting *setting)
{
	return setting->type == NA_SETTING_PATH || setting->type == NA_SETTING_NETWORKS ? NA_CONFIG_PATH_BYTES :
											  NA_CONFIG_NAME_BYTES;
}

void na_setting_allowed(const struct na_setting *setting, char *out, size_t out_bytes)
{
	const char *unit = setting->unit ? setting->unit : "";
	size_t used = 0;

	switch (setting->type) {
	case NA_SETTING_NUMBER:
		(void)snprintf(out, out_bytes, "a whole number from %u to %u (%s)", setting->minimum, setting->maximum,
			       unit);
		break;
	case NA_SETTING_POWER:
		(void)snprintf(out, out_bytes, "a power of two from %u to %u (%s)", setting->minimum, setting->maximum,
			       unit);
		break;
	case NA_SETTING_CHOICE:
		(void)snprintf(out, out_bytes, "one of");
		for (const struct na_setting_choice *choice = setting->choices; choice->word; choice++) {
			used = strlen(out);
			(void)snprintf(out + used, out_bytes - used, "%s %s", choice == setting->choices ? "" : ",",
				       choice->word);
		}
		break;
	case NA_SETTING_WORDS:
		(void)snprintf(out, out_bytes, "none, or some of");
		for (const struct na_setting_choice *choice = setting->choices; choice->word; choice++) {
			used = strlen(out);
			(void)snprintf(out + used, out_bytes - used, "%s %s", choice == setting->choices ? "" : ",",
				       choice->word);
		}
		break;
	case NA_SETTING_PATH:
		(void)snprintf(out, out_bytes, "an absolute path without \"..\", shorter than %d bytes",
			       NA_CONFIG_PATH_BYTES);
		break;
	case NA_SETTING_USER:
		(void)snprintf(out, out_bytes, "a user name of letters, digits, \"-\" and \"_\"");
		break;
	case NA_SETTING_NETWORKS:
		(void)snprintf(out, out_bytes, "none, or at most %d addresses or ADDRESS/BITS, separated by commas",
			       NA_TRUSTED_MOST);
		break;
	case NA_SETTING_ORIGIN:
		(void)snprintf(out, out_bytes, "printable ASCII without spaces and \"+\", shorter than %d bytes",
			       NA_CONFIG_NAME_BYTES);
		break;
	}
}

static bool number_of(const char *value, uint32_t *number)
{
	char *end;
	unsigned long parsed;

	/* strtoul() would also take spaces, signs and, past 32 bits, whatever fits a long. */
	if (!isdigit((unsigned char)value[0]))
		return false;
	errno = 0;
	parsed = strtoul(value, &end, 10);
	if (errno || *end || parsed > UINT32_MAX)
		return false;
	*number = (uint32_t)parsed;
	return true;
}

static bool is_path(const char *value)
{
	if (value[0] != '/' || strstr(value, "/../") || (strlen(value) >= 3 && !strcmp(value + strlen(value) - 3, "/..")))
		return false;
	for (; *value; value++)
		if (iscntrl((unsigned char)*value))
			return false;
	return true;
}

static bool is_user(const char *value)
{
	if (!isalpha((unsigned char)value[0]) && value[0] != '_')
		return false;
	for (; *value; value++)
		if (!isalnum((unsigned char)*value) && *value != '-' && *value != '_')
			return false;
	return true;
}

static bool is_origin(const char *value)
{
	if (!value[0])
		return false;
	for (; *value; value++)
		if (*value <= ' ' || *value > '~' || *value == '+')
			return false;
	return true;
}

/* Words separated by commas, and blanks around them; none of them twice. */
static bool words_of(const struct na_setting *setting, const char *value, uint32_t *words)
{
	const struct na_setting_choice *choice;

	*words = 0;
	if (!strcmp(value, "none"))
		return true;
	for (;;) {
		size_t length;

		value += strspn(value, " \t");
		length = strcspn(value, ", \t");
		for (choice = setting->choices; choice->word; choice++)
			if (strlen(choice->word) == length && !strncmp(choice->word, value, length))
				break;
		if (!choice->word || *words & choice->value)
			return false;
		*words |= choice->value;
		value += length;
		value += strspn(value, " \t");
		if (!*value)
			return true;
		if (*value++ != ',')
			return false;
	}
}

/* Without the blanks. */
static bool networks_of(const char *value, char out[NA_CONFIG_PATH_BYTES])
{
	struct na_trusted ignored[NA_TRUSTED_MOST];
	size_t used = 0;

	for (; *value; value++)
		if (*value != ' ' && *value != '\t' && used < NA_CONFIG_PATH_BYTES - 1)
			out[used++] = *value;
	out[used] = '\0';
	return na_config_trusted(out, ignored) == 0;
}

/* True and stored, or false. The daemon runs in the C locale: the ctype functions know ASCII only. */
static bool parse(const struct na_setting *setting, const char *value, struct na_config *config)
{
	char networks[NA_CONFIG_PATH_BYTES];
	uint32_t number;

	switch (setting->type) {
	case NA_SETTING_NUMBER:
	case NA_SETTING_POWER:
		if (!number_of(value, &number) || number < setting->minimum || number > setting->maximum)
			return false;
		if (setting->type == NA_SETTING_POWER && (number & (number - 1)) != 0)
			return false;
		*number_field(setting, config) = number;
		return true;
	case NA_SETTING_CHOICE:
		for (const struct na_setting_choice *choice = setting->choices; choice->word; choice++)
			if (strcmp(choice->word, value) == 0) {
				*number_field(setting, config) = choice->value;
				return true;
			}
		return false;
	case NA_SETTING_WORDS:
		if (!words_of(setting, value, &number))
			return false;
		*number_field(setting, config) = number;
		return true;
	case NA_SETTING_NETWORKS:
		if (strlen(value) >= text_field_bytes(setting) || !networks_of(value, networks))
			return false;
		memcpy((char *)config + setting->offset, networks, strlen(networks) + 1);
		return true;
	case NA_SETTING_PATH:
	case NA_SETTING_USER:
	case NA_SETTING_ORIGIN:
		if (strlen(value) >= text_field_bytes(setting))
			return false;
		if (!(setting->type == NA_SETTING_PATH ? is_path(value) :
		      setting->type == NA_SETTING_USER ? is_user(value) : is_origin(value)))
			return false;
		memcpy((char *)config + setting->offset, value, strlen(value) + 1);
		return true;
	}
	return false;
}

int na_setting_parse(const struct na_setting *setting, const char *value, struct na_config *config,
		     struct na_error *error)
{
	char allowed[128], shown[48];

	if (parse(setting, value, config))
		return 0;
	na_setting_allowed(setting, allowed, sizeof(allowed));
	na_escape(shown, sizeof(shown), value, strlen(value));
	return na_error_set(error, -EINVAL, "%s: \"%s\" is not %s", setting->name, shown, allowed);
}

void na_setting_value(const struct na_setting *setting, const struct na_config *config, char *out, size_t out_bytes)
{
	uint32_t number;

	switch (setting->type) {
	case NA_SETTING_NUMBER:
	case NA_SETTING_POWER:
		(void)snprintf(out, out_bytes, "%u", *number_field(setting, (struct na_config *)(uintptr_t)config));
		return;
	case NA_SETTING_CHOICE:
		number = *number_field(setting, (struct na_config *)(uintptr_t)config);
		for (const struct na_setting_choice *choice = setting->choices; choice->word; choice++)
			if (choice->value == number)
				(void)snprintf(out, out_bytes, "%s", choice->word);
		return;
	case NA_SETTING_WORDS:
		number = *number_field(setting, (struct na_config *)(uintptr_t)config);
		(void)snprintf(out, out_bytes, "%s", number ? "" : "none");
		for (const struct na_setting_choice *choice = setting->choices; choice->word; choice++) {
			size_t used = strlen(out);

			if (number & choice->value)
				(void)snprintf(out + used, out_bytes - used, "%s%s", used ? "," : "", choice->word);
		}
		return;
	case NA_SETTING_NETWORKS:
	case NA_SETTING_PATH:
	case NA_SETTING_USER:
	case NA_SETTING_ORIGIN:
		(void)snprintf(out, out_bytes, "%s", (const char *)config + setting->offset);
		return;
	}
}
