/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads options, variables and the INI file that say where add-ons are. */
#include "target/addons_config.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct na_slice strip(struct na_slice text)
{
	while (text.length && is_space(text.bytes[0])) {
		text.bytes++;
		text.length--;
	}
	while (text.length && is_space(text.bytes[text.length - 1]))
		text.length--;
	return text;
}

/* Takes what stands before the next `separator` off `rest`. */
static bool take_until(struct na_slice *rest, char separator, struct na_slice *part)
{
	const char *end;

	if (rest->length == 0)
		return false;
	end = memchr(rest->bytes, separator, rest->length);
	*part = (struct na_slice){ rest->bytes, end ? (size_t)(end - rest->bytes) : rest->length };
	rest->bytes += part->length + (end != NULL);
	rest->length -= part->length + (end != NULL);
	return true;
}

bool na_next_path(struct na_slice *rest, char separator, struct na_slice *path)
{
	while (take_until(rest, separator, path)) {
		*path = strip(*path);
		if (path->length)
			return true;
	}
	return false;
}

/* Where an option's value goes. A long one may be cut as long as at least `least` characters are left of it. */
struct option {
	char letter;
	const char *name;
	size_t least;
	size_t offset;	/* of a struct na_slice in struct na_server_options */
};

static const struct option options[] = {
	{ 'c', "--config", sizeof("--conf") - 1, offsetof(struct na_server_options, config) },
	{ '\0', "--addons-path", sizeof("--addo") - 1, offsetof(struct na_server_options, addons_path) },
	{ 'd', "--database", sizeof("--datab") - 1, offsetof(struct na_server_options, database) },
	{ 'D', "--data-dir", sizeof("--data-") - 1, offsetof(struct na_server_options, data_dir) },
};

/* "-cFILE", "-c FILE", "--config=FILE", "--config FILE": `rest` loses the argument that was taken as the value. */
static bool take_option(struct na_slice argument, const struct option *option, struct na_slice *rest,
			struct na_slice *value)
{
	const char *equals = memchr(argument.bytes, '=', argument.length);
	size_t name = equals ? (size_t)(equals - argument.bytes) : argument.length;

	if (option->letter && argument.length >= 2 && argument.bytes[0] == '-' && argument.bytes[1] == option->letter) {
		*value = (struct na_slice){ argument.bytes + 2, argument.length - 2 };
		return value->length > 0 || take_until(rest, '\0', value);
	}
	if (name < option->least || name > strlen(option->name) || memcmp(argument.bytes, option->name, name) != 0)
		return false;
	if (!equals)
		return take_until(rest, '\0', value);
	*value = (struct na_slice){ equals + 1, argument.length - name - 1 };
	return true;
}

static bool is_script(struct na_slice argument)
{
	const char *slash = argument.length ? memrchr(argument.bytes, '/', argument.length) : NULL;
	size_t skipped = slash ? (size_t)(slash - argument.bytes) + 1 : 0;
	char name[NA_EXE_NAME_BYTES];

	if (argument.length - skipped >= sizeof(name) || memchr(argument.bytes, '\0', argument.length))
		return false;
	memcpy(name, argument.bytes + skipped, argument.length - skipped);
	name[argument.length - skipped] = '\0';
	return na_is_odoo_script_name(name);
}

struct na_server_options na_read_server_options(const char *arguments, size_t length)
{
	struct na_server_options result = { .module = false };
	struct na_slice rest = { arguments, length }, argument;
	bool interpreter = true;	/* the arguments so far are Python's own */

	while (take_until(&rest, '\0', &argument)) {
		struct na_slice value;

		if (interpreter && is_script(argument)) {
			result.module = argument.bytes - arguments >= 3 && memcmp(argument.bytes - 3, "-m", 3) == 0;
			result.script = result.module ? (struct na_slice){ NULL, 0 } : argument;
			interpreter = false;
			continue;
		}
		for (size_t i = 0; i < COUNT(options); i++)
			if ((!interpreter || !options[i].letter) && take_option(argument, &options[i], &rest, &value)) {
				*(struct na_slice *)((char *)&result + options[i].offset) = value;
				break;
			}
	}
	return result;
}

