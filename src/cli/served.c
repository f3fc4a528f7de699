/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which commands the reader runs for people who may not open the journal: those that only read it, and no file of
 * theirs.
 */
#include <string.h>

#include "cli/cli.h"

static const struct {
	const char *command;
	int arguments;
} served[] = {
	{ "report", 0 }, { "metrics", 0 }, { "top", 0 }, { "config", 0 }, { "log", 0 }, { "addons", 0 }, { "show", 1 }, { "catalogue", 2 },
	{ "export", 1 }, { "verify", 0 }, { "head", 0 },
};

int na_served_arguments(const struct na_command *command)
{
	for (size_t i = 0; i < sizeof(served) / sizeof(*served); i++)
		if (!strcmp(served[i].command, command->name))
			return served[i].arguments;
	return -1;
}
