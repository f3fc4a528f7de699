/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes log lines to standard error; see log.h for the two forms. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"

static const char *log_name = "netaudit";
static enum na_log_level log_most_verbose = NA_LOG_INFO;
static bool log_is_journal;

/* systemd.exec(5): JOURNAL_STREAM is "DEVICE:INODE" of the stream the journal handed out. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

void na_log_open(const char *name, enum na_log_level most_verbose)
{
	log_name = name;
	log_most_verbose = most_verbose;
	log_is_journal = stderr_is_journal();
}

void na_log(enum na_log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char text[1024], line[NA_ESCAPED_BYTES(sizeof(text)) + 128];
	va_list arguments;
	int prefix;
	size_t length;

	if (level > log_most_verbose)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);

	if (log_is_journal)
		prefix = snprintf(line, 128, "<%d>%s: ", (int)level, log_name);
	else
		prefix = snprintf(line, 128, "%s: ", log_name);
	if (prefix < 0 || prefix >= 128)
		prefix = 0;
	length = (size_t)prefix;
	length += na_escape_line(line + length, sizeof(line) - length - 1, text, strlen(text));
	line[length++] = '\n';
	/* Nothing sensible can be done when standard error is gone. */
	if (write(STDERR_FILENO, line, length) < 0)
		(void)0;
	errno = saved_errno;
}
