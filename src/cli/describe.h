/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One sentence for a record that is not about a flow.
 */
#ifndef NETAUDIT_CLI_DESCRIBE_H
#define NETAUDIT_CLI_DESCRIBE_H

#include <jansson.h>
#include <stdbool.h>

#define NA_SENTENCE_BYTES 2048

/* Writes escaped text. False, and "", for a record that tells of a flow. */
bool na_describe(char out[NA_SENTENCE_BYTES], const json_t *body);

#endif
