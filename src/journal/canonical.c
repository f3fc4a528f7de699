/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of canonical record bytes: one pass, caller's buffer, no allocation, sticky error. */
#include "journal/canonical.h"

#include <errno.h>
#include <string.h>

#include <netaudit/record.h>

#include "base/escape.h"
#include "base/nonce.h"
#include "journal/hex.h"

#define HEX_SUFFIX "_hex"
#define HEX_SUFFIX_BYTES (sizeof(HEX_SUFFIX) - 1)

/* How a byte stands inside a string: as itself, as \u00xx, as the start of UTF-8, or after a backslash. */
enum { PLAIN = 0, CONTROL = 1, MULTIBYTE = 2 };
static const uint8_t byte_class[256] = {
	[0x00 ... 0x07] = CONTROL, [0x0b] = CONTROL, [0x0e ... 0x1f] = CONTROL,
	['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	['"'] = '"', ['\\'] = '\\',
	[0x80 ... 0xff] = MULTIBYTE,
};

static void fail(struct na_canonical *c, int error)
{
	if (!c->error)
		c->error = error;
}

/* Room for `length` more bytes, or NULL with the error set. */
static uint8_t *reserve(struct na_canonical *c, size_t length)
{
	if (c->error)
		return NULL;
	if (length > c->capacity - c->used) {
		fail(c, -ENOBUFS);
		return NULL;
	}
	return c->bytes + c->used;
}

static void put(struct na_canonical *c, const void *bytes, size_t length)
{
	uint8_t *out = reserve(c, length);

	if (out) {
		memcpy(out, bytes, length);
		c->used += length;
	}
}

static void put_byte(struct na_canonical *c, char byte)
{
	put(c, &byte, 1);
}

static struct na_canonical_level *current(struct na_canonical *c)
{
	return &c->level[c->depth - 1];
}

static bool key_is_valid(const char *key, size_t length)
{
	if (length == 0 || length > NA_CANONICAL_KEY_BYTES - HEX_SUFFIX_BYTES)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!((key[i] >= 'a' && key[i] <= 'z') || (key[i] >= '0' && key[i] <= '9') || key[i] == '_'))
			return false;
	return true;
}

/* Byte order of keys, the shorter first when one begins the other. */
static bool key_is_above(const uint8_t *last, size_t last_bytes, const char *key, size_t length)
{
	size_t common = last_bytes < length ? last_bytes : length;
	int order = memcmp(last, key, common);

	return order < 0 || (order == 0 && last_bytes < length);
}

/*
 * After text "K" the next key must pass "K_hex" even when it was not needed: which keys a program
 * may use must not depend on what a stranger sent.
 */
static bool key_follows(const struct na_canonical *c, const struct na_canonical_level *level,
			const char *key, size_t length)
{
	uint8_t taken[NA_CANONICAL_KEY_BYTES + HEX_SUFFIX_BYTES];
	size_t taken_bytes = level->key_bytes;

	if (taken_bytes == 0)
		return true;
	if (!level->key_is_text)
		return key_is_above(c->bytes + level->key_offset, taken_bytes, key, length);
	memcpy(taken, c->bytes + level->key_offset, taken_bytes);
	memcpy(taken + taken_bytes, HEX_SUFFIX, HEX_SUFFIX_BYTES);
	return key_is_above(taken, taken_bytes + HEX_SUFFIX_BYTES, key, length);
}

/* Comma, key and colon, as the place asks for. `as_hex` adds the suffix. */
static void member(struct na_canonical *c, const char *key, bool is_text, bool as_hex)
{
	struct na_canonical_level *level;
	size_t length;

	if (c->error)
		return;
	level = current(c);
	if (level->array != (key == NULL)) {
		fail(c, -EINVAL);
		return;
	}
	if (!level->empty)
		put_byte(c, ',');
	level->empty = false;
	if (!key)
		return;
	length = strlen(key);
	if (!key_is_valid(key, length) || !key_follows(c, level, key, length)) {
		fail(c, -EINVAL);
		return;
	}
	put_byte(c, '"');
	level->key_offset = (uint32_t)c->used;
	level->key_bytes = (uint8_t)length;
	level->key_is_text = is_text;
	put(c, key, length);
	if (as_hex)
		put(c, HEX_SUFFIX, HEX_SUFFIX_BYTES);
	put(c, "\":", 2);
}

void na_canonical_begin(struct na_canonical *c, void *buffer, size_t capacity)
{
	c->bytes = buffer;
	c->capacity = capacity;
	c->used = 0;
	c->error = capacity > UINT32_MAX ? -EINVAL : 0;
	c->depth = 1;
	c->level[0] = (struct na_canonical_level){ .empty = true };
	put_byte(c, '{');
}

ssize_t na_canonical_end(struct na_canonical *c)
{
	if (c->depth != 1)
		fail(c, -EINVAL);
	put_byte(c, '}');
	return c->error ? c->error : (ssize_t)c->used;
}

