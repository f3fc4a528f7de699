/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Overwrites the memory /proc/PID/cmdline shows: the arguments and, when the title is longer, the
 * environment behind them, which the kernel then shows too (get_mm_cmdline() in fs/proc/base.c).
 */
#include "daemon/title.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char *title_start;
static size_t title_bytes;

void na_title_open(int argument_count, char **arguments)
{
	char *end, **copy;
	size_t count = 0;

	if (argument_count < 1)
		return;
	end = arguments[argument_count - 1] + strlen(arguments[argument_count - 1]) + 1;
	while (environ[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): see inside */
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(environ[i]);
		/*
		 * Without a copy the environment must stay where it is, and the title short; the part that was copied
		 * stays too, because there is no memory and we are about to fail.
		 */
		if (!copy[i])
			copy = NULL;
	}
	for (size_t i = 0; copy && i < count; i++)
		if (environ[i] == end)
			end += strlen(environ[i]) + 1;
	title_start = arguments[0];
	title_bytes = (size_t)(end - arguments[0]);
	if (copy)
		environ = copy;
}

void na_title_set(const char *title, const char *comm)
{
	(void)prctl(PR_SET_NAME, comm, 0, 0, 0);
	if (title_bytes < 2)
		return;
	memset(title_start, 0, title_bytes);
	(void)snprintf(title_start, title_bytes, "%s", title);
}
