/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds libinih one line after the other out of memory, and looks at each first. */
#include "base/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"

#define FILE_LIMIT_BYTES 65536

static void fail_at(struct na_ini *ini, int column, const char *text)
{
	if (ini->failed)
		return;
	ini->failed = true;
	na_error_set(ini->error, -EINVAL, "%s:%d:%d: %s", ini->file, ini->line, column, text);
}

void na_ini_fail(struct na_ini *ini, const char *word, const char *text)
{
	const char *found = *word ? strstr(ini->text, word) : NULL;

	fail_at(ini, found ? (int)(found - ini->text) + 1 : 1, text);
}

void na_ini_fail_value(struct na_ini *ini, const char *text)
{
	const char *after = strpbrk(ini->text, "=:");
	size_t before = after ? (size_t)(after + 1 - ini->text) : 0;

	before += strspn(ini->text + before, " \t");
	fail_at(ini, (int)before + 1, text);
}

/* fgets() over memory for libinih: hands out one line, without its indentation (which would continue a value). */
static char *next_line(char *out, int out_bytes, void *context)
{
	struct na_ini *ini = context;
	size_t length, indentation;

	if (ini->failed || !*ini->next)
		return NULL;
	length = strcspn(ini->next, "\n");
	ini->line++;
	(void)snprintf(ini->text, sizeof(ini->text), "%.*s", (int)(length > NA_INI_LINE_BYTES ? 0 : length), ini->next);
	if (length > NA_INI_LINE_BYTES || length + 2 > (size_t)out_bytes) {
		fail_at(ini, NA_INI_LINE_BYTES, "the line is longer than 190 bytes");
		return NULL;
	}
	indentation = strspn(ini->text, " \t");
	(void)snprintf(out, (size_t)out_bytes, "%s\n", ini->text + indentation);
	ini->next += length;
	if (*ini->next == '\n')
		ini->next++;
	return out;
}

static int handle(void *context, const char *section, const char *name, const char *value)
{
	struct na_ini *ini = context;

	if (!ini->failed)
		ini->handle(ini, section, name, value);
	return !ini->failed;
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

int na_ini_read(struct na_ini *ini)
{
	char *content = NULL;
	size_t bytes;
	int result = na_read_file(AT_FDCWD, ini->file, FILE_LIMIT_BYTES, &content, &bytes);

	if (result)
		return na_error_set(ini->error, result, "%s: %s", ini->file,
				    result == -EFBIG ? "longer than 64 KiB" : strerror(-result));
	ini->failed = false;
	ini->line = 0;
	ini->next = content;
	result = check_owner(ini->file, ini->error);
	if (!result && (strlen(content) != bytes || !na_utf8_valid(content, bytes)))
		result = na_error_set(ini->error, -EINVAL, "%s:1:1: not a text file (NUL bytes or invalid UTF-8)", ini->file);
	if (result) {
		free(content);
		return result;
	}
	result = ini_parse_stream(next_line, ini, handle, ini);
	free(content);
	if (ini->failed)
		return -EINVAL;
	if (result > 0)
		return na_error_set(ini->error, -EINVAL, "%s:%d:1: neither \"[section]\", \"name = value\" nor a comment",
				    ini->file, result);
	return result < 0 ? na_error_set(ini->error, -ENOMEM, "%s: out of memory", ini->file) : 0;
}
