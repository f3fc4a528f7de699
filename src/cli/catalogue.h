/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the actions of `netaudit catalogue` share. */
#ifndef NETAUDIT_CLI_CATALOGUE_H
#define NETAUDIT_CLI_CATALOGUE_H

#include "classify/catalogue.h"
#include "cli/cli.h"

struct na_catalogue_request {
	struct na_cli *cli;
	const char *folders[2];		/* shipped, site */
	enum na_bucket bucket;		/* NA_BUCKET_COUNT: any */
	int port;			/* -1: none */
	const char *argument, *second;	/* what follows the action; NULL: nothing */
	const char *addon, *reason;	/* NULL: not given */
	struct na_catalogue *catalogue;
};

/* catalogue_change.c: the actions that write. Each returns an exit code. */
int na_catalogue_add(struct na_catalogue_request *request);
int na_catalogue_confirm(struct na_catalogue_request *request);
int na_catalogue_dismiss(struct na_catalogue_request *request);

/* Rows of a command's options, and who takes them: whether the name was one of these. */
#define NA_CATALOGUE_FOLDER_OPTIONS \
	{ "shipped", 0, "DIRECTORY", "the catalogue that came with netaudit (default " NA_CATALOGUE_SHIPPED ")" }, \
	{ "site", 0, "DIRECTORY", "this site's additions (default " NA_CATALOGUE_SITE ")" }
bool na_catalogue_take_folder(const char *folders[2], const char *name, const char *value);

/* Reads both folders. Returns -1 to go on, or the exit code after having said why. */
int na_catalogue_open(struct na_cli *cli, const char *const folders[2], struct na_catalogue **catalogue);

#endif
