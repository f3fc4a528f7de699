/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record as one line of JSON: {"seq":…,"row_hash":"…","body":{…}}.
 */
#ifndef NETAUDIT_CLI_JSON_LINE_H
#define NETAUDIT_CLI_JSON_LINE_H

#include <jansson.h>
#include <stdio.h>

#include "cli/cli.h"
#include "reader/query.h"

/*
 * In a pipe the body is the stored bytes, so that its hash can be computed from the line. On a
 * terminal everything that is not ASCII is written as \uXXXX: the same value, and nothing a
 * terminal acts on. Stored bytes that are not JSON are given as "body_hex".
 */
void na_json_line(const struct na_cli *cli, FILE *out, const struct na_stored_row *row);

/* A value as JSON a terminal does nothing with: ASCII without control characters. `flags` as of json_dumpf(). */
void na_json_dump(FILE *out, const json_t *value, size_t flags);

#endif
