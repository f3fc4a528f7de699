/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The strict reader of canonical record bytes: says whether they are canonical, and finds one member. */
#include <errno.h>
#include <string.h>

#include <netaudit/record.h>

#include "base/escape.h"
#include "journal/canonical.h"
#include "journal/hex.h"

#define INTEGER_DIGITS_MAX 16	/* 2^53-1 has 16 */

struct cursor {
	const uint8_t *start, *p, *end;
};

static bool take(struct cursor *in, char byte)
{
	if (in->p == in->end || *in->p != (uint8_t)byte)
		return false;
	in->p++;
	return true;
}

static bool take_word(struct cursor *in, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(in->end - in->p) < length || memcmp(in->p, word, length))
		return false;
	in->p += length;
	return true;
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/*
 * After the backslash: the two-character escapes JCS asks for, or \u00xx in lower case for the
 * other control characters. Anything else has another spelling, and \u0000 is never written.
 */
static bool check_escape(struct cursor *in)
{
	uint8_t code;

	if (in->p == in->end)
		return false;
	if (*in->p && strchr("\"\\bfnrt", *in->p)) {
		in->p++;
		return true;
	}
	if (in->end - in->p < 5 || memcmp(in->p, "u00", 3) || na_hex_decode(&code, (const char *)in->p + 3, 1))
		return false;
	if (code == 0 || code >= 0x20 || strchr("\b\f\n\r\t", code))
		return false;
	in->p += 5;
	return true;
}

static bool check_string(struct cursor *in)
{
	if (!take(in, '"'))
		return false;
	while (in->p < in->end) {
		uint8_t byte = *in->p;
		uint32_t code_point;
		size_t step;

		if (byte >= 0x80) {
			step = na_utf8_decode(in->p, (size_t)(in->end - in->p), &code_point);
			if (step == 0)
				return false;
			in->p += step;
			continue;
		}
		if (byte < 0x20)
			return false;
		in->p++;
		if (byte == '"')
			return true;
		if (byte == '\\' && !check_escape(in))
			return false;
	}
	return false;
}

static bool check_integer(struct cursor *in)
{
	bool negative = take(in, '-');
	const uint8_t *digits = in->p;
	uint64_t value = 0;

	while (in->p < in->end && is_digit(*in->p) && in->p - digits < INTEGER_DIGITS_MAX)
		value = value * 10 + (uint64_t)(*in->p++ - '0');
	if (in->p == digits || value > (uint64_t)NA_INTEGER_MAX)
		return false;
	if (*digits == '0')
		return !negative && in->p - digits == 1;
	return true;
}

/* A quoted key above the last one; `*last` and `*last_bytes` become it. */
static bool check_key(struct cursor *in, const uint8_t **last, size_t *last_bytes)
{
	const uint8_t *key;
	size_t length, common;
	int order;

	if (!take(in, '"'))
		return false;
	key = in->p;
	while (in->p < in->end && ((*in->p >= 'a' && *in->p <= 'z') || is_digit(*in->p) || *in->p == '_'))
		in->p++;
	length = (size_t)(in->p - key);
	if (length == 0 || length > NA_CANONICAL_KEY_BYTES || !take(in, '"'))
		return false;
	if (*last) {
		common = *last_bytes < length ? *last_bytes : length;
		order = memcmp(*last, key, common);
		if (order > 0 || (order == 0 && *last_bytes >= length))
			return false;
	}
	*last = key;
	*last_bytes = length;
	return true;
}

static bool check_value(struct cursor *in, unsigned int depth);

static bool check_object(struct cursor *in, unsigned int depth)
{
	const uint8_t *last = NULL;
	size_t last_bytes = 0;

	if (depth == 0 || !take(in, '{'))
		return false;
	if (take(in, '}'))
		return true;
	do {
		if (!check_key(in, &last, &last_bytes) || !take(in, ':') || !check_value(in, depth - 1))
			return false;
	} while (take(in, ','));
	return take(in, '}');
}

static bool check_array(struct cursor *in, unsigned int depth)
{
	if (depth == 0 || !take(in, '['))
		return false;
	if (take(in, ']'))
		return true;
	do {
		if (!check_value(in, depth - 1))
			return false;
	} while (take(in, ','));
	return take(in, ']');
}

/* `depth` is how many more objects or arrays may be opened. */
static bool check_value(struct cursor *in, unsigned int depth)
{
	if (in->p == in->end)
		return false;
	switch (*in->p) {
	case '"':
		return check_string(in);
	case '{':
		return check_object(in, depth);
	case '[':
		return check_array(in, depth);
	case 't':
		return take_word(in, "true");
	case 'f':
		return take_word(in, "false");
	default:
		return check_integer(in);
	}
}

