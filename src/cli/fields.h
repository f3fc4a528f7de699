/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a parsed record, as text that is safe on a terminal.
 */
#ifndef NETAUDIT_CLI_FIELDS_H
#define NETAUDIT_CLI_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NA_FIELD_BYTES 512

/*
 * The member `key` as escaped text: strings, "KEY_hex" (its bytes), integers, booleans; arrays and
 * objects as compact JSON. An absent member gives "". Returns `out`.
 */
char *na_field_text(char out[NA_FIELD_BYTES], const json_t *body, const char *key);

/*
 * The value `fallback` when the member is absent or not an integer. What is past +-2^61 is cut to that: no time or
 * count is, and sums and differences of a few values from a changed file stay within their type.
 */
int64_t na_field_integer(const json_t *body, const char *key, int64_t fallback);
bool na_field_is(const json_t *body, const char *key, const char *text);

/* Any JSON value as escaped text, cut to the buffer. Returns `out`. */
char *na_value_text(char out[NA_FIELD_BYTES], const json_t *value);

/* Bytes written as lower-case hex in `value`, escaped; "" when it is not hex. Returns `out`. */
char *na_hex_text(char out[NA_FIELD_BYTES], const json_t *value);

/* Parses a stored body; NULL when it is not a JSON object. The caller releases it with json_decref(). */
json_t *na_parse_body(const char *body, size_t body_bytes);

#endif
