/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of a record in words: one line each, grouped by what people ask first.
 */
#ifndef NETAUDIT_CLI_EXPLAIN_H
#define NETAUDIT_CLI_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "cli/cli.h"

/* Prints every member; one this version does not know is printed under its own key. */
void na_explain(FILE *out, const json_t *body);

#endif