int na_canonical_check(const void *bytes, size_t length, size_t *offset)
{
	struct cursor in = { bytes, bytes, (const uint8_t *)bytes + length };
	bool good = length <= NA_RECORD_MAX_BYTES && check_object(&in, NA_CANONICAL_DEPTH) && in.p == in.end;

	if (offset)
		*offset = (size_t)(in.p - in.start);
	return good ? 0 : -EBADMSG;
}

/* Past the value at `p`, in bytes that are canonical: only quotes and brackets need looking at. */
static const uint8_t *skip_value(const uint8_t *p, const uint8_t *end)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (; p < end; p++) {
		if (quoted) {
			if (*p == '\\')
				p++;
			else if (*p == '"')
				quoted = false;
		} else if (*p == '"') {
			quoted = true;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			if (depth == 0)
				return p;
			depth--;
		} else if (*p == ',' && depth == 0) {
			return p;
		}
	}
	return end;
}

int na_canonical_find_raw(const void *bytes, size_t length, const char *key, const char **raw, size_t *raw_bytes)
{
	const uint8_t *p = (const uint8_t *)bytes + 1;
	const uint8_t *end = (const uint8_t *)bytes + length;
	size_t key_bytes = strlen(key);

	/* every member is a comma (but the first), "key", a colon, the value */
	while (p + 2 < end) {
		const uint8_t *name = p + 1;
		const uint8_t *quote = memchr(name, '"', (size_t)(end - name));
		const uint8_t *value;

		if (!quote || quote + 2 > end)
			return -ENOENT;
		value = quote + 2;
		p = skip_value(value, end);
		if ((size_t)(quote - name) == key_bytes && memcmp(name, key, key_bytes) == 0) {
			*raw = (const char *)value;
			*raw_bytes = (size_t)(p - value);
			return 0;
		}
		p++;
	}
	return -ENOENT;
}

int na_canonical_find_text(const void *bytes, size_t length, const char *key, const char **text, size_t *text_bytes)
{
	int error = na_canonical_find_raw(bytes, length, key, text, text_bytes);

	if (error)
		return error;
	if (*text_bytes < 2 || (*text)[0] != '"')
		return -EBADMSG;
	*text += 1;
	*text_bytes -= 2;
	return 0;
}

size_t na_canonical_plain(char *out, const char *text, size_t length)
{
	static const char letters[] = "btnfr", values[] = "\b\t\n\f\r";
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		const char *letter;
		uint8_t byte;

		if (text[i] != '\\' || i + 1 == length) {
			out[used++] = text[i];
			continue;
		}
		i++;
		letter = strchr(letters, text[i]);
		if (text[i] == 'u' && i + 4 < length && na_hex_decode(&byte, text + i + 3, 1) == 0) {
			out[used++] = (char)byte;	/* only \u00xx is canonical */
			i += 4;
		} else {
			out[used++] = letter && *letter ? values[letter - letters] : text[i];
		}
	}
	return used;
}

int na_canonical_find_integer(const void *bytes, size_t length, const char *key, int64_t *value)
{
	const char *raw;
	size_t raw_bytes, i;
	int64_t number = 0;
	int error = na_canonical_find_raw(bytes, length, key, &raw, &raw_bytes);

	if (error)
		return error;
	i = raw_bytes && raw[0] == '-';
	if (raw_bytes == i || raw_bytes - i > INTEGER_DIGITS_MAX)
		return -EBADMSG;
	for (size_t at = i; at < raw_bytes; at++) {
		if (!is_digit((uint8_t)raw[at]))
			return -EBADMSG;
		number = number * 10 + (raw[at] - '0');
	}
	*value = i ? -number : number;
	return 0;
}

int na_canonical_find_bool(const void *bytes, size_t length, const char *key, bool *value)
{
	const char *raw;
	size_t raw_bytes;
	int error = na_canonical_find_raw(bytes, length, key, &raw, &raw_bytes);

	if (error)
		return error;
	*value = raw_bytes == 4 && memcmp(raw, "true", 4) == 0;
	return *value || (raw_bytes == 5 && memcmp(raw, "false", 5) == 0) ? 0 : -EBADMSG;
}

int na_canonical_find_hex(const void *bytes, size_t length, const char *key, void *out, size_t out_bytes)
{
	const char *text;
	size_t text_bytes;
	int error = na_canonical_find_text(bytes, length, key, &text, &text_bytes);

	if (error)
		return error;
	if (text_bytes != 2 * out_bytes)
		return -EBADMSG;
	return na_hex_decode(out, text, out_bytes);
}
