/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads members of a record for display; everything passes through the escaping.
 */
#include "cli/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "journal/hex.h"

#define INTEGER_LIMIT (INT64_C(1) << 61)

char *na_value_text(char out[NA_FIELD_BYTES], const json_t *value)
{
	char *dump;

	*out = '\0';
	switch (json_typeof(value)) {
	case JSON_STRING:
		na_escape(out, NA_FIELD_BYTES, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		snprintf(out, NA_FIELD_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_TRUE:
		snprintf(out, NA_FIELD_BYTES, "yes");
		break;
	case JSON_FALSE:
		snprintf(out, NA_FIELD_BYTES, "no");
		break;
	default:
		dump = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_SORT_KEYS);
		if (dump)
			na_escape(out, NA_FIELD_BYTES, dump, strlen(dump));
		free(dump);
	}
	return out;
}

char *na_hex_text(char out[NA_FIELD_BYTES], const json_t *value)
{
	unsigned char bytes[NA_FIELD_BYTES];
	size_t length = json_string_length(value) / 2;

	*out = '\0';
	if (!json_is_string(value) || json_string_length(value) % 2)
		return out;
	if (length > sizeof(bytes))
		length = sizeof(bytes);
	if (!na_hex_decode(bytes, json_string_value(value), length))
		na_escape(out, NA_FIELD_BYTES, bytes, length);
	return out;
}

char *na_field_text(char out[NA_FIELD_BYTES], const json_t *body, const char *key)
{
	const json_t *value = json_object_get(body, key);
	char hex_key[80];

	*out = '\0';
	if (value)
		return na_value_text(out, value);
	snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	value = json_object_get(body, hex_key);
	return value ? na_hex_text(out, value) : out;
}

int64_t na_field_integer(const json_t *body, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(body, key);

	if (!json_is_integer(value))
		return fallback;
	if (json_integer_value(value) > INTEGER_LIMIT)
		return INTEGER_LIMIT;
	return json_integer_value(value) < -INTEGER_LIMIT ? -INTEGER_LIMIT : json_integer_value(value);
}

bool na_field_is(const json_t *body, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(body, key));

	return value && !strcmp(value, text);
}

json_t *na_parse_body(const char *body, size_t body_bytes)
{
	json_t *value = json_loadb(body, body_bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	if (value && !json_is_object(value)) {
		json_decref(value);
		value = NULL;
	}
	return value;
}
