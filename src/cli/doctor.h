/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks of `netaudit doctor`: one row each.
 */
#ifndef NETAUDIT_CLI_DOCTOR_H
#define NETAUDIT_CLI_DOCTOR_H

#include <jansson.h>
#include <stddef.h>

#include "cli/cli.h"
#include "daemon/config.h"

#define NA_FINDING_BYTES 512

enum na_verdict {
	NA_GOOD,
	NA_WEAKER,	/* works, but something is seen less well or costs more */
	NA_MISSING,	/* the auditor cannot do its work */
	NA_NOT_KNOWN,	/* could not be found out, mostly for lack of permission */
};

struct na_check {
	const char *name;
	/* Finds out, and writes what was found as escaped text. */
	enum na_verdict (*check)(const struct na_cli *cli, char found[NA_FINDING_BYTES]);
	const char *missed;	/* what would be missed, when it is not good */
	const char *advice;	/* what to do then */
};

/* Each group is a heading and its checks. */
struct na_check_group {
	const char *name;
	const struct na_check *checks;
	size_t count;
};

extern const struct na_check na_kernel_checks[];
extern const size_t na_kernel_check_count;
extern const struct na_check na_host_checks[];
extern const size_t na_host_check_count;

/* The table of what each backend sees; the JSON is the caller's. */
void na_doctor_hooks_text(const struct na_cli *cli);
json_t *na_doctor_hooks_json(void);

#endif