/* Whether text can stand as itself; `*escaped` is its length in a string, escapes included. */
static bool text_is_clean(const uint8_t *p, size_t length, size_t *escaped)
{
	size_t extra = 0;

	for (size_t i = 0; i < length;) {
		uint8_t class = byte_class[p[i]];
		size_t step = 1;

		if (class == MULTIBYTE) {
			uint32_t code_point;

			step = na_utf8_decode(p + i, length - i, &code_point);
			if (step == 0)
				return false;
		} else if (p[i] == 0) {
			return false;
		} else if (class == CONTROL) {
			extra += 5;
		} else if (class != PLAIN) {
			extra += 1;
		}
		i += step;
	}
	*escaped = length + extra;
	return true;
}

static void put_escaped(struct na_canonical *c, const uint8_t *p, size_t length, size_t escaped)
{
	uint8_t *out = reserve(c, escaped);

	if (!out)
		return;
	c->used += escaped;
	if (escaped == length) {
		memcpy(out, p, length);
		return;
	}
	for (size_t i = 0; i < length; i++) {
		uint8_t class = byte_class[p[i]];

		if (class == PLAIN || class == MULTIBYTE) {
			*out++ = p[i];
		} else if (class == CONTROL) {
			memcpy(out, "\\u00", 4);
			na_hex_encode((char *)out + 4, p + i, 1);
			out += 6;
		} else {
			*out++ = '\\';
			*out++ = class;
		}
	}
}

static void put_hex(struct na_canonical *c, const void *bytes, size_t length)
{
	uint8_t *out = reserve(c, 2 * length + 2);

	if (!out)
		return;
	out[0] = '"';
	na_hex_encode((char *)out + 1, bytes, length);
	out[2 * length + 1] = '"';
	c->used += 2 * length + 2;
}

void na_canonical_text(struct na_canonical *c, const char *key, const void *bytes, size_t length)
{
	size_t escaped;

	if (length > NA_RECORD_MAX_BYTES) {
		fail(c, -ENOBUFS);
		return;
	}
	if (text_is_clean(bytes, length, &escaped)) {
		member(c, key, true, false);
		put_byte(c, '"');
		put_escaped(c, bytes, length, escaped);
		put_byte(c, '"');
	} else if (key) {
		member(c, key, true, true);
		put_hex(c, bytes, length);
	} else {
		na_canonical_object_begin(c, NULL);
		na_canonical_bytes(c, "hex", bytes, length);
		na_canonical_object_end(c);
	}
}

void na_canonical_string(struct na_canonical *c, const char *key, const char *string)
{
	if (string)
		na_canonical_text(c, key, string, strlen(string));
}

void na_canonical_integer(struct na_canonical *c, const char *key, int64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (left > (uint64_t)NA_INTEGER_MAX) {
		fail(c, -ERANGE);
		return;
	}
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		digits[--at] = '-';
	member(c, key, false, false);
	put(c, digits + at, sizeof(digits) - at);
}

void na_canonical_id(struct na_canonical *c, const char *key, uint64_t value)
{
	uint64_t big_endian = __builtin_bswap64(value);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	big_endian = value;
#endif
	na_canonical_bytes(c, key, &big_endian, sizeof(big_endian));
}

void na_canonical_bool(struct na_canonical *c, const char *key, bool value)
{
	member(c, key, false, false);
	if (value)
		put(c, "true", 4);
	else
		put(c, "false", 5);
}

void na_canonical_bytes(struct na_canonical *c, const char *key, const void *bytes, size_t length)
{
	if (length > NA_RECORD_MAX_BYTES) {
		fail(c, -ENOBUFS);
		return;
	}
	member(c, key, false, false);
	put_hex(c, bytes, length);
}

static void open_level(struct na_canonical *c, const char *key, bool array)
{
	member(c, key, false, false);
	put_byte(c, array ? '[' : '{');
	if (c->depth == NA_CANONICAL_DEPTH)
		fail(c, -EINVAL);
	if (c->error)
		return;
	c->level[c->depth++] = (struct na_canonical_level){ .array = array, .empty = true };
}

static void close_level(struct na_canonical *c, bool array)
{
	if (c->error)
		return;
	if (c->depth < 2 || current(c)->array != array) {
		fail(c, -EINVAL);
		return;
	}
	c->depth--;
	put_byte(c, array ? ']' : '}');
}

void na_canonical_object_begin(struct na_canonical *c, const char *key)
{
	open_level(c, key, false);
}

void na_canonical_object_end(struct na_canonical *c)
{
	close_level(c, false);
}

void na_canonical_array_begin(struct na_canonical *c, const char *key)
{
	open_level(c, key, true);
}

void na_canonical_array_end(struct na_canonical *c)
{
	close_level(c, true);
}

void na_canonical_nonce(struct na_canonical *c)
{
	uint8_t nonce[NA_NONCE_BYTES];
	int error = na_nonce(nonce);

	if (error)
		fail(c, error);
	else
		na_canonical_bytes(c, "nonce", nonce, sizeof(nonce));
}
