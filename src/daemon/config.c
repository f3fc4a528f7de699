/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads configuration files into struct na_config.
 *
 * libinih splits the lines; what it forgives (lines too long, NUL bytes, continued lines, text
 * before any section) is refused here first, because a setting that is silently not read is a
 * weakening nobody sees.
 */
#include "daemon/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "daemon/digest.h"

#define FILE_LIMIT_BYTES 65536
#define LINE_LIMIT_BYTES 190	/* libinih's own buffer is 200 */

struct reading {
	struct na_config *config;
	struct na_error *error;
	const char *file;
	const char *next;	/* unread part of the file */
	int line;		/* number of `text`, from 1 */
	char text[LINE_LIMIT_BYTES + 2];	/* the line being parsed, as in the file */
	bool failed;
	int set_at[NA_SETTINGS_MAX];		/* by setting: the line that set it in this file; 0: none */
};

/* Where `word` stands in the current line, from 1. */
static int column_of(const struct reading *reading, const char *word)
{
	const char *found = *word ? strstr(reading->text, word) : NULL;

	return found ? (int)(found - reading->text) + 1 : 1;
}

static void fail(struct reading *reading, int column, const char *text)
{
	if (reading->failed)
		return;
	reading->failed = true;
	na_error_set(reading->error, -EINVAL, "%s:%d:%d: %s", reading->file, reading->line, column, text);
}

/* fgets() over memory for libinih: hands out one line, without its indentation (which would continue a value). */
static char *next_line(char *out, int out_bytes, void *context)
{
	struct reading *reading = context;
	size_t length, indentation;

	if (reading->failed || !*reading->next)
		return NULL;
	length = strcspn(reading->next, "\n");
	reading->line++;
	(void)snprintf(reading->text, sizeof(reading->text), "%.*s", (int)(length > LINE_LIMIT_BYTES ? 0 : length),
		       reading->next);
	if (length > LINE_LIMIT_BYTES || length + 2 > (size_t)out_bytes) {
		fail(reading, LINE_LIMIT_BYTES, "the line is longer than 190 bytes");
		return NULL;
	}
	indentation = strspn(reading->text, " \t");
	(void)snprintf(out, (size_t)out_bytes, "%s\n", reading->text + indentation);
	reading->next += length;
	if (*reading->next == '\n')
		reading->next++;
	return out;
}

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

static void refuse_unknown(struct reading *reading, const char *section, const char *name)
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
	fail(reading, column_of(reading, known ? name : section), text);
}

static int handle(void *context, const char *section, const char *name, const char *value)
{
	struct reading *reading = context;
	const struct na_setting *setting = na_setting_find(section, name);
	struct na_error why = { 0 };
	char text[64];
	int *set_at;

	if (reading->failed)
		return 0;
	if (!setting) {
		refuse_unknown(reading, section, name);
		return 0;
	}
	set_at = &reading->set_at[setting - na_settings];
	if (*set_at) {
		(void)snprintf(text, sizeof(text), "%s is already set in line %d", name, *set_at);
		fail(reading, column_of(reading, name), text);
		return 0;
	}
	*set_at = reading->line;
	if (na_setting_parse(setting, value, reading->config, &why) != 0) {
		const char *after = strpbrk(reading->text, "=:");
		size_t before = after ? (size_t)(after + 1 - reading->text) : 0;

		before += strspn(reading->text + before, " \t");
		fail(reading, (int)before + 1, why.text);
		return 0;
	}
	return 1;
}

/* Only whoever could stop the daemon anyway may say what it audits. */
static int check_owner(const char *file, struct na_error *error)
{
	struct stat status;

	if (stat(file, &status) < 0)
		return na_error_set(error, -errno, "%s: %s", file, strerror(errno));
	if ((status.st_uid != 0 && status.st_uid != geteuid()) || (S_ISREG(status.st_mode) && status.st_mode & S_IWOTH))
		return na_error_set(error, -EINVAL, "%s: must belong to root and be writable by nobody else", file);
	return 0;
}

static int read_one(struct na_config *config, const char *file, struct na_error *error)
{
	struct reading reading = { .config = config, .error = error, .file = file };
	char *content = NULL;
	size_t bytes;
	int result;

	result = na_read_file(AT_FDCWD, file, FILE_LIMIT_BYTES, &content, &bytes);
	if (result)
		return na_error_set(error, result, "%s: %s", file,
				    result == -EFBIG ? "longer than 64 KiB" : strerror(-result));
	result = check_owner(file, error);
	if (result) {
		free(content);
		return result;
	}
	if (strlen(content) != bytes || !na_utf8_valid(content, bytes)) {
		free(content);
		return na_error_set(error, -EINVAL, "%s:1:1: not a text file (NUL bytes or invalid UTF-8)", file);
	}
	reading.next = content;
	result = ini_parse_stream(next_line, &reading, handle, &reading);
	free(content);
	if (reading.failed)
		return -EINVAL;
	if (result > 0)
		return na_error_set(error, -EINVAL, "%s:%d:1: neither \"[section]\", \"name = value\" nor a comment",
				    file, result);
	return result < 0 ? na_error_set(error, -ENOMEM, "%s: out of memory", file) : 0;
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
