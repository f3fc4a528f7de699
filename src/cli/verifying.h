/* SPDX-License-Identifier: GPL-2.0-or-later */
/* na_verify() with a bar on standard error, where one is shown and it takes longer than a second. */
#ifndef NETAUDIT_CLI_VERIFYING_H
#define NETAUDIT_CLI_VERIFYING_H

#include "reader/verify.h"

/* `options->progress` is not looked at. */
enum na_verify_verdict na_verify_shown(const struct na_verify_options *options, struct na_verify_result *result);

#endif