struct na_slice na_environment_value(const char *environment, size_t length, const char *name)
{
	struct na_slice rest = { environment, length }, variable, found = { NULL, 0 };
	size_t bytes = strlen(name);

	while (take_until(&rest, '\0', &variable))
		if (variable.length > bytes && memcmp(variable.bytes, name, bytes) == 0 && variable.bytes[bytes] == '=')
			found = (struct na_slice){ variable.bytes + bytes + 1, variable.length - bytes - 1 };
	return found;
}

/* A value that is being read; a long one goes on in indented lines. */
struct setting {
	const char *name;
	char *text;
	size_t capacity, used;
	bool certain;	/* from [options], which wins over [DEFAULT] */
};

static void append(struct setting *setting, struct na_slice text)
{
	bool first = setting->used == 0;

	if (setting->used + text.length + 2 > setting->capacity || (text.length && memchr(text.bytes, '\0', text.length)))
		return;
	if (!first)
		setting->text[setting->used++] = '\n';
	if (text.length)
		memcpy(setting->text + setting->used, text.bytes, text.length);
	setting->used += text.length;
	setting->text[setting->used] = '\0';
}

static bool same_word(struct na_slice text, const char *word)
{
	if (text.length != strlen(word))
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (tolower((unsigned char)text.bytes[i]) != word[i])
			return false;
	return true;
}

/* "NAME = VALUE" or "NAME: VALUE": the setting it begins, NULL for one that does not matter here. */
static struct setting *begin_setting(struct setting *settings, size_t count, struct na_slice line, bool certain)
{
	struct na_slice name = line, value = { NULL, 0 };

	for (size_t i = 0; i < line.length; i++) {
		if (line.bytes[i] != '=' && line.bytes[i] != ':')
			continue;
		name.length = i;
		value = (struct na_slice){ line.bytes + i + 1, line.length - i - 1 };
		break;
	}
	name = strip(name);
	for (size_t i = 0; i < count; i++) {
		if (!same_word(name, settings[i].name))
			continue;
		if (settings[i].certain && !certain)
			return NULL;
		settings[i].certain = certain;
		settings[i].used = 0;
		settings[i].text[0] = '\0';
		append(&settings[i], strip(value));
		return &settings[i];
	}
	return NULL;
}

void na_read_odoo_config(struct na_odoo_config *config, const char *text, size_t length)
{
	struct setting settings[] = {
		{ "addons_path", config->addons_path, sizeof(config->addons_path), 0, false },
		{ "data_dir", config->data_dir, sizeof(config->data_dir), 0, false },
		{ "db_name", config->db_name, sizeof(config->db_name), 0, false },
	};
	struct na_slice rest = { text, length }, line;
	struct setting *current = NULL;
	bool certain = false, inside = false;
	size_t indentation = SIZE_MAX;	/* of the line that began the setting */

	config->addons_path[0] = config->data_dir[0] = config->db_name[0] = '\0';
	while (take_until(&rest, '\n', &line)) {
		struct na_slice content = strip(line);
		size_t indented = content.length ? (size_t)(content.bytes - line.bytes) : 0;

		if (content.length == 0 || content.bytes[0] == '#' || content.bytes[0] == ';')
			continue;
		if (indented > indentation) {
			if (current)
				append(current, content);
			continue;
		}
		indentation = indented;
		if (content.bytes[0] == '[' && memchr(content.bytes, ']', content.length)) {
			certain = content.length >= 9 && memcmp(content.bytes, "[options]", 9) == 0;
			inside = certain || (content.length >= 9 && memcmp(content.bytes, "[DEFAULT]", 9) == 0);
			current = NULL;
			indentation = SIZE_MAX;
		} else {
			current = inside ? begin_setting(settings, COUNT(settings), content, certain) : NULL;
		}
	}
	for (size_t i = 0; i < COUNT(settings); i++)
		if (strcmp(settings[i].text, "False") == 0 || strcmp(settings[i].text, "false") == 0)
			settings[i].text[0] = '\0';
}
